/* zoo_test - every plugin of the zoo is refused or contained, with a sentence that names it. */
#include "test.h"

#include <dirent.h>
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "notices.h"
#include "pending.h"
#include "plugin.h"
#include "plugin_internal.h"
#include "plugin_load.h"
#include "registry.h"
#include "watchdog.h"
#include "zoo_rig.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int setup(void **state) {
    (void)state;
    zoo_open();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    zoo_close();
    return 0;
}

static uint32_t loaded_count(void) {
    uint32_t count = 0;
    for (const struct muster_self *s = plugin_next(NULL); s; s = plugin_next(s)) count++;
    return count;
}

/* Files in the folder of private copies. */
static uint32_t copies_count(void) {
    char path[320];
    uint32_t count = 0;
    snprintf(path, sizeof path, "%s/data/run", zoo.root);
    DIR *dir = opendir(path);
    if (!dir) return 0;
    for (const struct dirent *e; (e = readdir(dir));) count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* Refused, the sentence names the plugin and the cause, and nothing stays behind. */
static void refused(const char *name, const char *cause) {
    char error[PLUGIN_ERROR_MAX] = "";
    uint32_t before = loaded_count();
    uint32_t copies = copies_count();
    int status = plugin_load(name, name, error);
    if (status == MUSTER_OK || !strstr(error, name) || !strstr(error, cause))
        fail_msg("%s: status %d, sentence \"%s\", expected \"%s\"", name, status, error, cause);
    assert_int_equal(loaded_count(), before);
    assert_int_equal(copies_count(), copies);
}

static struct muster_self *loaded(const char *name) {
    char error[PLUGIN_ERROR_MAX] = "";
    if (plugin_load(name, name, error) != MUSTER_OK) fail_msg("%s", error);
    return plugin_find(name);
}

static void started(void) {
    char error[PLUGIN_ERROR_MAX] = "";
    if (plugin_start_all(error) != MUSTER_OK) fail_msg("%s", error);
}

/* ---- refused by what the file says ----------------------------------------------------------- */

/* zoo/refused.txt: NAME|CAUSE; the same list is tried on the daemon by daemon_check. */
static void test_descriptors(void **state) {
    char line[256];
    uint32_t count = 0;
    (void)state;
    FILE *cases = fopen(ZOO_CASES, "r");
    assert_non_null(cases);
    while (fgets(line, sizeof line, cases)) {
        char *cause = strchr(line, '|');
        assert_non_null(cause);
        *cause++ = '\0';
        cause[strcspn(cause, "\n")] = '\0';
        zoo_install(line, line, 0755);
        refused(line, cause);
        count++;
    }
    fclose(cases);
    assert_true(count > 20);
}

static void test_constructor(void **state) {
    (void)state;
    if (SANITIZED) skip(); /* a sanitizer's own constructors are in every file */
    static const char *const early[] = {"zoo_constructor", "zoo_init_function",
                                        "zoo_bare_constructor", "zoo_bare_init_section",
                                        "zoo_stripped_constructor"};
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++) {
        zoo_install(early[i], early[i], 0755);
        refused(early[i], "ELF constructors");
    }
    zoo_install("zoo_stripped", "zoo_stripped", 0755);
    loaded("zoo_stripped");
    zoo_install("zoo_bare_nothing", "zoo_bare_nothing", 0755);
    loaded("zoo_bare_nothing");
}

static void test_start_fails(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    zoo_install("zoo_start", "zoo_start", 0755);
    loaded("zoo_start");
    assert_int_equal(plugin_start_all(error), MUSTER_UNAVAILABLE);
    assert_string_equal(error, "plugin zoo_start (auth): start failed: unavailable");
}

static void test_mistakes_of_all_are_told(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    zoo_install("zoo_check", "zoo_check", 0755);
    loaded("zoo_check");
    assert_int_equal(plugin_load("zoo_check", "second", error), MUSTER_OK);
    assert_int_equal(plugin_check_all(error), MUSTER_INVALID);
    assert_string_equal(error, "plugin zoo_check: limit: expected 1, found 2\n"
                               "plugin zoo_check: file: missing\n"
                               "plugin second: limit: expected 1, found 2\n"
                               "plugin second: file: missing");
}

