/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <openssl/sha.h>

#include "record/verify.h"

enum { N = 12 };

/* A small good journal to spoil: the record is held in arrays, as a store would file it. */
static struct {
    uint64_t seq[N + 1];
    uint8_t bytes[N + 1][128];
    size_t len[N + 1];
    uint8_t hash[N + 1][RECORD_HASH_BYTES];
    unsigned count;
} rec;

static void make(unsigned i, int64_t at, uint64_t cause)
{
    struct record_entry e;
    entry_init(&e, RK_NOTED);
    e.seq = i + 1;
    e.at.ns = at;
    e.boot = 1;
    e.cause = cause;
    entry_i64(&e, RF_INCIDENT, (int64_t)i);
    struct tc_buf b;
    tc_buf_init(&b, 128);
    assert_int_equal(entry_encode(&e, &b), TC_OK);
    rec.seq[i] = e.seq;
    rec.len[i] = b.len;
    memcpy(rec.bytes[i], b.data, b.len);
    tc_buf_done(&b);
}

/* With OpenSSL's one-shot function, not with the code under test. */
static void hash_from(unsigned first)
{
    for (unsigned i = first; i < N; i++) {
        uint8_t in[RECORD_HASH_BYTES + 128] = {0};
        if (i > 0)
            memcpy(in, rec.hash[i - 1], RECORD_HASH_BYTES);
        memcpy(in + RECORD_HASH_BYTES, rec.bytes[i], rec.len[i]);
        SHA256(in, RECORD_HASH_BYTES + rec.len[i], rec.hash[i]);
    }
}

static int good(void **state)
{
    (void)state;
    memset(&rec, 0, sizeof(rec));
    rec.count = N;
    for (unsigned i = 0; i < N; i++)
        make(i, 1000 + i, i / 2);
    hash_from(0);
    return 0;
}

/* Verifies REC and returns the bad seq, 0 when all of it is good. */
static uint64_t verify(struct record_verify *v, struct tc_errinfo *info)
{
    assert_int_equal(record_verify_init(v), TC_OK);
    enum tc_err err = TC_OK;
    for (unsigned i = 0; i < rec.count && err == TC_OK; i++)
        err = record_verify_entry(v, rec.seq[i], tc_slice(rec.bytes[i], rec.len[i]),
                                  tc_slice(rec.hash[i], RECORD_HASH_BYTES), NULL, info);
    record_verify_done(v);
    assert_int_equal(err, v->bad_seq == 0 ? TC_OK : TC_E_CORRUPT);
    return v->bad_seq;
}

static uint64_t bad(void)
{
    struct record_verify v;
    struct tc_errinfo info = {0};
    return verify(&v, &info);
}

static void test_verify__good_record__counts_it(void **state)
{
    (void)state;
    struct record_verify v;
    assert_int_equal(verify(&v, NULL), 0);
    assert_int_equal(v.count, N);
    assert_int_equal(v.last_at.ns, 1000 + N - 1);
    assert_int_equal(v.clock_back_count, 0);
}

static void test_verify__one_bit_anywhere__names_the_record(void **state)
{
    for (unsigned i = 0; i < N; i++) {
        for (size_t at = 0; at < rec.len[i]; at++) {
            rec.bytes[i][at] ^= (uint8_t)(1u << (at % 8));
            assert_int_equal(bad(), i + 1);
            good(state);
        }
        rec.hash[i][i] ^= 1;
        assert_int_equal(bad(), i + 1);
        good(state);
    }
}

static void move_rows(unsigned to, unsigned from)
{
    for (unsigned i = 0; i < N; i++) {
        unsigned src = i >= to ? from + (i - to) : i;
        if (src >= N)
            src = N - 1;
        if (src == i)
            continue;
        rec.seq[i] = rec.seq[src];
        memcpy(rec.bytes[i], rec.bytes[src], sizeof(rec.bytes[i]));
        rec.len[i] = rec.len[src];
        memcpy(rec.hash[i], rec.hash[src], RECORD_HASH_BYTES);
    }
}

static void test_verify__record_deleted__names_its_place(void **state)
{
    (void)state;
    move_rows(4, 5);
    rec.count = N - 1;
    struct record_verify v;
    struct tc_errinfo info = {0};
    assert_int_equal(verify(&v, &info), 5);
    assert_string_equal(info.text, "record 5: missing, record 6 is in its place");
}

static void test_verify__deleted_and_renumbered__names_its_place(void **state)
{
    (void)state;
    move_rows(4, 5);
    rec.count = N - 1;
    for (unsigned i = 0; i < rec.count; i++)
        rec.seq[i] = i + 1;
    assert_int_equal(bad(), 5); /* the bytes still say 6 */
}

static void test_verify__two_records_swapped__names_the_first(void **state)
{
    (void)state;
    uint8_t keep[128];
    assert_int_equal(rec.len[3], rec.len[7]);
    memcpy(keep, rec.bytes[3], 128);
    memcpy(rec.bytes[3], rec.bytes[7], 128);
    memcpy(rec.bytes[7], keep, 128);
    assert_int_equal(bad(), 4);
}

static void test_verify__history_rewritten_up_to_a_hash__names_the_seam(void **state)
{
    (void)state;
    uint8_t keep[RECORD_HASH_BYTES];
    memcpy(keep, rec.hash[8], RECORD_HASH_BYTES);
    make(4, 999999, 0);
    hash_from(4);
    memcpy(rec.hash[8], keep, RECORD_HASH_BYTES);
    assert_int_equal(bad(), 9);
}

static void test_verify__cause_in_the_future__names_the_record(void **state)
{
    (void)state;
    make(6, 1006, 7);
    hash_from(6);
    assert_int_equal(bad(), 7);
}

static void test_verify__clock_went_back__is_reported_and_good(void **state)
{
    (void)state;
    make(6, 500, 1);
    hash_from(6);
    struct record_verify v;
    assert_int_equal(verify(&v, NULL), 0);
    assert_int_equal(v.clock_back_count, 1);
    assert_int_equal(v.clock_back_seq, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_verify__good_record__counts_it, good),
        cmocka_unit_test_setup(test_verify__one_bit_anywhere__names_the_record, good),
        cmocka_unit_test_setup(test_verify__record_deleted__names_its_place, good),
        cmocka_unit_test_setup(test_verify__deleted_and_renumbered__names_its_place, good),
        cmocka_unit_test_setup(test_verify__two_records_swapped__names_the_first, good),
        cmocka_unit_test_setup(test_verify__history_rewritten_up_to_a_hash__names_the_seam, good),
        cmocka_unit_test_setup(test_verify__cause_in_the_future__names_the_record, good),
        cmocka_unit_test_setup(test_verify__clock_went_back__is_reported_and_good, good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
