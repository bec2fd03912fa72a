/* crash - the handler of fatal signals. Nothing here allocates, locks or waits. */
#include "crash.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "crash_page.h"
#include "loop.h"
#include "plugin.h"
#include "watchdog.h"

#define STACK_BYTES (64u << 10) /* of the handler: the fault may be a stack that is used up */
#define FRAMES_MAX 64

static const struct {
    int number;
    const char *name;
} fatal[] = {{SIGSEGV, "SIGSEGV"},
             {SIGBUS, "SIGBUS"},
             {SIGFPE, "SIGFPE"},
             {SIGILL, "SIGILL"},
             {SIGABRT, "SIGABRT"}};

static char handler_stack[STACK_BYTES];
static atomic_flag is_told = ATOMIC_FLAG_INIT; /* by another thread, or by a fault in here */

static void say(const char *text) {
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);
        if (n <= 0) return;
        text += n;
        len -= (size_t)n;
    }
}

static void say_hex(uintptr_t number) {
    char text[2 + 2 * sizeof number + 1];
    char *at = text + sizeof text - 1;
    *at = '\0';
    do *--at = "0123456789abcdef"[number & 15];
    while (number >>= 4);
    *--at = 'x';
    *--at = '0';
    say(at);
}

static void say_signal(int number, const siginfo_t *info) {
    const char *name = "a signal";
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (fatal[i].number == number) name = fatal[i].name;
    say("musterd: crash: ");
    say(name);
    if (info->si_code <= 0) { /* sent, as abort does */
        say("\n");
        return;
    }
    say(" at address ");
    say_hex((uintptr_t)info->si_addr);
    say("\n");
}

/* The plugin in whose file the address lies, or null. By where it is mapped: the file's name may be
 * gone (plugin_unlink_all). */
static const struct muster_self *plugin_at(const void *address) {
    Dl_info object;
    struct link_map *map;
    if (!dladdr1(address, &object, (void **)&map, RTLD_DL_LINKMAP)) return NULL;
    for (const struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s))
        if (s->library == map) return s; /* glibc's handle is the map */
    return NULL;
}

/* Libraries that a plugin has called come before it. */
static const struct muster_self *plugin_in(void *const *frames, int count) {
    const struct muster_self *self = NULL;
    for (int i = 0; i < count && !self; i++) self = plugin_at(frames[i]);
    return self;
}

static void say_code(const struct muster_self *self) {
    say("musterd: crash: in code of ");
    say(self ? "plugin " : "the server");
    if (self) say(self->instance_name);
    say(loop_is_thread() ? "\n" : ", on a thread that is not the loop's\n");
}

/* "mode.tick": role mode; "timer" and "http.fetched" are callbacks of none. */
static const char *role_of(const char *call) {
#define ROLE_NAME(name, code, lower) #lower,
    static const char *const roles[] = {MUSTER_ROLE_MAP(ROLE_NAME)};
#undef ROLE_NAME
    size_t len = strcspn(call, ".");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strlen(roles[i]) == len && strncmp(roles[i], call, len) == 0) return roles[i];
    return "none";
}

static void say_call(const struct watchdog_call *call, bool is_innermost) {
    say(is_innermost ? "musterd: crash: in plugin " : "musterd: crash: called from plugin ");
    say(call->instance_name);
    say(", role ");
    say(role_of(call->name));
    say(", call ");
    say(call->name);
    say(", lobby ");
    say(call->lobby_key ? call->lobby_key : "none");
    say("\n");
}

static void say_calls(void) {
    struct watchdog_call call;
    for (uint32_t i = 0; watchdog_call_at(i, &call); i++) say_call(&call, i == 0);
}

/* Where its stack may be written, or -1. What another process has sent is nobody's fault. */
static int stamp(int number, const siginfo_t *info, const struct muster_self *in_code) {
    struct watchdog_call call;
    if (info->si_code <= 0 && info->si_pid != getpid()) return -1;
    bool is_loop = loop_is_thread();
    const char *plugin = in_code ? in_code->instance_name : "";
    if (is_loop && watchdog_call_at(0, &call)) plugin = call.instance_name;
    return crash_page_stamp(number, plugin, is_loop);
}

static void tell(int number, const siginfo_t *info) {
    void *frames[FRAMES_MAX];
    int page = stamp(number, info, NULL); /* before anything is looked up */
    int count = backtrace(frames, FRAMES_MAX);
    say_signal(number, info);
    if (loop_is_thread()) say_calls();
    const struct muster_self *in_code = plugin_in(frames, count);
    (void)stamp(number, info, in_code);
    say_code(in_code);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    if (page >= 0) backtrace_symbols_fd(frames, count, page);
}

static void on_fatal(int number, siginfo_t *info, void *context) {
    (void)context;
    if (!atomic_flag_test_and_set(&is_told)) tell(number, info);
    /* By default from here on (SA_RESETHAND). What has faulted faults again on return, where it
     * did; what was sent has to be sent again. */
    if (info->si_code <= 0) raise(number);
}

muster_status crash_init(void) {
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    struct sigaction action = {.sa_sigaction = on_fatal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
    void *frame;
    (void)backtrace(&frame, 1); /* what unwinds is loaded now, not in the handler */
    sigemptyset(&action.sa_mask);
    if (sigaltstack(&stack, NULL) != 0) return MUSTER_INTERNAL;
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        struct sigaction present;
        if (sigaction(fatal[i].number, NULL, &present) != 0) return MUSTER_INTERNAL;
        bool is_free = !(present.sa_flags & SA_SIGINFO) && present.sa_handler == SIG_DFL;
        if (is_free && sigaction(fatal[i].number, &action, NULL) != 0) return MUSTER_INTERNAL;
    }
    return MUSTER_OK;
}
