/* harness - what the tests of the sandbox share: a watchdog as the server has one, and calls that
 * bring texts in and out of a sandbox.
 */
#ifndef SCRIPT_HARNESS_H
#define SCRIPT_HARNESS_H

#include "sandbox.h"

#include <lauxlib.h>

/* A thread that looks each ms at the CPU time of a call on the starting thread, and signals it when
 * that is over the limit, each ms again. */
void watchdog_start(void);
void watchdog_stop(void);
/* From here to watchdog_leave at most limit_us; longest_us is then the longest such stretch. */
void watchdog_enter(uint32_t limit_us);
void watchdog_leave(void);
extern uint64_t longest_us;
/* The sandbox that a signal interrupts: for sandbox_host.current. */
extern struct sandbox *volatile watched;

uint64_t thread_cpu_us(void);

/* With defaults, and a watchdog-free budget per second. Fails the process if it cannot. */
struct sandbox *make_sandbox(const struct sandbox_limits *limits, const struct sandbox_host *host);
/* Loads and runs text as chunk "test.lua". */
muster_status run_text(struct sandbox *sb, const char *text);
/* Runs text and gives what it returns, as a string ("nil" and so on); an error as "error: ...", a
 * kill as "killed: ...". Borrowed until the next call. */
const char *eval_text(struct sandbox *sb, const char *text);

#endif
