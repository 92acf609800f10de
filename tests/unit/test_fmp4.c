/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading back fragmented MP4; what comes out is also shown to ffprobe and ffmpeg,
 * where the machine has them, since a reader of our own would forgive our own mistakes. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "annexb.h"
#include "base/check.h"
#include "media/fmp4_read.h"

static const struct tc_wall start = {
    INT64_C(1795348800123456789)}; /* 2026-11-22T12:00:00Z and a bit */

struct file {
    struct tc_buf bytes;
    size_t init_bytes;
    size_t ends[16]; /* of the fragments */
    size_t count;
};

/* Five frames a fragment, 100 ms each, as the stream was made. */
static void file_build(struct file *f, const struct annexb *a)
{
    struct tc_errinfo info = {0};
    tc_buf_init(&f->bytes, 1 << 20);
    f->count = 0;
    assert_ok(fmp4_init(&f->bytes, &a->params, 1, start, &info), &info);
    f->init_bytes = f->bytes.len;
    for (size_t i = 0; i < a->count; i += 5) {
        struct fmp4_sample samples[5];
        for (size_t k = 0; k < 5; k++)
            samples[k] = (struct fmp4_sample){a->frames[i + k].size, 9000, a->frames[i + k].key};
        struct fmp4_fragment fragment = {.sequence = (uint32_t)(i / 5 + 1),
                                         .entry = 1,
                                         .at = i * 9000,
                                         .start = {start.ns + (int64_t)i * 100 * TC_NS_PER_MS},
                                         .samples = samples,
                                         .count = 5};
        assert_int_equal(fmp4_fragment_head(&f->bytes, &fragment), TC_OK);
        for (size_t k = 0; k < 5; k++)
            tc_buf_add(&f->bytes, a->data.data + a->frames[i + k].offset, a->frames[i + k].size);
        f->ends[f->count++] = f->bytes.len;
    }
    assert_int_equal(f->bytes.err, TC_OK);
}

static struct annexb stream;
static struct file file;

static int setup(void **state)
{
    (void)state;
    annexb_load(&stream, "two_seconds.h264");
    file_build(&file, &stream);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    annexb_done(&stream);
    tc_buf_done(&file.bytes);
    return 0;
}

static enum tc_err read_buffer(void *ctx, uint64_t at, void *out, size_t len)
{
    const struct tc_buf *b = ctx;
    assert_true(at + len <= b->len);
    memcpy(out, b->data + at, len);
    return TC_OK;
}

static struct fmp4_input input_of(struct tc_buf *b, size_t bytes)
{
    return (struct fmp4_input){.ctx = b, .read = read_buffer, .bytes = bytes};
}

static void test_ticks__nanoseconds__nearest_and_back(void **state)
{
    (void)state;
    assert_int_equal(fmp4_ticks(TC_NS_PER_S), 90000);
    assert_int_equal(fmp4_ticks(5555), 0);
    assert_int_equal(fmp4_ticks(5556), 1);
    assert_int_equal(fmp4_ticks(-5556), -1);
    assert_int_equal(fmp4_ns(1), 11111);
    assert_int_equal(fmp4_ns(-90000), -TC_NS_PER_S);
    for (int64_t t = 0; t < 1000000; t += 777)
        assert_int_equal(fmp4_ticks(fmp4_ns(t)), t);
}

static void test_avc__parameter_sets__size_profile_and_codec(void **state)
{
    (void)state;
    struct avc_size size;
    struct tc_errinfo info = {0};
    assert_ok(avc_size(stream.params.sps, &size, &info), &info);
    assert_int_equal(size.width, 64);
    assert_int_equal(size.height, 48);
    assert_int_equal(size.profile, 100);
    char codec[FMP4_CODEC_TEXT_BYTES];
    assert_string_equal(fmp4_codec(stream.params.sps, codec), "avc1.64000A");
    assert_int_equal(avc_size(stream.params.pps, &size, &info), TC_E_FORMAT);
    for (size_t len = 0; len < 9; len++)
        assert_int_not_equal(avc_size(tc_slice(stream.params.sps.ptr, len), &size, &info), TC_OK);
}

/* 1920 x 1080 is coded as 1088 lines and cropped; from a maker's published stream description. */
static void test_avc__cropped_full_hd__1080_lines(void **state)
{
    (void)state;
    static const uint8_t sps[] = {0x67, 0x4d, 0x00, 0x29, 0xe2, 0x90, 0x0f, 0x00, 0x44, 0xfc,
                                  0xb8, 0x0b, 0x50, 0x10, 0x10, 0x1a, 0x41, 0xe2, 0x44, 0x54};
    struct avc_size size;
    struct tc_errinfo info = {0};
    assert_ok(avc_size(tc_slice(sps, sizeof sps), &size, &info), &info);
    assert_int_equal(size.width, 1920);
    assert_int_equal(size.height, 1080);
}

