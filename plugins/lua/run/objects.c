/* objects - see objects.h. */
#include "objects.h"
#include "script.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_BYTES = 48, COMMANDS_COUNT = 12, LEVELS_LOOKED_AT = 16 };

struct object {
    uint8_t owner;           /* 1 + script's index; 0: free */
    bool is_new;             /* asked for, and not there before: a refusal frees the number */
    char where[WHERE_BYTES]; /* "PLACE|WORD" of the last command */
};

/* Who asked last, by command. */
struct asked {
    uint8_t script; /* 1 + index; 0: nobody */
    struct command_place place;
};

struct objects {
    struct object of[OBJECT_KINDS][OBJECTS_MAX];
    struct asked asked_of[OBJECT_KINDS][OBJECTS_MAX];
    struct asked asked[COMMANDS_COUNT];
};

enum effect { EFFECT_NONE, EFFECT_MAKES, EFFECT_REMOVES, EFFECT_USES };

static const struct {
    const char *name;
    enum object_kind kind;
    enum effect effect;
    bool needs_life; /* of the player at the seat */
} commands[COMMANDS_COUNT] = {
    {"zone", OBJECT_ZONE, EFFECT_MAKES, false},
    {"zone_remove", OBJECT_ZONE, EFFECT_REMOVES, false},
    {"item", OBJECT_ITEM, EFFECT_MAKES, false},
    {"item_home", OBJECT_ITEM, EFFECT_USES, false},
    {"item_remove", OBJECT_ITEM, EFFECT_REMOVES, false},
    {"carry", OBJECT_ITEM, EFFECT_USES, true},
    {"spawn", OBJECT_KINDS, EFFECT_NONE, false},
    {"kill", OBJECT_KINDS, EFFECT_NONE, true},
    {"heal", OBJECT_KINDS, EFFECT_NONE, true},
    {"team", OBJECT_KINDS, EFFECT_NONE, false},
    {"loadout", OBJECT_KINDS, EFFECT_NONE, false},
    {"bots", OBJECT_KINDS, EFFECT_NONE, false},
};

static const char *const kind_names[] = {"zone", "item"};

void objects_free(struct objects *objects) {
    free(objects);
}

static struct script *script_at(const struct realm *realm, uint8_t number) {
    return number && number <= realm->script_count ? realm->scripts[number - 1] : NULL;
}

/* Null: the number is free, also when its owner has been stopped for good. */
static struct script *owner_of(const struct realm *realm, enum object_kind kind, uint32_t id) {
    if (!realm->objects) return NULL;
    struct script *owner = script_at(realm, realm->objects->of[kind][id - 1].owner);
    bool is_alive = owner && (owner->sandbox || owner->restart_due || owner->revert_due);
    return is_alive ? owner : NULL;
}

/* ---- before a command ------------------------------------------------------------------------ */

void objects_check_free(lua_State *L, enum object_kind kind, uint32_t id) {
    if (script_of(L)->takes_over) return; /* nothing is done, and it may be another's by now */
    const struct script *owner = owner_of(realm_of(L), kind, id);
    if (owner && owner->index != script_of(L)->index) /* new code has the place of the old one */
        luaL_error(L, "%s %d is used by the mod %s: take another id", kind_names[kind], (int)id,
                   owner->mod->id);
}

void objects_check_own(lua_State *L, enum object_kind kind, uint32_t id) {
    const struct script *script = script_of(L);
    if (script->realm->is_probe || script->takes_over) return; /* nothing is done either */
    objects_check_free(L, kind, id);
    if (!owner_of(script->realm, kind, id))
        luaL_error(L, "there is no %s %d", kind_names[kind], (int)id);
}

/* ---- after it -------------------------------------------------------------------------------- */

void objects_place(lua_State *L, struct command_place *out) {
    lua_Debug ar;
    *out = (struct command_place){.line = 0};
    for (int level = 1; level < LEVELS_LOOKED_AT && lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline < 0) continue;
        snprintf(out->file, sizeof out->file, "%s", ar.short_src);
        out->line = ar.currentline;
        return;
    }
}

static int find_command(const char *name) {
    int at = 0;
    while (at < COMMANDS_COUNT && strcmp(commands[at].name, name) != 0) at++;
    return at;
}