static void test_duplicates(void **state) {
    char error[PLUGIN_ERROR_MAX] = "";
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    loaded("zoo_actor");
    assert_int_equal(plugin_load("zoo_actor", "zoo_actor", error), MUSTER_EXISTS);
    assert_non_null(strstr(error, "zoo_actor is loaded already"));
    assert_int_equal(plugin_load("zoo_actor", "second", error), MUSTER_OK);
    const struct provider *first = registry_first(MUSTER_ROLE_AUTH);
    assert_string_equal(first->self->instance_name, "zoo_actor");
    assert_string_equal(first->next->self->instance_name, "second");
    assert_null(first->next->next);
}

/* ---- refused by what the file is ------------------------------------------------------------- */

static void test_writable_file(void **state) {
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0775);
    refused("zoo_actor", "is writable by others (mode 0775): chmod go-w");
    zoo_install("zoo_actor", "zoo_actor", 0757);
    refused("zoo_actor", "is writable by others");
}

static void test_writable_folder(void **state) {
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    assert_int_equal(chmod(zoo.plugins, 0777), 0);
    refused("zoo_actor", "is writable by others");
}

static void put_link(const char *name, const char *target) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", zoo.plugins, name);
    unlink(path);
    assert_int_equal(symlink(target, path), 0);
}

/* Links are taken where nobody else could lead them elsewhere. */
static void test_links(void **state) {
    char elsewhere[300], file[400];
    (void)state;
    zoo_install("zoo_actor", "zoo_start", 0755);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", zoo.root);
    snprintf(file, sizeof file, "%s/zoo_start.so", zoo.plugins);
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    char there[400];
    snprintf(there, sizeof there, "%s/there.so", elsewhere);
    assert_int_equal(rename(file, there), 0);
    put_link("second", there);
    put_link("zoo_actor.so", "second");
    assert_string_equal(loaded("zoo_actor")->instance_name, "zoo_actor");
    plugin_unload_all();

    assert_int_equal(chmod(elsewhere, 0777), 0);
    refused("zoo_actor", "/elsewhere is writable by others (mode 0777)");
    assert_int_equal(chmod(elsewhere, 0700) | chmod(there, 0775), 0);
    refused("zoo_actor", "/there.so is writable by others (mode 0775)");
    assert_int_equal(chmod(there, 0755), 0);
    if (geteuid() == 0) {
        snprintf(file, sizeof file, "%s/second", zoo.plugins);
        assert_int_equal(lchown(file, 12345, 12345), 0);
        refused("zoo_actor", "/second belongs to user 12345, expected root or");
    }
    put_link("second", "nothing.so");
    refused("zoo_actor", "nothing.so, where a link in");
    put_link("second", "zoo_actor.so");
    refused("zoo_actor", "leads through more than 8 links");
}

static void test_no_plain_file(void **state) {
    char path[400];
    (void)state;
    refused("zoo_nothing", "no zoo_nothing.so in");
    refused("../zoo", "its name is not like role_name");
    snprintf(path, sizeof path, "%s/zoo_pipe.so", zoo.plugins);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("zoo_pipe", "no regular file");
    snprintf(path, sizeof path, "%s/zoo_dir.so", zoo.plugins);
    assert_int_equal(mkdir(path, 0700), 0);
    refused("zoo_dir", "no regular file");
}

/* A file that ends anywhere is refused, never read past its end. */
static void test_broken_elf(void **state) {
    static const uint32_t lengths[] = {1, 16, 63, 64, 65, 200, 1000, 4095, 9000};
    char path[400];
    (void)state;
    snprintf(path, sizeof path, "%s/zoo_broken.so", zoo.plugins);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        zoo_install("zoo_actor", "zoo_broken", 0755);
        assert_int_equal(truncate(path, lengths[i]), 0);
        refused("zoo_broken", "");
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("#!/bin/sh\nexit 0\n", file);
    fclose(file);
    refused("zoo_broken", "not a 64-bit ELF shared object");
}

