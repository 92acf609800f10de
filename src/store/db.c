/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"

enum { DB_PATH_BYTES = 4096, DB_BUSY_MS = 2000, WAL_HEADER_BYTES = 32, SHM_USE_BYTE = 128 };

static enum tc_err err_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return TC_OK;
    case SQLITE_NOMEM:
        return TC_E_NOMEM;
    case SQLITE_FULL:
        return TC_E_NO_SPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TC_E_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TC_E_BUSY;
    case SQLITE_INTERRUPT:
        return TC_E_TIMEOUT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TC_E_DENIED;
    case SQLITE_TOOBIG:
        return TC_E_LIMIT;
    case SQLITE_CONSTRAINT:
        return TC_E_CONFLICT;
    default:
        return TC_E_IO;
    }
}

void db_before_sandbox(void)
{
    uint8_t byte;
    (void)sqlite3_initialize();
    sqlite3_randomness(1, &byte);
    EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
}

enum tc_err db_fail(struct sqlite3 *db, int rc, struct tc_errinfo *info, const char *what)
{
    enum tc_err err = err_of(rc);
    TC_ASSERT(err != TC_OK);
    int errnum = db == NULL ? 0 : sqlite3_system_errno(db);
    const char *words = db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db);
    if (err == TC_E_IO && errnum != 0) {
        char text[256];
        (void)snprintf(text, sizeof(text), "%s: %s (SQLite %d)", what, words, rc);
        return tc_fail_errno(info, errnum, "%s", text);
    }
    return tc_fail(info, err, "%s: %s (SQLite %d)", what, words, rc);
}

enum tc_err db_exec(struct sqlite3 *db, const char *sql, struct tc_errinfo *info)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? TC_OK : db_fail(db, rc, info, sql);
}

/* A file: URI takes % and ? and # for itself. */
static void add_uri_path(struct tc_buf *b, const char *path)
{
    tc_buf_add_str(b, "file:");
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            tc_buf_add_fmt(b, "%%%02X", (unsigned)(unsigned char)*p);
        else
            tc_buf_add_u8(b, (uint8_t)*p);
    }
}

static int64_t size_of(const char *path, const char *suffix)
{
    char name[DB_PATH_BYTES];
    struct stat st;
    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* Does another process have the database open? SQLite holds a read lock on this byte of the -shm.
 */
static bool is_in_use(const char *path)
{
    char name[DB_PATH_BYTES];
    (void)snprintf(name, sizeof(name), "%s-shm", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHM_USE_BYTE, .l_len = 1};
    bool used = fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    (void)close(fd);
    return used;
}

/* The one file holds everything, and nobody writes. SQLite must be told so: it could not make a
 * missing -shm, and a WAL of a header alone (its writer was killed before the first frame) makes a
 * reader that may not write try for ten seconds and then fail. */
static bool is_single_file(const char *path)
{
    int64_t wal = size_of(path, "-wal");
    if (wal <= 0)
        return size_of(path, "-shm") < 0;
    return wal <= WAL_HEADER_BYTES && !is_in_use(path);
}

bool db_is_fixed(struct sqlite3 *db)
{
    return sqlite3_uri_boolean(sqlite3_db_filename(db, "main"), "immutable", 0) != 0;
}

static enum tc_err set_up_writer(struct sqlite3 *db, struct tc_errinfo *info)
{
    int persist = 1;
    TC_TRY(db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY",
                   info));
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    return rc == SQLITE_OK ? TC_OK : db_fail(db, rc, info, "keep the WAL file");
}

static enum tc_err open_uri(const char *uri, enum db_mode mode, const char *vfs,
                            struct sqlite3 **ret, struct tc_errinfo *info)
{
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    struct sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(uri, &db, flags, vfs);
    enum tc_err err = rc == SQLITE_OK ? TC_OK : db_fail(db, rc, info, "open");
    if (err == TC_OK) {
        (void)sqlite3_busy_timeout(db, DB_BUSY_MS);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    }
    if (err == TC_OK && mode == DB_WRITE)
        err = set_up_writer(db, info);
    if (err == TC_OK && mode == DB_READ)
        err = db_exec(
            db, "PRAGMA temp_store=MEMORY; PRAGMA query_only=1; SELECT 1 FROM sqlite_schema", info);
    if (err == TC_OK)
        *ret = db;
    else
        db_close(db);
    return err;
}

enum tc_err db_open(const char *path, enum db_mode mode, const char *vfs, struct sqlite3 **ret,
                    struct tc_errinfo *info)
{
    *ret = NULL;
    if (strlen(path) > DB_PATH_BYTES - 16)
        return tc_fail(info, TC_E_LIMIT, "path of %zu bytes", strlen(path));
    struct stat st;
    if (mode == DB_READ && stat(path, &st) != 0)
        return tc_fail(info, TC_E_NOT_FOUND, "%s: no such file", path);
    struct tc_buf uri;
    tc_buf_init(&uri, DB_PATH_BYTES * 4);
    add_uri_path(&uri, path);
    if (mode == DB_READ)
        tc_buf_add_str(&uri, is_single_file(path) ? "?immutable=1" : "?mode=ro&readonly_shm=1");
    enum tc_err err = uri.err != TC_OK ? tc_fail(info, uri.err, "out of memory")
                                       : open_uri(tc_buf_cstr(&uri), mode, vfs, ret, info);
    tc_buf_done(&uri);
    if (err != TC_OK)
        tc_errinfo_prefix(info, "%s", path);
    return err;
}

void db_close(struct sqlite3 *db)
{
    int rc = sqlite3_close(db);
    TC_ASSERT(rc == SQLITE_OK);
}

enum tc_err db_prepare_all(struct sqlite3 *db, const char *const *sql, size_t n,
                           struct sqlite3_stmt **stmts, struct tc_errinfo *info)
{
    memset(stmts, 0, n * sizeof(*stmts));
    for (size_t i = 0; i < n; i++) {
        int rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &stmts[i], NULL);
        if (rc == SQLITE_OK)
            continue;
        enum tc_err err = db_fail(db, rc, info, sql[i]);
        db_finalize_all(stmts, n);
        return err;
    }
    return TC_OK;
}

void db_finalize_all(struct sqlite3_stmt **stmts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)sqlite3_finalize(stmts[i]);
        stmts[i] = NULL;
    }
}

enum tc_err db_run(struct sqlite3 *db, struct sqlite3_stmt *stmt, struct tc_errinfo *info,
                   const char *what)
{
    int rc = sqlite3_step(stmt);
    enum tc_err err = rc == SQLITE_DONE ? TC_OK
                      : rc == SQLITE_ROW
                          ? tc_fail(info, TC_E_CORRUPT, "%s: an unexpected row", what)
                          : db_fail(db, rc, info, what);
    (void)sqlite3_reset(stmt);
    return err;
}
