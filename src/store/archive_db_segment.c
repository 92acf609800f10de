/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "store/archive_db.h"
#include "store/archive_db_internal.h"

static void bind_slice(sqlite3_stmt *st, int at, struct tc_slice s)
{
    sqlite3_bind_blob(st, at, s.len == 0 ? (const void *)"" : s.ptr, (int)s.len, SQLITE_STATIC);
}

/* Binds S to the parameters that ADD and UPDATE share, and runs. */
static enum tc_err write_row(struct archive_db *db, enum statement which,
                             const struct archive_segment *s, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, which, &st, info));
    struct tc_buf *b = &db->scratch;
    tc_buf_clear(b);
    archive_params_encode(s, b);
    size_t params_bytes = b->len;
    archive_fragments_encode(s, b);
    if (b->err != TC_OK)
        return tc_fail(info, b->err, "the fragments of %s do not fit into the index", s->path);
    struct tc_slice params = tc_slice_sub(tc_buf_view(b), 0, params_bytes);
    struct tc_slice fragments = tc_slice_sub(tc_buf_view(b), params_bytes, b->len);
    if (which == ST_UPDATE)
        sqlite3_bind_int64(st, 1, s->number);
    if (which == ST_ADD) {
        sqlite3_bind_int64(st, 2, s->camera);
        sqlite3_bind_int64(st, 3, s->volume);
        sqlite3_bind_int64(st, 4, s->start_ns);
        sqlite3_bind_text(st, 9, s->path, -1, SQLITE_STATIC);
    }
    sqlite3_bind_int64(st, 5, s->end_ns);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)s->bytes);
    sqlite3_bind_int(st, 7, s->open);
    sqlite3_bind_int(st, 8, s->held);
    bind_slice(st, 10, params);
    bind_slice(st, 11, fragments);
    return statement_run(db, st, info);
}

enum tc_err archive_db_add(struct archive_db *db, struct archive_segment *s,
                           struct tc_errinfo *info)
{
    TC_TRY(write_row(db, ST_ADD, s, info));
    s->number = sqlite3_last_insert_rowid(db->sqlite);
    return TC_OK;
}

enum tc_err archive_db_update(struct archive_db *db, const struct archive_segment *s,
                              struct tc_errinfo *info)
{
    return write_row(db, ST_UPDATE, s, info);
}

static enum tc_err run_by_number(struct archive_db *db, enum statement which, int64_t number,
                                 struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, which, &st, info));
    sqlite3_bind_int64(st, 1, number);
    return statement_run(db, st, info);
}

enum tc_err archive_db_drop(struct archive_db *db, int64_t number, struct tc_errinfo *info)
{
    return run_by_number(db, ST_DROP, number, info);
}

enum tc_err archive_db_set_held(struct archive_db *db, int64_t number, struct tc_errinfo *info)
{
    return run_by_number(db, ST_SET_HELD, number, info);
}

static struct tc_slice column_slice(sqlite3_stmt *st, int column)
{
    const void *bytes = sqlite3_column_blob(st, column);
    int len = sqlite3_column_bytes(st, column);
    return tc_slice(bytes, bytes == NULL || len < 0 ? 0 : (size_t)len);
}

/* Fills S (its fragments' memory is used again) from the row. A damaged column leaves its part
 * empty: the file itself can still be walked. */
static void read_row(sqlite3_stmt *st, struct archive_segment *s)
{
    struct archive_fragment *fragments = s->fragments;
    size_t cap = s->cap;
    *s = (struct archive_segment){.fragments = fragments, .cap = cap};
    s->number = sqlite3_column_int64(st, 0);
    s->camera = (uint32_t)sqlite3_column_int64(st, 1);
    s->volume = (uint32_t)sqlite3_column_int64(st, 2);
    s->start_ns = sqlite3_column_int64(st, 3);
    s->end_ns = sqlite3_column_int64(st, 4);
    s->bytes = (uint64_t)sqlite3_column_int64(st, 5);
    s->open = sqlite3_column_int(st, 6) != 0;
    s->held = sqlite3_column_int(st, 7) != 0;
    const unsigned char *path = sqlite3_column_text(st, 8);
    (void)snprintf(s->path, sizeof s->path, "%s", path == NULL ? "" : (const char *)path);
    if (archive_params_decode(s, column_slice(st, 9)) != TC_OK)
        s->sps_bytes = s->pps_bytes = 0;
    if (archive_fragments_decode(s, column_slice(st, 10)) != TC_OK)
        s->count = 0;
}

