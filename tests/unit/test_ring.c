/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ring.h"
#include "runtime/ring_layout.h"

struct rig {
    struct ring_fds fds;
    struct ring_writer w;
    struct ring_reader r;
};

static const struct ring_size small = {.data_bytes = 1 << 16, .slot_count = 64};

static void rig_open(struct rig *g, struct ring_size size)
{
    struct tc_errinfo info = {0};
    assert_ok(ring_create("ring-test", size, &g->fds, &info), &info);
    assert_ok(ring_writer_open(&g->w, g->fds.writer, &info), &info);
    assert_ok(ring_reader_open(&g->r, g->fds.reader, &info), &info);
}

static void rig_close(struct rig *g)
{
    ring_writer_close(&g->w);
    ring_reader_close(&g->r);
    close(g->fds.writer);
    close(g->fds.reader);
}

static uint64_t put(struct ring_writer *w, uint8_t fill, size_t len, uint32_t flags,
                    int64_t wall_ns)
{
    ring_begin_frame(w);
    uint8_t *to = ring_frame_space(w, len);
    assert_non_null(to);
    memset(to, fill, len);
    ring_frame_added(w, len);
    struct ring_frame frame = {.flags = flags,
                               .wall = {wall_ns},
                               .arrival = {wall_ns + 1},
                               .arrival_mono = {wall_ns + 2},
                               .rtp = wall_ns + 3,
                               .sender = {wall_ns + 4}};
    return ring_commit_frame(w, &frame);
}

static void assert_filled(const struct ring_reader *r, uint64_t number, uint8_t fill, size_t len)
{
    struct ring_frame frame;
    assert_int_equal(ring_read_slot(r, number, &frame), RING_READ_OK);
    struct tc_slice bytes = ring_frame_view(r, &frame);
    assert_int_equal(bytes.len, len);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.ptr[i], fill);
    assert_true(ring_frame_still_valid(r, &frame));
}

static void test_ring__a_frame_written__is_read_with_its_clocks(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    assert_int_equal(ring_next(&g.r), 1);
    assert_int_equal(ring_oldest(&g.r), 1);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_NOT_YET);
    assert_int_equal(put(&g.w, 'a', 1000, RING_KEY, 5000), 1);
    assert_filled(&g.r, 1, 'a', 1000);
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_READ_OK);
    assert_int_equal(f.flags, RING_KEY | RING_DISCONTINUITY); /* first of its epoch */
    assert_int_equal(f.wall.ns, 5000);
    assert_int_equal(f.arrival.ns, 5001);
    assert_int_equal(f.arrival_mono.ns, 5002);
    assert_int_equal(f.rtp, 5003);
    assert_int_equal(f.sender.ns, 5004);
    assert_int_equal(f.epoch, 1);
    put(&g.w, 'b', 10, 0, 6000);
    assert_int_equal(ring_read_slot(&g.r, 2, &f), RING_READ_OK);
    assert_int_equal(f.flags, 0);
    assert_int_equal(ring_read_slot(&g.r, 0, &f), RING_GONE);
    rig_close(&g);
}

static void test_ring__length_patched_and_abort__only_whole_frames_show(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    ring_begin_frame(&g.w);
    assert_int_equal(ring_frame_add(&g.w, "\0\0\0\0", 4), TC_OK);
    assert_int_equal(ring_frame_add(&g.w, "abc", 3), TC_OK);
    ring_abort_frame(&g.w);
    ring_begin_frame(&g.w);
    assert_int_equal(ring_commit_frame(&g.w, &(struct ring_frame){0}),
                     0); /* empty: not published */
    ring_begin_frame(&g.w);
    assert_int_equal(ring_frame_add(&g.w, "\0\0\0\0", 4), TC_OK);
    assert_int_equal(ring_frame_add(&g.w, "xyz", 3), TC_OK);
    ring_frame_set_be32(&g.w, 0, 3);
    assert_int_equal(ring_commit_frame(&g.w, &(struct ring_frame){0}), 1);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_READ_OK);
    struct tc_slice bytes = ring_frame_view(&g.r, &f);
    assert_int_equal(bytes.len, 7);
    assert_memory_equal(bytes.ptr, "\0\0\0\3xyz", 7);
    rig_close(&g);
}

