/* SPDX-License-Identifier: Apache-2.0 */
/* What every SQLite file of ours has in common: how it is opened, how statements are prepared from
 * a table, and how SQLite's codes become our errors. No SQL is put together from text anywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sqlite3;
struct sqlite3_stmt;

enum db_mode {
    DB_READ,  /* opens files O_RDONLY only, also the WAL's index; works beside a writer and without
               */
    DB_WRITE, /* creates the file when it is missing; WAL, synchronous FULL, the WAL file is kept */
};

/* Makes SQLite and OpenSSL read now what they would open files for later (randomness,
 * configuration). A process calls it before its sandbox closes. */
void db_before_sandbox(void);

/* VFS: a SQLite VFS by name, NULL for the system's (tests inject faults through it).
 * TC_E_NOT_FOUND, TC_E_DENIED, TC_E_CORRUPT (no database), TC_E_IO, TC_E_NOMEM. */
enum tc_err db_open(const char *path, enum db_mode mode, const char *vfs, struct sqlite3 **ret,
                    struct tc_errinfo *info) TC_MUST_USE;
/* Opened with DB_READ as a file that nobody writes: it will never see what a writer adds later. Who
 * reads on for long closes it after use and opens it again. */
bool db_is_fixed(struct sqlite3 *db);
/* NULL is fine. Every statement must be finalised. */
void db_close(struct sqlite3 *db);

/* The error that SQLite's RC means, with WHAT and SQLite's and the system's words in INFO. */
enum tc_err db_fail(struct sqlite3 *db, int rc, struct tc_errinfo *info, const char *what);
/* Statements without parameters and rows, several in one text. */
enum tc_err db_exec(struct sqlite3 *db, const char *sql, struct tc_errinfo *info) TC_MUST_USE;
/* Prepares N statements for long use; none is left when it fails. */
enum tc_err db_prepare_all(struct sqlite3 *db, const char *const *sql, size_t n,
                           struct sqlite3_stmt **stmts, struct tc_errinfo *info) TC_MUST_USE;
void db_finalize_all(struct sqlite3_stmt **stmts, size_t n);
/* One step that must end the statement; resets it. */
enum tc_err db_run(struct sqlite3 *db, struct sqlite3_stmt *stmt, struct tc_errinfo *info,
                   const char *what) TC_MUST_USE;
