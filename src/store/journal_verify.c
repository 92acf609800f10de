/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sqlite3.h>

#include "store/db.h"
#include "store/journal.h"
#include "store/journal_verify_impl.h"

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

/* What goes along the entries. */
struct walk {
    struct sqlite3 *db;
    sqlite3_stmt *entries;
    struct verify_lists lists;
    struct record_verify *v;
    struct tc_errinfo *info;
};

static enum tc_err verify_row(struct walk *w)
{
    struct record_entry e;
    sqlite3_stmt *s = w->entries;
    const void *body = sqlite3_column_blob(s, 1);
    struct tc_slice bytes = tc_slice(body, (size_t)sqlite3_column_bytes(s, 1));
    const void *hash_ptr = sqlite3_column_blob(s, 2);
    struct tc_slice hash = tc_slice(hash_ptr, (size_t)sqlite3_column_bytes(s, 2));
    uint64_t seq = (uint64_t)sqlite3_column_int64(s, 0);
    TC_TRY(record_verify_entry(w->v, seq, bytes, hash, &e, w->info));
    TC_TRY(check_columns(w->v, s, &e, w->info));
    return verify_lists_entry(&w->lists, w->v, &e, w->info);
}

static enum tc_err verify_rows(struct walk *w, bool *ret_more)
{
    uint64_t before = w->v->count;
    int rc = SQLITE_DONE;
    (void)sqlite3_bind_int64(w->entries, 1, (int64_t)w->v->next_seq);
    (void)sqlite3_bind_int64(w->entries, 2, VERIFY_ROWS);
    TC_TRY(verify_lists_begin(&w->lists, w->v->next_seq, w->info));
    while ((rc = sqlite3_step(w->entries)) == SQLITE_ROW)
        TC_TRY(verify_row(w));
    if ((rc & 0xFF) == SQLITE_CORRUPT)
        return record_verify_bad(w->v, w->v->next_seq, w->info, "the file is damaged here: %s",
                                 sqlite3_errmsg(w->db));
    if (rc != SQLITE_DONE)
        return db_fail(w->db, rc, w->info, "read the journal");
    *ret_more = w->v->count - before == VERIFY_ROWS;
    return *ret_more ? TC_OK : verify_lists_last(&w->lists, w->v, w->info);
}

/* One read transaction: a long one would keep the writer's WAL from starting over. */
static enum tc_err verify_some(struct walk *w, bool *ret_more)
{
    TC_TRY(db_exec(w->db, "BEGIN", w->info));
    enum tc_err err = verify_rows(w, ret_more);
    (void)sqlite3_reset(w->entries);
    verify_lists_end(&w->lists);
    (void)sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL);
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

static enum tc_err verify_all(struct walk *w, void (*progress)(void *ctx, uint64_t seq), void *ctx)
{
    static const char text[] =
        "SELECT seq, body, hash, kind, at, cause FROM entry WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    TC_TRY(check_start(w->db, w->v, w->info));
    TC_TRY(db_prepare_all(w->db, (const char *const[]){text}, 1, &w->entries, w->info));
    TC_TRY(verify_lists_init(&w->lists, w->db, w->info));
    for (bool more = true; more;) {
        TC_TRY(verify_some(w, &more));
        if (progress != NULL)
            progress(ctx, w->v->count);
    }
    return TC_OK;
}

enum tc_err journal_verify(const char *path, struct record_verify *v,
                           void (*progress)(void *ctx, uint64_t seq), void *ctx,
                           struct tc_errinfo *info)
{
    struct walk w = {.v = v, .info = info};
    TC_TRY(record_verify_init(v));
    TC_TRY(db_open(path, DB_READ, NULL, &w.db, info));
    enum tc_err err = verify_all(&w, progress, ctx);
    verify_lists_done(&w.lists);
    (void)sqlite3_finalize(w.entries);
    db_close(w.db);
    return err;
}