static enum tc_err visit_rows(struct archive_db *db, sqlite3_stmt *st, archive_db_visit_fn *visit,
                              void *ctx, struct tc_errinfo *info)
{
    struct archive_segment s = {0};
    enum tc_err err = TC_OK;
    bool row = true;
    while (row && (err = statement_step(db, st, &row, info)) == TC_OK && row) {
        read_row(st, &s);
        if (!visit(ctx, &s))
            break;
    }
    sqlite3_reset(st);
    archive_segment_done(&s);
    return err;
}

/* An interval's first possible start, without going below what a 64-bit number holds. */
static int64_t look_back(int64_t from_ns)
{
    return from_ns < INT64_MIN + ARCHIVE_SEGMENT_MAX_NS ? INT64_MIN
                                                        : from_ns - ARCHIVE_SEGMENT_MAX_NS;
}

enum tc_err archive_db_in(struct archive_db *db, uint32_t camera, int64_t from_ns, int64_t to_ns,
                          archive_db_visit_fn *visit, void *ctx, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_IN, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    sqlite3_bind_int64(st, 2, from_ns);
    sqlite3_bind_int64(st, 3, to_ns);
    sqlite3_bind_int64(st, 4, look_back(from_ns));
    return visit_rows(db, st, visit, ctx, info);
}

enum tc_err archive_db_left_open(struct archive_db *db, archive_db_visit_fn *visit, void *ctx,
                                 struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_LEFT_OPEN, &st, info));
    return visit_rows(db, st, visit, ctx, info);
}

enum tc_err archive_db_oldest(struct archive_db *db, uint32_t volume, uint32_t limit,
                              archive_db_visit_fn *visit, void *ctx, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_OLDEST, &st, info));
    sqlite3_bind_int64(st, 1, volume);
    sqlite3_bind_int64(st, 2, limit);
    return visit_rows(db, st, visit, ctx, info);
}

enum tc_err archive_db_aged(struct archive_db *db, uint32_t camera, int64_t ended_ns,
                            uint32_t limit, archive_db_visit_fn *visit, void *ctx,
                            struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_AGED, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    sqlite3_bind_int64(st, 2, ended_ns);
    sqlite3_bind_int64(st, 3, limit);
    return visit_rows(db, st, visit, ctx, info);
}

enum tc_err archive_db_newest(struct archive_db *db, uint32_t camera, uint32_t volume,
                              int64_t *ret_start_ns, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_NEWEST, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    sqlite3_bind_int64(st, 2, volume);
    TC_TRY(statement_step(db, st, &row, info));
    if (row)
        *ret_start_ns = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return row ? TC_OK : TC_E_NOT_FOUND;
}

enum tc_err archive_db_end(struct archive_db *db, uint32_t camera, int64_t *ret_end_ns,
                           struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_END, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    TC_TRY(statement_step(db, st, &row, info));
    if (row)
        *ret_end_ns = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return row ? TC_OK : TC_E_NOT_FOUND;
}

enum tc_err archive_db_by_path(struct archive_db *db, uint32_t camera, uint32_t volume,
                               int64_t start_ns, const char *path, int64_t *ret_number,
                               struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_BY_PATH, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    sqlite3_bind_int64(st, 2, volume);
    sqlite3_bind_int64(st, 3, start_ns);
    sqlite3_bind_text(st, 4, path, -1, SQLITE_STATIC);
    TC_TRY(statement_step(db, st, &row, info));
    if (!row)
        return TC_E_NOT_FOUND;
    *ret_number = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return TC_OK;
}

/* Spans that meet within this are one. */
#define SPAN_JOIN_NS (500 * TC_NS_PER_MS)

enum tc_err archive_db_spans(struct archive_db *db, uint32_t camera, int64_t from_ns, int64_t to_ns,
                             archive_db_span_fn *visit, void *ctx, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row = true, any = false, go_on = true;
    int64_t begin = 0, end = 0;
    enum tc_err err = TC_OK;
    TC_TRY(statement_take(db, ST_SPANS, &st, info));
    sqlite3_bind_int64(st, 1, camera);
    sqlite3_bind_int64(st, 2, from_ns);
    sqlite3_bind_int64(st, 3, to_ns);
    sqlite3_bind_int64(st, 4, look_back(from_ns));
    while (go_on && (err = statement_step(db, st, &row, info)) == TC_OK && row) {
        int64_t next_begin = sqlite3_column_int64(st, 0), next_end = sqlite3_column_int64(st, 1);
        if (any && next_begin - end < SPAN_JOIN_NS) {
            end = next_end > end ? next_end : end;
            continue;
        }
        if (any)
            go_on = visit(ctx, begin, end);
        begin = next_begin;
        end = next_end;
        any = true;
    }
    sqlite3_reset(st);
    if (err == TC_OK && any && go_on)
        (void)visit(ctx, begin, end);
    return err;
}