static uint8_t *file_read(const char *path, size_t *len) {
    struct stat st;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    *len = (size_t)st.st_size;
    uint8_t *data = malloc(*len);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *len, file), *len);
    fclose(file);
    return data;
}

/* The entry of the dynamic segment. */
static Elf64_Dyn *dynamic_entry(uint8_t *data, int64_t tag) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)data;
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(data + header->e_phoff);
    while (segment->p_type != PT_DYNAMIC) segment++;
    Elf64_Dyn *entry = (Elf64_Dyn *)(data + segment->p_offset);
    while (entry->d_tag != tag && entry->d_tag != DT_NULL) entry++;
    assert_int_equal(entry->d_tag, tag);
    return entry;
}

/* Every way in which a file has code run before it is asked for any. */
static void test_early_code(void **state) {
    static const struct {
        int64_t tag, becomes; /* of an entry that zoo_actor has */
        uint64_t value, more; /* more: is added to what stands there */
        muster_status status;
    } cases[] = {
        {DT_INIT_ARRAYSZ, DT_INIT_ARRAYSZ, 0, 0, MUSTER_OK},
        {DT_INIT_ARRAYSZ, DT_INIT_ARRAYSZ, 8, 0, MUSTER_OK}, /* the compiler's own */
        {DT_INIT_ARRAYSZ, DT_INIT_ARRAYSZ, 9, 0, MUSTER_DENIED},
        {DT_FINI, DT_PREINIT_ARRAYSZ, 0, 0, MUSTER_OK},
        {DT_FINI, DT_PREINIT_ARRAYSZ, 8, 0, MUSTER_DENIED},
        {DT_INIT, DT_INIT, 0, 0, MUSTER_OK}, /* none */
        {DT_INIT, DT_INIT, 0, 4, MUSTER_DENIED},
    };
    char error[PLUGIN_ERROR_MAX];
    size_t len;
    (void)state;
    if (SANITIZED) skip(); /* as above */
    uint8_t *data = file_read(ZOO_DIR "/zoo_actor.so", &len);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Elf64_Dyn *entry = dynamic_entry(data, cases[i].tag), kept = *entry;
        entry->d_tag = cases[i].becomes;
        entry->d_un.d_val = cases[i].more ? kept.d_un.d_val + cases[i].more : cases[i].value;
        if (plugin_elf_check(data, len, error, sizeof error) != cases[i].status)
            fail_msg("case %zu: expected %d", i, (int)cases[i].status);
        *entry = kept;
    }
    ((Elf64_Ehdr *)data)->e_shnum = 0; /* no names of sections: what DT_INIT is cannot be told */
    assert_int_equal(plugin_elf_check(data, len, error, sizeof error), MUSTER_DENIED);
    free(data);
}

/* Whatever stands in the headers and the dynamic segment, the check stays inside the file. */
static void test_changed_elf(void **state) {
    char error[PLUGIN_ERROR_MAX];
    uint64_t random = 1;
    size_t len;
    uint32_t refused_count = 0;
    (void)state;
    uint8_t *good = file_read(ZOO_DIR "/zoo_actor.so", &len);
    uint8_t *data = malloc(len);
    assert_non_null(data);
    assert_int_equal(plugin_elf_check(good, len, error, sizeof error), MUSTER_OK);
    for (uint32_t round = 0; round < 3000; round++) {
        memcpy(data, good, len);
        for (uint32_t i = 0; i < 8; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            size_t range = i % 2 ? 1024 : len;
            data[(random >> 16) % range] = (uint8_t)(random >> 56);
        }
        refused_count += plugin_elf_check(data, len, error, sizeof error) != MUSTER_OK;
    }
    assert_true(refused_count > 0);
    free(data);
    free(good);
}

