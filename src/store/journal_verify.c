/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sqlite3.h>

#include "store/db.h"
#include "store/journal.h"

enum { VERIFY_ROWS = 16384 };

/* The columns beside the bytes are what lists read: they must say the same. */
static enum tc_err check_columns(struct record_verify *v, sqlite3_stmt *s,
                                 const struct record_entry *e, struct tc_errinfo *info)
{
    if (sqlite3_column_int64(s, 3) != e->kind)
        return record_verify_bad(v, e->seq, info, "its column kind differs from its bytes");
    if (sqlite3_column_int64(s, 4) != e->at.ns)
        return record_verify_bad(v, e->seq, info, "its column at differs from its bytes");
    if (sqlite3_column_int64(s, 5) != (int64_t)e->cause)
        return record_verify_bad(v, e->seq, info, "its column cause differs from its bytes");
    return TC_OK;
}

static enum tc_err verify_row(struct record_verify *v, sqlite3_stmt *s, struct tc_errinfo *info)
{
    struct record_entry e;
    const void *body = sqlite3_column_blob(s, 1);
    struct tc_slice bytes = tc_slice(body, (size_t)sqlite3_column_bytes(s, 1));
    const void *hash_ptr = sqlite3_column_blob(s, 2);
    struct tc_slice hash = tc_slice(hash_ptr, (size_t)sqlite3_column_bytes(s, 2));
    TC_TRY(record_verify_entry(v, (uint64_t)sqlite3_column_int64(s, 0), bytes, hash, &e, info));
    return check_columns(v, s, &e, info);
}

/* One read transaction: a long one would keep the writer's WAL from starting over. */
static enum tc_err verify_some(struct sqlite3 *db, sqlite3_stmt *s, struct record_verify *v,
                               bool *ret_more, struct tc_errinfo *info)
{
    uint64_t before = v->count;
    enum tc_err err = TC_OK;
    int rc = SQLITE_DONE;
    (void)sqlite3_bind_int64(s, 1, (int64_t)v->next_seq);
    (void)sqlite3_bind_int64(s, 2, VERIFY_ROWS);
    while (err == TC_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
        err = verify_row(v, s, info);
    if (err == TC_OK && (rc & 0xFF) == SQLITE_CORRUPT)
        err = record_verify_bad(v, v->next_seq, info, "the file is damaged here: %s",
                                sqlite3_errmsg(db));
    else if (err == TC_OK && rc != SQLITE_DONE)
        err = db_fail(db, rc, info, "read the journal");
    (void)sqlite3_reset(s);
    *ret_more = v->count - before == VERIFY_ROWS;
    return err;
}

/* Rows before the first number would be outside every other check. */
static enum tc_err check_start(struct sqlite3 *db, struct record_verify *v, struct tc_errinfo *info)
{
    static const char text[] = "SELECT seq FROM entry ORDER BY seq LIMIT 1";
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    enum tc_err err = TC_OK;
    if (rc == SQLITE_ROW && sqlite3_column_int64(s, 0) < 1)
        err = record_verify_bad(v, 1, info, "a record is filed under %lld",
                                sqlite3_column_int64(s, 0));
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = db_fail(db, rc, info, "read the journal");
    (void)sqlite3_finalize(s);
    return err;
}

enum tc_err journal_verify(const char *path, struct record_verify *v,
                           void (*progress)(void *ctx, uint64_t seq), void *ctx,
                           struct tc_errinfo *info)
{
    static const char text[] =
        "SELECT seq, body, hash, kind, at, cause FROM entry WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    TC_TRY(record_verify_init(v));
    struct sqlite3 *db = NULL;
    TC_TRY(db_open(path, DB_READ, NULL, &db, info));
    sqlite3_stmt *s = NULL;
    enum tc_err err = db_prepare_all(db, (const char *const[]){text}, 1, &s, info);
    if (err == TC_OK)
        err = check_start(db, v, info);
    for (bool more = true; err == TC_OK && more;) {
        err = verify_some(db, s, v, &more, info);
        if (progress != NULL)
            progress(ctx, v->count);
    }
    (void)sqlite3_finalize(s);
    db_close(db);
    return err;
}
