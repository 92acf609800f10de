/* SPDX-License-Identifier: Apache-2.0 */
/* The drawing encoder. What it draws is judged by a decoder that was not written here: the ffmpeg
 * program. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sim/h264_bits.h"
#include "sim/h264_draw.h"
#include "sim/scene.h"

static void test_bits__codes__as_in_the_standard(void **state)
{
    (void)state;
    uint8_t out[32];
    struct sim_bits b;
    sim_bits_begin(&b, out, sizeof out, 0x67);
    for (uint32_t i = 0; i < 5; i++)
        sim_bits_ue(&b, i); /* 1 010 011 00100 00101 */
    for (int32_t i = -2; i <= 2; i++)
        sim_bits_se(&b, i); /* 00101 011 1 010 00100 */
    struct tc_slice nal = sim_bits_end(&b);
    /* 10100110 01000010 10010101 11010001 00 1 */
    const uint8_t want[] = {0x67, 0xa6, 0x42, 0x95, 0xd1, 0x20};
    assert_int_equal(nal.len, sizeof want);
    assert_memory_equal(nal.ptr, want, sizeof want);
}

static void test_bits__zeros__emulation_prevented(void **state)
{
    (void)state;
    uint8_t out[32];
    struct sim_bits b;
    sim_bits_begin(&b, out, sizeof out, 0x41);
    const uint8_t raw[] = {0, 0, 0, 0, 0, 1, 0, 0, 4};
    sim_bits_raw(&b, raw, sizeof raw);
    struct tc_slice nal = sim_bits_end(&b);
    const uint8_t want[] = {0x41, 0, 0, 3, 0, 0, 3, 0, 1, 0, 0, 4, 0x80};
    assert_int_equal(nal.len, sizeof want);
    assert_memory_equal(nal.ptr, want, sizeof want);
}

static void test_bits__output_too_small__full_and_nothing_beyond(void **state)
{
    (void)state;
    uint8_t out[4] = {0, 0, 0, 0xee};
    struct sim_bits b;
    sim_bits_begin(&b, out, 3, 0x41);
    sim_bits_put(&b, 0x12345678, 32);
    (void)sim_bits_end(&b);
    assert_true(b.full);
    assert_int_equal(out[3], 0xee);
}

/* Worked by hand from tables 9-5, 9-7, 9-10: coefficients 3, 0, -1 and then 0: one trailing one
 * (negative), level 3 behind it, two coefficients, one zero before the last: token 0001 00, sign 1,
 * level code 2 with a suffix length of 0: 001, total zeros 1 of 2: 110, run before the last 1: 0.
 */
static void test_bits__luma_block__as_worked_by_hand(void **state)
{
    (void)state;
    uint8_t out[16];
    struct sim_bits b;
    sim_bits_begin(&b, out, sizeof out, 0x41);
    const int coeffs[SIM_BLOCK_COEFFS] = {3, 0, -1, 0, 0};
    sim_bits_luma_block(&b, coeffs, 0);
    struct tc_slice nal = sim_bits_end(&b);
    /* 00010010 01110 0 1 0 */
    const uint8_t want[] = {0x41, 0x12, 0x72};
    assert_int_equal(nal.len, sizeof want);
    assert_memory_equal(nal.ptr, want, sizeof want);
}

/* --- whole pictures
 * ---------------------------------------------------------------------------------- */

static struct sim_draw *new_draw(const struct sim_draw_options *options)
{
    struct sim_draw *d = NULL;
    struct tc_errinfo info = {0};
    assert_ok(sim_draw_new(options, &d, &info), &info);
    return d;
}

static void test_draw__same_times__same_bytes(void **state)
{
    (void)state;
    const struct sim_draw_options options = {.name = "yard"};
    struct sim_draw *a = new_draw(&options);
    struct sim_draw *b = new_draw(&options);
    for (int i = 0; i < 40; i++) {
        struct sim_draw_frame fa;
        struct sim_draw_frame fb;
        sim_draw_next(a, 1000 + i * 67, false, &fa);
        sim_draw_next(b, 1000 + i * 67, false, &fb);
        assert_int_equal(fa.key, i % 30 == 0);
        assert_int_equal(fa.nal_count, fa.key ? 3 : 1);
        assert_true(tc_slice_eq(fa.nals[fa.nal_count - 1], fb.nals[fb.nal_count - 1]));
    }
    sim_draw_free(a);
    sim_draw_free(b);
}