static void note_object(struct script *script, int at, const struct muster_command *command,
                        const struct asked *asked) {
    struct objects *objects = script->realm->objects;
    uint32_t index = (uint32_t)command->args[0] - 1;
    struct object *object = &objects->of[commands[at].kind][index];
    objects->asked_of[commands[at].kind][index] = *asked;
    if (commands[at].effect == EFFECT_REMOVES) object->owner = 0;
    if (commands[at].effect != EFFECT_MAKES) return;
    object->is_new = object->owner == 0;
    object->owner = asked->script;
    snprintf(object->where, sizeof object->where, "%s", command->text);
}

void objects_note(struct script *script, const struct muster_command *command,
                  const struct command_place *place) {
    struct realm *realm = script->realm;
    struct asked asked = {(uint8_t)(script->index + 1), *place};
    int at = find_command(command->name);
    if (!realm->objects) realm->objects = calloc(1, sizeof *realm->objects);
    if (!realm->objects || at == COMMANDS_COUNT) return;
    realm->objects->asked[at] = asked;
    if (commands[at].effect != EFFECT_NONE) note_object(script, at, command, &asked);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Who has left or died meanwhile is nobody's mistake. */
static bool is_over(const struct realm *realm, int at, uint32_t seat) {
    struct muster_seat_info row = {.size = sizeof row};
    if (seat == MUSTER_SEAT_NONE) return false;
    if (realm_host(realm)->match->seat_get(realm_self(realm), realm->match, seat, &row))
        return true;
    return commands[at].needs_life && !row.alive;
}

/* The place and the sentence; frees the number of what was not made. */
static const struct asked *blame(struct realm *realm, int at, const struct muster_fact *fact,
                                 char *text, size_t size) {
    struct objects *objects = realm->objects;
    enum object_kind kind = commands[at].kind;
    int id = (int)fact->value;
    snprintf(text, size, "arena.%s: the game mode refuses it", commands[at].name);
    if (kind == OBJECT_KINDS || fact->value < 1 || fact->value > OBJECTS_MAX)
        return &objects->asked[at];
    struct object *object = &objects->of[kind][fact->value - 1];
    if (commands[at].effect == EFFECT_MAKES && object->where[0]) {
        snprintf(text, size, "arena.%s %d: expected a free place of this map, found \"%.*s\"",
                 commands[at].name, id, (int)strcspn(object->where, "|"), object->where);
    } else if (commands[at].effect != EFFECT_MAKES) {
        snprintf(text, size, "arena.%s: there is no %s %d", commands[at].name, kind_names[kind],
                 id);
    }
    if (commands[at].effect == EFFECT_MAKES && object->is_new) object->owner = 0;
    return &objects->asked_of[kind][fact->value - 1];
}

void objects_refused(struct realm *realm, const struct muster_fact *fact) {
    char text[160];
    int at = find_command(fact->text);
    if (!realm->objects || at == COMMANDS_COUNT || is_over(realm, at, fact->seat)) return;
    const struct asked *asked = blame(realm, at, fact, text, sizeof text);
    struct script *script = script_at(realm, asked->script);
    if (script) script_refused(script, asked->place.file, asked->place.line, text);
}

/* ---- state ----------------------------------------------------------------------------------- */

/* Who asked belongs to it: a command may wait for the base. */
void objects_save(const struct realm *realm, struct muster_writer *out) {
    static const struct objects none;
    const struct objects *objects = realm->objects ? realm->objects : &none;
    for (int i = 0; i < OBJECT_KINDS * OBJECTS_MAX; i++) {
        const struct object *object = &objects->of[i / OBJECTS_MAX][i % OBJECTS_MAX];
        muster_put_u8(out, object->owner);
        muster_put_u8(out, object->is_new);
        muster_put_u8(out, objects->asked_of[i / OBJECTS_MAX][i % OBJECTS_MAX].script);
    }
    for (int i = 0; i < COMMANDS_COUNT; i++) muster_put_u8(out, objects->asked[i].script);
}

void objects_load(struct realm *realm, struct muster_reader *in) {
    static struct objects lost;
    objects_free(realm->objects);
    realm->objects = calloc(1, sizeof *realm->objects);
    struct objects *objects = realm->objects ? realm->objects : &lost;
    for (int i = 0; i < OBJECT_KINDS * OBJECTS_MAX; i++) {
        struct object *object = &objects->of[i / OBJECTS_MAX][i % OBJECTS_MAX];
        object->owner = muster_get_u8(in);
        object->is_new = muster_get_u8(in) & 1;
        objects->asked_of[i / OBJECTS_MAX][i % OBJECTS_MAX].script = muster_get_u8(in);
    }
    for (int i = 0; i < COMMANDS_COUNT; i++) objects->asked[i].script = muster_get_u8(in);
}