static void test_ring__many_turns__keeps_the_newest_frames_whole(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    for (unsigned n = 1; n <= 2000; n++) {
        size_t len = 1 + (n * 7919) % 6000;
        assert_int_equal(put(&g.w, (uint8_t)n, len, n % 10 == 0 ? RING_KEY : 0, n * 100), n);
        for (uint64_t k = ring_oldest(&g.r); k <= n; k++)
            assert_filled(&g.r, k, (uint8_t)k, 1 + (k * 7919) % 6000);
        assert_true(ring_next(&g.r) - ring_oldest(&g.r) >= (n < 8 ? n : 8));
    }
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, ring_oldest(&g.r) - 1, &f), RING_GONE);
    rig_close(&g);
}

static void test_ring__frame_over_its_maximum__is_refused_and_the_rest_stays(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    put(&g.w, 'a', 100, RING_KEY, 1);
    ring_begin_frame(&g.w);
    assert_non_null(ring_frame_space(&g.w, 1000));
    ring_frame_added(&g.w, 1000);
    assert_null(ring_frame_space(&g.w, ring_frame_max(&g.w)));
    assert_null(ring_frame_space(&g.w, SIZE_MAX));
    ring_abort_frame(&g.w);
    assert_filled(&g.r, 1, 'a', 100);
    assert_int_equal(put(&g.w, 'b', ring_frame_max(&g.w), 0, 2), 2);
    assert_filled(&g.r, 2, 'b', ring_frame_max(&g.w));
    rig_close(&g);
}

static void test_ring__torn_read__is_noticed_after_the_copy(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    put(&g.w, 'a', 20000, RING_KEY, 1);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_READ_OK);
    struct tc_slice bytes = ring_frame_view(&g.r, &f);
    uint8_t copy[20000];
    memcpy(copy, bytes.ptr, 10000);
    for (int i = 0; i < 3; i++)
        put(&g.w, 'b', 20000, 0, 2); /* the third one wraps onto frame 1 */
    memcpy(copy + 10000, bytes.ptr + 10000, 10000);
    assert_int_equal(copy[0], 'a');
    assert_int_equal(copy[19999], 'b');
    assert_false(ring_frame_still_valid(&g.r, &f));
    assert_int_equal(ring_frame_view(&g.r, &f).len, 0);
    rig_close(&g);
}

static void test_ring__unfinished_frame_overwrites__readers_know_before(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    put(&g.w, 'a', 20000, RING_KEY, 1);
    put(&g.w, 'b', 20000, 0, 2);
    put(&g.w, 'c', 20000, 0, 3);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_READ_OK);
    ring_begin_frame(&g.w);
    assert_non_null(ring_frame_space(&g.w, 6000)); /* asked for, not even written */
    assert_false(ring_frame_still_valid(&g.r, &f));
    assert_int_equal(ring_oldest(&g.r), 2);
    rig_close(&g);
}

static void test_ring__key_frames__are_found_by_number_and_time(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    assert_int_equal(ring_key_at(&g.r, (struct tc_wall){100}), 0);
    assert_int_equal(ring_key_before(&g.r, 9), 0);
    for (int64_t n = 1; n <= 25; n++)
        put(&g.w, 'x', 10, n % 10 == 1 ? RING_KEY : 0, n * 100);
    assert_int_equal(ring_key_before(&g.r, 10), 1);
    assert_int_equal(ring_key_before(&g.r, 11), 11);
    assert_int_equal(ring_key_before(&g.r, 999), 21);
    assert_int_equal(ring_key_at(&g.r, (struct tc_wall){1100}), 11);
    assert_int_equal(ring_key_at(&g.r, (struct tc_wall){1099}), 1);
    assert_int_equal(ring_key_at(&g.r, (struct tc_wall){99999}), 21);
    assert_int_equal(ring_key_at(&g.r, (struct tc_wall){1}), 1); /* all later: the oldest key */
    rig_close(&g);
}