/* Where no data is kept the copies lie in a temporary folder, which goes with them. */
static void test_no_data_dir(void **state) {
    char command[400];
    char folder[512];
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    snprintf(command, sizeof command, "rm -rf '%s/data'", zoo.root);
    assert_int_equal(system(command), 0);
    struct muster_self *self = loaded("zoo_actor");
    snprintf(folder, sizeof folder, "%s", self->copy_path);
    assert_null(strstr(folder, zoo.root));
    assert_int_equal(access(folder, R_OK), 0);
    *strrchr(folder, '/') = '\0';
    plugin_unload_all();
    assert_int_not_equal(access(folder, F_OK), 0);
}

/* ---- in which order ---------------------------------------------------------------------------
 */

static char order[256];

static void note(const char *what, const void *instance) {
    const struct muster_self *self = plugin_next(NULL);
    while (self && self->instance != instance) self = plugin_next(self);
    size_t used = strlen(order);
    snprintf(order + used, sizeof order - used, "%s %s, ", what, self ? self->instance_name : "?");
}

static muster_status note_start(void *instance) {
    note("start", instance);
    return MUSTER_OK;
}

static void note_drain(void *instance) {
    note("drain", instance);
}

static void note_stop(void *instance) {
    note("stop", instance);
}

/* The database is there before the others ask it, and until they have stopped. */
static void test_order(void **state) {
    static const char *const names[] = {"zoo_actor", "zoo_db", "zoo_last"};
    static const struct muster_role database = {.kind = MUSTER_ROLE_DATABASE};
    char error[PLUGIN_ERROR_MAX];
    uint32_t before = 0;
    (void)state;
    order[0] = '\0';
    zoo_install("zoo_actor", "zoo_actor", 0755);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(plugin_load("zoo_actor", names[i], error), MUSTER_OK);
        struct muster_self *self = plugin_find(names[i]);
        if (i > 0) assert_int_equal(self->order, before + 1); /* a recording names each once */
        before = self->order;
        self->plugin.start = note_start;
        self->plugin.drain = note_drain;
        self->plugin.stop = note_stop;
        if (i == 1) self->plugin.roles = &database;
    }
    plugin_drain_all(); /* who has not started has nothing to end */
    plugin_stop_all();
    assert_string_equal(order, "");
    started();
    started(); /* and only once */
    assert_string_equal(order, "start zoo_db, start zoo_actor, start zoo_last, ");
    order[0] = '\0';
    plugin_drain_all();
    plugin_drain_all();
    plugin_stop_all();
    plugin_stop_all();
    assert_string_equal(order, "drain zoo_actor, drain zoo_db, drain zoo_last, "
                               "stop zoo_last, stop zoo_actor, stop zoo_db, ");
}

/* Who stops hears nothing more, and what it opened is closed. */
static void on_notice(void *user, const struct muster_notice *notice) {
    (void)notice;
    ++*(uint32_t *)user;
}

static void test_stopped_hears_nothing(void **state) {
    uint32_t heard[2] = {0};
    char error[PLUGIN_ERROR_MAX];
    const struct muster_notice notice = {.size = sizeof notice, .kind = 1};
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    assert_int_equal(plugin_load("zoo_actor", "second", error), MUSTER_OK);
    struct muster_self *second = plugin_find("second");
    started();
    assert_int_equal(notices_subscribe(self, 2, on_notice, &heard[0]), MUSTER_OK);
    assert_int_equal(notices_subscribe(second, 2, on_notice, &heard[1]), MUSTER_OK);
    notices_emit(&notice);
    plugin_stop(self);
    notices_emit(&notice);
    assert_int_equal(heard[0], 1);
    assert_int_equal(heard[1], 2);
    assert_int_equal(self->fault_count, 0);
    assert_int_equal(second->phase, PLUGIN_STARTED);
}

/* ---- contained ------------------------------------------------------------------------------- */

