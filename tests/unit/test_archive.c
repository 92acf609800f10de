/* SPDX-License-Identifier: Apache-2.0 */
/* The archive's engine on a folder of its own, with rings that the test fills and a clock that the
 * test turns. Streams are written as letters: I a key frame, P another, '.' a frame that was lost;
 * 100 ms each. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "annexb.h"
#include "archive/cut.h"
#include "archive/engine.h"
#include "base/check.h"
#include "model/event_type.h"
#include "store/archive_export.h"
#include "store/archive_file.h"

#define T0    INT64_C(1795348800000000000) /* 2026-11-22T12:00:00Z */
#define S     TC_NS_PER_S
#define MS    TC_NS_PER_MS
#define FRAME (100 * MS)

enum { CAMERAS = 2, LOG_BYTES = 4096 };

static struct annexb stream;

struct world {
    char dir[64], volume[80], db[80];
    int volume_dir;
    struct engine *engine;
    struct ring_fds rings[CAMERAS];
    struct ring_writer writers[CAMERAS];
    uint64_t frames[CAMERAS]; /* letters so far */
    size_t since_key[CAMERAS];
    int64_t now_ns; /* since T0 */
    bool alarm_mode;
    uint64_t keep_free;
    int64_t keep_ns;
    bool not_default;
    char faults[LOG_BYTES];
    char reports[LOG_BYTES];
    struct msg_record_state last_report;
};

static int sync_error;

static int test_sync(int fd)
{
    if (sync_error != 0) {
        errno = sync_error;
        return -1;
    }
    return fdatasync(fd);
}

static void note_fault(void *ctx, unsigned type, unsigned active, const char *item,
                       const char *text)
{
    struct world *w = ctx;
    size_t len = strlen(w->faults);
    (void)snprintf(w->faults + len, sizeof w->faults - len, "%s %u %s: %s\n",
                   ev_type_name((enum ev_type)type), active, item, text);
}

static void note_report(void *ctx, const struct msg_record_state *state, struct tc_slice gaps)
{
    static const char *const names[] = {"?", "started", "growing", "done", "failed"};
    struct world *w = ctx;
    size_t len = strlen(w->reports);
    w->last_report = *state;
    (void)snprintf(w->reports + len, sizeof w->reports - len, "%s%s%s%s%.*s", len == 0 ? "" : "|",
                   names[state->phase], state->text[0] == 0 ? "" : " ", state->text, TC_FMT(gaps));
}