static void test_ring__params__change_generation_only_when_they_differ(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    struct ring_params got = {.generation = 77};
    assert_int_equal(ring_read_params(&g.r, 0, &got), TC_E_NOT_FOUND);
    assert_int_equal(got.generation, 77);
    struct ring_params p = {.codec = RING_CODEC_H264,
                            .width = 1920,
                            .height = 1080,
                            .sps_bytes = 3,
                            .pps_bytes = 2,
                            .sps = {1, 2, 3},
                            .pps = {4, 5}};
    assert_int_equal(ring_set_params(&g.w, &p), 1);
    assert_int_equal(ring_set_params(&g.w, &p), 1);
    put(&g.w, 'a', 10, RING_KEY, 1);
    p.pps[1] = 6;
    assert_int_equal(ring_set_params(&g.w, &p), 2);
    put(&g.w, 'b', 10, RING_KEY, 2);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 1, &f), RING_READ_OK);
    assert_int_equal(ring_read_params(&g.r, f.param_generation, &got), TC_OK);
    assert_int_equal(got.pps[1], 5);
    assert_int_equal(ring_read_params(&g.r, 0, &got), TC_OK);
    assert_int_equal(got.generation, 2);
    assert_int_equal(got.pps[1], 6);
    assert_int_equal(got.width, 1920);
    for (uint8_t i = 0; i < RING_PARAM_SETS; i++) {
        p.pps[0] = (uint8_t)(100 + i);
        (void)ring_set_params(&g.w, &p);
    }
    assert_int_equal(ring_read_params(&g.r, 2, &got), TC_E_NOT_FOUND); /* replaced meanwhile */
    rig_close(&g);
}

static void test_ring__writer_restarts__epoch_grows_and_old_frames_stay(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    put(&g.w, 'a', 500, RING_KEY, 1);
    ring_begin_frame(&g.w);
    assert_int_equal(ring_frame_add(&g.w, "half", 4), TC_OK);
    ring_writer_close(&g.w); /* died in the middle of a frame */
    assert_int_equal(ring_epoch(&g.r), 1);
    struct tc_errinfo info = {0};
    assert_ok(ring_writer_open(&g.w, g.fds.writer, &info), &info);
    assert_int_equal(ring_epoch(&g.r), 2);
    assert_filled(&g.r, 1, 'a', 500);
    assert_int_equal(put(&g.w, 'b', 500, RING_KEY, 2), 2);
    assert_filled(&g.r, 1, 'a', 500);
    assert_filled(&g.r, 2, 'b', 500);
    struct ring_frame f;
    assert_int_equal(ring_read_slot(&g.r, 2, &f), RING_READ_OK);
    assert_int_equal(f.flags, RING_KEY | RING_DISCONTINUITY);
    assert_int_equal(f.epoch, 2);
    rig_close(&g);
}

static void test_ring__descriptors__allow_what_they_should(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    struct stat st;
    assert_int_equal(fstat(g.fds.reader, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, g.fds.reader, 0),
                     MAP_FAILED);
    assert_int_equal(errno, EACCES);
    assert_int_not_equal(ftruncate(g.fds.writer, 4096), 0);
    assert_int_not_equal(ftruncate(g.fds.writer, 1 << 24), 0);
    rig_close(&g);
}

