/* SPDX-License-Identifier: Apache-2.0 */
/* The index of recordings and what its columns and names hold. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "media/fmp4.h"
#include "store/archive_db.h"

#define T0 INT64_C(1795348800000000000) /* 2026-11-22T12:00:00Z */
#define S  TC_NS_PER_S

static char dir[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/tocsin-db-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/archive.db", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < TC_COUNT(ends); i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

/* A segment of COUNT fragments of 2 s each. */
static void fill(struct archive_segment *s, uint32_t camera, uint32_t volume, int64_t start_ns,
                 size_t count)
{
    static const uint8_t sps[] = {0x67, 1, 2, 3}, pps[] = {0x68, 9};
    struct avc_params params = {tc_slice(sps, sizeof sps), tc_slice(pps, sizeof pps)};
    *s = (struct archive_segment){
        .camera = camera, .volume = volume, .start_ns = start_ns, .init_bytes = 700};
    s->bytes = s->init_bytes;
    assert_int_equal(archive_segment_set_params(s, &params), TC_OK);
    (void)archive_path("gate", (struct tc_wall){start_ns}, 0, s->path);
    for (size_t i = 0; i < count; i++) {
        struct archive_fragment f = {.offset = s->bytes,
                                     .bytes = (uint32_t)(500000 + i),
                                     .samples = 30,
                                     .start_ns =
                                         start_ns + (int64_t)i * 2 * S + (int64_t)(i % 3) * 1111,
                                     .ticks = 180000,
                                     .key = i % 2 == 0};
        assert_int_equal(archive_segment_add(s, &f), TC_OK);
    }
}

static void test_segment__columns__read_back_the_same(void **state)
{
    (void)state;
    struct archive_segment a, b = {0};
    fill(&a, 1, 1, T0, 30);
    struct tc_buf column;
    tc_buf_init(&column, 65536);
    archive_fragments_encode(&a, &column);
    assert_true(column.len < 30 * 12);
    b.bytes = a.bytes;
    b.start_ns = a.start_ns;
    assert_int_equal(archive_fragments_decode(&b, tc_buf_view(&column)), TC_OK);
    assert_int_equal(b.count, a.count);
    assert_int_equal(b.init_bytes, 700);
    for (size_t i = 0; i < a.count; i++) {
        assert_int_equal(b.fragments[i].offset, a.fragments[i].offset);
        assert_int_equal(b.fragments[i].bytes, a.fragments[i].bytes);
        assert_int_equal(b.fragments[i].start_ns, a.fragments[i].start_ns);
        assert_int_equal(b.fragments[i].ticks, a.fragments[i].ticks);
        assert_int_equal(b.fragments[i].samples, 30);
        assert_int_equal(b.fragments[i].key, i % 2 == 0);
    }
    for (size_t len = 1; len < column.len; len++) { /* cut anywhere: fewer fragments or refused */
        enum tc_err err = archive_fragments_decode(&b, tc_slice(column.data, len));
        assert_true(err == TC_OK ? b.count < a.count : err == TC_E_CORRUPT && b.count == 0);
    }
    b.bytes = a.bytes - 1;
    assert_int_equal(archive_fragments_decode(&b, tc_buf_view(&column)), TC_E_CORRUPT);
    tc_buf_done(&column);
    archive_segment_done(&a);
    archive_segment_done(&b);
}

static void test_segment__names__made_and_read(void **state)
{
    (void)state;
    char name[ARCHIVE_PATH_BYTES], hold[ARCHIVE_PATH_BYTES];
    struct tc_wall t = {T0 + 309 * S + 123456789}, back;
    assert_string_equal(archive_path("gate", t, 0, name),
                        "gate/2026/11/22/12/20261122T120509.123Z.mp4");
    assert_string_equal(archive_hold_path(17, name, hold),
                        "holds/17/gate-20261122T120509.123Z.mp4");
    assert_true(archive_name_parse("20261122T120509.123Z.mp4", &back));
    assert_int_equal(back.ns, T0 + 309 * S + 123000000);
    assert_true(archive_name_parse("20261122T120509.123Z-2.mp4", &back));
    assert_string_equal(archive_path("gate", t, 2, name),
                        "gate/2026/11/22/12/20261122T120509.123Z-2.mp4");
    static const char *const wrong[] = {"",
                                        "x.mp4",
                                        "20261122T120509.123Z.mp4.tmp",
                                        "20261322T120509.123Z.mp4",
                                        "20261122T120509Z.mp4",
                                        "20261122T120509.123Z-.mov"};
    for (size_t i = 0; i < TC_COUNT(wrong); i++)
        assert_false(archive_name_parse(wrong[i], &back));
}

static struct archive_db *open_new(uint32_t *camera, uint32_t *volume)
{
    struct tc_errinfo info = {0};
    struct archive_db *db;
    assert_ok(archive_db_open(path, ARCHIVE_DB_WRITE, &db, &info), &info);
    assert_ok(archive_db_camera(db, "gate", true, camera, &info), &info);
    assert_ok(archive_db_volume(db, "0123", "/srv/a", true, volume, &info), &info);
    return db;
}

struct seen {
    char text[256];
    size_t fragments;
};

/* Writes "minute[+length of what it knows] " of each. */
static bool note(void *ctx, struct archive_segment *s)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);
    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s%lld", len == 0 ? "" : " ",
                   (long long)((s->start_ns - T0) / (60 * S)));
    seen->fragments += s->count;
    return true;
}