static void test_fmp4__written__read_back_the_same(void **state)
{
    (void)state;
    struct fmp4_walk walk = {0};
    struct fmp4_init_info init;
    struct tc_errinfo info = {0};
    assert_ok(fmp4_walk_init(&walk, input_of(&file.bytes, file.bytes.len), &init, &info), &info);
    assert_int_equal(init.count, 1);
    assert_true(avc_params_eq(&init.entries[0], &stream.params));
    for (size_t i = 0; i < file.count; i++) {
        struct fmp4_head head;
        uint64_t begin;
        assert_ok(fmp4_walk_next(&walk, &head, &begin, &info), &info);
        assert_int_equal(begin, i == 0 ? file.init_bytes : file.ends[i - 1]);
        assert_int_equal(head.sequence, i + 1);
        assert_int_equal(head.at, i * 45000);
        assert_int_equal(head.start.ns, start.ns + (int64_t)i * 500 * TC_NS_PER_MS);
        assert_int_equal(head.duration, 45000);
        assert_int_equal(head.head_bytes, fmp4_head_bytes(5));
        struct fmp4_sample samples[5];
        struct tc_slice in = tc_slice_sub(tc_buf_view(&file.bytes), begin, file.bytes.len);
        assert_ok(fmp4_head_parse(in, &head, samples, 5, &info), &info);
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(samples[k].size_bytes, stream.frames[i * 5 + k].size);
            assert_int_equal(samples[k].key, k == 0);
        }
        assert_int_equal(fmp4_head_parse(in, &head, samples, 4, &info), TC_E_LIMIT);
    }
    struct fmp4_head head;
    uint64_t begin;
    assert_int_equal(fmp4_walk_next(&walk, &head, &begin, &info), TC_E_NOT_FOUND);
    assert_int_equal(walk.at, file.bytes.len);
    fmp4_walk_done(&walk);
}

/* F16: whatever a power cut leaves, what stands before is kept to the last whole fragment. */
static void test_fmp4__cut_anywhere__whole_fragments_found(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= file.bytes.len; cut++) {
        struct fmp4_walk walk = {0};
        struct fmp4_init_info init;
        struct tc_errinfo info = {0};
        enum tc_err err = fmp4_walk_init(&walk, input_of(&file.bytes, cut), &init, &info);
        assert_int_equal(err, cut < file.init_bytes ? TC_E_FORMAT : TC_OK);
        size_t found = 0;
        struct fmp4_head head;
        uint64_t begin;
        while (err == TC_OK && (err = fmp4_walk_next(&walk, &head, &begin, &info)) == TC_OK)
            found++;
        size_t want = 0;
        while (want < file.count && file.ends[want] <= cut)
            want++;
        assert_int_equal(found, want);
        if (cut >= file.init_bytes)
            assert_int_equal(walk.at, want == 0 ? file.init_bytes : file.ends[want - 1]);
        fmp4_walk_done(&walk);
    }
}

static void test_fmp4__zeros_behind__end_of_file(void **state)
{
    (void)state;
    struct tc_buf copy;
    tc_buf_init(&copy, 1 << 20);
    tc_buf_add(&copy, file.bytes.data, file.ends[1]);
    for (int i = 0; i < 5000; i++)
        tc_buf_add_u8(&copy, 0);
    struct fmp4_walk walk = {0};
    struct fmp4_init_info init;
    struct fmp4_head head;
    uint64_t begin;
    struct tc_errinfo info = {0};
    assert_ok(fmp4_walk_init(&walk, input_of(&copy, copy.len), &init, &info), &info);
    assert_ok(fmp4_walk_next(&walk, &head, &begin, &info), &info);
    assert_ok(fmp4_walk_next(&walk, &head, &begin, &info), &info);
    assert_int_equal(fmp4_walk_next(&walk, &head, &begin, &info), TC_E_NOT_FOUND);
    assert_int_equal(walk.at, file.ends[1]);
    fmp4_walk_done(&walk);
    tc_buf_done(&copy);
}