static void test_ring__what_is_no_ring__is_refused(void **state)
{
    (void)state;
    struct tc_errinfo info = {0};
    struct ring_reader r;
    int fd = memfd_create("no-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, 1 << 17), 0);
    assert_int_equal(ring_reader_open(&r, fd, &info), TC_E_CORRUPT); /* not sealed */
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(ring_reader_open(&r, fd, &info), TC_E_CORRUPT); /* no magic */
    struct {
        uint32_t magic, version;
        uint64_t data_bytes;
        uint32_t slot_count;
    } head = {RING_MAGIC, RING_VERSION, 1 << 16, 1 << 15};
    assert_int_equal(pwrite(fd, &head, sizeof head, 0), sizeof head);
    assert_int_equal(ring_reader_open(&r, fd, &info), TC_E_CORRUPT); /* sizes beyond the file */
    close(fd);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(ring_reader_open(&r, pipes[0], &info), TC_E_CORRUPT);
    close(pipes[0]);
    close(pipes[1]);
    struct ring_fds fds;
    struct ring_size odd = {.data_bytes = 1 << 16, .slot_count = 100};
    assert_int_equal(ring_create("odd", odd, &fds, &info), TC_E_RANGE);
}

/* Every word of the head (behind the sizes) and of a slot set to hostile values: a reader may find
 * nothing or something, but stays inside its mapping and comes back. The address sanitizer does not
 * watch a mapping, so the places are checked by hand. */
static void poke(struct rig *g, uint64_t value)
{
    for (uint64_t n = 0; n <= 70; n++) {
        struct ring_frame f;
        if (ring_read_slot(&g->r, n, &f) != RING_READ_OK)
            continue;
        struct tc_slice s = ring_frame_view(&g->r, &f);
        if (s.len == 0)
            continue;
        assert_true(s.ptr >= g->r.data && s.len <= g->r.data_bytes);
        assert_true((uint64_t)(s.ptr - g->r.data) + s.len <= g->r.data_bytes);
    }
    struct ring_frame wild = {.number = 1, .position = value, .length = (uint32_t)value};
    struct tc_slice s = ring_frame_view(&g->r, &wild);
    assert_true(s.len == 0 || (uint64_t)(s.ptr - g->r.data) + s.len <= g->r.data_bytes);
    struct ring_params p;
    for (uint32_t generation = 0; generation < 4; generation++)
        if (ring_read_params(&g->r, generation, &p) == TC_OK)
            assert_true(p.sps_bytes <= sizeof p.sps && p.pps_bytes <= sizeof p.pps);
    assert_true(ring_oldest(&g->r) <= ring_next(&g->r));
    (void)ring_key_at(&g->r, (struct tc_wall){(int64_t)value});
    (void)ring_key_before(&g->r, value);
    assert_true(ring_state(&g->r) <= RING_CAMERA_LOST);
}

static void test_ring__hostile_writer__reader_stays_inside_its_mapping(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,          1,
                                      63,         64,
                                      65,         65535,
                                      65536,      65537,
                                      UINT32_MAX, UINT64_C(1) << 62,
                                      INT64_MAX,  UINT64_MAX - 65536,
                                      UINT64_MAX};
    struct rig g;
    rig_open(&g, small);
    struct ring_params p = {.codec = RING_CODEC_H264, .sps_bytes = 3};
    (void)ring_set_params(&g.w, &p);
    for (int i = 1; i <= 70; i++)
        put(&g.w, (uint8_t)i, 900, i % 8 == 0 ? RING_KEY : 0, i * 100);
    uint64_t *words = (uint64_t *)(void *)g.w.head;
    size_t slot_at = RING_HEAD_BYTES / 8 + 66 % 64 * sizeof(struct ring_slot) / 8;
    size_t head_end = sizeof(struct ring_head) / 8;
    for (size_t at = 3; at < slot_at + sizeof(struct ring_slot) / 8; at++) {
        if (at == head_end)
            at = slot_at;
        uint64_t saved = words[at];
        for (size_t v = 0; v < TC_COUNT(values); v++) {
            words[at] = values[v];
            poke(&g, values[v]);
        }
        words[at] = saved;
    }
    assert_filled(&g.r, 70, 70, 900);
    rig_close(&g);
}

static void test_ring__head_left_in_ruins__next_writer_starts_empty(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    put(&g.w, 'a', 100, RING_KEY, 1);
    atomic_store(&g.w.head->next, UINT64_MAX);
    ring_writer_close(&g.w);
    struct tc_errinfo info = {0};
    assert_ok(ring_writer_open(&g.w, g.fds.writer, &info), &info);
    assert_int_equal(ring_next(&g.r), 1);
    assert_int_equal(put(&g.w, 'b', 100, RING_KEY, 1), 1);
    assert_filled(&g.r, 1, 'b', 100);
    rig_close(&g);
}

/* ---- a writer and a reader at full speed ---- */

enum { RACE_FRAMES = 30000 };

static void *race_writer(void *arg)
{
    struct rig *g = arg;
    for (unsigned n = 1; n <= RACE_FRAMES; n++) {
        ring_begin_frame(&g->w);
        size_t len = 64 + (n * 31) % 4000;
        uint8_t *to = ring_frame_space(&g->w, len);
        memset(to, (uint8_t)n, len);
        ring_frame_added(&g->w, len);
        (void)ring_commit_frame(&g->w,
                                &(struct ring_frame){.wall = {n}, .rtp = n, .flags = n % 8 == 0});
        if (n % 1000 == 0) {
            struct ring_params p = {
                .codec = RING_CODEC_H264, .width = (uint16_t)(n / 1000), .sps_bytes = 4};
            memset(p.sps, (uint8_t)(n / 1000), 4);
            (void)ring_set_params(&g->w, &p);
        }
    }
    return NULL;
}

