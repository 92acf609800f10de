/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/secrets.h"

struct place {
    char path[64];
    int state_fd;
    int dir_fd;
};

static struct tc_errinfo info;

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    (void)strcpy(p->path, "/tmp/tocsin-secrets-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->state_fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->state_fd >= 0);
    assert_ok(secrets_open(p->state_fd, true, &p->dir_fd, &info), &info);
    *state = p;
    return 0;
}

static enum tc_err remove_one(void *ctx, const char *name)
{
    return secret_remove(*(int *)ctx, name, &info);
}

static int drop_place(void **state)
{
    struct place *p = *state;
    assert_ok(secrets_list(p->dir_fd, remove_one, &p->dir_fd, &info), &info);
    (void)unlinkat(p->dir_fd, ".new-cameras", 0);
    (void)unlinkat(p->dir_fd, "link", 0);
    (void)unlinkat(p->dir_fd, "Foreign.txt", 0);
    (void)close(p->dir_fd);
    (void)unlinkat(p->state_fd, "secrets", AT_REMOVEDIR);
    (void)close(p->state_fd);
    assert_int_equal(rmdir(p->path), 0);
    free(p);
    return 0;
}

static void assert_secret_is(int dir_fd, const char *name, const char *value)
{
    struct tc_buf got;
    tc_buf_init(&got, 2 * SECRET_BYTES_MAX + 2);
    assert_ok(secret_get(dir_fd, name, &got, &info), &info);
    assert_slice_is(tc_buf_view(&got), value);
    secret_wipe(&got);
}

static void test_secret_set__twice__keeps_the_newer_in_a_file_of_mode_0600(void **state)
{
    const struct place *p = *state;
    assert_ok(secret_set(p->dir_fd, "cameras", tc_slice_str("admin:one"), &info), &info);
    assert_ok(secret_set(p->dir_fd, "cameras", tc_slice_str("admin:two"), &info), &info);
    assert_secret_is(p->dir_fd, "cameras", "admin:two");
    struct stat st;
    assert_int_equal(fstatat(p->dir_fd, "cameras", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(fstatat(p->state_fd, "secrets", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_secret_set__over_a_write_that_was_cut_off__works(void **state)
{
    const struct place *p = *state;
    int fd = openat(p->dir_fd, ".new-cameras", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    assert_int_equal(close(fd), 0);
    assert_ok(secret_set(p->dir_fd, "cameras", tc_slice_str("admin:one"), &info), &info);
    assert_secret_is(p->dir_fd, "cameras", "admin:one");
}

static void test_secret__bad_names__never_reach_the_disk(void **state)
{
    const struct place *p = *state;
    static const char *const names[] = {"",
                                        "..",
                                        "../x",
                                        "a/b",
                                        "Cameras",
                                        ".new-x",
                                        "tls.pem",
                                        "password/",
                                        "password/../x",
                                        "password.anna",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < TC_COUNT(names); i++) {
        struct tc_buf got;
        tc_buf_init(&got, 2 * SECRET_BYTES_MAX + 2);
        assert_int_equal(secret_set(p->dir_fd, names[i], tc_slice_str("v"), &info), TC_E_FORMAT);
        assert_int_equal(secret_get(p->dir_fd, names[i], &got, &info), TC_E_FORMAT);
        assert_int_equal(secret_remove(p->dir_fd, names[i], &info), TC_E_FORMAT);
        tc_buf_done(&got);
    }
}

static void test_secret_set__sizes__from_one_byte_to_the_limit(void **state)
{
    const struct place *p = *state;
    char value[SECRET_BYTES_MAX + 1];
    memset(value, 'x', sizeof value);
    assert_int_equal(secret_set(p->dir_fd, "a", tc_slice(value, 0), &info), TC_E_RANGE);
    assert_int_equal(secret_set(p->dir_fd, "a", tc_slice(value, sizeof value), &info), TC_E_RANGE);
    assert_ok(secret_set(p->dir_fd, "a", tc_slice(value, SECRET_BYTES_MAX), &info), &info);
    struct tc_buf got;
    tc_buf_init(&got, 2 * SECRET_BYTES_MAX + 2);
    assert_ok(secret_get(p->dir_fd, "a", &got, &info), &info);
    assert_int_equal(got.len, SECRET_BYTES_MAX);
    secret_wipe(&got);
}

static void test_secret_get__file_that_others_may_read__is_refused(void **state)
{
    const struct place *p = *state;
    assert_ok(secret_set(p->dir_fd, "cameras", tc_slice_str("admin:hunter2"), &info), &info);
    assert_int_equal(fchmodat(p->dir_fd, "cameras", 0640, 0), 0);
    struct tc_buf got;
    tc_buf_init(&got, 2 * SECRET_BYTES_MAX + 2);
    assert_int_equal(secret_get(p->dir_fd, "cameras", &got, &info), TC_E_DENIED);
    assert_null(strstr(info.text, "hunter2"));
    assert_int_equal(got.len, 0);
    assert_int_equal(symlinkat("cameras", p->dir_fd, "link"), 0);
    assert_int_not_equal(secret_get(p->dir_fd, "link", &got, &info), TC_OK);
    assert_int_equal(secret_get(p->dir_fd, "absent", &got, &info), TC_E_NOT_FOUND);
    tc_buf_done(&got);
}

static void test_secrets_open__folder_that_others_may_enter__is_refused(void **state)
{
    const struct place *p = *state;
    int fd = -1;
    assert_int_equal(fchmod(p->dir_fd, 0750), 0);
    assert_int_equal(secrets_open(p->state_fd, true, &fd, &info), TC_E_DENIED);
    assert_int_equal(fchmod(p->dir_fd, 0700), 0);
    assert_int_equal(secrets_open(p->dir_fd, false, &fd, &info), TC_E_NOT_FOUND);
    assert_int_equal(fd, -1);
}

static enum tc_err join_name(void *ctx, const char *name)
{
    tc_buf_add_fmt(ctx, "%s ", name);
    return TC_OK;
}

static void test_secrets_list__mixed_files__gives_the_names_in_order(void **state)
{
    const struct place *p = *state;
    static const char *const names[] = {"tls.key", "password/anna", "cameras", "a"};
    for (size_t i = 0; i < TC_COUNT(names); i++)
        assert_ok(secret_set(p->dir_fd, names[i], tc_slice_str("v"), &info), &info);
    int fd = openat(p->dir_fd, "Foreign.txt", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(close(fd), 0);
    TC_CLEANUP(tc_buf_done) struct tc_buf joined;
    tc_buf_init(&joined, 1024);
    assert_ok(secrets_list(p->dir_fd, join_name, &joined, &info), &info);
    assert_slice_is(tc_buf_view(&joined), "a cameras password/anna tls.key ");
    assert_ok(secret_remove(p->dir_fd, "password/anna", &info), &info);
    assert_int_equal(secret_remove(p->dir_fd, "password/anna", &info), TC_E_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_secret_set__twice__keeps_the_newer_in_a_file_of_mode_0600),
        TEST(test_secret_set__over_a_write_that_was_cut_off__works),
        TEST(test_secret__bad_names__never_reach_the_disk),
        TEST(test_secret_set__sizes__from_one_byte_to_the_limit),
        TEST(test_secret_get__file_that_others_may_read__is_refused),
        TEST(test_secrets_open__folder_that_others_may_enter__is_refused),
        TEST(test_secrets_list__mixed_files__gives_the_names_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
