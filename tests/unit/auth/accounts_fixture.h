/* accounts_fixture - auth_local on db_sqlite in a testkit, with a data directory of its own, and
 * the calls that a client makes. Shared by the tests of auth_local. */
#ifndef ACCOUNTS_FIXTURE_H
#define ACCOUNTS_FIXTURE_H

#include "test.h"
#include <jansson.h>
#include <muster_testkit.h>
#include <stdio.h>
#include <string.h>

#define START_MS 1800000000000
#define ADA "{\"username\":\"Ada\",\"password\":\"correct horse\"}"

struct fixture {
    struct testkit *kit;
    muster_self *db;
    muster_self *auth;
    char dir[TEMP_DIR_MAX];
};

/* The fields of an AuthToken that tests look at. */
struct tokens {
    uint32_t status;
    char code[64];
    char player[64];
    char name[64];
    char refresh[64];
    char access[4200];
    char permissions[128];
};

/* cmocka set-ups: plugins loaded; loaded and started. */
int make(void **state);
int start(void **state);
/* Tear-downs: after the kit is gone; with it. */
int remove_dir(void **state);
int stop(void **state);
void add_plugins(struct fixture *fixture);
void configure(muster_self *auth);
void start_plugins(struct fixture *fixture);
void stop_plugins(struct fixture *fixture);

/* Seconds after START_MS. */
void set_clock(struct fixture *fixture, int64_t after_s);
struct tokens post_from(struct fixture *fixture, const char *path, const char *body,
                        const char *address, const char *agent);
struct tokens post(struct fixture *fixture, const char *path, const char *body);
/* A body with a refresh token. */
struct tokens refresh_as(struct fixture *fixture, const char *path, const char *token,
                         const char *agent);
struct tokens refresh(struct fixture *fixture, const char *token);
/* A problem, and no token beside it. */
void assert_problem(const struct tokens *tokens, uint32_t status, const char *code);

#endif
