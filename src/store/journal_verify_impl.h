/* SPDX-License-Identifier: Apache-2.0 */
/* For journal_verify*.c alone. */
#pragma once

#include "record/verify.h"

struct sqlite3;
struct sqlite3_stmt;

enum { VERIFY_LISTS = 4 };

struct verify_lists {
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[VERIFY_LISTS + 2];
    uint64_t next[VERIFY_LISTS]; /* the record that each list's cursor stands on, UINT64_MAX at its
                                    end */
};

enum tc_err verify_lists_init(struct verify_lists *l, struct sqlite3 *db,
                              struct tc_errinfo *info) TC_MUST_USE;
void verify_lists_done(struct verify_lists *l);
/* Puts the cursors on the first rows from record FROM on, in the transaction that reads the
 * entries. */
enum tc_err verify_lists_begin(struct verify_lists *l, uint64_t from,
                               struct tc_errinfo *info) TC_MUST_USE;
void verify_lists_end(struct verify_lists *l);
/* Compares with the next entry. TC_E_CORRUPT with V->bad_seq set. */
enum tc_err verify_lists_entry(struct verify_lists *l, struct record_verify *v,
                               const struct record_entry *e, struct tc_errinfo *info) TC_MUST_USE;
/* After the last entry: nothing may follow. */
enum tc_err verify_lists_last(struct verify_lists *l, struct record_verify *v,
                              struct tc_errinfo *info) TC_MUST_USE;
