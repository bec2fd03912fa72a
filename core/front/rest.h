/* rest - core's own HTTP routes: health, lobbies, info, admin. docs/openapi.yaml. */
#ifndef REST_H
#define REST_H

#include <muster/types.h>

/* ready: has everything been started? Asked by GET /readyz. */
muster_status rest_init(bool (*ready)(void)) MUSTER_MUST_USE;
void rest_deinit(void);

#endif
