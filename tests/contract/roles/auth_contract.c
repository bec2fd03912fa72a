/* The role auth: who is not known is passed on, nothing is written past what the asker has. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"alg":"ES256"} . {"iss":"https://other.example","sub":"x","exp":4102444800} . rubbish */
#define OTHER_ISSUER                                                                               \
    "eyJhbGciOiJFUzI1NiJ9."                                                                        \
    "eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUiLCJzdWIiOiJ4IiwiZXhwIjo0MTAyNDQ0ODAwfQ."              \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void foreign_tokens_are_passed_on(void **state) {
    static const char *const foreign[] = {
        "", "x", "..", "a.b.c", "....", "Bearer x", OTHER_ISSUER, "e30.e30.", "\xFF\xFE", "{}",
    };
    struct bench *bench = *state;
    for (uint32_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct muster_identity identity;
        muster_verdict verdict = testkit_authenticate(bench->plugin, foreign[i], &identity);
        if (verdict != MUSTER_PASS) fail_msg("\"%s\": verdict %u", foreign[i], verdict);
    }
}

static void the_longest_token_is_one_more_foreign_one(void **state) {
    struct bench *bench = *state;
    static char token[4097];
    struct muster_identity identity;
    memset(token, 'a', sizeof token - 1);
    assert_int_equal(testkit_authenticate(bench->plugin, token, &identity), MUSTER_PASS);
    memset(token, '.', sizeof token - 1);
    assert_int_equal(testkit_authenticate(bench->plugin, token, &identity), MUSTER_PASS);
}

/* An asker of an older minor has a shorter struct. */
static void nothing_is_written_past_the_askers_struct(void **state) {
    struct bench *bench = *state;
    const struct muster_auth *auth = bench->role;
    uint32_t size = offsetof(struct muster_identity, reason);
    void *volatile exact = malloc(size); /* a sanitizer sees the next byte; the compiler does not */
    struct muster_identity *identity = exact;
    assert_non_null(identity);
    memset(identity, 0, size);
    identity->size = size;
    struct muster_auth_request request = {
        .size = sizeof request, .ticket = {1}, .token = OTHER_ISSUER, .address = "::1"};
    assert_int_equal(auth->authenticate(bench->instance, &request, identity), MUSTER_PASS);
    assert_int_equal(identity->size, size);
    free(identity);
}

int main(void) {
    static const struct contract_test tests[] = {
        {"foreign tokens are passed on", foreign_tokens_are_passed_on},
        {"the longest token is one more foreign one", the_longest_token_is_one_more_foreign_one},
        {"nothing is written past the asker's struct", nothing_is_written_past_the_askers_struct},
    };
    return contract_run(MUSTER_ROLE_AUTH, tests, sizeof tests / sizeof tests[0]);
}
