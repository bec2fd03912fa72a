/* rows_plugins - interfaces: what plugins offer each other; data: what they keep. */
#include <string.h>

#include "conform.h"

/* ---- interfaces ------------------------------------------------------------------------------ */

struct table {
    uint32_t size;
    uint32_t reserved;
};

static const struct table table = {.size = sizeof table};
static const struct table tiny = {.size = 4};
static const struct table huge = {.size = MUSTER_INTERFACE_BYTES_MAX + 4};

static void interfaces_publish(struct conform *c) {
    const struct muster_host_interfaces *interfaces = c->host->interfaces;
    char name[MUSTER_NAME_MAX];
    struct muster_interface given = {
        .size = sizeof given, .major = 1, .name = name, .vtable = &table, .instance = c};
    snprintf(name, sizeof name, "at.%.40s", c->place);
    STATUS(c, "good", interfaces->publish(c->self, &given));
    STATUS(c, "again", interfaces->publish(c->self, &given));
    given.major = 0;
    STATUS(c, "no major", interfaces->publish(c->self, &given));
    given.major = 2;
    given.vtable = NULL;
    STATUS(c, "no table", interfaces->publish(c->self, &given));
    given.vtable = &tiny;
    STATUS(c, "tiny table", interfaces->publish(c->self, &given));
    given.vtable = &huge;
    STATUS(c, "huge table", interfaces->publish(c->self, &given));
    given.vtable = &table;
    given.name = NULL;
    STATUS(c, "no name", interfaces->publish(c->self, &given));
    given.name = "Odd";
    STATUS(c, "odd name", interfaces->publish(c->self, &given));
    given.name = LONG_NAME;
    STATUS(c, "long name", interfaces->publish(c->self, &given));
    given.size = 0;
    STATUS(c, "no size", interfaces->publish(c->self, &given));
    STATUS(c, "nothing", interfaces->publish(c->self, NULL));
}

static muster_status subscribe(struct conform *c, const char *name, uint32_t major,
                               uint32_t vtable_size, muster_interface_id *out) {
    const struct muster_interface_wish wish = {
        .size = sizeof wish, .major = major, .name = name, .vtable_size = vtable_size};
    return c->host->interfaces->subscribe(c->self, &wish, c, out);
}

static void interfaces_subscribe(struct conform *c) {
    muster_interface_id id;
    struct muster_interface_wish none = {.major = 1, .name = "at.init", .vtable_size = 8};
    STATUS(c, "good", subscribe(c, "at.init", 1, 8, &id));
    STATUS(c, "nobody's", subscribe(c, "at.nowhere", 1, 8, &id));
    STATUS(c, "no major", subscribe(c, "at.init", 0, 8, &id));
    STATUS(c, "no name", subscribe(c, NULL, 1, 8, &id));
    STATUS(c, "odd name", subscribe(c, "7", 1, 8, &id));
    STATUS(c, "no table size", subscribe(c, "at.init", 1, 0, &id));
    STATUS(c, "huge table", subscribe(c, "at.init", 1, MUSTER_INTERFACE_BYTES_MAX + 4, &id));
    STATUS(c, "no place", subscribe(c, "at.init", 1, 8, NULL));
    STATUS(c, "no size", c->host->interfaces->subscribe(c->self, &none, c, &id));
    STATUS(c, "nothing", c->host->interfaces->subscribe(c->self, NULL, c, &id));
}

static void on_table(void *user, const void *vtable, void *instance) {
    (void)user, (void)vtable, (void)instance;
}

static void interfaces_call(struct conform *c) {
    const struct muster_host_interfaces *interfaces = c->host->interfaces;
    muster_interface_id nobodys = {0}, own = {0};
    char name[MUSTER_NAME_MAX];
    snprintf(name, sizeof name, "at.%.40s", c->place);
    if (subscribe(c, "at.nowhere", 1, 8, &nobodys) == MUSTER_OK)
        STATUS(c, "nobody's", interfaces->call(c->self, nobodys, on_table, c));
    if (subscribe(c, name, 1, 8, &own) == MUSTER_OK)
        STATUS(c, "own", interfaces->call(c->self, own, on_table, c));
    STATUS(c, "no function", interfaces->call(c->self, own, NULL, c));
    STATUS(c, "none", interfaces->call(c->self, (muster_interface_id){0}, on_table, c));
    STATUS(c, "nothing's", interfaces->call(c->self, NOTHING(muster_interface_id), on_table, c));
}

const struct conform_row interfaces_rows[] = {ROW(interfaces, publish), ROW(interfaces, subscribe),
                                              ROW(interfaces, call)};
ROWS_COMPLETE(interfaces, interfaces_rows);

/* ---- data ------------------------------------------------------------------------------------ */

static uint8_t kept[MUSTER_DATA_BYTES_MAX + 1];

/* SET and GET of an object: what is kept is what is found. */
#define SET_ROW(name, type, object)                                                                \
    static void data_##name##_set(struct conform *c) {                                             \
        const struct muster_host_data *data = c->host->data;                                       \
        STATUS(c, "good", data->name##_set(c->self, object, (struct muster_bytes){"abc", 3}));     \
        STATUS(c, "shorter", data->name##_set(c->self, object, (struct muster_bytes){"de", 2}));   \
        STATUS(c, "none", data->name##_set(c->self, object, (struct muster_bytes){NULL, 0}));      \
        STATUS(c, "null", data->name##_set(c->self, object, (struct muster_bytes){NULL, 1}));      \
        STATUS(c, "long",                                                                          \
               data->name##_set(c->self, object, (struct muster_bytes){kept, sizeof kept}));       \
        STATUS(c, "nobody's",                                                                      \
               data->name##_set(c->self, NOTHING(type), (struct muster_bytes){"abc", 3}));         \
        STATUS(c, "to be found",                                                                   \
               data->name##_set(c->self, object, (struct muster_bytes){"found", 5}));              \
    }                                                                                              \
    static void data_##name##_get(struct conform *c) {                                             \
        const struct muster_host_data *data = c->host->data;                                       \
        struct muster_bytes found = {NULL, 0};                                                     \
        STATUS(c, "good", data->name##_get(c->self, object, &found));                              \
        NUMBER(c, "length", found.len);                                                            \
        STATUS(c, "nobody's", data->name##_get(c->self, NOTHING(type), &found));                   \
        STATUS(c, "no place", data->name##_get(c->self, object, NULL));                            \
    }

SET_ROW(player, muster_player_id, c->player)
SET_ROW(lobby, muster_lobby_id, c->lobby)
SET_ROW(match, muster_match_id, c->match)
SET_ROW(state, muster_match_id, c->match)

const struct conform_row data_rows[] = {
    ROW(data, player_set), ROW(data, player_get), ROW(data, lobby_set), ROW(data, lobby_get),
    ROW(data, match_set),  ROW(data, match_get),  ROW(data, state_set), ROW(data, state_get)};
ROWS_COMPLETE(data, data_rows);
