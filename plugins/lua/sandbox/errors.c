/* errors - what is told of an error: a message, a place, the script's own frames.
 *
 * Error values are the script's: they are read raw, no metamethod runs. Arguments are told by type,
 * never by value, since they may be a player's.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 16, FRAMES_LOOKED_AT = 200, ARGUMENTS_MAX = 8 };

/* ---- text */

size_t errors_utf8_length(const unsigned char *text, size_t len) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = text[0];
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    if (n <= 1 || n > len) return n == 1;
    uint32_t code = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static bool is_printable(const unsigned char *text, size_t length) {
    if (length == 1) return text[0] >= 0x20 && text[0] != 0x7f;
    return length > 2 || (length == 2 && !(text[0] == 0xc2 && text[1] < 0xa0)); /* C1 controls */
}

bool errors_escape(const char *text, size_t len, char *out, size_t size) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0, used = 0;
    while (at < len) {
        char piece[5];
        size_t taken = errors_utf8_length(bytes + at, len - at), length = taken;
        if (taken && is_printable(bytes + at, taken)) {
            memcpy(piece, bytes + at, taken);
        } else {
            taken = 1;
            length = 2;
            piece[0] = '\\';
            if (bytes[at] == '\n')
                piece[1] = 'n';
            else if (bytes[at] == '\t')
                piece[1] = 't';
            else if (bytes[at] == '\r')
                piece[1] = 'r';
            else
                length = (size_t)snprintf(piece, sizeof piece, "\\x%02x", bytes[at]);
        }
        if (used + length + 1 > size) break;
        memcpy(out + used, piece, length);
        used += length;
        at += taken;
    }
    out[used] = '\0';
    return at == len;
}

void sandbox_clean(const char *text, size_t len, char *out, size_t size) {
    if (errors_escape(text, len, out, size)) return;
    errors_escape(text, len, out, size - 3); /* leaves room for the mark below */
    strcat(out, "...");
}

/* ---- frames */

struct writer {
    char *text;
    size_t size, used;
};

MUSTER_PRINTF(2, 3) static void add(struct writer *w, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(w->text + w->used, w->size - w->used, format, arguments);
    va_end(arguments);
    if (n < 0) return;
    w->used += (size_t)n < w->size - w->used ? (size_t)n : w->size - w->used - 1;
}

static void add_arguments(struct writer *w, lua_State *L, lua_Debug *ar) {
    add(w, "(");
    for (int i = 1; i <= ar->nparams && i <= ARGUMENTS_MAX; i++) {
        if (!lua_getlocal(L, ar, i)) break;
        add(w, "%s%s", i > 1 ? ", " : "", lua_typename(L, lua_type(L, -1)));
        lua_pop(L, 1);
    }
    add(w, "%s)", ar->nparams > ARGUMENTS_MAX || ar->isvararg ? ", ..." : "");
}

static void add_frame(struct writer *w, lua_State *L, lua_Debug *ar, enum errors_when when) {
    char file[128], name[128];
    errors_escape(ar->short_src, strlen(ar->short_src), file, sizeof file);
    add(w, "%s%s:%d: in ", w->used ? "\n" : "", file, ar->currentline);
    if (*ar->what == 'm') {
        add(w, "main chunk");
        return;
    }
    const char *known = ar->name ? ar->name : "function";
    errors_escape(known, strlen(known), name, sizeof name);
    add(w, "%s", name);
    if (!ar->name) add(w, " at line %d", ar->linedefined);
    if (when == ERRORS_AT_REST) add_arguments(w, L, ar);
}

/* Host frames are left out; the first of the script's own is the place. */
static void record_frames(struct sandbox_error *error, lua_State *L, enum errors_when when) {
    struct writer w = {.text = error->traceback, .size = sizeof error->traceback};
    lua_Debug ar;
    int frames = 0;
    *error->traceback = '\0';
    *error->file = '\0';
    error->line = 0;
    for (int level = 0; level < FRAMES_LOOKED_AT && lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Slntu", &ar) || ar.currentline < 0) continue;
        if (++frames > FRAMES_MAX) {
            add(&w, "\n...");
            break;
        }
        add_frame(&w, L, &ar, when);
        if (frames > 1) continue;
        errors_escape(ar.short_src, strlen(ar.short_src), error->file, sizeof error->file);
        error->line = ar.currentline;
    }
}

