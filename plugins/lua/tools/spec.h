/* spec - tests of mods: `mods test DIR [--junit FILE] [--filter TEXT]`, in musterd --run.
 *
 * spec.c runs the files below tests/, each in a sandbox of its own with the words of spec.lua;
 * spec_world.c and spec_match.c are what spec.lua calls, on host->engine; spec_report.c tells
 * people and machines. One run at a time, on the stack of the console command.
 */
#ifndef LUA_SPEC_H
#define LUA_SPEC_H

#include "lobby.h"

#include <lauxlib.h>

void spec_test(struct instance *instance, const char *arguments, struct muster_writer *answer);

/* ---- shared by spec*.c alone ---- */

enum {
    SPEC_PATH_MAX = 1024,
    SPEC_FILTER_MAX = 200,
    SPEC_NAME_MAX = 512,
    SPEC_TESTS_MAX = 4096, /* of one file */
    SPEC_ERRORS_MAX = 16,  /* of mods, kept for one test */
    SPEC_ERROR_BYTES = 1024,
    SPEC_PLAYERS_MAX = 256,
    SPEC_SPACES_MAX = 32,  /* mods that store something */
    SPEC_PRINTS_MAX = 500, /* lines of one test */
};

/* How a test went. All owned by the report. */
struct spec_outcome {
    char *file, *name;
    char *message; /* null: it passed */
    char *details; /* where, and what mods raised, in lines; or null */
    double seconds;
};

struct spec_report {
    struct muster_writer *answer;
    struct spec_outcome *outcomes;
    uint32_t count, failed;
    bool broken; /* out of memory: not all outcomes are there */
};

struct spec {
    struct instance *instance;
    struct spec_report report;
    struct tester tester;
    struct mod *mod; /* under test, pinned */
    char dir[SPEC_PATH_MAX];
    char junit[SPEC_PATH_MAX]; /* or "" */
    char filter[SPEC_FILTER_MAX];
    /* the file that runs */
    const struct mod_specs *specs;
    const struct mod_file *file;
    struct sandbox *sandbox;
    int run;                     /* spec.lua's function of that name */
    char *tests[SPEC_TESTS_MAX]; /* their names, owned */
    uint32_t test_count;
    /* the world */
    muster_player_id players[SPEC_PLAYERS_MAX];
    uint32_t player_count;
    struct {
        char mod[MOD_ID_MAX + 1];
        struct storage_space *space;
    } spaces[SPEC_SPACES_MAX];
    uint32_t space_count;
    char errors[SPEC_ERRORS_MAX][SPEC_ERROR_BYTES]; /* that mods raised and no test took */
    uint32_t error_count;
    uint32_t print_count;
};

/* ---- spec_world.c ---- */
/* The table of functions that spec.lua begins with, pushed. */
void spec_world_push(lua_State *L, const struct spec *spec);
/* Players leave, lobbies close, nothing is stored, the mod is that of the folder again. */
void spec_world_clear(struct spec *spec);
/* For struct tester: what a mod stores in this world. */
struct storage_space *spec_world_space(void *user, const char *mod);

/* For functions that spec.lua calls: charges for the call. */
struct spec *spec_of(lua_State *L);
/* Raises; without a place, as spec.lua's own lines tell nobody anything. */
int spec_refuse(lua_State *L, const char *format, ...) MUSTER_PRINTF(2, 3);
/* Raises unless the engine's answer is OK. */
void spec_check(lua_State *L, muster_status status, const char *what);

/* ---- spec_match.c ---- */
extern const luaL_Reg spec_match_functions[];

/* ---- spec_report.c ---- */
/* Copies. message null: it passed. */
void spec_report_add(struct spec_report *report, const struct spec_outcome *outcome);
/* The last line, and the JUnit file (path "": none). */
void spec_report_end(struct spec_report *report, const struct mod *mod, const char *junit);
void spec_report_deinit(struct spec_report *report);

#endif
