/* party - see party.h. Owns all records; those that nobody holds wait in a list, oldest first. */
#include "party.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "address.h"
#include "config.h"
#include "keyed_hash.h"
#include "limit.h"
#include "loop.h"
#include "metrics.h"

#define KEPT_MS 120000u /* every bucket is full again by then */
#define KEPT_MAX 16384u
#define NAMED_MAX 8
#define ANSWER_UNIT_BYTES 4096.0
#define SPENT_UNIT_US 100.0
#define OUT_OF_MEMORY_WAIT_MS 1000

struct named_bucket {
    uint64_t name; /* its hash; 0: free */
    struct limit_bucket bucket;
};

struct party {
    bool is_lifted;
    uint8_t key[1 + ADDRESS_BYTES]; /* 'a' and the address, or 'p' and a hash of the player's key */
    struct limit_bucket buckets[PARTY_RATES];
    uint32_t holders;
    uint64_t left_ms; /* when the last holder left */
    struct named_bucket named[NAMED_MAX];
    UT_hash_handle hh;
    struct party *prev, *next; /* among those that nobody holds */
};

static struct party *parties;
static struct party *kept; /* longest without a holder first */
static uint32_t kept_count;

/* ---- the numbers ----------------------------------------------------------------------------- */

#define KEY(member) offsetof(struct config_core, member)

/* players: at one address at once, as the limit sees it; 0: an address is not limited. What is
 * guessed (codes) or made (lobbies) counts the same for both, because new players cost nothing. */
static const struct {
    size_t count; /* of struct config_core, as burst */
    size_t burst; /* 0: as count */
    double period_s;
    double players;
} rates[PARTY_RATES] = {
    [PARTY_STRANGER] = {KEY(net.stranger_per_second), KEY(net.stranger_burst), 1, 1},
    [PARTY_MESSAGE] = {KEY(net.messages_per_second), KEY(net.messages_burst), 1, 0},
    [PARTY_REQUEST] = {KEY(net.requests_per_second), KEY(net.requests_burst), 1, 8},
    [PARTY_CHAT] = {KEY(lobby.chat_per_five_seconds), 0, 5, 8},
    [PARTY_CREATE] = {KEY(lobby.create_per_minute), 0, 60, 1},
    [PARTY_CODE] = {KEY(lobby.code_tries_per_minute), 0, 60, 1},
    [PARTY_FIND] = {KEY(lobby.find_per_minute), 0, 60, 4},
};

struct flow {
    double per_second;
    double burst; /* 0: without a limit */
};

static double number_at(size_t offset) {
    return *(const uint32_t *)((const char *)config_core + offset);
}

static struct flow flow_of(const struct party *party, enum party_rate rate) {
    double players = party->key[0] == 'a' ? rates[rate].players : 1;
    double count = number_at(rates[rate].count) * players;
    double burst = rates[rate].burst ? number_at(rates[rate].burst) * players : count;
    return (struct flow){count / rates[rate].period_s, burst};
}

/* ---- records --------------------------------------------------------------------------------- */

static void forget(struct party *party) {
    DL_DELETE(kept, party);
    kept_count--;
    HASH_DEL(parties, party);
    free(party);
    metrics_set(METRIC_PARTIES, HASH_COUNT(parties));
}

static void forget_old(void) {
    uint64_t now_ms = loop_now_ms();
    while (kept && (kept_count > KEPT_MAX || now_ms - kept->left_ms > KEPT_MS)) forget(kept);
}

static struct party *find_or_make(const uint8_t key[1 + ADDRESS_BYTES]) {
    struct party *party = NULL;
    forget_old();
    HASH_FIND(hh, parties, key, 1 + ADDRESS_BYTES, party);
    if (party) {
        if (party->holders++ > 0) return party;
        DL_DELETE(kept, party);
        kept_count--;
        return party;
    }
    party = calloc(1, sizeof *party);
    if (!party) return NULL;
    memcpy(party->key, key, sizeof party->key);
    HASH_ADD(hh, parties, key, sizeof party->key, party);
    if (!party->hh.tbl) {
        free(party);
        return NULL;
    }
    metrics_set(METRIC_PARTIES, HASH_COUNT(parties));
    party->holders = 1;
    return party;
}

struct party *party_hold_address(const char *address) {
    uint8_t key[1 + ADDRESS_BYTES] = {'a'};
    (void)address_party(address, key + 1);
    return find_or_make(key);
}