static void test_fmp4__too_much__limit(void **state)
{
    (void)state;
    struct tc_buf b;
    tc_buf_init(&b, 1 << 20);
    struct fmp4_sample big = {FMP4_PAYLOAD_BYTES_MAX, 1, true};
    struct fmp4_sample two[2] = {big, {1, 1, false}};
    struct fmp4_fragment f = {
        .sequence = 1, .entry = 1, .start = start, .samples = two, .count = 2};
    assert_int_equal(fmp4_fragment_head(&b, &f), TC_E_LIMIT);
    f.count = 0;
    assert_int_equal(fmp4_fragment_head(&b, &f), TC_E_LIMIT);
    struct tc_errinfo info;
    assert_int_equal(fmp4_init(&b, &stream.params, 0, start, &info), TC_E_LIMIT);
    struct avc_params none = {0};
    assert_int_equal(fmp4_init(&b, &none, 1, start, &info), TC_E_FORMAT);
    tc_buf_done(&b);
}

static void test_fmp4__time_after_2036__read_back(void **state)
{
    (void)state;
    static const int64_t times[] = {1, INT64_C(2085978495999999999), INT64_C(2085978496000000001),
                                    INT64_C(4102444800999999999)};
    for (size_t i = 0; i < TC_COUNT(times); i++) {
        struct tc_buf b;
        tc_buf_init(&b, 4096);
        struct fmp4_sample s = {0, 1, true};
        struct fmp4_fragment f = {
            .sequence = 1, .entry = 1, .start = {times[i]}, .samples = &s, .count = 1};
        assert_int_equal(fmp4_fragment_head(&b, &f), TC_OK);
        struct fmp4_head head;
        struct tc_errinfo info = {0};
        assert_ok(fmp4_head_parse(tc_buf_view(&b), &head, NULL, 0, &info), &info);
        assert_int_equal(head.start.ns, times[i]);
        tc_buf_done(&b);
    }
}

static void write_file(const char *path, const struct tc_buf *b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
    assert_int_equal(fclose(f), 0);
}

static void test_fmp4__same_input__same_bytes_as_golden(void **state)
{
    (void)state;
    static uint8_t golden[64 * 1024];
    FILE *f = fopen(TC_SOURCE_DIR "/tests/golden/fmp4/two_seconds.mp4", "rb");
    assert_non_null(f);
    size_t len = fread(golden, 1, sizeof golden, f);
    (void)fclose(f);
    if (len != file.bytes.len || memcmp(golden, file.bytes.data, len) != 0) {
        write_file("two_seconds.mp4", &file.bytes);
        fail_msg("the bytes changed; what came out is in ./two_seconds.mp4");
    }
}

/* Runs COMMAND and returns what it printed. */
static size_t run(const char *command, char *out, size_t size)
{
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t len = fread(out, 1, size - 1, p);
    out[len] = 0;
    assert_int_equal(pclose(p), 0);
    return len;
}

static void test_fmp4__other_programs__same_packets_and_no_error(void **state)
{
    (void)state;
    if (access("/usr/bin/ffprobe", X_OK) != 0 || access("/usr/bin/ffmpeg", X_OK) != 0)
        skip();
    char dir[] = "/tmp/tocsin-fmp4-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[128], command[512], out[8192];
    (void)snprintf(path, sizeof path, "%s/a.mp4", dir);
    write_file(path, &file.bytes);
    (void)snprintf(
        command, sizeof command,
        "ffprobe -v error -show_entries packet=pts,duration,size,flags -of csv=p=0 %s 2>&1", path);
    (void)run(command, out, sizeof out);
    char *line = strtok(out, "\n");
    for (size_t i = 0; i < stream.count; i++, line = strtok(NULL, "\n")) {
        char want[64];
        (void)snprintf(want, sizeof want, "%zu,9000,%u,%s", i * 9000, stream.frames[i].size,
                       stream.frames[i].key ? "K_" : "__");
        assert_non_null(line);
        assert_string_equal(line, want);
    }
    assert_null(line);
    (void)snprintf(command, sizeof command,
                   "ffmpeg -v error -xerror -i %s -f framecrc - 2>&1 | grep -vc '^#'", path);
    (void)run(command, out, sizeof out);
    assert_string_equal(out, "20\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks__nanoseconds__nearest_and_back),
        cmocka_unit_test(test_avc__parameter_sets__size_profile_and_codec),
        cmocka_unit_test(test_avc__cropped_full_hd__1080_lines),
        cmocka_unit_test(test_fmp4__written__read_back_the_same),
        cmocka_unit_test(test_fmp4__cut_anywhere__whole_fragments_found),
        cmocka_unit_test(test_fmp4__zeros_behind__end_of_file),
        cmocka_unit_test(test_fmp4__too_much__limit),
        cmocka_unit_test(test_fmp4__time_after_2036__read_back),
        cmocka_unit_test(test_fmp4__same_input__same_bytes_as_golden),
        cmocka_unit_test(test_fmp4__other_programs__same_packets_and_no_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
