/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <sqlite3.h>

#include "base/check.h"
#include "store/db.h"
#include "store/journal_impl.h"

/* SHA-256(chain hash || body): a snapshot belongs to one history and is whole. */
static bool digest_of(struct tc_slice chain, struct tc_slice body, uint8_t *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(ctx, chain.ptr, chain.len) == 1 &&
                EVP_DigestUpdate(ctx, body.ptr, body.len) == 1 &&
                EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static struct tc_slice column_slice(sqlite3_stmt *s, int column)
{
    const void *ptr = sqlite3_column_blob(s, column);
    return tc_slice(ptr, (size_t)sqlite3_column_bytes(s, column));
}

static enum tc_err prepare(struct journal *j, const char *text, sqlite3_stmt **ret,
                           struct tc_errinfo *info)
{
    int rc = sqlite3_prepare_v2(j->db, text, -1, ret, NULL);
    return rc == SQLITE_OK ? TC_OK : db_fail(j->db, rc, info, text);
}

static enum tc_err hash_of(struct journal *j, uint64_t seq, uint8_t *hash, struct tc_errinfo *info)
{
    sqlite3_stmt *s = NULL;
    TC_TRY(prepare(j, "SELECT hash FROM entry WHERE seq = ?1", &s, info));
    (void)sqlite3_bind_int64(s, 1, (int64_t)seq);
    enum tc_err err = TC_OK;
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == RECORD_HASH_BYTES)
        memcpy(hash, sqlite3_column_blob(s, 0), RECORD_HASH_BYTES);
    else
        err = tc_fail(info, TC_E_NOT_FOUND, "no entry %llu", (unsigned long long)seq);
    (void)sqlite3_finalize(s);
    return err;
}

static enum tc_err put_row(struct journal *j, uint64_t seq, struct tc_slice body,
                           struct tc_errinfo *info)
{
    uint8_t hash[RECORD_HASH_BYTES], digest[RECORD_HASH_BYTES];
    TC_TRY(hash_of(j, seq, hash, info));
    if (!digest_of(tc_slice(hash, sizeof(hash)), body, digest))
        return tc_fail(info, TC_E_CRYPTO, "SHA-256 failed");
    sqlite3_stmt *s = NULL;
    TC_TRY(prepare(
        j, "INSERT OR REPLACE INTO snapshot(seq, chain, body, digest) VALUES(?1, ?2, ?3, ?4)", &s,
        info));
    (void)sqlite3_bind_int64(s, 1, (int64_t)seq);
    (void)sqlite3_bind_blob(s, 2, hash, sizeof(hash), SQLITE_STATIC);
    (void)sqlite3_bind_blob64(s, 3, body.len == 0 ? (const void *)"" : body.ptr, body.len,
                              SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, 4, digest, sizeof(digest), SQLITE_STATIC);
    enum tc_err err = db_run(j->db, s, info, "store a snapshot");
    (void)sqlite3_finalize(s);
    return err;
}

static enum tc_err put_and_forget(struct journal *j, uint64_t seq, struct tc_slice body,
                                  struct tc_errinfo *info)
{
    TC_TRY(db_run(j->db, j->stmts[JS_BEGIN], info, "begin"));
    TC_TRY(put_row(j, seq, body, info));
    TC_TRY(db_exec(j->db,
                   "DELETE FROM snapshot WHERE seq < (SELECT min(seq) FROM"
                   " (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT 2))",
                   info));
    return db_run(j->db, j->stmts[JS_COMMIT], info, "commit a snapshot");
}

enum tc_err journal_snapshot_put(struct journal *j, uint64_t seq, struct tc_slice body,
                                 struct tc_errinfo *info)
{
    if (j->failed != TC_OK)
        return tc_fail(info, j->failed, "the journal stopped after an error");
    if (body.len > JOURNAL_SNAPSHOT_BYTES_MAX)
        return tc_fail(info, TC_E_LIMIT, "snapshot of %zu bytes", body.len);
    enum tc_err err = put_and_forget(j, seq, body, info);
    if (err == TC_OK || sqlite3_get_autocommit(j->db) != 0)
        return err;
    if (db_run(j->db, j->stmts[JS_ROLLBACK], NULL, "rollback") != TC_OK || err == TC_E_IO)
        j->failed = err; /* a failed sync: see the head of journal.h */
    return err;
}

static bool is_good(struct journal *j, sqlite3_stmt *s)
{
    uint8_t hash[RECORD_HASH_BYTES], digest[RECORD_HASH_BYTES];
    struct tc_slice chain = column_slice(s, 1);
    if (hash_of(j, (uint64_t)sqlite3_column_int64(s, 0), hash, NULL) != TC_OK)
        return false;
    return tc_slice_eq(chain, tc_slice(hash, sizeof(hash))) &&
           digest_of(chain, column_slice(s, 2), digest) &&
           tc_slice_eq(column_slice(s, 3), tc_slice(digest, sizeof(digest)));
}

enum tc_err journal_snapshot_last(struct journal *j, uint64_t *ret_seq, struct tc_buf *body,
                                  struct tc_errinfo *info)
{
    sqlite3_stmt *s = NULL;
    TC_TRY(prepare(j, "SELECT seq, chain, body, digest FROM snapshot ORDER BY seq DESC", &s, info));
    enum tc_err err = tc_fail(info, TC_E_NOT_FOUND, "no snapshot");
    int rc = SQLITE_DONE;
    while (err == TC_E_NOT_FOUND && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (!is_good(j, s))
            continue;
        *ret_seq = (uint64_t)sqlite3_column_int64(s, 0);
        tc_buf_clear(body);
        tc_buf_add_slice(body, column_slice(s, 2));
        err = body->err == TC_OK ? TC_OK
                                 : tc_fail(info, body->err, "snapshot too big for its buffer");
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = db_fail(j->db, rc, info, "read snapshots");
    (void)sqlite3_finalize(s);
    return err;
}
