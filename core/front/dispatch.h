/* dispatch - the gate: every message of every connection passes here once. Loop thread.
 *
 * Decides whether a request may run now (well-formed, within its limits, authenticated, permitted)
 * and hands it to its method. What happens then is the methods' matter (methods.c).
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "failure.h"
#include "session.h"

struct call {
    const struct method *method;
    struct client *client;
    struct session *session; /* null before authentication */
    json_t *params;          /* borrowed object, checked against the method's parameters */
    json_t *id;              /* borrowed; what a later answer needs */
    json_t *result;          /* set by the method; null means {} */
    char *text;              /* or the result as text, to be freed */
    struct failure failure;
};

/* One parameter of a method. */
enum param_type { PARAM_STRING, PARAM_BOOL, PARAM_INT, PARAM_OBJECT, PARAM_ANY };
struct param {
    const char *name; /* null ends the list */
    enum param_type type;
    bool required;
    int64_t min; /* string: bytes; int: value */
    int64_t max;
};

#define END_PARAM                                                                                  \
    { NULL, PARAM_ANY, false, 0, 0 }
/* Any object: the method checks it. */
extern const struct param dispatch_any_params[];

#define METHOD_OPEN 1u  /* legal before authentication */
#define METHOD_ADMIN 2u /* needs permission "admin" */
#define METHOD_ALONE 4u /* not in a batch */
#define METHOD_LATER -1 /* answered later by the method itself, with client_send */

struct method {
    const char *name;
    uint32_t flags;
    int32_t (*fn)(struct call *call); /* RPC_OK, METHOD_LATER or call->failure's code */
    const struct param *params;
};

/* methods: ends with a null name; kept. */
muster_status dispatch_init(const struct method *methods) MUSTER_MUST_USE;
/* Where a name is looked up that `methods` does not hold; what it answers lives during the call. */
void dispatch_set_more(const struct method *(*more)(const char *name,
                                                    const struct session *session));
void dispatch_deinit(void);
/* A text of a client, whose messages nobody counts: for one without a connection. */
void dispatch_text(struct client *client, const char *text, uint32_t len);
/* The WebSocket part of net's handlers. */
void dispatch_net_handlers(struct net_handlers *handlers);

/* Are call->params what the list says? RPC_OK or call->failure's code. */
int32_t dispatch_check(struct call *call, const struct param *params);
/* Borrowed parameter values; fallback when absent. */
const char *param_string(const struct call *call, const char *name, const char *fallback);
int64_t param_int(const struct call *call, const char *name, int64_t fallback);
bool param_bool(const struct call *call, const char *name, bool fallback);

#endif
