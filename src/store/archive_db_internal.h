/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the index alone. */
#pragma once

#include <sqlite3.h>

#include "store/archive_db.h"

#define SEGMENT_COLUMNS                                                                            \
    "number, camera, volume, start_ns, end_ns, bytes, open, held, path, params, fragments"

/* name, SQL; prepared at first use and kept */
#define STATEMENT_LIST(X)                                                                          \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(CAMERA_FIND, "SELECT number FROM camera WHERE id = ?1")                                      \
    X(CAMERA_ADD, "INSERT INTO camera(id) VALUES(?1)")                                             \
    X(VOLUME_FIND, "SELECT number FROM volume WHERE identity = ?1")                                \
    X(VOLUME_ADD, "INSERT INTO volume(identity, path) VALUES(?1, ?2)")                             \
    X(VOLUME_MOVED, "UPDATE volume SET path = ?2 WHERE identity = ?1 AND path <> ?2")              \
    X(VOLUME_INDEXED, "SELECT indexed FROM volume WHERE number = ?1")                              \
    X(VOLUME_SET_INDEXED, "UPDATE volume SET indexed = 1 WHERE number = ?1")                       \
    X(VOLUMES, "SELECT number, identity, path FROM volume ORDER BY number")                        \
    X(ADD,                                                                                         \
      "INSERT INTO segment(camera, volume, start_ns, end_ns, bytes, open, held, path, params, "    \
      "fragments) VALUES(?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                               \
    X(UPDATE, "UPDATE segment SET end_ns = ?5, bytes = ?6, open = ?7, held = ?8, params = ?10, "   \
              "fragments = ?11 WHERE number = ?1")                                                 \
    X(DROP, "DELETE FROM segment WHERE number = ?1")                                               \
    X(SET_HELD, "UPDATE segment SET held = 1 WHERE number = ?1")                                   \
    X(IN, "SELECT " SEGMENT_COLUMNS " FROM segment WHERE camera = ?1 AND start_ns > ?4 "           \
          "AND start_ns < ?3 AND (end_ns > ?2 OR open) ORDER BY start_ns")                         \
    X(LEFT_OPEN, "SELECT " SEGMENT_COLUMNS " FROM segment WHERE open = 1 ORDER BY start_ns")       \
    X(OLDEST, "SELECT " SEGMENT_COLUMNS " FROM segment WHERE volume = ?1 AND open = 0 "            \
              "AND held = 0 ORDER BY start_ns LIMIT ?2")                                           \
    X(AGED, "SELECT " SEGMENT_COLUMNS " FROM segment WHERE camera = ?1 AND start_ns < ?2 "         \
            "AND end_ns < ?2 AND open = 0 AND held = 0 ORDER BY start_ns LIMIT ?3")                \
    X(NEWEST, "SELECT start_ns FROM segment WHERE camera = ?1 AND volume = ?2 "                    \
              "ORDER BY start_ns DESC LIMIT 1")                                                    \
    X(END, "SELECT end_ns FROM segment WHERE camera = ?1 ORDER BY start_ns DESC LIMIT 1")          \
    X(BY_PATH, "SELECT number FROM segment WHERE camera = ?1 AND start_ns BETWEEN ?3 - 1000000 "   \
               "AND ?3 + 1000000 AND volume = ?2 AND path = ?4")                                   \
    X(SPANS, "SELECT start_ns, end_ns FROM segment WHERE camera = ?1 AND start_ns > ?4 "           \
             "AND start_ns < ?3 AND end_ns > ?2 ORDER BY start_ns")                                \
    X(HOLD_ADD,                                                                                    \
      "INSERT OR IGNORE INTO hold(incident, volume, segment, path) VALUES(?1, ?2, ?3, ?4)")        \
    X(HOLDS, "SELECT incident, volume, segment, path FROM hold WHERE incident = ?1")

enum statement {
#define X(name, sql) ST_##name,
    STATEMENT_LIST(X)
#undef X
        ST_COUNT
};

struct archive_db {
    sqlite3 *sqlite;
    sqlite3_stmt *statements[ST_COUNT];
    bool in_transaction;
    struct tc_buf scratch; /* for the columns that are encoded */
};

/* The statement, reset and without values. TC_E_* as archive_db_failed. */
enum tc_err statement_take(struct archive_db *db, enum statement which, sqlite3_stmt **ret,
                           struct tc_errinfo *info) TC_MUST_USE;
/* Runs it to its end; it returns no rows. Resets it. */
enum tc_err statement_run(struct archive_db *db, sqlite3_stmt *st,
                          struct tc_errinfo *info) TC_MUST_USE;
/* One step: *ROW says whether there is a row. Resets the statement when there is none or it failed.
 */
enum tc_err statement_step(struct archive_db *db, sqlite3_stmt *st, bool *row,
                           struct tc_errinfo *info) TC_MUST_USE;
/* What the database's own error is in our words. */
enum tc_err archive_db_failed(struct archive_db *db, const char *what, struct tc_errinfo *info);