static muster_verdict ask(struct muster_self *self, const char *token,
                          muster_auth_ticket_id ticket) {
    struct muster_auth_request request = {
        .size = sizeof request, .ticket = ticket, .token = token, .address = "192.0.2.1"};
    struct muster_identity identity = {.size = sizeof identity};
    struct provider *provider = registry_first(MUSTER_ROLE_AUTH);
    while (provider && provider->self != self) provider = provider->next;
    assert_non_null(provider);
    plugin_enter(self, "auth.authenticate");
    muster_verdict verdict = provider->auth.authenticate(provider->instance, &request, &identity);
    plugin_leave();
    return verdict;
}

struct answers {
    uint32_t count;
    muster_status status;
};

static void on_answer(void *user, muster_status status, const void *answer) {
    struct answers *answers = user;
    (void)answer;
    answers->count++;
    answers->status = status;
}

static void test_leak(void **state) {
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    started();
    ask(self, "leak", (muster_auth_ticket_id){0});
    ask(self, "leak", (muster_auth_ticket_id){0});
    assert_int_equal(self->fault_count, 0);
    plugin_stop_all();
    assert_int_equal(self->fault_count, 1); /* one line: "left open after stop: 2 timer" */
    assert_ptr_equal(self->resources.next, &self->resources);
}

static void test_completions(void **state) {
    struct answers answers = {0};
    muster_auth_ticket_id ticket;
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    char error[PLUGIN_ERROR_MAX];
    assert_int_equal(plugin_load("zoo_actor", "second", error), MUSTER_OK);
    struct muster_self *second = plugin_find("second");
    started();
    assert_int_equal(pending_open(self, "auth", 60000, on_answer, &answers, &ticket.value),
                     MUSTER_OK);
    assert_int_equal(self->pins, 1);
    ask(second, "complete", ticket); /* foreign */
    assert_int_equal(answers.count, 0);
    assert_int_equal(second->fault_count, 1);
    ask(self, "complete", ticket);
    assert_int_equal(answers.count, 1);
    assert_int_equal(answers.status, MUSTER_OK);
    assert_int_equal(self->pins, 0);
    assert_int_equal(self->fault_count, 0);
    ask(self, "complete", ticket);                     /* double */
    ask(self, "complete", (muster_auth_ticket_id){0}); /* never given */
    assert_int_equal(answers.count, 1);
    assert_int_equal(self->fault_count, 2);
}

static void test_late_completion(void **state) {
    struct answers answers = {0};
    muster_auth_ticket_id ticket;
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    started();
    assert_int_equal(pending_open(self, "auth", 1, on_answer, &answers, &ticket.value), MUSTER_OK);
    testkit_advance(zoo.kit, 1000);
    assert_int_equal(answers.status, MUSTER_TIMEOUT);
    ask(self, "complete", ticket);
    assert_int_equal(answers.count, 1);
    assert_int_equal(self->fault_count, 1);
    /* Cancelled: the asker hears nothing, the completion is no fault. */
    assert_int_equal(pending_open(self, "auth", 60000, on_answer, &answers, &ticket.value),
                     MUSTER_OK);
    pending_cancel(ticket.value);
    ask(self, "complete", ticket);
    assert_int_equal(answers.count, 1);
    assert_int_equal(self->fault_count, 1);
    /* Stopped with a ticket open: the asker hears it. */
    assert_int_equal(pending_open(self, "auth", 60000, on_answer, &answers, &ticket.value),
                     MUSTER_OK);
    plugin_stop_all();
    assert_int_equal(answers.count, 2);
    assert_int_equal(answers.status, MUSTER_CLOSED);
    assert_int_equal(self->pins, 0);
}

static void test_wrong_thread(void **state) {
    (void)state;
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    started();
    assert_int_equal(ask(self, "thread", (muster_auth_ticket_id){0}), MUSTER_REJECT);
    assert_int_equal(self->fault_count, 1);
    assert_non_null(
        testkit_log_find(zoo.kit, "host function timer_start was called from a thread"));
}