static void start(struct world *w)
{
    static const char *const ids[CAMERAS] = {"gate", "yard"};
    struct engine_camera cameras[CAMERAS];
    for (size_t i = 0; i < CAMERAS; i++) {
        cameras[i] = (struct engine_camera){.always = !w->alarm_mode, .keep_ns = w->keep_ns};
        (void)snprintf(cameras[i].id, sizeof cameras[i].id, "%s", ids[i]);
    }
    w->volume_dir = open(w->volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct volume_options volume = {
        .dir = w->volume_dir, .keep_free_bytes = w->keep_free, .is_default = !w->not_default};
    (void)snprintf(volume.path, sizeof volume.path, "%s", w->volume);
    struct engine_options options = {.db_path = w->db,
                                     .cameras = cameras,
                                     .camera_count = CAMERAS,
                                     .volumes = &volume,
                                     .volume_count = 1,
                                     .sync_fn = test_sync,
                                     .fault = note_fault,
                                     .report = note_report,
                                     .ctx = w};
    struct tc_errinfo info = {0};
    assert_ok(engine_new(&options, &w->engine, &info), &info);
    for (uint32_t i = 0; i < CAMERAS; i++)
        assert_ok(engine_ring(w->engine, i, w->rings[i].reader, &info), &info);
}

static void stop(struct world *w)
{
    engine_free(w->engine);
    w->engine = NULL;
    if (w->volume_dir >= 0)
        (void)close(w->volume_dir);
}

static void make_rings(struct world *w, uint64_t data_bytes)
{
    struct tc_errinfo info = {0};
    struct ring_size size = {.data_bytes = data_bytes, .slot_count = 1024};
    struct ring_params params = {.codec = RING_CODEC_H264, .width = 64, .height = 48};
    params.sps_bytes = (uint16_t)stream.params.sps.len;
    params.pps_bytes = (uint16_t)stream.params.pps.len;
    memcpy(params.sps, stream.params.sps.ptr, stream.params.sps.len);
    memcpy(params.pps, stream.params.pps.ptr, stream.params.pps.len);
    for (size_t i = 0; i < CAMERAS; i++) {
        assert_ok(ring_create("test", size, &w->rings[i], &info), &info);
        assert_ok(ring_writer_open(&w->writers[i], w->rings[i].writer, &info), &info);
        (void)ring_set_params(&w->writers[i], &params);
        ring_set_state(&w->writers[i], RING_CAMERA_UP);
    }
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/tocsin-archive-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    (void)snprintf(w->volume, sizeof w->volume, "%s/archive", w->dir);
    (void)snprintf(w->db, sizeof w->db, "%s/archive.db", w->dir);
    assert_int_equal(mkdir(w->volume, 0755), 0);
    w->keep_ns = 30 * 86400 * S;
    make_rings(w, 1 << 20);
    sync_error = 0;
    return w;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void world_free(struct world *w)
{
    if (w->engine != NULL)
        stop(w);
    for (size_t i = 0; i < CAMERAS; i++) {
        ring_writer_close(&w->writers[i]);
        (void)close(w->rings[i].writer);
        (void)close(w->rings[i].reader);
    }
    (void)nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(w);
}

/* One frame of the real stream: letter I takes a key frame of it. */
static void put_frame(struct world *w, unsigned camera, char letter)
{
    uint64_t n = w->frames[camera];
    size_t pick = letter == 'I' ? 0 : w->since_key[camera] + 1;
    w->since_key[camera] = pick;
    if (pick >= stream.count)
        pick = 1;
    struct ring_writer *ring = &w->writers[camera];
    ring_begin_frame(ring);
    assert_int_equal(ring_frame_add(ring, stream.data.data + stream.frames[pick].offset,
                                    stream.frames[pick].size),
                     TC_OK);
    struct ring_frame f = {.flags = letter == 'I' ? RING_KEY : 0};
    f.wall.ns = f.arrival.ns = T0 + (int64_t)n * FRAME;
    f.arrival_mono.ns = 1000 * S + (int64_t)n * FRAME;
    assert_int_not_equal(ring_commit_frame(ring, &f), 0);
}

static void tick(struct world *w)
{
    engine_tick(w->engine, (struct tc_wall){T0 + w->now_ns},
                (struct tc_mono){1000 * S + w->now_ns});
}

/* Feeds LETTERS to the camera, a tick after every third. */
static void feed(struct world *w, unsigned camera, const char *letters)
{
    for (size_t i = 0; letters[i] != 0; i++) {
        if (letters[i] != '.')
            put_frame(w, camera, letters[i]);
        w->frames[camera]++;
        if ((int64_t)w->frames[camera] * FRAME > w->now_ns)
            w->now_ns = (int64_t)w->frames[camera] * FRAME;
        if (i % 3 == 2)
            tick(w);
    }
    tick(w);
}

/* SECONDS of GOPs of one second. The test's clock runs faster than the sync thread: it may catch
 * up. */
static void feed_seconds(struct world *w, unsigned camera, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        feed(w, camera, "IPPPPPPPPP");
        if (i % 50 == 49)
            engine_settle(w->engine);
    }
}

static void settle(struct world *w)
{
    engine_settle(w->engine);
    tick(w);
    engine_settle(w->engine);
}

/* What the index says of a camera: "start+length/fragments[o]" in seconds and a mark for open ones.
 */
struct listing {
    char text[1024];
};

static bool list_one(void *ctx, struct archive_segment *s)
{
    struct listing *l = ctx;
    size_t len = strlen(l->text);
    (void)snprintf(l->text + len, sizeof l->text - len, "%s%.1f+%.1f/%zu%s%s", len == 0 ? "" : " ",
                   (double)(s->start_ns - T0) / 1e9, (double)(s->end_ns - s->start_ns) / 1e9,
                   s->count, s->open ? "o" : "", s->held ? "h" : "");
    return true;
}

static const char *index_of(struct world *w, unsigned camera)
{
    static struct listing l;
    struct tc_errinfo info = {0};
    l.text[0] = 0;
    assert_ok(archive_db_in(w->engine->db, w->engine->recorders[camera].number, T0 - S,
                            T0 + 1000000 * S, list_one, &l, &info),
              &info);
    return l.text;
}

/* The clip [FROM, TO) ms in words: "from+length fragments samples gaps", or the error's name. */
static const char *clip_of(struct world *w, unsigned camera, int64_t from_ms, int64_t to_ms)
{
    static char text[256];
    struct archive_gather g;
    struct clip c = {0};
    struct tc_errinfo info = {0};
    struct tc_wall from = {T0 + from_ms * MS}, to = {T0 + to_ms * MS};
    enum tc_err err = cut_gather(w->engine, camera, from, to, true, &g, &info);
    if (err == TC_OK)
        err = archive_gather_build(&g, &c, &info);
    if (err != TC_OK)
        (void)snprintf(text, sizeof text, "%s", tc_err_name(err));
    else
        (void)snprintf(text, sizeof text, "%.1f+%.1f %u frames %zu gaps",
                       (double)(c.got_from.ns - T0) / 1e9,
                       (double)(c.got_to.ns - c.got_from.ns) / 1e9, c.samples, c.gap_count);
    clip_done(&c);
    archive_gather_done(&g);
    return text;
}

static void segment_path(struct world *w, unsigned second, char *out, size_t size)
{
    char path[ARCHIVE_PATH_BYTES];
    (void)archive_path("gate", (struct tc_wall){T0 + (int64_t)second * S}, 0, path);
    (void)snprintf(out, size, "%s/%s", w->volume, path);
}

/* Decodes FILE with a program that is not ours and returns the number of pictures, -1 without that
 * program. */
static int decode(const char *file)
{
    char command[512], out[64] = "";
    if (access("/usr/bin/ffmpeg", X_OK) != 0)
        return -1;
    (void)snprintf(command, sizeof command,
                   "ffmpeg -v error -xerror -i %s -f framecrc - | grep -vc '^#'", file);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    assert_true(fread(out, 1, sizeof out - 1, p) > 0);
    assert_int_equal(pclose(p), 0);
    return atoi(out);
}

/* ---- recording ---- */

static void test_archive__full__one_fragment_per_gop(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed(w, 0, "IPPPIPPPIPPP");
    assert_string_equal(index_of(w, 0), "0.0+0.0/0o");
    assert_int_equal(w->engine->recorders[0].fragments, 2);
    assert_int_equal(w->engine->recorders[0].frames, 8);
    stop(w);
    start(w);
    assert_string_equal(index_of(w, 0), "0.0+1.2/3");
    char path[256];
    segment_path(w, 0, path, sizeof path);
    int pictures = decode(path);
    assert_true(pictures == 12 || pictures == -1);
    assert_string_equal(w->faults, "");
    world_free(w);
}

static void test_archive__minutes__files_of_a_minute(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 125);
    settle(w);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60 60.0+60.0/60 120.0+0.0/0o");
    assert_string_equal(clip_of(w, 0, 0, 125000), "0.0+125.0 1250 frames 0 gaps");
    assert_string_equal(clip_of(w, 1, 0, 125000), "NOT_FOUND");
    stop(w);
    world_free(w);
}

