/* SPDX-License-Identifier: Apache-2.0 */
#include "record/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum tc_err record_verify_init(struct record_verify *v)
{
    memset(v, 0, sizeof(*v));
    v->next_seq = 1;
    return record_chain_init(&v->chain);
}

void record_verify_done(struct record_verify *v)
{
    record_chain_done(&v->chain);
}

enum tc_err record_verify_bad(struct record_verify *v, uint64_t seq, struct tc_errinfo *info,
                              const char *fmt, ...)
{
    char text[TC_ERRINFO_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (v->bad_seq == 0)
        v->bad_seq = seq;
    return tc_fail(info, TC_E_CORRUPT, "record %" PRIu64 ": %s", seq, text);
}

static enum tc_err check_place(struct record_verify *v, uint64_t seq, struct tc_errinfo *info)
{
    if (v->bad_seq != 0)
        return tc_fail(info, TC_E_CORRUPT, "behind the wrong record %" PRIu64, v->bad_seq);
    if (seq == v->next_seq)
        return TC_OK;
    return record_verify_bad(v, v->next_seq, info, "missing, record %" PRIu64 " is in its place",
                             seq);
}

static enum tc_err check_content(struct record_verify *v, uint64_t seq,
                                 const struct record_entry *e, struct tc_errinfo *info)
{
    if (e->seq != seq)
        return record_verify_bad(v, seq, info, "says that it is record %" PRIu64, e->seq);
    if (e->cause >= e->seq)
        return record_verify_bad(v, seq, info, "its cause %" PRIu64 " comes later", e->cause);
    return TC_OK;
}

static void note_time(struct record_verify *v, const struct record_entry *e)
{
    if (v->count == 0)
        v->first_at = e->at;
    if (v->count > 0 && e->at.ns < v->last_at.ns) {
        v->clock_back_count++;
        if (v->clock_back_seq == 0)
            v->clock_back_seq = e->seq;
    }
    v->last_at = e->at;
    v->boots = e->boot;
}

enum tc_err record_verify_entry(struct record_verify *v, uint64_t seq, struct tc_slice bytes,
                                struct tc_slice hash, struct record_entry *ret_entry,
                                struct tc_errinfo *info)
{
    struct record_entry own, *e = ret_entry != NULL ? ret_entry : &own;
    struct tc_errinfo form = {0};
    TC_TRY(check_place(v, seq, info));
    if (entry_decode(bytes, e, &form) != TC_OK)
        return record_verify_bad(v, seq, info, "%s", form.text);
    TC_TRY(check_content(v, seq, e, info));
    if (record_chain_step(&v->chain, bytes) != TC_OK)
        return tc_fail(info, TC_E_CRYPTO, "SHA-256 failed");
    if (!tc_slice_eq(hash, tc_slice(v->chain.hash, RECORD_HASH_BYTES)))
        return record_verify_bad(
            v, seq, info, "its hash does not follow from its bytes and record %" PRIu64, seq - 1);
    note_time(v, e);
    v->count++;
    v->next_seq++;
    return TC_OK;
}
