/* SPDX-License-Identifier: Apache-2.0 */
/* Clips: boxes, extents and the ring's tail in a memfd, pictures in segment files, all as
 * descriptors from archive; sent in bounded pieces, as fast as the client takes them.
 *
 * The list is archive's word: it is read once, every extent is checked against its source, the sum
 * against the announced length. A source that is shorter than said cuts the connection, so that
 * nobody takes the rest for whole. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json_out.h"
#include "media/clip.h"
#include "runtime/messages.h"
#include "web/app.h"
#include "web/problem.h"

enum {
    PIECE_BYTES = 128 * 1024,
    QUEUE_BYTES = 512 * 1024, /* what one client may hold here */
    EXTENTS_MAX = 1 << 20,
    HEADERS_BYTES_MAX = 16384,
};

struct clip_job {
    struct web_app *app;
    struct web_conn *conn;
    int fds[MSG_FDS_MAX];
    unsigned fds_count;
    struct clip_extent *extents;
    uint32_t extent_count;
    /* where sending stands */
    uint32_t extent;
    uint64_t in_extent;
    uint64_t left;
    uint8_t piece[PIECE_BYTES];
};

static void free_job(struct clip_job *j)
{
    for (unsigned i = 0; i < j->fds_count; i++)
        (void)close(j->fds[i]);
    free(j->extents);
    free(j);
}

static bool read_whole(int fd, void *out, size_t len, uint64_t at)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = pread(fd, (uint8_t *)out + got, len - got, (off_t)(at + got));
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static bool extents_are_sane(const struct clip_job *j, const struct msg_clip_answer *a)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < j->extent_count; i++) {
        const struct clip_extent *e = &j->extents[i];
        if (e->source >= j->fds_count || e->offset > INT64_MAX / 2 || e->bytes > INT64_MAX / 2 ||
            sum + e->bytes > a->total_bytes)
            return false;
        sum += e->bytes;
    }
    return sum == a->total_bytes;
}

static enum tc_err read_job(struct clip_job *j, const struct msg_clip_answer *a, struct msg *m)
{
    for (unsigned i = 0; i < m->fds_count && i < MSG_FDS_MAX; i++)
        j->fds[j->fds_count++] = msg_take_fd(m, i);
    if (j->fds_count == 0 || a->extents == 0 || a->extents > EXTENTS_MAX ||
        a->boxes_bytes > CLIP_BOXES_BYTES_MAX || a->total_bytes > INT64_MAX / 2)
        return TC_E_CORRUPT;
    j->extent_count = a->extents;
    j->extents = calloc(a->extents, sizeof *j->extents);
    if (j->extents == NULL)
        return TC_E_NOMEM;
    if (!read_whole(j->fds[0], j->extents, a->extents * sizeof *j->extents, a->boxes_bytes) ||
        !extents_are_sane(j, a))
        return TC_E_CORRUPT;
    return TC_OK;
}

/* ---- sending ---- */

static void seek_to(struct clip_job *j, uint64_t position)
{
    while (j->extent < j->extent_count && position >= j->extents[j->extent].bytes)
        position -= j->extents[j->extent++].bytes;
    j->in_extent = position;
}

/* One piece; false when its source lacks the bytes. */
static bool send_piece(struct clip_job *j)
{
    const struct clip_extent *e = &j->extents[j->extent];
    uint64_t len = e->bytes - j->in_extent;
    if (len > PIECE_BYTES)
        len = PIECE_BYTES;
    if (len > j->left)
        len = j->left;
    if (!read_whole(j->fds[e->source], j->piece, (size_t)len, e->offset + j->in_extent))
        return false;
    web_reply_data(j->conn, j->piece, (size_t)len);
    j->app->clip_bytes += len;
    j->left -= len;
    j->in_extent += len;
    if (j->in_extent == e->bytes) {
        j->extent++;
        j->in_extent = 0;
    }
    return true;
}

static void on_drain(void *ctx)
{
    struct clip_job *j = ctx;
    while (j->left > 0 && web_conn_is_open(j->conn) && web_conn_queued(j->conn) < QUEUE_BYTES) {
        if (!send_piece(j)) {
            web_conn_close(j->conn, false); /* on_gone frees */
            return;
        }
    }
    if (j->left > 0 || !web_conn_is_open(j->conn))
        return;
    web_reply_end(j->conn);
    free_job(j);
}

static void on_gone(void *ctx)
{
    free_job(ctx);
}

static const struct web_holder holder = {
    .on_gone = on_gone, .on_drain = on_drain, .low = QUEUE_BYTES / 2};

/* ---- the answer's head ---- */

static void kv_wall(struct tc_json *j, const char *key, int64_t ns)
{
    tc_json_kv_wall(j, key, (struct tc_wall){.ns = ns});
}