static void test_archive__long_gop__fragment_every_second(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed(w, 0,
         "IPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP"); /* 5.9 s, no second key */
    assert_int_equal(w->engine->recorders[0].fragments, 4);              /* at 2, 3, 4, 5 s */
    feed(w, 0, "PIPPPPPPPPI");
    assert_int_equal(w->engine->recorders[0].fragments, 6);
    assert_string_equal(clip_of(w, 0, 3500, 7000), "0.0+7.0 70 frames 0 gaps");
    stop(w);
    world_free(w);
}

static void test_archive__hole__new_file_at_a_key(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed(w, 0, "IPPP............................................................PPIPPPIP");
    settle(w);
    stop(w);
    start(w);
    assert_string_equal(index_of(w, 0), "0.0+0.4/1 6.6+0.6/2");
    assert_string_equal(clip_of(w, 0, 0, 10000), "0.0+7.2 10 frames 1 gaps");
    world_free(w);
}

static void test_archive__new_parameters__new_file(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct ring_params params;
    start(w);
    feed(w, 0, "IPPPIPPP");
    assert_int_equal(ring_read_params(&w->engine->recorders[0].ring, 0, &params), TC_OK);
    params.pps[params.pps_bytes++] =
        0x80; /* another picture parameter set, in the eyes of the archive */
    (void)ring_set_params(&w->writers[0], &params);
    feed(w, 0, "IPPPIPPP");
    stop(w);
    start(w);
    assert_string_equal(index_of(w, 0), "0.0+0.8/2 0.8+0.8/2");
    assert_string_equal(clip_of(w, 0, 0, 10000), "0.0+1.6 16 frames 0 gaps");
    world_free(w);
}

