/* internal.h - what the files of the testkit share. The kit stands on the daemon's own code: one
 * process is one host, so one kit is alive at a time. */
#ifndef TESTKIT_INTERNAL_H
#define TESTKIT_INTERNAL_H

#include <jansson.h>
#include <utlist.h>

#include "muster_testkit.h"

#include "config.h"
#include "lobby.h"
#include "plugin.h"

#define KIT_WAIT_MS 30000 /* real time, for an answer that a test waits for */

struct kit_line {
    char *text;
    struct kit_line *prev, *next;
};

struct testkit {
    bool stands;  /* the host runs; before that it can be set up */
    bool watches; /* the node's is_watching */
    bool data_dir_own;
    char *data_dir;
    char *share_dir;
    char error[CONFIG_ERROR_MAX];
    double faults_before; /* of the process, when the kit was made */
    struct kit_line *lines;
    struct kit_line *told;
    json_t *settings; /* of lobbies and matches, those that were set */
    char *command_answer;
};

/* testkit.c */
extern struct testkit *kit_now; /* the one that is alive, or null */
void *kit_alloc(size_t bytes);  /* zeroed, aborts when out of memory */
char *kit_copy(const char *text);
/* The host runs from here on. Every function that needs it calls this first. */
void kit_stand(struct testkit *kit);
/* All that is under way is done. */
void kit_settle(void);
void kit_line_add(struct kit_line **list, const char *text);
const char *kit_line_find(const struct kit_line *list, const char *text);
void kit_log(const char *level, const char *text);
/* Of the environment, where configuration comes from; until the kit is gone. */
void kit_variable_set(const char *section, const char *key, const char *value);
void kit_variable_clear(const char *section, const char *key);

/* Tells that it was called with a null where none is allowed. */
void kit_misused(const char *function, const char *needs);
/* The answer of a failure, then. */
#define KIT_NEED(condition, answer)                                                                \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            kit_misused(__func__, #condition);                                                     \
            return answer;                                                                         \
        }                                                                                          \
    } while (0)
#define KIT_NEED_OR_NOTHING(condition) KIT_NEED(condition, )

/* plugins.c */
muster_self *kit_newest(void);
struct provider *kit_provider(const muster_self *plugin, uint32_t kind); /* null: none */

/* standin.c: a plugin of the kit's own, which plays what a test does not bring. */
extern const struct muster_plugin kit_standin;
muster_self *kit_standin_self(void);
void kit_standin_forget(void); /* what the test wanted of it */
int64_t kit_fact_sum(muster_match_id match, const char *kind);

/* matches.c */
void kit_matches_end(const muster_self *plugin); /* those it takes part in; null: all */
/* A setting of all of them. */
void kit_matches_set(const char *key, json_t *value);
/* The states that testkit_rules_attach made for no lobby. */
void kit_rules_detach(const muster_self *plugin);

/* modes.c */
/* Values for a lobby or match of the mode: what was set, where the mode has the key. */
json_t *kit_settings(const char *game_mode);
/* The mode is declared: by a plugin, or else for `plugin`, or else for the stand-in. */
void kit_mode_need(muster_self *plugin, const char *game_mode, const char *map_name);

/* people.c */
void kit_people_leave(void);
/* lobbies.c */
void kit_lobbies_close(const muster_self *plugin); /* those whose rules it makes */
/* web.c */
void kit_web_forget(void);
/* As in the daemon while its plugins start and stop: nothing is fetched. */
void kit_net_down(bool is_down);
uint32_t kit_fetches(void); /* not answered yet */

#endif
