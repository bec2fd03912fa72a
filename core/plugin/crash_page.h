/* crash_page - what the loop was at, in a page that outlives the process.
 *
 * A mapped file: each call into a plugin writes its name there, and the lobby that it is about; the
 * handler of fatal signals and the watchdog stamp it. The kernel keeps the page however the process
 * ends, and the next process reads it before anything else. Without a file (a command, a tool, a
 * disk that takes none) the same goes into memory, and nobody learns of it. Loop thread, but for
 * the stamp.
 */
#ifndef CRASH_PAGE_H
#define CRASH_PAGE_H

#include <muster/types.h>

#define CRASH_CALL_MAX 32
#define CRASH_KEY_SIZE 37 /* a UUID and its NUL */
#define CRASH_ENDS_MAX 12
#define CRASH_STACK_MAX 8192

enum crash_end_kind {
    CRASH_ORDERLY,
    CRASH_KILLED, /* without a word: SIGKILL, no memory, no power; nobody's fault */
    CRASH_FAULT,  /* stamped: a fatal signal, or the watchdog */
};

/* How a process ended, and what it was at. Texts are "" where there is nothing to say. */
struct crash_end {
    int64_t at_unix_ms; /* killed: when the next process began */
    uint32_t kind;
    int32_t signal;               /* 0: the watchdog */
    char plugin[MUSTER_NAME_MAX]; /* whose code it was; "": the server's own */
    char call[CRASH_CALL_MAX];    /* the innermost */
    char lobby_key[CRASH_KEY_SIZE];
    uint32_t is_open; /* of a lobby, and nobody has done yet what follows from it */
};

/* ---- while it runs ---- */
/* Around a call, or other work for one lobby; some stores. `call` is a literal. */
void crash_page_enter(const char *call);
void crash_page_leave(void);
/* The innermost call is about this lobby, whose key has CRASH_KEY_SIZE bytes; null: none. */
void crash_page_call_of(const char *lobby_key);
/* The process ends by this signal, 0: by the watchdog. Async-signal-safe, any thread. plugin: whose
 * fault it is; is_loop: it happened in what the loop is at, else no lobby is to blame. Returns
 * where a call stack may be written as text, -1: nowhere. */
int crash_page_stamp(int signal, const char *plugin, bool is_loop);

/* ---- from one process to the next ---- */
/* Takes the file over, which is made if need be, and makes of what is in it the newest end. Not OK:
 * there will be no page, and no ends. */
muster_status crash_page_open(const char *path) MUSTER_MUST_USE;
/* This process has ended in order. Does nothing without an open page. */
void crash_page_close(void);
/* Outside of all calls: another process may take the page over, and this one has then ended in
 * order. */
void crash_page_lend(void);
/* It is this one's again; what the other one was at does not count. */
void crash_page_take_back(void);
/* The ends of the last processes, 0: the newest. Null: no more are known. */
struct crash_end *crash_page_end(uint32_t index);
/* Faults since the file was made. */
uint32_t crash_page_faults(void);
/* The call stack that the newest end left, as text; "". */
const char *crash_page_stack(void);

#endif
