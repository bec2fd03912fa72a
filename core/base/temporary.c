#include "temporary.h"

#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"

#define DESCRIPTORS_MAX 16 /* of nftw, one a level */

static char path[512];

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    (void)remove(name); /* what cannot be removed stays, with the directories above it */
    return 0;
}

static _Noreturn void end_as(int status) {
    if (WIFEXITED(status)) exit(WEXITSTATUS(status));
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    exit(128 + WTERMSIG(status)); /* the signal is blocked, as the shell says it */
}

static bool make_dir(void) {
    const char *root = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.400s/musterd-run-XXXXXX", root && root[0] ? root : "/tmp");
    return mkdtemp(path) != NULL;
}

const char *temporary_dir(void) {
    sigset_t signals, before;
    child_signals_block(&signals, &before); /* from before there is something to remove */
    pid_t child = make_dir() ? fork() : -1;
    if (child > 0) {
        bool is_ended = false;
        int status = child_wait(child, &signals, &is_ended);
        nftw(path, remove_one, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS);
        sigprocmask(SIG_SETMASK, &before, NULL);
        end_as(status);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child < 0) return NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return path;
}
