/* SPDX-License-Identifier: Apache-2.0 */
/* Every tests/golden/config/NAME.yaml gives exactly NAME.txt: each finding with its place, caret
 * and fix, then the counts. With TOCSIN_GOLDEN_WRITE=1 the texts are written instead, to be read
 * before they are kept. */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

enum { FILES_MAX = 512, FILE_BYTES_MAX = 1 << 20 };

#define FOLDER TC_SOURCE_DIR "/tests/golden/config/"

static char *names[FILES_MAX];
static size_t names_count;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_files(void)
{
    DIR *dir = opendir(FOLDER);
    assert_non_null(dir);
    const struct dirent *entry = NULL;
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, ".yaml") == 0 && names_count < FILES_MAX)
            names[names_count++] = strndup(entry->d_name, (size_t)(dot - entry->d_name));
    }
    (void)closedir(dir);
    qsort(names, names_count, sizeof *names, compare_names);
}

static void read_file(const char *name, const char *ending, struct tc_buf *out)
{
    char path[1024];
    (void)snprintf(path, sizeof path, FOLDER "%s%s", name, ending);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_error("%s is missing\n", path);
        fail();
    }
    uint8_t *at = tc_buf_reserve(out, FILE_BYTES_MAX);
    assert_non_null(at);
    out->len += fread(at, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
}

static void write_file(const char *name, struct tc_slice text)
{
    char path[1024];
    (void)snprintf(path, sizeof path, FOLDER "%s.txt", name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void render(const char *name, struct tc_buf *out)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf source;
    tc_buf_init(&source, FILE_BYTES_MAX + 1);
    read_file(name, ".yaml", &source);
    char shown[512];
    (void)snprintf(shown, sizeof shown, "%s.yaml", name);
    TC_CLEANUP(config_report_done) struct config_report report;
    struct site site;
    enum tc_err err = config_load(tc_buf_view(&source), shown, &site, &report);
    assert_int_equal(err, report.errors > 0 ? TC_E_CONFIG : TC_OK);
    if (err == TC_OK)
        site_done(&site);
    config_report_text(&report, tc_buf_view(&source), out);
    tc_buf_add_fmt(out, "%zu errors, %zu warnings\n", report.errors, report.warnings);
}

static void test_config__golden_file__reports_exactly_the_text_beside_it(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < names_count; i++) {
        TC_CLEANUP(tc_buf_done) struct tc_buf got;
        TC_CLEANUP(tc_buf_done) struct tc_buf want;
        tc_buf_init(&got, FILE_BYTES_MAX);
        tc_buf_init(&want, FILE_BYTES_MAX);
        render(names[i], &got);
        if (getenv("TOCSIN_GOLDEN_WRITE") != NULL) {
            write_file(names[i], tc_buf_view(&got));
            continue;
        }
        read_file(names[i], ".txt", &want);
        if (tc_slice_eq(tc_buf_view(&got), tc_buf_view(&want)))
            continue;
        wrong++;
        print_error("%s:\n--- got\n%s--- want\n%s", names[i], tc_buf_cstr(&got),
                    tc_buf_cstr(&want));
    }
    assert_int_equal(wrong, 0);
}

static void test_config__golden_files__never_show_a_secret(void **state)
{
    (void)state;
    size_t with_secret = 0;
    for (size_t i = 0; i < names_count; i++) {
        TC_CLEANUP(tc_buf_done) struct tc_buf source;
        TC_CLEANUP(tc_buf_done) struct tc_buf got;
        tc_buf_init(&source, FILE_BYTES_MAX + 1);
        tc_buf_init(&got, FILE_BYTES_MAX);
        read_file(names[i], ".yaml", &source);
        render(names[i], &got);
        with_secret += tc_slice_find(tc_buf_view(&source), "hunter2") < source.len;
        assert_int_equal(tc_slice_find(tc_buf_view(&got), "unter"), got.len);
    }
    assert_true(with_secret >= 4);
}

static void test_config__golden_folder__holds_the_bad_files_that_were_promised(void **state)
{
    (void)state;
    assert_true(names_count >= 60);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config__golden_file__reports_exactly_the_text_beside_it),
        cmocka_unit_test(test_config__golden_files__never_show_a_secret),
        cmocka_unit_test(test_config__golden_folder__holds_the_bad_files_that_were_promised),
    };
    list_files();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < names_count; i++)
        free(names[i]);
    return failed;
}
