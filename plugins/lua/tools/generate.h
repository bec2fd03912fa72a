/* generate - files that are made from the tables of the API, so that they cannot drift from it:
 * sdk/lua/muster.d.lua, sdk/lua/muster.luacheckrc, .luarc.json, docs/scripting.md. */
#ifndef LUA_GENERATE_H
#define LUA_GENERATE_H

#include <muster/writer.h>

/* format: stubs, luacheck, luarc or docs. */
void generate(const char *format, struct muster_writer *answer);

/* ---- generate_*.c ---- */
void generate_stubs(struct muster_writer *out);
void generate_luacheck(struct muster_writer *out);
void generate_luarc(struct muster_writer *out);
void generate_docs(struct muster_writer *out);

#endif