/* "file:line: ..." at the front of a message tells better than the frames: a syntax error has no
 * frame, and error(text, 2) means the caller. */
static void record_place(struct sandbox_error *error) {
    const char *end = strchr(error->message, ':');
    if (!end || end == error->message || (size_t)(end - error->message) >= sizeof error->file)
        return;
    char *rest;
    long line = strtol(end + 1, &rest, 10);
    if (rest == end + 1 || *rest != ':' || line <= 0 || line > INT32_MAX) return;
    memcpy(error->file, error->message, (size_t)(end - error->message));
    error->file[end - error->message] = '\0';
    error->line = (int)line;
}

/* ---- the record */

static struct sandbox_error *record_of(struct sandbox *sb) {
    if (!sb->error) sb->error = calloc(1, sizeof *sb->error);
    return sb->error;
}

/* A table tells its message, or code, as raw text. */
static void record_table(struct sandbox_error *error, lua_State *L, int index) {
    static const char *const fields[] = {"message", "code"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushstring(L, fields[i]);
        bool found = lua_rawget(L, index) == LUA_TSTRING;
        size_t len = 0;
        const char *text = found ? lua_tolstring(L, -1, &len) : NULL;
        if (found) sandbox_clean(text, len, error->message, sizeof error->message);
        lua_pop(L, 1);
        if (found) return;
    }
    snprintf(error->message, sizeof error->message, "(error object is a table)");
}

static void record_message(struct sandbox_error *error, lua_State *L, int index) {
    size_t len;
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &len);
        sandbox_clean(text, len, error->message, sizeof error->message);
        break;
    case LUA_TNUMBER:
        snprintf(error->message, sizeof error->message, "%.14g", lua_tonumber(L, index));
        break;
    case LUA_TTABLE: record_table(error, L, index); break;
    default:
        snprintf(error->message, sizeof error->message, "(error object is a %s)",
                 luaL_typename(L, index));
    }
}

void errors_record(struct sandbox *sb, lua_State *L) {
    struct sandbox_error *error = record_of(sb);
    if (!error || !lua_checkstack(L, LUA_MINSTACK)) return;
    int index = lua_gettop(L);
    record_frames(error, L, ERRORS_AT_REST);
    record_message(error, L, index);
    record_place(error);
    sb->error_told = true;
}

int errors_handler(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    if (!is_killed(sb)) errors_record(sb, L);
    return 1;
}

static void tell_kill(const struct sandbox *sb, char *out, size_t size) {
    enum sandbox_kill reason = sandbox_killed(sb);
    if (reason == SANDBOX_KILL_TICK)
        snprintf(out, size,
                 "script stopped: the scripts of this match together took over half a tick, and "
                 "this one most of it");
    else if (reason == SANDBOX_KILL_SHARE)
        snprintf(out, size,
                 "script stopped: the scripts of all lobbies together took over their share of "
                 "time, and this one most of it");
    else
        snprintf(out, size, "script stopped: over its %s limit", sandbox_kill_name(reason));
}

void errors_record_kill(struct sandbox *sb, lua_State *L, enum errors_when when) {
    struct sandbox_error *error = record_of(sb);
    sb->kill_told = true;
    if (!error) return;
    record_frames(error, L, when);
    tell_kill(sb, error->message, sizeof error->message);
}

/* Nothing runs any more: the place is where the function begins. */
void errors_record_kill_after(struct sandbox *sb, int function) {
    lua_State *L = sb->L;
    lua_Debug ar;
    errors_record_kill(sb, L, ERRORS_AT_REST);
    if (!sb->error || function == LUA_NOREF) return;
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, function) != LUA_TFUNCTION || lua_iscfunction(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_getinfo(L, ">S", &ar);
    errors_escape(ar.short_src, strlen(ar.short_src), sb->error->file, sizeof sb->error->file);
    sb->error->line = ar.linedefined;
}
