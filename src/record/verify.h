/* SPDX-License-Identifier: Apache-2.0 */
/* Proves a journal, entry by entry, wherever the entries come from. It names the first record that
 * is wrong; behind that nothing is proved, so it stops there. A clock that went back is no fault of
 * the record: it is counted and the first one named. What no chain by itself can see is a tail cut
 * off whole: compare the last hash with one kept elsewhere. */
#pragma once

#include "base/time.h"
#include "record/chain.h"
#include "record/entry.h"

struct record_verify {
    struct record_chain chain; /* chain.hash: of the last good entry */
    uint64_t count;            /* good entries; seq of the last one when it began at the first */
    uint64_t next_seq;
    struct tc_wall first_at, last_at;
    uint32_t boots; /* the boot number of the last entry */
    uint64_t clock_back_count;
    uint64_t clock_back_seq; /* the first entry that is older than the one before it, 0: none */
    uint64_t bad_seq;        /* the first wrong record, 0: none so far */
};

/* Starts at the first entry. Errors as record_chain_init's. */
enum tc_err record_verify_init(struct record_verify *v) TC_MUST_USE;
void record_verify_done(struct record_verify *v);

/* Takes the next record in the order of the store: the seq it is filed under, its bytes, its stored
 * hash. *RET_ENTRY (may be NULL) borrows from BYTES. TC_E_CORRUPT with bad_seq set and INFO's words
 * when it is wrong, and for every later call; TC_E_CRYPTO. */
enum tc_err record_verify_entry(struct record_verify *v, uint64_t seq, struct tc_slice bytes,
                                struct tc_slice hash, struct record_entry *ret_entry,
                                struct tc_errinfo *info) TC_MUST_USE;
/* For what the caller finds wrong around the entry (a derived column): marks SEQ bad. Returns
 * TC_E_CORRUPT. */
enum tc_err record_verify_bad(struct record_verify *v, uint64_t seq, struct tc_errinfo *info,
                              const char *fmt, ...) TC_PRINTF(4, 5);
