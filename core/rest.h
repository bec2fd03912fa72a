/* rest - core's own HTTP routes: health, lobbies, info, admin. docs/openapi.yaml. Layer 4. */
#ifndef REST_H
#define REST_H

#include <muster/types.h>

muster_status rest_init(void) MUSTER_MUST_USE;
void rest_deinit(void);

#endif
