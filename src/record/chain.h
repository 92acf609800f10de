/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's hash chain: hash(n) = SHA-256(hash(n-1) || canonical bytes of entry n), and the
 * hash before the first entry is 32 zero bytes. Who knows one hash knows that nothing before it was
 * changed, removed, added or moved. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { RECORD_HASH_BYTES = 32 };

/* One context that is used again for every entry. Invariant: HASH is that of the last entry taken
 * in, zeros before the first. Not for two threads at once. */
struct record_chain {
    uint8_t hash[RECORD_HASH_BYTES];
    void *ctx;
    void *md;
};

/* TC_E_NOMEM or TC_E_CRYPTO; then *C is zeroed, and record_chain_done may still be called. */
enum tc_err record_chain_init(struct record_chain *c) TC_MUST_USE;
void record_chain_done(struct record_chain *c);
/* Goes on from HASH (RECORD_HASH_BYTES), that of an entry which is known already. */
void record_chain_set(struct record_chain *c, const uint8_t *hash);
/* Takes in the next entry's canonical bytes. TC_E_CRYPTO; HASH is unchanged then. */
enum tc_err record_chain_step(struct record_chain *c, struct tc_slice bytes) TC_MUST_USE;
