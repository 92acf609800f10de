/* SPDX-License-Identifier: Apache-2.0 */
/* archive.db: the index of the recordings. It may be lost at any time and made again from the
 * files.
 *
 * SQLite, WAL, synchronous NORMAL: a power cut may lose the last rows, never the file's sense; what
 * is missing is found again by walking the newest folders. One writer (archive) and readers.
 * Strings and blobs that a visitor sees are its own copies. Not safe for use from two threads at
 * once. */
#pragma once

#include "store/archive_segment.h"

struct archive_db;

enum archive_db_mode { ARCHIVE_DB_READ, ARCHIVE_DB_WRITE };

/* Opens PATH; WRITE makes it when it is not there. TC_E_NOT_FOUND (READ: no such file),
 * TC_E_CORRUPT (no database of ours: move it away and rebuild), TC_E_UNSUPPORTED (made by a newer
 * version). */
enum tc_err archive_db_open(const char *path, enum archive_db_mode mode, struct archive_db **ret,
                            struct tc_errinfo *info) TC_MUST_USE;
void archive_db_close(struct archive_db *db);

/* One transaction for all that a tick writes. begin does nothing when one is open, commit nothing
 * when none is. A failed commit is rolled back: what was in it is lost from the index, not from the
 * disk. */
enum tc_err archive_db_begin(struct archive_db *db, struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_commit(struct archive_db *db, struct tc_errinfo *info) TC_MUST_USE;

/* Numbers for names. With ADD they are made when missing, else TC_E_NOT_FOUND. */
enum tc_err archive_db_camera(struct archive_db *db, const char *id, bool add, uint32_t *ret,
                              struct tc_errinfo *info) TC_MUST_USE;
/* IDENTITY is what stands in the volume's identity file; PATH is for people and for a stopped
 * daemon's readers. */
enum tc_err archive_db_volume(struct archive_db *db, const char *identity, const char *path,
                              bool add, uint32_t *ret, struct tc_errinfo *info) TC_MUST_USE;

enum { ARCHIVE_DB_VOLUME_PATH_BYTES = 1024, ARCHIVE_VOLUME_ID_BYTES = 40 };
struct archive_db_volume_row {
    uint32_t number;
    char identity[ARCHIVE_VOLUME_ID_BYTES];
    char path[ARCHIVE_DB_VOLUME_PATH_BYTES];
};
/* Calls VISIT for every volume; stops when it returns false. */
enum tc_err archive_db_volumes(struct archive_db *db,
                               bool (*visit)(void *ctx, const struct archive_db_volume_row *row),
                               void *ctx, struct tc_errinfo *info) TC_MUST_USE;

/* Was every file of the volume looked at once, so that only the newest can be missing from the
 * index? */
enum tc_err archive_db_volume_indexed(struct archive_db *db, uint32_t volume, bool *ret,
                                      struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_volume_set_indexed(struct archive_db *db, uint32_t volume,
                                          struct tc_errinfo *info) TC_MUST_USE;

/* A new row for S (open or whole); sets s->number. */
enum tc_err archive_db_add(struct archive_db *db, struct archive_segment *s,
                           struct tc_errinfo *info) TC_MUST_USE;
/* Writes end, bytes, fragments, open and held of row s->number anew. */
enum tc_err archive_db_update(struct archive_db *db, const struct archive_segment *s,
                              struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_drop(struct archive_db *db, int64_t number,
                            struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_set_held(struct archive_db *db, int64_t number,
                                struct tc_errinfo *info) TC_MUST_USE;

/* S is lent for the call; false ends the walk. */
typedef bool archive_db_visit_fn(void *ctx, struct archive_segment *s);

/* The camera's segments that overlap [FROM, TO), by start. */
enum tc_err archive_db_in(struct archive_db *db, uint32_t camera, int64_t from_ns, int64_t to_ns,
                          archive_db_visit_fn *visit, void *ctx,
                          struct tc_errinfo *info) TC_MUST_USE;
/* All rows left open. */
enum tc_err archive_db_left_open(struct archive_db *db, archive_db_visit_fn *visit, void *ctx,
                                 struct tc_errinfo *info) TC_MUST_USE;
/* The oldest LIMIT closed, unheld segments of a volume; or of a camera, those that ended before
 * ENDED_NS. */
enum tc_err archive_db_oldest(struct archive_db *db, uint32_t volume, uint32_t limit,
                              archive_db_visit_fn *visit, void *ctx,
                              struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_aged(struct archive_db *db, uint32_t camera, int64_t ended_ns,
                            uint32_t limit, archive_db_visit_fn *visit, void *ctx,
                            struct tc_errinfo *info) TC_MUST_USE;
/* Start of the camera's newest segment on the volume; TC_E_NOT_FOUND when there is none. */
enum tc_err archive_db_newest(struct archive_db *db, uint32_t camera, uint32_t volume,
                              int64_t *ret_start_ns, struct tc_errinfo *info) TC_MUST_USE;
/* End of the camera's last segment; TC_E_NOT_FOUND when there is none. */
enum tc_err archive_db_end(struct archive_db *db, uint32_t camera, int64_t *ret_end_ns,
                           struct tc_errinfo *info) TC_MUST_USE;
/* The row with this path on the volume. TC_E_NOT_FOUND. */
enum tc_err archive_db_by_path(struct archive_db *db, uint32_t camera, uint32_t volume,
                               int64_t start_ns, const char *path, int64_t *ret_number,
                               struct tc_errinfo *info) TC_MUST_USE;

/* Recorded spans of [FROM, TO) from the covering index alone: joined where they meet within half a
 * second. */
typedef bool archive_db_span_fn(void *ctx, int64_t from_ns, int64_t to_ns);
enum tc_err archive_db_spans(struct archive_db *db, uint32_t camera, int64_t from_ns, int64_t to_ns,
                             archive_db_span_fn *visit, void *ctx,
                             struct tc_errinfo *info) TC_MUST_USE;

struct archive_hold {
    uint64_t incident;
    uint32_t volume;
    int64_t segment;               /* row */
    char path[ARCHIVE_PATH_BYTES]; /* of the link */
};
/* Adding what is there already is fine. */
enum tc_err archive_db_hold_add(struct archive_db *db, const struct archive_hold *hold,
                                struct tc_errinfo *info) TC_MUST_USE;
enum tc_err archive_db_holds(struct archive_db *db, uint64_t incident,
                             bool (*visit)(void *ctx, const struct archive_hold *hold), void *ctx,
                             struct tc_errinfo *info) TC_MUST_USE;