/* What was asked for and what there is, for the one who looks at the clip. */
static void add_clip_header(struct tc_buf *out, const struct msg_clip_answer *a,
                            struct tc_slice gaps)
{
    tc_buf_add_str(out, "X-Tocsin-Clip: ");
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    kv_wall(&j, "asked_from", a->asked_from_ns);
    kv_wall(&j, "asked_to", a->asked_to_ns);
    kv_wall(&j, "from", a->got_from_ns);
    kv_wall(&j, "to", a->got_to_ns);
    tc_json_kv_i64(&j, "pre_asked_ns", a->pre_asked_ns);
    tc_json_kv_i64(&j, "pre_got_ns", a->pre_got_ns);
    tc_json_kv_bool(&j, "closed", a->closed != 0);
    tc_json_key(&j, "gaps");
    bool line = gaps.len > 0 && tc_slice_find_byte(gaps, '\n') == gaps.len &&
                tc_slice_find_byte(gaps, '\r') == gaps.len;
    tc_json_raw(&j, line ? gaps : tc_slice_str("[]"));
    tc_json_obj_end(&j);
    tc_buf_add_str(out, "\r\n");
}

static void print_etag(const struct msg_clip_answer *a, char out[40])
{
    char *at = out;
    *at++ = '"';
    for (size_t i = 0; i < sizeof a->etag; i++)
        at += snprintf(at, 3, "%02x", a->etag[i]);
    *at++ = '"';
    *at = 0;
}

/* Which part of the clip this request wants. */
static enum http_range wanted(const struct http_head *h, const struct msg_clip_answer *a,
                              const char *etag, uint64_t *first, uint64_t *last)
{
    *first = 0;
    *last = a->total_bytes - 1;
    struct tc_slice if_range = http_header(h, "if-range");
    if (a->closed == 0) /* bytes that still change have no parts */
        return HTTP_RANGE_WHOLE;
    if (if_range.ptr != NULL && !http_etag_matches(if_range, tc_slice_str(etag)))
        return HTTP_RANGE_WHOLE;
    return http_range(http_header(h, "range"), a->total_bytes, first, last);
}

static void start(struct clip_job *j, const struct msg_clip_answer *a, struct tc_slice gaps)
{
    char etag[40];
    uint64_t first, last;
    const struct http_head *h = web_conn_head(j->conn);
    print_etag(a, etag);
    enum http_range range = wanted(h, a, etag, &first, &last);
    TC_CLEANUP(tc_buf_done) struct tc_buf headers;
    tc_buf_init(&headers, HEADERS_BYTES_MAX);
    add_clip_header(&headers, a, gaps);
    if (a->closed != 0)
        tc_buf_add_fmt(&headers, "ETag: %s\r\nAccept-Ranges: bytes\r\n", etag);
    if (range == HTTP_RANGE_BEYOND)
        tc_buf_add_fmt(&headers, "Content-Range: bytes */%" PRIu64 "\r\n", a->total_bytes);
    if (range == HTTP_RANGE_PART)
        tc_buf_add_fmt(&headers, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                       first, last, a->total_bytes);
    bool same =
        a->closed != 0 && http_etag_matches(http_header(h, "if-none-match"), tc_slice_str(etag));
    const struct web_reply r = {.status = same                         ? 304
                                          : range == HTTP_RANGE_BEYOND ? 416
                                          : range == HTTP_RANGE_PART   ? 206
                                                                       : 200,
                                .type = "video/mp4",
                                .cache = a->closed != 0 ? "private, max-age=3600" : "no-store",
                                .headers = tc_buf_cstr(&headers)};
    if (same || range == HTTP_RANGE_BEYOND) {
        web_reply(j->conn, &r, tc_slice(NULL, 0));
        free_job(j);
        return;
    }
    j->left = web_conn_is_head_request(j->conn) ? 0 : last - first + 1;
    seek_to(j, first);
    web_conn_release(j->conn);
    web_conn_hold(j->conn, &holder, j);
    web_reply_start(j->conn, &r, (int64_t)(last - first + 1));
    on_drain(j);
}

static unsigned status_of(enum tc_err err)
{
    switch (err) {
    case TC_E_NOT_FOUND:
        return 404;
    case TC_E_RANGE:
    case TC_E_LIMIT:
        return 400;
    case TC_E_BUSY:
        return 503;
    default:
        return 500;
    }
}

void web_serve_clip(struct web_app *app, struct web_conn *c, const struct web_answer *answer)
{
    const struct msg_clip_answer *a = answer->clip;
    if (a->err != TC_OK) {
        web_problem(c, status_of((enum tc_err)a->err), NULL, a->text);
        return;
    }
    struct clip_job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        web_problem(c, 503, NULL, "no memory for one more clip");
        return;
    }
    j->app = app;
    j->conn = c;
    enum tc_err err = read_job(j, a, answer->msg);
    if (err != TC_OK || a->total_bytes == 0) {
        web_problem(c, 502, NULL, "archive's list of the clip does not agree with itself");
        free_job(j);
        return;
    }
    app->clips++;
    start(j, a, answer->body);
}
