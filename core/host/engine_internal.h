/* engine_internal - shared by engine.c and engine_player.c alone. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "engine.h"
#include "session.h"

#define ENGINE_WAIT_MS 10000 /* real time, for what is under way */

/* These do what host.h says of the functions of their name. */
muster_status engine_player_add(const char *display_name, muster_player_id *out);
muster_status engine_player_remove(muster_player_id id);
muster_status engine_player_connection_set(muster_player_id id, bool connected);
muster_status engine_player_request(muster_player_id id, const char *method,
                                    const char *params_json, struct muster_writer *answer);
muster_status engine_player_notification(muster_player_id id, struct muster_writer *out);
muster_status engine_player_message(muster_player_id id, const void *data, uint32_t len);
muster_status engine_player_input(muster_player_id id, const struct muster_input *input);
muster_status engine_player_snapshot(muster_player_id id, struct muster_writer *out);
void engine_player_remove_all(void);

#endif