static void test_archive__overtaken__counted_and_resumed(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed(w, 0, "IPPP");
    for (int i = 0; i < 1500; i++) { /* more than the ring's slots, without a tick */
        put_frame(w, 0, i % 4 == 0 ? 'I' : 'P');
        w->frames[0]++;
    }
    w->now_ns = (int64_t)w->frames[0] * FRAME;
    tick(w);
    assert_true(w->engine->recorders[0].lost_frames > 400);
    feed(w, 0, "IPPPI");
    assert_string_equal(clip_of(w, 0, 150300, 160000), "150.0+0.9 9 frames 0 gaps");
    world_free(w);
}

static void test_archive__same_ring_after_restart__nothing_twice(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 5);
    stop(w);
    start(w);
    feed_seconds(w, 0, 5);
    stop(w);
    start(w);
    assert_string_equal(index_of(w, 0), "0.0+5.0/5 5.0+5.0/5");
    world_free(w);
}

/* ---- alarms ---- */

static void order(struct world *w, uint64_t action, unsigned camera, int64_t from_ms,
                  int64_t until_ms)
{
    struct msg_record ask = {.what = MSG_RECORD_START,
                             .camera = camera,
                             .action = action,
                             .incident = action + 100,
                             .from_ns = T0 + from_ms * MS,
                             .hold = 1,
                             .until_ns = until_ms == 0 ? 0 : T0 + until_ms * MS};
    engine_record(w->engine, &ask);
}

static void test_archive__alarm_mode__only_what_was_ordered(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->alarm_mode = true;
    start(w);
    feed_seconds(w, 0, 20);
    assert_string_equal(index_of(w, 0), "");
    order(w, 1, 0, 15500, 0);
    feed_seconds(w, 0, 10);
    settle(w);
    assert_string_equal(index_of(w, 0), "15.0+0.0/0oh");
    assert_non_null(strstr(w->reports, "started"));
    assert_null(strstr(w->reports, "done"));
    struct msg_record until = {.what = MSG_RECORD_UNTIL,
                               .camera = 0,
                               .action = 1,
                               .incident = 101,
                               .hold = 1,
                               .from_ns = T0 + 15500 * MS,
                               .until_ns = T0 + 32350 * MS};
    engine_record(w->engine, &until);
    feed_seconds(w, 0, 5);
    settle(w);
    settle(w);
    assert_int_equal(w->last_report.phase, MSG_RECORD_DONE);
    assert_string_equal(w->last_report.text, "asked 16.9 s, got 17.4 s");
    assert_int_equal(w->last_report.got_from_ns, T0 + 15 * S);
    assert_string_equal(index_of(w, 0), "15.0+17.4/18h");
    feed_seconds(w, 0, 5);
    settle(w);
    assert_string_equal(index_of(w, 0), "15.0+17.4/18h"); /* nothing more */
    char path[256];
    (void)snprintf(path, sizeof path, "%s/holds/101/gate-20261122T120015.000Z.mp4", w->volume);
    int pictures = decode(path);
    assert_true(pictures == 174 || pictures == -1);
    world_free(w);
}

static void test_archive__alarm_in_full__held_and_in_seconds(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    for (int i = 0; i < 10; i++)
        feed(w, 0, "IPPPPPPPPPPPPPPPPPPP"); /* GOPs of two seconds */
    uint64_t before = w->engine->recorders[0].fragments;
    order(w, 7, 0, 12000, 23000);
    for (int i = 0; i < 3; i++)
        feed(w, 0, "IPPPPPPPPPPPPPPPPPPP");
    settle(w);
    settle(w);
    /* three seconds of the order, the rest of its GOP, a whole GOP; more while its end waits for
     * the sync */
    assert_true(w->engine->recorders[0].fragments - before >= 5);
    assert_int_equal(w->last_report.phase, MSG_RECORD_DONE);
    assert_string_equal(w->last_report.text, "asked 11.0 s, got 11.0 s");
    struct stat st;
    char path[256];
    segment_path(w, 0, path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_nlink, 2);
    world_free(w);
}

