/* sync - the fields that a mode declares in mode.sync: their values, and the payload that tells
 * clients of them. docs/protocol.md section 12 gives the bytes; sdk/js/sync.js reads them.
 *
 * Values live here, in the form of the wire, not in Lua: a snapshot enters no script, and telling a
 * change from no change is comparing bytes. A struct sync belongs to one match.
 */
#ifndef LUA_SYNC_H
#define LUA_SYNC_H

#include <lua.h>
#include <muster/types.h>
#include <muster/writer.h>
#include <stdbool.h>

enum {
    SYNC_FIELDS_MAX = 64,
    SYNC_NAME_MAX = 32,                 /* bytes of a name: [a-z][a-z0-9_]* */
    SYNC_TEXT_MAX = 32,                 /* bytes of a string's value */
    SYNC_SEATS_MAX = MUSTER_PEOPLE_MAX, /* bots of the host have no values */
    SYNC_WORD_SEATS = 32,
    SYNC_WORDS_MAX = SYNC_SEATS_MAX / SYNC_WORD_SEATS,
};

/* A set of seats, as on the wire: seat 0 is the lowest bit of the first word. */
struct sync_seats {
    uint32_t words[SYNC_WORDS_MAX];
};
static inline bool sync_seats_have(const struct sync_seats *seats, uint32_t seat) {
    return seats->words[seat / SYNC_WORD_SEATS] >> seat % SYNC_WORD_SEATS & 1;
}
static inline void sync_seats_add(struct sync_seats *seats, uint32_t seat) {
    seats->words[seat / SYNC_WORD_SEATS] |= UINT32_C(1) << seat % SYNC_WORD_SEATS;
}

#define SYNC_TYPE_MAP(X)                                                                           \
    X(BOOL, "bool", 1)                                                                             \
    X(U8, "u8", 1)                                                                                 \
    X(I16, "i16", 2)                                                                               \
    X(U16, "u16", 2)                                                                               \
    X(I32, "i32", 4)                                                                               \
    X(U32, "u32", 4)                                                                               \
    X(F32, "f32", 4)                                                                               \
    X(STRING, "string", 1 + SYNC_TEXT_MAX)
#define SYNC_TYPE_ENUM(NAME, name, bytes) SYNC_##NAME,
enum sync_type { SYNC_TYPE_MAP(SYNC_TYPE_ENUM) SYNC_TYPE_COUNT };
#undef SYNC_TYPE_ENUM

enum sync_visible { SYNC_ALL, SYNC_TEAM, SYNC_OWNER, SYNC_VISIBLE_COUNT };

struct sync_field {
    char name[SYNC_NAME_MAX + 1];
    uint8_t type;
    uint8_t visible;
    bool per_player;
    uint16_t offset; /* of the value: among the shared ones, or among those of a seat */
};

/* What a mode declares. Equal ones are equal bytes. */
struct sync_schema {
    struct sync_field fields[SYNC_FIELDS_MAX];
    uint32_t count;
    uint32_t shared_bytes, seat_bytes;
};

/* Reads the list at index; raises for what is no such list, and says what was expected. */
void sync_schema_read(lua_State *L, int index, struct sync_schema *out);
/* A field that not everybody sees. */
bool sync_schema_is_private(const struct sync_schema *schema);
bool sync_schema_same(const struct sync_schema *a, const struct sync_schema *b);
/* The largest payload with so many seats, and the value of a type, in bytes. */
uint32_t sync_schema_bytes_max(const struct sync_schema *schema, uint32_t seats_max);
/* How many words a set of so many seats has on the wire. */
uint32_t sync_words(uint32_t seats_max);
uint32_t sync_type_bytes(uint32_t type);
/* [{"name", "type", "per"?, "visible"}] as JSON text, to be freed; null: out of memory. */
char *sync_schema_json(const struct sync_schema *schema);

/* What is told of by the next delta. */
struct sync_changes {
    uint64_t fields;                             /* shared ones */
    struct sync_seats seats_of[SYNC_FIELDS_MAX]; /* those per player */
    struct sync_seats fresh;                     /* seats whose values begin anew */
    bool seats;                                  /* somebody sat down or stood up */
};

struct sync {
    struct sync_schema schema;
    uint32_t seats_max;
    struct sync_seats seats;  /* who has values */
    struct sync_changes now;  /* since the last step's end */
    struct sync_changes told; /* of the last step: what its delta has */
    uint8_t *values, *kept;   /* shared, then by seat; strings: a length and all their bytes */
    uint8_t bytes[];
};

/* seats_max: 1 to SYNC_SEATS_MAX. Null: out of memory. */
struct sync *sync_create(const struct sync_schema *schema, uint32_t seats_max);
void sync_destroy(struct sync *sync); /* takes null */

/* ---- values ---- */
/* Index of the field, or SYNC_FIELDS_MAX. */
uint32_t sync_find(const struct sync *sync, const char *name);
/* What the Lua value at index is as a value of the field; raises when it is of another type, or out
 * of range. */
struct sync_value {
    uint8_t bytes[1 + SYNC_TEXT_MAX];
};
void sync_read(lua_State *L, const struct sync *sync, uint32_t field, int index,
               struct sync_value *out);
/* seat: of a field per player; else any. */
void sync_set(struct sync *sync, uint32_t field, uint32_t seat, const struct sync_value *value);
void sync_push(lua_State *L, const struct sync *sync, uint32_t field, uint32_t seat);
/* A player sits down, with values of zero; stands up. */
void sync_seat_take(struct sync *sync, uint32_t seat);
void sync_seat_leave(struct sync *sync, uint32_t seat);
/* Who may see what of whom is another than before: all values per player are told anew. */
void sync_tell_all(struct sync *sync);

/* ---- payload ---- */
/* Whose eyes: seat SYNC_SEATS_MAX is a spectator's. */
struct sync_view {
    uint32_t seat;
    struct sync_seats team; /* seats of the own team, the own one included */
};
/* The step is over: what changed in it is what the delta tells, until the next step's end. */
void sync_step_end(struct sync *sync);
void sync_full(const struct sync *sync, const struct sync_view *view, struct muster_writer *out);
void sync_delta(const struct sync *sync, const struct sync_view *view, struct muster_writer *out);

/* ---- state ---- */
/* Keeps the values beside a script's last good state; goes back to them (zero before the first). */
void sync_keep(struct sync *sync);
void sync_back(struct sync *sync);
void sync_save(const struct sync *sync, struct muster_writer *out);
muster_status sync_load(struct sync *sync, struct muster_reader *in);

#endif