static void check_rate(uint64_t bits_per_second, unsigned fps, unsigned gop)
{
    const struct sim_draw_options options = {
        .name = "rate", .bits_per_second = bits_per_second, .fps = fps, .gop = gop};
    struct sim_draw *d = new_draw(&options);
    uint64_t total = 0;
    unsigned frames = gop * 10;
    for (unsigned i = 0; i < frames; i++) {
        struct sim_draw_frame f;
        sim_draw_next(d, (int64_t)i * 1000 / fps, false, &f);
        for (unsigned n = 0; n < f.nal_count; n++)
            total += f.nals[n].len * 8;
    }
    uint64_t got = total * fps / frames;
    if (got < bits_per_second * 97 / 100 || got > bits_per_second * 103 / 100)
        fail_msg("asked %lu bit/s, got %lu", (unsigned long)bits_per_second, (unsigned long)got);
    sim_draw_free(d);
}

static void test_draw__bit_rate_asked__met_over_whole_gops(void **state)
{
    (void)state;
    check_rate(500000, 15, 30);
    check_rate(4000000, 15, 30);
    check_rate(4000000, 25, 50);
    check_rate(8000000, 30, 1);
    check_rate(20000000, 25, 12);
}

static void test_draw__key_wanted__comes_at_once_with_parameter_sets(void **state)
{
    (void)state;
    const struct sim_draw_options options = {.name = "gate"};
    struct sim_draw *d = new_draw(&options);
    struct sim_draw_frame f;
    for (int i = 0; i < 5; i++)
        sim_draw_next(d, i, false, &f);
    assert_false(f.key);
    sim_draw_next(d, 5, true, &f);
    assert_true(f.key);
    assert_int_equal(f.nals[0].ptr[0], 0x67);
    assert_int_equal(f.nals[1].ptr[0], 0x68);
    assert_int_equal(f.nals[2].ptr[0], 0x65);
    sim_draw_free(d);
}

static void test_draw__bad_options__range_error(void **state)
{
    (void)state;
    struct sim_draw *d = NULL;
    static const struct sim_draw_options bad[] = {
        {.name = NULL},
        {.name = "n", .width = 320, .height = 240},
        {.name = "n", .width = 1281, .height = 720},
        {.name = "n", .fps = 1000},
        {.name = "n", .gop = 100000},
        {.name = "0123456789012345678901234567890123456789012345678901234567890123"},
    };
    for (size_t i = 0; i < TC_COUNT(bad); i++)
        assert_int_equal(sim_draw_new(&bad[i], &d, NULL), TC_E_RANGE);
    assert_null(d);
}

/* --- judged by ffmpeg
 * -------------------------------------------------------------------------------- */

struct film {
    struct sim_draw_options options;
    unsigned frames;
    bool intruder;
};

static int64_t time_of(unsigned frame, unsigned fps)
{
    return INT64_C(1795349106007) + (int64_t)frame * 1000 / fps;
}