static void test_archive__alarm_without_picture__failed(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    ring_set_state(&w->writers[1], RING_CAMERA_LOST);
    order(w, 9, 1, 0, 2000);
    feed_seconds(w, 0, 10);
    settle(w);
    assert_int_equal(w->last_report.phase, MSG_RECORD_FAILED);
    assert_string_equal(w->last_report.text, "the camera delivered no picture");
    order(w, 10, 99, 0, 2000);
    assert_int_equal(w->last_report.phase, MSG_RECORD_FAILED);
    world_free(w);
}

static void test_archive__camera_lost_in_alarm__done_with_what_there_is(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 5);
    order(w, 3, 0, 2000, 20000);
    feed(w, 0, "IPPPP");
    feed_seconds(w, 1, 30); /* the other one goes on */
    settle(w);
    settle(w);
    assert_int_equal(w->last_report.phase, MSG_RECORD_DONE);
    assert_string_equal(w->last_report.text, "asked 18.0 s, got 3.5 s");
    world_free(w);
}

/* ---- clips ---- */

static void test_archive__clip_answer__plays_with_the_rings_tail(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 70);
    feed(w, 0, "IPPPP"); /* still in the ring alone */
    struct msg_clip ask = {.request = 5,
                           .camera = 0,
                           .from_ns = T0 + 50500 * MS,
                           .to_ns = T0 + 90000 * MS,
                           .pre_asked_ns = 10 * S,
                           .event_ns = T0 + 60500 * MS};
    struct msg_clip_answer a;
    int fds[MSG_FDS_MAX];
    unsigned count;
    struct tc_buf gaps;
    tc_buf_init(&gaps, 8192);
    cut_answer(w->engine, &ask, &a, fds, &count, &gaps);
    assert_int_equal(a.err, TC_OK);
    assert_int_equal(count, 3);
    assert_int_equal(a.got_from_ns, T0 + 50 * S);
    assert_int_equal(a.got_to_ns, T0 + 70500 * MS);
    assert_int_equal(a.pre_got_ns, 10500 * MS);
    assert_slice_is(tc_buf_view(&gaps), "[]");
    char path[128];
    (void)snprintf(path, sizeof path, "%s/clip.mp4", w->dir);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    uint64_t total = 0;
    for (uint32_t i = 0; i < a.extents; i++) {
        struct clip_extent e;
        assert_int_equal(pread(fds[0], &e, sizeof e, (off_t)(a.boxes_bytes + i * sizeof e)),
                         sizeof e);
        assert_true(e.source < count);
        uint8_t *bytes = malloc(e.bytes);
        assert_int_equal(pread(fds[e.source], bytes, e.bytes, (off_t)e.offset), e.bytes);
        assert_int_equal(fwrite(bytes, 1, e.bytes, out), e.bytes);
        free(bytes);
        total += e.bytes;
    }
    assert_int_equal(fclose(out), 0);
    assert_int_equal(total, a.total_bytes);
    int pictures = decode(path);
    assert_true(pictures == 205 || pictures == -1);
    for (unsigned i = 0; i < count; i++)
        (void)close(fds[i]);
    tc_buf_done(&gaps);
    ask.camera = 1;
    tc_buf_init(&gaps, 8192);
    cut_answer(w->engine, &ask, &a, fds, &count, &gaps);
    assert_int_equal(a.err, TC_E_NOT_FOUND);
    assert_int_equal(count, 0);
    tc_buf_done(&gaps);
    world_free(w);
}

static void test_archive__spans__as_recorded(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 61);
    feed(w, 0, "............................................................"); /* 6 s */
    feed_seconds(w, 0, 3);
    feed(w, 0, "I");
    settle(w);
    struct tc_buf json;
    struct tc_errinfo info = {0};
    tc_buf_init(&json, 65536);
    assert_ok(cut_spans(w->engine, 0, (struct tc_wall){T0 + 10 * S}, (struct tc_wall){T0 + 600 * S},
                        &json, &info),
              &info);
    assert_slice_is(
        tc_buf_view(&json),
        "{\"camera\":\"gate\",\"spans\":["
        "{\"from\":\"2026-11-22T12:00:10.000000Z\",\"to\":\"2026-11-22T12:01:01.000000Z\"},"
        "{\"from\":\"2026-11-22T12:01:07.000000Z\",\"to\":\"2026-11-22T12:01:10.000000Z\"}]}");
    tc_buf_done(&json);
    world_free(w);
}