/* Returns how many copies the check let through; counts a torn one as -1 in *TORN. */
static unsigned race_read(struct rig *g, unsigned *torn)
{
    static uint8_t copy[8192];
    unsigned good = 0;
    for (uint64_t n = 1; n <= RACE_FRAMES;) {
        struct ring_frame f;
        enum ring_read got = ring_read_slot(&g->r, n, &f);
        if (got == RING_NOT_YET)
            continue;
        if (got == RING_GONE) {
            uint64_t oldest = ring_oldest(&g->r);
            n = oldest > n ? oldest : n + 1;
            continue;
        }
        struct tc_slice bytes = ring_frame_view(&g->r, &f);
        size_t len = bytes.len < sizeof copy ? bytes.len : sizeof copy;
        if (len > 0)
            memcpy(copy, bytes.ptr, len);
        if (len > 0 && ring_frame_still_valid(&g->r, &f)) {
            good++;
            if (len != 64 + (n * 31) % 4000 || (uint64_t)f.wall.ns != n || (uint64_t)f.rtp != n)
                ++*torn;
            for (size_t i = 0; i < len; i++)
                if (copy[i] != (uint8_t)n) {
                    ++*torn;
                    break;
                }
        }
        struct ring_params p;
        if (ring_read_params(&g->r, 0, &p) == TC_OK && (p.sps[0] != p.width || p.sps[3] != p.width))
            ++*torn;
        n++;
    }
    return good;
}

static void test_ring__writer_and_reader_at_once__no_torn_frame_passes_the_check(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, small);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, race_writer, &g), 0);
    unsigned torn = 0;
    unsigned good = race_read(&g, &torn);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(torn, 0);
    assert_true(good > 0);
    rig_close(&g);
}

/* ---- sizes ---- */

static void test_ring_size__modes_and_caps__give_what_the_design_says(void **state)
{
    (void)state;
    static const struct {
        struct ring_sizing want;
        uint64_t at_least, at_most;
        int64_t holds_s;
    } rows[] = {
        /* 4 Mbit/s: two GOPs of 2 s are 2 MB */
        {{.bits_per_s = 4000000, .gop_ns = 2 * TC_NS_PER_S}, 2000000, 2700000, 4},
        /* alarm: 10 s before + 2 s GOP + 2 s margin = 7 MB */
        {{.bits_per_s = 4000000,
          .pre_roll_ns = 10 * TC_NS_PER_S,
          .gop_ns = 2 * TC_NS_PER_S,
          .alarm_mode = true},
         7000000,
         9000000,
         14},
        /* the cap bites: 4 MB hold 6 s */
        {{.bits_per_s = 4000000,
          .pre_roll_ns = 10 * TC_NS_PER_S,
          .gop_ns = 2 * TC_NS_PER_S,
          .alarm_mode = true,
          .cap_bytes = 4000000},
         3900000,
         4000000,
         6},
        /* never under 1 MiB, whatever the cap */
        {{.bits_per_s = 100000, .gop_ns = TC_NS_PER_S, .cap_bytes = 1000}, 1 << 20, 1 << 20, 2},
        {{.bits_per_s = 0, .gop_ns = 0}, 1 << 20, 1 << 20, 2},
        {{.bits_per_s = UINT64_MAX,
          .pre_roll_ns = INT64_MAX,
          .gop_ns = INT64_MAX,
          .alarm_mode = true},
         1 << 20,
         RING_DATA_BYTES_MAX,
         60},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct ring_size size = ring_size_for(&rows[i].want);
        assert_in_range(size.data_bytes, rows[i].at_least, rows[i].at_most);
        assert_true(size.holds_ns >= rows[i].holds_s * TC_NS_PER_S);
        assert_true(ring_size_ok(size.data_bytes, size.slot_count));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring__a_frame_written__is_read_with_its_clocks),
        cmocka_unit_test(test_ring__length_patched_and_abort__only_whole_frames_show),
        cmocka_unit_test(test_ring__many_turns__keeps_the_newest_frames_whole),
        cmocka_unit_test(test_ring__frame_over_its_maximum__is_refused_and_the_rest_stays),
        cmocka_unit_test(test_ring__torn_read__is_noticed_after_the_copy),
        cmocka_unit_test(test_ring__unfinished_frame_overwrites__readers_know_before),
        cmocka_unit_test(test_ring__key_frames__are_found_by_number_and_time),
        cmocka_unit_test(test_ring__params__change_generation_only_when_they_differ),
        cmocka_unit_test(test_ring__writer_restarts__epoch_grows_and_old_frames_stay),
        cmocka_unit_test(test_ring__descriptors__allow_what_they_should),
        cmocka_unit_test(test_ring__what_is_no_ring__is_refused),
        cmocka_unit_test(test_ring__hostile_writer__reader_stays_inside_its_mapping),
        cmocka_unit_test(test_ring__head_left_in_ruins__next_writer_starts_empty),
        cmocka_unit_test(test_ring__writer_and_reader_at_once__no_torn_frame_passes_the_check),
        cmocka_unit_test(test_ring_size__modes_and_caps__give_what_the_design_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
