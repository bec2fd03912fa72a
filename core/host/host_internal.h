/* host_internal - shared by the host_*.c files alone. */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include <jansson.h>

#include "abi.h"
#include "host.h"
#include "loop.h"

extern const struct muster_host_loop host_loop_group;
extern const struct muster_host_net host_net_group;
extern const struct muster_host_http host_http_group;
extern const struct muster_host_ws host_ws_group;
extern const struct muster_host_lobby host_lobby_group;
extern const struct muster_host_match host_match_group;
extern const struct muster_host_player host_player_group;
extern const struct muster_host_db host_db_group;
extern const struct muster_host_kv host_kv_group;
extern const struct muster_host_moderation host_moderation_group;
extern const struct muster_host_interfaces host_interfaces_group;
extern const struct muster_host_data host_data_group;
extern const struct muster_host_node host_node_group;

/* The node has started now. */
void host_node_init(void);

/* False, and a fault: not on the loop thread. */
bool host_on_loop(struct muster_self *self, const char *function);
#define HOST_CHECK_THREAD(self)                                                                    \
    do {                                                                                           \
        if (!host_on_loop(self, __func__)) return MUSTER_THREAD;                                   \
    } while (0)
/* False, and a fault: before start or after stop. */
bool host_started(struct muster_self *self, const char *function);
#define HOST_CHECK_STARTED(self)                                                                   \
    do {                                                                                           \
        HOST_CHECK_THREAD(self);                                                                   \
        if (!host_started(self, __func__)) return MUSTER_STATE;                                    \
    } while (0)

/* False, and a fault: stop has begun. For all that opens or registers something. */
bool host_may_open(struct muster_self *self, const char *function);
#define HOST_CHECK_OPEN(self)                                                                      \
    do {                                                                                           \
        HOST_CHECK_THREAD(self);                                                                   \
        if (!host_may_open(self, __func__)) return MUSTER_STATE;                                   \
    } while (0)
/* The same from start on. */
#define HOST_CHECK_STARTED_OPEN(self)                                                              \
    do {                                                                                           \
        HOST_CHECK_STARTED(self);                                                                  \
        if (!host_may_open(self, __func__)) return MUSTER_STATE;                                   \
    } while (0)

muster_status host_handles_init(void) MUSTER_MUST_USE;
void host_handles_deinit(void);
/* What a plugin opened, known to it by an id. First member of each record. */
struct handle {
    struct resource resource;
    uint64_t id;
};
muster_status host_handle_open(struct muster_self *self, struct handle *handle,
                               const struct resource_kind *kind) MUSTER_MUST_USE;
/* Null unless the id is alive, of that kind, the plugin's own and not cancelled. */
void *host_handle_find(struct muster_self *self, uint64_t id, const struct resource_kind *kind);
/* Unlinks; the caller frees. */
void host_handle_close(struct handle *handle);

/* fn in the loop's next turn: for what is not legal inside a callback. */
muster_status host_defer(loop_fn fn, void *user);

/* Forgets what plugins serve. */
void host_ws_deinit(void);

/* A JSON value (borrowed, null: NOT_FOUND) as text. */
muster_status host_write_json(const json_t *value, struct muster_writer *out);

/* host_seats.c: of host->lobby. */
muster_status host_lobby_find(muster_self *self, const char *lobby_key, muster_lobby_id *out);
muster_status host_lobby_create(muster_self *self, const struct muster_lobby_plan *plan,
                                muster_lobby_made_fn fn, void *user);
muster_status host_seat_reserve(muster_self *self, muster_lobby_id id,
                                const struct muster_seat_wish *wish, struct muster_seat_ticket *out,
                                char *reason, uint32_t cap);
muster_status host_lobby_save(muster_self *self, muster_lobby_id id, muster_lobby_saved_fn fn,
                              void *user);
muster_status host_lobby_load(muster_self *self, struct muster_bytes state, muster_lobby_made_fn fn,
                              void *user);
/* What a plugin is answered where a client would get a failure's code. */
muster_status host_lobby_status(int32_t code);

/* A notification's params, given by a plugin: an object; else null, and a fault. What is chat is a
 * line. */
json_t *host_params(struct muster_self *self, const char *method, const char *params_json);

#endif