static void test_archive__export__without_a_daemon(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 70);
    stop(w);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/clip.mp4", w->dir);
    int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    struct clip c;
    struct tc_errinfo info = {0};
    struct tc_wall from = {T0 + 55500 * MS}, to = {T0 + 65000 * MS};
    assert_ok(archive_export(w->dir, "gate", from, to, out, &c, &info), &info);
    assert_int_equal(close(out), 0);
    assert_int_equal(c.samples, 100);
    clip_done(&c);
    int pictures = decode(path);
    assert_true(pictures == 100 || pictures == -1);
    assert_int_equal(archive_export(w->dir, "nobody", from, to, -1, &c, &info), TC_E_NOT_FOUND);
    assert_non_null(strstr(info.text, "nobody"));
    w->volume_dir = -1;
    world_free(w);
}

/* ---- faults ---- */

/* What a killed process leaves: the files as they are, the index as it is. */
static void crash(struct world *w)
{
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "cp -a %s %s.x && cp -a %s %s.x && (cp -a %s-wal %s.x-wal; true)", w->volume,
                   w->volume, w->db, w->db, w->db, w->db);
    assert_int_equal(system(command), 0);
    stop(w);
    (void)snprintf(
        command, sizeof command,
        "rm -rf %s %s %s-wal %s-shm && mv %s.x %s && mv %s.x %s && (mv %s.x-wal %s-wal; true)",
        w->volume, w->db, w->db, w->db, w->volume, w->volume, w->db, w->db, w->db, w->db);
    assert_int_equal(system(command), 0);
}

static void test_archive__crash__open_file_cut_and_closed(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 65);
    crash(w);
    char path[256];
    segment_path(w, 60, path, sizeof path);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "half a fragment", 15), 15);
    assert_int_equal(close(fd), 0);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    start(w);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size - after.st_size, 15);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60 60.0+4.0/4");
    assert_string_equal(w->faults, "");
    world_free(w);
}

static void run_recovery(struct world *w)
{
    for (int i = 0; i < 500 && w->engine->recover != NULL; i++)
        tick(w);
    assert_null(w->engine->recover);
}

static void test_archive__index_lost__made_again_from_the_files(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 130);
    order(w, 1, 0, 61000, 62000);
    stop(w);
    char path[256];
    (void)snprintf(path, sizeof path, "%s-wal", w->db);
    (void)unlink(path);
    assert_int_equal(unlink(w->db), 0);
    segment_path(w, 0, path, sizeof path);
    (void)strcpy(strrchr(path, '/') + 1, "somebody.mp4");
    FILE *foreign = fopen(path, "w");
    assert_non_null(foreign);
    assert_int_equal(fclose(foreign), 0);
    start(w);
    run_recovery(w);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60 60.0+60.0/60h 120.0+10.0/10");
    assert_int_equal(access(path, F_OK), 0); /* what is not ours stays */
    /* a row alone is lost: the newest folders are compared at every start */
    struct tc_errinfo info = {0};
    assert_ok(archive_db_drop(w->engine->db, 1, &info), &info);
    stop(w);
    start(w);
    run_recovery(w);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60 60.0+60.0/60h 120.0+10.0/10");
    world_free(w);
}

static void test_archive__index_damaged__put_aside(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 10);
    stop(w);
    char wal[128];
    (void)snprintf(wal, sizeof wal, "%s-wal", w->db);
    (void)unlink(wal);
    FILE *f = fopen(w->db, "wb");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        (void)fputs("not a database at all ", f);
    assert_int_equal(fclose(f), 0);
    start(w);
    run_recovery(w);
    assert_string_equal(index_of(w, 0), "0.0+10.0/10");
    assert_non_null(strstr(w->faults, "put aside"));
    world_free(w);
}

static void test_archive__sync_fails__volume_out_of_use(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 3);
    sync_error = EIO;
    feed_seconds(w, 0, 3);
    settle(w);
    sync_error = 0;
    assert_non_null(strstr(w->faults, "system.disk_failed 1 "));
    assert_non_null(strstr(w->faults, "replace it"));
    uint64_t written = w->engine->recorders[0].fragments;
    feed_seconds(w, 0, 30);
    assert_int_equal(w->engine->recorders[0].fragments,
                     written); /* a later sync that works changes nothing */
    assert_int_equal(w->engine->volumes[0].state, VOLUME_FAILED);
    world_free(w);
}

