/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, transactions and names; the segments' rows are in archive_db_segment.c. */
#include "store/archive_db.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "store/archive_db_internal.h"
#include "store/db.h"

enum { SCHEMA_VERSION = 1, SCRATCH_BYTES_MAX = 256 * 1024 };

static const char *const statement_sql[ST_COUNT] = {
#define X(name, sql) [ST_##name] = sql,
    STATEMENT_LIST(X)
#undef X
};

static const char schema[] =
    "CREATE TABLE camera(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);"
    "CREATE TABLE volume(number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, path TEXT NOT "
    "NULL, indexed INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE segment(number INTEGER PRIMARY KEY, camera INTEGER NOT NULL, volume INTEGER NOT "
    "NULL,"
    " start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, bytes INTEGER NOT NULL, open INTEGER NOT "
    "NULL,"
    " held INTEGER NOT NULL, path TEXT NOT NULL, params BLOB NOT NULL, fragments BLOB NOT NULL);"
    "CREATE INDEX segment_time ON segment(camera, start_ns, end_ns);"
    "CREATE INDEX segment_age ON segment(volume, start_ns) WHERE open = 0 AND held = 0;"
    "CREATE INDEX segment_open ON segment(start_ns) WHERE open = 1;"
    "CREATE TABLE hold(incident INTEGER NOT NULL, volume INTEGER NOT NULL, segment INTEGER NOT "
    "NULL,"
    " path TEXT NOT NULL, PRIMARY KEY(incident, path)) WITHOUT ROWID;"
    "PRAGMA application_id = 1953456995;"
    "PRAGMA user_version = 1;";

enum tc_err archive_db_failed(struct archive_db *db, const char *what, struct tc_errinfo *info)
{
    enum tc_err err = db_fail(db->sqlite, sqlite3_extended_errcode(db->sqlite), info, what);
    tc_errinfo_prefix(info, "the index archive.db");
    return err;
}

enum tc_err statement_take(struct archive_db *db, enum statement which, sqlite3_stmt **ret,
                           struct tc_errinfo *info)
{
    sqlite3_stmt **st = &db->statements[which];
    if (*st == NULL && sqlite3_prepare_v3(db->sqlite, statement_sql[which], -1,
                                          SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        return archive_db_failed(db, "prepare", info);
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    *ret = *st;
    return TC_OK;
}

enum tc_err statement_step(struct archive_db *db, sqlite3_stmt *st, bool *row,
                           struct tc_errinfo *info)
{
    int code = sqlite3_step(st);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return TC_OK;
    enum tc_err err = code == SQLITE_DONE ? TC_OK : archive_db_failed(db, sqlite3_sql(st), info);
    sqlite3_reset(st);
    return err;
}

enum tc_err statement_run(struct archive_db *db, sqlite3_stmt *st, struct tc_errinfo *info)
{
    bool row;
    enum tc_err err = statement_step(db, st, &row, info);
    sqlite3_reset(st);
    return err;
}

/* user_version: 0 for an empty file. */
static enum tc_err read_version(struct archive_db *db, int *ret, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db->sqlite, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK)
        return archive_db_failed(db, "read its version", info);
    int code = sqlite3_step(st);
    *ret = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return code == SQLITE_ROW ? TC_OK : archive_db_failed(db, "read its version", info);
}

/* The index can be made again, so it does not wait for the disk at every commit as the journal
 * does. */
static enum tc_err set_up(struct archive_db *db, enum archive_db_mode mode, struct tc_errinfo *info)
{
    int version = 0;
    TC_TRY(read_version(db, &version, info));
    if (version > SCHEMA_VERSION)
        return tc_fail(info, TC_E_UNSUPPORTED, "the index archive.db is of a newer version (%d)",
                       version);
    if (mode == ARCHIVE_DB_READ)
        return version == 0 ? tc_fail(info, TC_E_CORRUPT, "the index archive.db is empty") : TC_OK;
    TC_TRY(db_exec(db->sqlite, "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;",
                   info));
    return version == 0 ? db_exec(db->sqlite, schema, info) : TC_OK;
}

enum tc_err archive_db_open(const char *path, enum archive_db_mode mode, struct archive_db **ret,
                            struct tc_errinfo *info)
{
    struct archive_db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return tc_fail(info, TC_E_NOMEM, "open the index");
    tc_buf_init(&db->scratch, SCRATCH_BYTES_MAX);
    enum tc_err err =
        db_open(path, mode == ARCHIVE_DB_READ ? DB_READ : DB_WRITE, NULL, &db->sqlite, info);
    if (err == TC_OK)
        err = set_up(db, mode, info);
    if (err != TC_OK) {
        archive_db_close(db);
        return err;
    }
    *ret = db;
    return TC_OK;
}

void archive_db_close(struct archive_db *db)
{
    if (db == NULL)
        return;
    db_finalize_all(db->statements, ST_COUNT);
    db_close(db->sqlite);
    tc_buf_done(&db->scratch);
    free(db);
}

static enum tc_err run(struct archive_db *db, enum statement which, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, which, &st, info));
    return statement_run(db, st, info);
}

enum tc_err archive_db_begin(struct archive_db *db, struct tc_errinfo *info)
{
    if (db->in_transaction)
        return TC_OK;
    TC_TRY(run(db, ST_BEGIN, info));
    db->in_transaction = true;
    return TC_OK;
}

