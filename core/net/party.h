/* party - what one address and one player may still do. Loop thread.
 *
 * A record of token buckets for each address (IPv6: each /64) and each player. It is held by the
 * connections, sessions and requests that use it, and kept for two minutes after the last of them,
 * so that neither a new connection nor a new session begins with full buckets. The numbers are
 * those of the configuration (net, http, lobby); an address may do what several players may.
 */
#ifndef PARTY_H
#define PARTY_H

#include <stdbool.h>
#include <stdint.h>

enum party_rate {
    PARTY_STRANGER, /* work for who has not signed in, by address: party_charge */
    PARTY_MESSAGE,  /* by player alone: at one address many may play */
    PARTY_REQUEST,
    PARTY_CHAT,
    PARTY_CREATE, /* lobbies */
    PARTY_CODE,   /* join codes tried */
    PARTY_FIND,   /* searches begun */
    PARTY_RATES
};

struct party;

void party_deinit(void);
/* Null: out of memory; nothing can be taken from null. */
struct party *party_hold_address(const char *address);
struct party *party_hold_player(const char *player_key);
/* Once more. */
struct party *party_hold(struct party *party);
/* Null is legal. */
void party_release(struct party *party);
/* Gives whatever is taken: for players without a connection. */
void party_lift(struct party *party);

/* One of `rate` taken; else false, and *wait_ms (may be null) says when to come back. */
bool party_take(struct party *party, enum party_rate rate, uint32_t *wait_ms);
/* From both or from neither. `address` may be null: the player alone counts. */
bool party_take_both(struct party *player, struct party *address, enum party_rate rate,
                     uint32_t *wait_ms);
/* Soon some of `rate` will be taken: it is fetched from memory. Null is legal. */
void party_expect(const struct party *party, enum party_rate rate);
/* One of `rate` taken, and `more` whether it is there or not; or nothing, and false. */
bool party_take_with(struct party *party, enum party_rate rate, double more);
/* `cost` more of `rate` for what was begun with party_take and turned out to be dear. */
void party_charge(struct party *party, enum party_rate rate, double cost);
/* What a piece of work costs beyond the one that was taken for it: each 4 KiB of answer and each
 * 0.1 ms of the loop's time is one more. */
double party_price(uint64_t answer_bytes, uint64_t spent_us);

/* A limit that a plugin keeps under a name of its own, tries a minute. */
bool party_take_named(struct party *player, struct party *address, const char *name,
                      uint32_t player_per_minute, uint32_t address_per_minute, uint32_t *wait_ms);

#endif
