/* streams - what Lua's archive finds instead of libc's three streams, in the plugin alone.
 *
 * Only functions of lauxlib that are never called here read them; libc's own cannot be referred to
 * in a shared object from code that was compiled for programs, as Debian's archive is.
 */
#include <stdio.h>

#define HIDDEN __attribute__((visibility("hidden")))

extern HIDDEN FILE *lua_no_stdin __asm__("stdin");
extern HIDDEN FILE *lua_no_stdout __asm__("stdout");
extern HIDDEN FILE *lua_no_stderr __asm__("stderr");
FILE *lua_no_stdin, *lua_no_stdout, *lua_no_stderr;
