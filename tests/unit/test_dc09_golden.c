/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of tests/golden/dc09: bytes of a connection (.in) and what they mean (.out), one line a
 * fact. */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/dc09.h"
#include "proto/dc09_event.h"

enum { FILE_BYTES_MAX = 16384, FILES_MAX = 256 };

static const char *const next_names[] = {"frame", "more", "skip", "bad"};
static const char *const damage_names[] = {"", " crc", " length"};

static void add_field(struct tc_buf *out, const char *name, struct tc_slice value)
{
    if (value.ptr == NULL)
        return;
    tc_buf_add_fmt(out, " %s=\"", name);
    for (size_t i = 0; i < value.len && i < 64; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7E)
            tc_buf_add_fmt(out, "\\x%02X", value.ptr[i]);
        else
            tc_buf_add_u8(out, value.ptr[i]);
    }
    tc_buf_add_str(out, value.len > 64 ? "...\"" : "\"");
}

static void tell_events(struct tc_buf *out, const struct dc09_msg *m)
{
    struct dc09_events it = dc09_events(m);
    struct dc09_event e;
    while (dc09_events_next(&it, &e)) {
        tc_buf_add_str(out, e.is_old ? "  old event" : "  event");
        if (e.qualifier != 0)
            tc_buf_add_fmt(out, " qualifier=%c", e.qualifier);
        add_field(out, "code", e.code);
        add_field(out, "address", e.address);
        add_field(out, "area", e.area);
        add_field(out, "user", e.user);
        add_field(out, "peripheral", e.peripheral);
        add_field(out, "time", e.time);
        add_field(out, "date", e.date);
        add_field(out, "text", e.text);
        tc_buf_add_str(out, "\n");
    }
    if (it.account.ptr != NULL && !dc09_account_eq(it.account, m->account))
        tc_buf_add_str(out, "  another account in the data\n");
    if (it.odd_bytes > 0)
        tc_buf_add_fmt(out, "  odd bytes: %zu\n", it.odd_bytes);
}

static void tell_message(struct tc_buf *out, struct tc_slice body)
{
    struct dc09_msg m;
    struct tc_errinfo info = {0};
    if (dc09_decode(body, &m, &info) != TC_OK) {
        tc_buf_add_fmt(out, "  refused at %d: %s\n", (int)info.offset, info.text);
        return;
    }
    tc_buf_add_fmt(out, "  kind=%d encrypted=%d sequence=%u", (int)m.kind, m.encrypted, m.sequence);
    add_field(out, "token", m.token);
    add_field(out, "R", m.receiver);
    add_field(out, "L", m.line);
    add_field(out, "account", m.account);
    add_field(out, "cipher", m.cipher);
    for (size_t i = 0; i < m.ext_count; i++)
        add_field(out, (const char[]){(char)m.ext[i].letter, 0}, m.ext[i].value);
    if (m.tail.len > 0)
        add_field(out, "tail", m.tail);
    char text[TC_TIME_TEXT_BYTES];
    if (m.has_time)
        tc_buf_add_fmt(out, " time=%s",
                       m.time_is_bad ? "bad" : tc_wall_format((struct tc_wall){m.time.ns}, text));
    tc_buf_add_str(out, "\n");
    tell_events(out, &m);
}

static void tell(struct tc_buf *out, struct tc_slice in)
{
    for (;;) {
        struct dc09_step s = dc09_scan(in);
        tc_buf_add_fmt(out, "%s %zu%s\n", next_names[s.next],
                       s.next == DC09_MORE ? in.len : s.bytes, damage_names[s.why]);
        if (s.next == DC09_MORE)
            return;
        if (s.next == DC09_DONE)
            tell_message(out, s.body);
        in = tc_slice_sub(in, s.bytes, in.len);
        if (in.len == 0)
            return;
    }
}

static size_t read_file(const char *name, const char *ending, char *out)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/tests/golden/dc09/%s%s", TC_SOURCE_DIR, name, ending);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t len = fread(out, 1, FILE_BYTES_MAX, f);
    fclose(f);
    return len;
}

static bool pair_is_good(const char *name)
{
    static char in[FILE_BYTES_MAX];
    static char want[FILE_BYTES_MAX];
    size_t in_len = read_file(name, ".in", in);
    size_t want_len = read_file(name, ".out", want);
    TC_CLEANUP(tc_buf_done) struct tc_buf got;
    tc_buf_init(&got, 1 << 20);
    tell(&got, tc_slice(in, in_len));
    if (in_len > 0 && tc_slice_eq(tc_buf_view(&got), tc_slice(want, want_len)))
        return true;
    print_error("--- %s: got\n%s--- want\n%.*s", name, tc_buf_cstr(&got), (int)want_len, want);
    return false;
}

static int is_input(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return len > 3 && strcmp(e->d_name + len - 3, ".in") == 0;
}

static void test_dc09__golden_pairs__mean_what_they_say(void **state)
{
    (void)state;
    struct dirent **list = NULL;
    int count = scandir(TC_SOURCE_DIR "/tests/golden/dc09", &list, is_input, alphasort);
    assert_in_range(count, 40, FILES_MAX);
    int bad = 0;
    for (int i = 0; i < count; i++) {
        list[i]->d_name[strlen(list[i]->d_name) - 3] = 0;
        bad += !pair_is_good(list[i]->d_name);
        free(list[i]);
    }
    free(list);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dc09__golden_pairs__mean_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