static void test_db__overlap__by_camera_and_time(void **state)
{
    (void)state;
    uint32_t camera, volume, other;
    struct tc_errinfo info = {0};
    struct archive_db *db = open_new(&camera, &volume);
    assert_ok(archive_db_camera(db, "yard", true, &other, &info), &info);
    for (int minute = 0; minute < 20; minute++) {
        struct archive_segment s;
        fill(&s, minute % 2 == 0 ? camera : other, volume, T0 + minute * 60 * S, 30);
        s.open = minute == 18;
        assert_ok(archive_db_begin(db, &info), &info);
        assert_ok(archive_db_add(db, &s, &info), &info);
        archive_segment_done(&s);
    }
    assert_ok(archive_db_commit(db, &info), &info);
    struct seen seen = {0};
    assert_ok(archive_db_in(db, camera, T0 + 270 * S, T0 + 481 * S, note, &seen, &info), &info);
    assert_string_equal(seen.text, "4 6 8");
    assert_int_equal(seen.fragments, 90);
    seen = (struct seen){0};
    assert_ok(archive_db_in(db, camera, T0 + 300 * S + 3000, T0 + 360 * S, note, &seen, &info),
              &info);
    assert_string_equal(seen.text, "");
    assert_ok(archive_db_in(db, camera, T0 + 1150 * S, T0 + 2000 * S, note, &seen, &info), &info);
    assert_string_equal(seen.text, "18"); /* open: its end is not known */
    seen = (struct seen){0};
    assert_ok(archive_db_left_open(db, note, &seen, &info), &info);
    assert_string_equal(seen.text, "18");
    archive_db_close(db);
}

static void test_db__oldest_and_aged__neither_open_nor_held(void **state)
{
    (void)state;
    uint32_t camera, volume;
    struct tc_errinfo info = {0};
    struct archive_db *db = open_new(&camera, &volume);
    for (int minute = 0; minute < 8; minute++) {
        struct archive_segment s;
        fill(&s, camera, volume, T0 + minute * 60 * S, 30);
        s.open = minute == 0;
        assert_ok(archive_db_add(db, &s, &info), &info);
        if (minute == 2)
            assert_ok(archive_db_set_held(db, s.number, &info), &info);
        if (minute == 4)
            assert_ok(archive_db_drop(db, s.number, &info), &info);
        archive_segment_done(&s);
    }
    struct seen seen = {0};
    assert_ok(archive_db_oldest(db, volume, 3, note, &seen, &info), &info);
    assert_string_equal(seen.text, "1 3 5");
    seen = (struct seen){0};
    assert_ok(archive_db_aged(db, camera, T0 + 300 * S, 10, note, &seen, &info), &info);
    assert_string_equal(seen.text, "1 3");
    int64_t newest = 0;
    assert_ok(archive_db_newest(db, camera, volume, &newest, &info), &info);
    assert_int_equal(newest, T0 + 420 * S);
    assert_int_equal(archive_db_newest(db, camera, volume + 1, &newest, &info), TC_E_NOT_FOUND);
    archive_db_close(db);
}

