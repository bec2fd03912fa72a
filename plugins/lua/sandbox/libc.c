/* libc - symbols that Lua's archive is linked against instead of libc's.
 *
 * The plugin links liblua5.4.a, so that these take effect: the operator ^ becomes portable, strings
 * compare by bytes whatever the locale.
 */
#include "internal.h"
#include "portable.h"

#include <string.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN double lua_pow(double x, double y) __asm__("pow");
double lua_pow(double x, double y) {
    return portable_pow(x, y);
}

/* By bytes. Strings with zero bytes come in pieces, as many as there are zeros: a look between. */
HIDDEN int lua_strcoll(const char *a, const char *b) __asm__("strcoll");
int lua_strcoll(const char *a, const char *b) {
    static _Thread_local unsigned pieces;
    if (++pieces % LOOK_EVERY == 0) budget_look();
    return strcmp(a, b);
}

/* No error can get here, as every entry is protected. Lua aborts the process afterwards. */
int libc_panic(lua_State *L) {
    (void)L;
    static const char text[] = "lua: error outside of a protected call\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) return 0;
    return 0;
}