static void write_film(const struct film *film, const char *path)
{
    struct sim_draw *d = new_draw(&film->options);
    sim_draw_set_intruder(d, film->intruder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (unsigned i = 0; i < film->frames; i++) {
        struct sim_draw_frame frame;
        sim_draw_next(d, time_of(i, sim_draw_fps(d)), i == film->frames / 2, &frame);
        for (unsigned n = 0; n < frame.nal_count; n++) {
            assert_int_equal(fwrite("\0\0\0\1", 1, 4, f), 4);
            assert_int_equal(fwrite(frame.nals[n].ptr, 1, frame.nals[n].len, f), frame.nals[n].len);
        }
    }
    assert_int_equal(fclose(f), 0);
    sim_draw_free(d);
}

/* Decodes PATH to planar 4:2:0 in OUT; anything that ffmpeg has to say about it goes to LOG. */
static bool run_ffmpeg(const char *path, const char *out, const char *log)
{
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        (void)dup2(fd, 2);
        (void)execlp("ffmpeg", "ffmpeg", "-v", "warning", "-nostdin", "-y", "-err_detect",
                     "explode", "-i", path, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f",
                     "rawvideo", out, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_log_is_empty(const char *path)
{
    char text[512];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    (void)fclose(f);
    if (n != 0)
        fail_msg("ffmpeg says: %s", text);
}

static void check_pictures(const struct film *film, const char *path)
{
    unsigned width = film->options.width;
    unsigned height = film->options.height;
    size_t size = (size_t)width * height * 3 / 2;
    uint8_t *picture = malloc(size);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    unsigned fps = film->options.fps == 0 ? 15 : film->options.fps;
    for (unsigned i = 0; i < film->frames; i++) {
        int64_t shown = 0;
        assert_int_equal(fread(picture, 1, size, f), size);
        assert_int_equal(sim_scene_code_read(picture, width, width, height, &shown), TC_OK);
        assert_int_equal(shown, time_of(i, fps));
        /* the sky in the last column, exact in brightness and colour */
        assert_int_equal(picture[width - 1], 160);
        assert_int_equal(picture[(size_t)width * height + width / 2 - 1], 150);
        assert_int_equal(picture[(size_t)width * height * 5 / 4 + width / 2 - 1], 116);
    }
    assert_int_equal(fread(picture, 1, 1, f), 0);
    (void)fclose(f);
    free(picture);
}

static bool ffmpeg_is_there(void)
{
    return access("/usr/bin/ffmpeg", X_OK) == 0 || access("/usr/local/bin/ffmpeg", X_OK) == 0;
}

static void check_film(const struct film *film)
{
    char dir[] = "/tmp/tocsin-test-film-XXXXXX";
    char in[64];
    char out[64];
    char log[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(in, sizeof in, "%s/film.h264", dir);
    (void)snprintf(out, sizeof out, "%s/film.yuv", dir);
    (void)snprintf(log, sizeof log, "%s/log", dir);
    write_film(film, in);
    assert_true(run_ffmpeg(in, out, log));
    check_log_is_empty(log);
    check_pictures(film, out);
    (void)unlink(in);
    (void)unlink(out);
    (void)unlink(log);
    (void)rmdir(dir);
}

static void test_draw__decoded_by_ffmpeg__every_time_exact_and_no_warning(void **state)
{
    (void)state;
    if (!ffmpeg_is_there())
        skip();
    static const struct film films[] = {
        {{.name = "GATE-1", .width = 1280, .height = 720}, 64, true},
        {{.name = "cropped", .width = 640, .height = 360, .fps = 25, .gop = 5}, 40, true},
        {{.name = "odd/\xc3\xa9", .width = 614, .height = 322, .bits_per_second = 100000},
         40,
         false},
        {{.name = "all noise", .width = 640, .height = 480, .bits_per_second = 60000000, .gop = 3},
         12,
         true},
        {{.name = "key", .width = 1920, .height = 1080, .gop = 1}, 6, false},
    };
    for (size_t i = 0; i < TC_COUNT(films); i++)
        check_film(&films[i]);
}

static void test_code__no_code_in_the_picture__checksum_error(void **state)
{
    (void)state;
    uint8_t *grey = malloc((size_t)1280 * 720);
    memset(grey, 200, (size_t)1280 * 720);
    int64_t ms = -1;
    assert_int_equal(sim_scene_code_read(grey, 1280, 1280, 720, &ms), TC_E_CHECKSUM);
    assert_int_equal(sim_scene_code_read(grey, 1280, 16, 16, &ms), TC_E_CHECKSUM);
    assert_int_equal(ms, -1);
    free(grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits__codes__as_in_the_standard),
        cmocka_unit_test(test_bits__zeros__emulation_prevented),
        cmocka_unit_test(test_bits__output_too_small__full_and_nothing_beyond),
        cmocka_unit_test(test_bits__luma_block__as_worked_by_hand),
        cmocka_unit_test(test_draw__same_times__same_bytes),
        cmocka_unit_test(test_draw__bit_rate_asked__met_over_whole_gops),
        cmocka_unit_test(test_draw__key_wanted__comes_at_once_with_parameter_sets),
        cmocka_unit_test(test_draw__bad_options__range_error),
        cmocka_unit_test(test_draw__decoded_by_ffmpeg__every_time_exact_and_no_warning),
        cmocka_unit_test(test_code__no_code_in_the_picture__checksum_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