static bool note_span(void *ctx, int64_t from_ns, int64_t to_ns)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);
    (void)snprintf(seen->text + len, sizeof seen->text - len, "[%lld %lld)",
                   (long long)((from_ns - T0) / S), (long long)((to_ns - T0) / S));
    return true;
}

static void test_db__spans__joined_where_they_meet(void **state)
{
    (void)state;
    static const int minutes[] = {0, 1, 2, 5, 6, 9};
    uint32_t camera, volume;
    struct tc_errinfo info = {0};
    struct archive_db *db = open_new(&camera, &volume);
    for (size_t i = 0; i < TC_COUNT(minutes); i++) {
        struct archive_segment s;
        fill(&s, camera, volume, T0 + minutes[i] * 60 * S, 30);
        assert_ok(archive_db_add(db, &s, &info), &info);
        archive_segment_done(&s);
    }
    struct seen seen = {0};
    assert_ok(archive_db_spans(db, camera, T0, T0 + 600 * S, note_span, &seen, &info), &info);
    assert_string_equal(seen.text, "[0 180)[300 420)[540 600)");
    archive_db_close(db);
}

static bool note_hold(void *ctx, const struct archive_hold *hold)
{
    struct seen *seen = ctx;
    (void)strncat(seen->text, hold->path, sizeof seen->text - strlen(seen->text) - 1);
    return true;
}

static void test_db__opened_again__everything_there(void **state)
{
    (void)state;
    uint32_t camera, volume, again;
    struct tc_errinfo info = {0};
    struct archive_db *db = open_new(&camera, &volume);
    struct archive_segment s;
    fill(&s, camera, volume, T0, 30);
    assert_ok(archive_db_add(db, &s, &info), &info);
    struct archive_hold hold = {
        .incident = 17, .volume = volume, .segment = s.number, .path = "holds/17/a"};
    assert_ok(archive_db_hold_add(db, &hold, &info), &info);
    assert_ok(archive_db_hold_add(db, &hold, &info), &info);
    archive_db_close(db);
    assert_ok(archive_db_open(path, ARCHIVE_DB_READ, &db, &info), &info);
    assert_ok(archive_db_camera(db, "gate", false, &again, &info), &info);
    assert_int_equal(again, camera);
    assert_int_equal(archive_db_camera(db, "nobody", false, &again, &info), TC_E_NOT_FOUND);
    assert_ok(archive_db_volume(db, "0123", "", false, &again, &info), &info);
    assert_int_equal(again, volume);
    struct seen seen = {0};
    assert_ok(archive_db_holds(db, 17, note_hold, &seen, &info), &info);
    assert_string_equal(seen.text, "holds/17/a");
    int64_t number = 0;
    assert_ok(archive_db_by_path(db, camera, volume, T0 + 999999, s.path, &number, &info), &info);
    assert_int_equal(number, s.number);
    assert_int_equal(archive_db_by_path(db, camera, volume, T0, "x", &number, &info),
                     TC_E_NOT_FOUND);
    archive_db_close(db);
    archive_segment_done(&s);
}

static void test_db__damaged_or_missing__said_so(void **state)
{
    (void)state;
    struct tc_errinfo info = {0};
    struct archive_db *db;
    assert_int_equal(archive_db_open(path, ARCHIVE_DB_READ, &db, &info), TC_E_NOT_FOUND);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 2000; i++)
        (void)fputs("no database ", f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(archive_db_open(path, ARCHIVE_DB_WRITE, &db, &info), TC_E_CORRUPT);
    assert_non_null(strstr(info.text, "archive.db"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segment__columns__read_back_the_same),
        cmocka_unit_test(test_segment__names__made_and_read),
        cmocka_unit_test_setup_teardown(test_db__overlap__by_camera_and_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_db__oldest_and_aged__neither_open_nor_held, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_db__spans__joined_where_they_meet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_db__opened_again__everything_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_db__damaged_or_missing__said_so, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