#define FREEZE_ABORT_MS 1000

/* ---- watchdog: each in a process of its own -------------------------------------------------- */

/* Runs this program again with `what`; its exit code, and its output in `out`. */
static int run_self(const char *what, char *out, uint32_t cap) {
    char command[1000];
    char self[400];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(len > 0);
    self[len] = '\0';
    snprintf(command, sizeof command, "TESTKIT_VERBOSE=1 TMPDIR='%s' '%s' %s 2>&1", zoo.root, self,
             what);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, cap - 1, pipe)] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_sleeping_call_is_named(void **state) {
    char out[8192];
    (void)state;
    assert_int_equal(run_self("sleep", out, sizeof out), 0);
    const char *again = strstr(out, "again\n"); /* and so is the next one */
    static const char named[] = "plugin call zoo_actor auth.authenticate has not returned for";
    if (!strstr(out, named) || !again || !strstr(again, named)) fail_msg("not named: %s", out);
}

static void test_hanging_call_ends_the_process(void **state) {
    char out[8192];
    (void)state;
    assert_int_equal(run_self("hang", out, sizeof out), 70);
    if (!strstr(out, "watchdog: plugin call zoo_actor auth.authenticate did not return within"))
        fail_msg("not named: %s", out);
}

/* A process that is stopped in the middle of a call for longer than a call may take (a paused
 * container, a saved machine) did nothing wrong: it goes on, and no overrun is counted. */
static void test_frozen_call_is_forgiven(void **state) {
    (void)state;
    int status = 0;
    const struct timespec longer = {.tv_sec = FREEZE_ABORT_MS / 1000, .tv_nsec = 200000000};
    pid_t pid = fork();
    if (pid == 0) {
        setenv("TMPDIR", zoo.root, 1);
        execl("/proc/self/exe", "zoo_test", "freeze", (char *)NULL);
        _exit(1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    nanosleep(&longer, NULL); /* the case itself is one of time */
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A call that runs for longer than its plugin's limit is told so while it runs. */
static void test_overrun(void **state) {
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it holds signals back while a program computes */
#endif
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    started();
    ask(self, "spin", (muster_auth_ticket_id){0}); /* returns because it was told */
    assert_int_equal(self->overrun_count, 1);
}

static int child(const char *what) {
    zoo_open();
    zoo_install("zoo_actor", "zoo_actor", 0755);
    struct muster_self *self = loaded("zoo_actor");
    started();
    uint32_t abort_ms = strcmp(what, "hang") == 0     ? 300
                        : strcmp(what, "freeze") == 0 ? FREEZE_ABORT_MS
                                                      : 60000;
    watchdog_stop(); /* the kit's is patient */
    if (watchdog_start(50, abort_ms) != MUSTER_OK) return 2;
    ask(self, what, (muster_auth_ticket_id){0});
    if (strcmp(what, "sleep") == 0) {
        fputs("again\n", stderr);
        ask(self, what, (muster_auth_ticket_id){0});
    }
    int code = strcmp(what, "freeze") == 0 && self->overrun_count ? 3 : 0;
    zoo_close();
    return code;
}

int main(int argc, char **argv) {
    if (argc == 2) return child(argv[1]);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_descriptors),
        TEST(test_constructor),
        TEST(test_start_fails),
        TEST(test_mistakes_of_all_are_told),
        TEST(test_duplicates),
        TEST(test_writable_file),
        TEST(test_writable_folder),
        TEST(test_links),
        TEST(test_no_plain_file),
        TEST(test_broken_elf),
        TEST(test_early_code),
        TEST(test_changed_elf),
        TEST(test_no_data_dir),
        TEST(test_order),
        TEST(test_stopped_hears_nothing),
        TEST(test_leak),
        TEST(test_completions),
        TEST(test_late_completion),
        TEST(test_wrong_thread),
        TEST(test_overrun),
        TEST(test_sleeping_call_is_named),
        TEST(test_hanging_call_ends_the_process),
        TEST(test_frozen_call_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