/* The volume's directory is replaced by one without a right to write; root writes everywhere, so a
 * file stands where the camera's folder belongs. */
static void test_archive__folder_in_the_way__other_camera_goes_on_and_it_heals(void **state)
{
    (void)state;
    struct world *w = world_new();
    char path[128];
    (void)snprintf(path, sizeof path, "%s/gate", w->volume);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    start(w);
    feed_seconds(w, 0, 3);
    assert_int_equal(w->engine->recorders[0].fragments, 0);
    assert_non_null(strstr(w->faults, "system.disk_failed 1 "));
    assert_int_equal(unlink(path), 0);
    feed_seconds(w, 0, 8);
    assert_true(w->engine->recorders[0].fragments > 0);
    assert_non_null(strstr(w->faults, "system.disk_failed 0 "));
    world_free(w);
}

static void test_archive__other_disk_at_the_path__nothing_written(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->not_default = true;
    start(w);
    feed_seconds(w, 0, 3);
    stop(w);
    char path[512];
    (void)snprintf(path, sizeof path, "mv %s %s.away && mkdir %s", w->volume, w->volume, w->volume);
    assert_int_equal(system(path), 0);
    start(w);
    feed_seconds(w, 0, 3);
    assert_int_equal(w->engine->recorders[0].fragments, 0);
    assert_non_null(strstr(w->faults, "not mounted"));
    assert_int_equal(rmdir(w->volume), 0); /* empty: not one byte went there */
    assert_int_equal(mkdir(w->volume, 0755), 0);
    world_free(w);
}

/* ---- retention ---- */

static void test_archive__age__deleted_but_what_is_held(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->keep_ns = 3600 * S;
    start(w);
    feed_seconds(w, 0, 200);
    order(w, 1, 0, 61000, 62000);
    settle(w);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60 60.0+60.0/60h 120.0+60.0/60 180.0+0.0/0o");
    for (int i = 0; i < 60; i++) { /* over an hour passes, a minute at a time */
        w->now_ns += 65 * S;
        tick(w);
    }
    settle(w);
    assert_string_equal(index_of(w, 0), "60.0+60.0/60h 180.0+0.0/0o");
    char path[256];
    segment_path(w, 0, path, sizeof path);
    assert_int_equal(access(path, F_OK), -1);
    segment_path(w, 60, path, sizeof path);
    assert_int_equal(access(path, F_OK), 0);
    world_free(w);
}

/* The index says "free to go", the link says otherwise: the link wins. */
static void test_archive__held_only_on_disk__never_deleted(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->keep_free = UINT64_MAX; /* never enough: everything that may go goes */
    start(w);
    feed_seconds(w, 0, 61);
    char path[256], hold[256];
    segment_path(w, 0, path, sizeof path);
    (void)snprintf(hold, sizeof hold, "%s/kept.mp4", w->dir);
    assert_int_equal(link(path, hold), 0);
    settle(w);
    for (int i = 0; i < 5; i++) {
        w->now_ns += 6 * S;
        tick(w);
    }
    assert_int_equal(access(path, F_OK), 0);
    assert_string_equal(index_of(w, 0), "0.0+60.0/60h 60.0+0.0/0o");
    assert_non_null(strstr(w->faults, "system.disk_low 1 "));
    world_free(w);
}

static void test_archive__clock_leaps_ahead__nothing_deleted(void **state)
{
    (void)state;
    struct world *w = world_new();
    start(w);
    feed_seconds(w, 0, 130);
    settle(w);
    int64_t mono = 1000 * S + w->now_ns;
    for (int i = 0; i < 20; i++) {
        mono += 11 * S;
        engine_tick(w->engine, (struct tc_wall){T0 + 365 * 86400 * S}, (struct tc_mono){mono});
    }
    assert_non_null(strstr(w->faults, "system.clock_step"));
    assert_int_equal(strncmp(index_of(w, 0), "0.0+60.0/60 60.0+60.0/60 ", 25), 0);
    world_free(w);
}

/* ---- a disk that is full to the last byte, for real: a small file system of its own ---- */

enum { CHILD_SKIPPED = 77 };

static bool mount_small_disk(const char *dir)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=1m") == 0;
}