enum tc_err archive_db_commit(struct archive_db *db, struct tc_errinfo *info)
{
    if (!db->in_transaction)
        return TC_OK;
    enum tc_err err = run(db, ST_COMMIT, info);
    db->in_transaction = false;
    if (err != TC_OK && sqlite3_get_autocommit(db->sqlite) == 0)
        (void)run(db, ST_ROLLBACK, NULL);
    return err;
}

/* A number by one text; TC_E_NOT_FOUND without words. */
static enum tc_err find_number(struct archive_db *db, enum statement which, const char *text,
                               uint32_t *ret, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, which, &st, info));
    sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
    TC_TRY(statement_step(db, st, &row, info));
    if (!row)
        return TC_E_NOT_FOUND;
    *ret = (uint32_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return TC_OK;
}

enum tc_err archive_db_camera(struct archive_db *db, const char *id, bool add, uint32_t *ret,
                              struct tc_errinfo *info)
{
    enum tc_err err = find_number(db, ST_CAMERA_FIND, id, ret, info);
    if (err != TC_E_NOT_FOUND)
        return err;
    if (!add)
        return tc_fail(info, TC_E_NOT_FOUND, "nothing is recorded of camera \"%s\"", id);
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_CAMERA_ADD, &st, info));
    sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC);
    TC_TRY(statement_run(db, st, info));
    *ret = (uint32_t)sqlite3_last_insert_rowid(db->sqlite);
    return TC_OK;
}

enum tc_err archive_db_volume(struct archive_db *db, const char *identity, const char *path,
                              bool add, uint32_t *ret, struct tc_errinfo *info)
{
    enum tc_err found = find_number(db, ST_VOLUME_FIND, identity, ret, info);
    if (!add || (found != TC_OK && found != TC_E_NOT_FOUND))
        return found;
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, found == TC_OK ? ST_VOLUME_MOVED : ST_VOLUME_ADD, &st, info));
    sqlite3_bind_text(st, 1, identity, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, path, -1, SQLITE_STATIC);
    TC_TRY(statement_run(db, st, info));
    if (found != TC_OK)
        *ret = (uint32_t)sqlite3_last_insert_rowid(db->sqlite);
    return TC_OK;
}

enum tc_err archive_db_volume_indexed(struct archive_db *db, uint32_t volume, bool *ret,
                                      struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_VOLUME_INDEXED, &st, info));
    sqlite3_bind_int64(st, 1, volume);
    TC_TRY(statement_step(db, st, &row, info));
    *ret = row && sqlite3_column_int(st, 0) != 0;
    sqlite3_reset(st);
    return TC_OK;
}

enum tc_err archive_db_volume_set_indexed(struct archive_db *db, uint32_t volume,
                                          struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_VOLUME_SET_INDEXED, &st, info));
    sqlite3_bind_int64(st, 1, volume);
    return statement_run(db, st, info);
}

static void column_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(st, column);
    (void)snprintf(out, size, "%s", text == NULL ? "" : (const char *)text);
}

enum tc_err archive_db_volumes(struct archive_db *db,
                               bool (*visit)(void *ctx, const struct archive_db_volume_row *row),
                               void *ctx, struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_VOLUMES, &st, info));
    for (;;) {
        TC_TRY(statement_step(db, st, &row, info));
        if (!row)
            return TC_OK;
        struct archive_db_volume_row v = {.number = (uint32_t)sqlite3_column_int64(st, 0)};
        column_text(st, 1, v.identity, sizeof v.identity);
        column_text(st, 2, v.path, sizeof v.path);
        if (!visit(ctx, &v))
            break;
    }
    sqlite3_reset(st);
    return TC_OK;
}

enum tc_err archive_db_hold_add(struct archive_db *db, const struct archive_hold *hold,
                                struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    TC_TRY(statement_take(db, ST_HOLD_ADD, &st, info));
    sqlite3_bind_int64(st, 1, (sqlite3_int64)hold->incident);
    sqlite3_bind_int64(st, 2, hold->volume);
    sqlite3_bind_int64(st, 3, hold->segment);
    sqlite3_bind_text(st, 4, hold->path, -1, SQLITE_STATIC);
    return statement_run(db, st, info);
}

enum tc_err archive_db_holds(struct archive_db *db, uint64_t incident,
                             bool (*visit)(void *ctx, const struct archive_hold *hold), void *ctx,
                             struct tc_errinfo *info)
{
    sqlite3_stmt *st;
    bool row;
    TC_TRY(statement_take(db, ST_HOLDS, &st, info));
    sqlite3_bind_int64(st, 1, (sqlite3_int64)incident);
    for (;;) {
        TC_TRY(statement_step(db, st, &row, info));
        if (!row)
            return TC_OK;
        struct archive_hold hold = {.incident = incident,
                                    .volume = (uint32_t)sqlite3_column_int64(st, 1),
                                    .segment = sqlite3_column_int64(st, 2)};
        column_text(st, 3, hold.path, sizeof hold.path);
        if (!visit(ctx, &hold))
            break;
    }
    sqlite3_reset(st);
    return TC_OK;
}
