#include "child.h"

#include <stddef.h>
#include <sys/wait.h>

void child_signals_block(sigset_t *signals, sigset_t *before) {
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    sigemptyset(signals);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(signals, numbers[i]);
    sigprocmask(SIG_BLOCK, signals, before);
}

int child_wait(pid_t child, const sigset_t *signals, bool *is_ended) {
    for (;;) {
        int status, number = sigwaitinfo(signals, NULL);
        if (number == SIGTERM || number == SIGINT) *is_ended = true;
        if (number > 0 && number != SIGCHLD) kill(child, number);
        if (waitpid(child, &status, WNOHANG) == child) return status;
    }
}