/* Runs FN in a process of its own whose volume is small; skips the test where that is not allowed.
 */
static void on_small_disk(void (*fn)(struct world *w))
{
    struct world *w = world_new();
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!mount_small_disk(w->volume))
            _exit(CHILD_SKIPPED);
        fn(w); /* a failed assertion leaves the child by main, with a status that says so */
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    world_free(w);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* F02: the oldest go, the newest come, nothing stops. */
static void fill_disk(struct world *w)
{
    start(w);
    feed_seconds(w, 0, 3000);
    settle(w);
    uint64_t deleted = w->engine->retain.deleted_files;
    assert_true(deleted > 10);
    assert_int_equal(w->engine->recorders[0].failed_writes, 0);
    const char *clip = clip_of(w, 0, 2400000, 3000000); /* the last ten minutes, without a hole */
    assert_string_equal(clip, "2400.0+600.0 6000 frames 0 gaps");
    stop(w);
}

static void test_archive__disk_full__oldest_freed_no_hole(void **state)
{
    (void)state;
    on_small_disk(fill_disk);
}

/* F03: all of it is held. No video more, but a word to people, no crash, and nothing held is
 * touched. */
static void fill_disk_with_holds(struct world *w)
{
    start(w);
    order(w, 1, 0, 0, 0);
    feed_seconds(w, 0, 3000);
    settle(w);
    assert_int_equal(w->engine->retain.deleted_files, 0);
    assert_true(w->engine->recorders[0].failed_writes > 10);
    assert_non_null(strstr(w->faults, "system.disk_low 1 "));
    assert_string_equal(clip_of(w, 0, 0, 60000), "0.0+60.0 600 frames 0 gaps");
    uint64_t written = w->engine->recorders[0].fragments;
    char path[256];
    segment_path(w, 0, path, sizeof path); /* a person ends a hold: there is room again */
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/holds/101/gate-20261122T120000.000Z.mp4", w->volume);
    assert_int_equal(unlink(path), 0);
    feed_seconds(w, 0, 10);
    assert_true(w->engine->recorders[0].fragments > written);
    stop(w);
}

static void test_archive__disk_full_of_holds__said_and_nothing_touched(void **state)
{
    (void)state;
    on_small_disk(fill_disk_with_holds);
}

static int setup(void **state)
{
    (void)state;
    annexb_load(&stream, "long_gop.h264");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    annexb_done(&stream);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archive__full__one_fragment_per_gop),
        cmocka_unit_test(test_archive__minutes__files_of_a_minute),
        cmocka_unit_test(test_archive__long_gop__fragment_every_second),
        cmocka_unit_test(test_archive__hole__new_file_at_a_key),
        cmocka_unit_test(test_archive__new_parameters__new_file),
        cmocka_unit_test(test_archive__overtaken__counted_and_resumed),
        cmocka_unit_test(test_archive__same_ring_after_restart__nothing_twice),
        cmocka_unit_test(test_archive__alarm_mode__only_what_was_ordered),
        cmocka_unit_test(test_archive__alarm_in_full__held_and_in_seconds),
        cmocka_unit_test(test_archive__alarm_without_picture__failed),
        cmocka_unit_test(test_archive__camera_lost_in_alarm__done_with_what_there_is),
        cmocka_unit_test(test_archive__clip_answer__plays_with_the_rings_tail),
        cmocka_unit_test(test_archive__spans__as_recorded),
        cmocka_unit_test(test_archive__export__without_a_daemon),
        cmocka_unit_test(test_archive__crash__open_file_cut_and_closed),
        cmocka_unit_test(test_archive__index_lost__made_again_from_the_files),
        cmocka_unit_test(test_archive__index_damaged__put_aside),
        cmocka_unit_test(test_archive__sync_fails__volume_out_of_use),
        cmocka_unit_test(test_archive__folder_in_the_way__other_camera_goes_on_and_it_heals),
        cmocka_unit_test(test_archive__other_disk_at_the_path__nothing_written),
        cmocka_unit_test(test_archive__age__deleted_but_what_is_held),
        cmocka_unit_test(test_archive__held_only_on_disk__never_deleted),
        cmocka_unit_test(test_archive__clock_leaps_ahead__nothing_deleted),
        cmocka_unit_test(test_archive__disk_full__oldest_freed_no_hole),
        cmocka_unit_test(test_archive__disk_full_of_holds__said_and_nothing_touched),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