struct party *party_hold_player(const char *player_key) {
    uint8_t key[1 + ADDRESS_BYTES] = {'p'};
    crypto_generichash(key + 1, ADDRESS_BYTES, (const uint8_t *)player_key, strlen(player_key),
                       NULL, 0);
    return find_or_make(key);
}

struct party *party_hold(struct party *party) {
    party->holders++;
    return party;
}

void party_release(struct party *party) {
    if (!party || --party->holders > 0) return;
    party->left_ms = loop_now_ms();
    DL_APPEND(kept, party);
    kept_count++;
}

void party_lift(struct party *party) {
    if (party) party->is_lifted = true;
}

void party_deinit(void) {
    struct party *party, *next;
    HASH_ITER(hh, parties, party, next) {
        HASH_DEL(parties, party);
        free(party);
    }
    kept = NULL;
    kept_count = 0;
    metrics_set(METRIC_PARTIES, 0);
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* One, and `more` whether it is there or not. */
static bool take(const struct party *party, struct limit_bucket *bucket, struct flow flow,
                 double more, uint32_t *wait_ms) {
    if (party->is_lifted || flow.burst <= 0) return true;
    uint64_t now_ms = loop_now_ms();
    bool is_taken = limit_take(bucket, flow.per_second, flow.burst, 1, now_ms);
    if (is_taken && more > 0) limit_charge(bucket, flow.per_second, flow.burst, more, now_ms);
    if (!is_taken && wait_ms) *wait_ms = limit_wait_ms(bucket, flow.per_second, 1);
    return is_taken;
}

bool party_take(struct party *party, enum party_rate rate, uint32_t *wait_ms) {
    if (party) return take(party, &party->buckets[rate], flow_of(party, rate), 0, wait_ms);
    if (wait_ms) *wait_ms = OUT_OF_MEMORY_WAIT_MS;
    return false;
}

void party_expect(const struct party *party, enum party_rate rate) {
    if (!party) return;
    __builtin_prefetch(party);
    __builtin_prefetch(&party->buckets[rate], 1);
}

bool party_take_with(struct party *party, enum party_rate rate, double more) {
    return party && take(party, &party->buckets[rate], flow_of(party, rate), more, NULL);
}

void party_charge(struct party *party, enum party_rate rate, double cost) {
    if (!party || party->is_lifted) return;
    struct flow flow = flow_of(party, rate);
    if (flow.burst > 0)
        limit_charge(&party->buckets[rate], flow.per_second, flow.burst, cost, loop_now_ms());
}

bool party_take_both(struct party *player, struct party *address, enum party_rate rate,
                     uint32_t *wait_ms) {
    if (!party_take(player, rate, wait_ms)) return false;
    if (!address || player->is_lifted || party_take(address, rate, wait_ms)) return true;
    party_charge(player, rate, -1);
    return false;
}

double party_price(uint64_t answer_bytes, uint64_t spent_us) {
    return (double)answer_bytes / ANSWER_UNIT_BYTES + (double)spent_us / SPENT_UNIT_US;
}

/* The bucket of that name; the one that was used longest ago makes room. */
static struct limit_bucket *named(struct party *party, uint64_t name) {
    struct named_bucket *oldest = &party->named[0];
    for (uint32_t i = 0; i < NAMED_MAX; i++) {
        struct named_bucket *one = &party->named[i];
        if (one->name == name) return &one->bucket;
        if (one->bucket.updated_ms < oldest->bucket.updated_ms) oldest = one;
    }
    *oldest = (struct named_bucket){.name = name};
    return &oldest->bucket;
}

static struct flow per_minute(uint32_t count) {
    return (struct flow){(double)count / 60, (double)count};
}

bool party_take_named(struct party *player, struct party *address, const char *name,
                      uint32_t player_per_minute, uint32_t address_per_minute, uint32_t *wait_ms) {
    if (!player) return party_take(NULL, PARTY_REQUEST, wait_ms);
    uint64_t hash = keyed_hash(name, strlen(name)) | 1;
    struct limit_bucket *own = named(player, hash);
    struct flow flow = per_minute(player_per_minute);
    if (!take(player, own, flow, 0, wait_ms)) return false;
    if (!address || player->is_lifted) return true;
    if (take(address, named(address, hash), per_minute(address_per_minute), 0, wait_ms))
        return true;
    limit_charge(own, flow.per_second, flow.burst, -1, loop_now_ms());
    return false;
}
