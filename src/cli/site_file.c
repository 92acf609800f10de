/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "config/tree.h"

static const char *const site_places[] = {"/etc/tocsin/site.yaml", "./site.yaml"};

int cli_failed(const struct tc_errinfo *info)
{
    (void)fprintf(stderr, "tocsin: %s\n", info->text[0] != 0 ? info->text : tc_err_text(info->err));
    return CLI_EXIT_FAILED;
}

int cli_print(struct tc_buf *b)
{
    if (b->err == TC_OK && (b->len == 0 || fwrite(b->data, 1, b->len, stdout) == b->len) &&
        fflush(stdout) == 0)
        return CLI_EXIT_OK;
    struct tc_errinfo info = {0};
    if (b->err != TC_OK)
        (void)tc_fail(&info, b->err, "cannot print: %s", tc_err_text(b->err));
    else
        (void)tc_fail_errno(&info, errno, "cannot print");
    return cli_failed(&info);
}

static enum tc_err read_fd(int fd, const char *path, size_t max, struct tc_buf *out,
                           struct tc_errinfo *info)
{
    size_t total = 0;
    for (;;) {
        uint8_t *at = tc_buf_reserve(out, 4096);
        if (at == NULL)
            return tc_fail(info, out->err, "%s: %s", path, tc_err_text(out->err));
        ssize_t n = read(fd, at, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tc_fail_errno(info, errno, "cannot read %s", path);
        if (n == 0)
            return TC_OK;
        out->len += (size_t)n;
        total += (size_t)n;
        if (total > max)
            return tc_fail(info, TC_E_LIMIT, "%s is larger than %zu bytes", path, max);
    }
}

enum tc_err cli_file_read(const char *path, size_t max, struct tc_buf *out, struct tc_errinfo *info)
{
    if (strcmp(path, "-") == 0)
        return read_fd(STDIN_FILENO, "standard input", max, out, info);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "cannot open %s", path);
    enum tc_err err = read_fd(fd, path, max, out, info);
    (void)close(fd);
    return err;
}

enum tc_err cli_site_path(const struct cli_args *args, const char *file, char path[CLI_PATH_BYTES],
                          struct tc_errinfo *info)
{
    const char *found = file != NULL ? file : args->values[CLI_OPT_CONFIG];
    for (size_t i = 0; found == NULL && i < TC_COUNT(site_places); i++) {
        if (access(site_places[i], F_OK) == 0)
            found = site_places[i];
    }
    if (found == NULL)
        return tc_fail(info, TC_E_NOT_FOUND,
                       "no configuration: neither %s nor %s is there; name one with -c FILE",
                       site_places[0], site_places[1]);
    if (strlen(found) >= CLI_PATH_BYTES)
        return tc_fail(info, TC_E_LIMIT, "the name of the configuration is too long");
    (void)snprintf(path, CLI_PATH_BYTES, "%s", found);
    return TC_OK;
}

enum tc_err cli_site_read(const struct cli_args *args, const char *file, struct cli_site *s,
                          struct tc_errinfo *info)
{
    memset(s, 0, sizeof *s);
    tc_buf_init(&s->source, TREE_BYTES_MAX + 64 * 1024);
    TC_TRY(cli_site_path(args, file, s->path, info));
    TC_TRY(cli_file_read(s->path, TREE_BYTES_MAX, &s->source, info));
    enum tc_err err = config_load(tc_buf_view(&s->source), s->path, &s->site, &s->report);
    s->loaded = err == TC_OK;
    if (err != TC_OK && err != TC_E_CONFIG)
        return tc_fail(info, err, "%s: %s", s->path, tc_err_text(err));
    return err;
}

enum tc_err cli_site_load(const struct cli_args *args, struct cli_site *s)
{
    struct tc_errinfo info = {0};
    enum tc_err err = cli_site_read(args, NULL, s, &info);
    if (err == TC_E_CONFIG) {
        TC_CLEANUP(tc_buf_done) struct tc_buf text;
        tc_buf_init(&text, 4 * 1024 * 1024);
        config_report_text(&s->report, tc_buf_view(&s->source), &text);
        (void)fprintf(stderr, "%s", tc_buf_cstr(&text));
    } else if (err != TC_OK) {
        (void)cli_failed(&info);
    }
    return err;
}

void cli_site_done(struct cli_site *s)
{
    if (s->loaded)
        site_done(&s->site);
    config_report_done(&s->report);
    tc_buf_done(&s->source);
    s->loaded = false;
}

const char *cli_state_path(const struct cli_args *args)
{
    const char *state = args->values[CLI_OPT_STATE];
    return state != NULL ? state : "/var/lib/tocsin";
}

enum tc_err cli_state_open(const struct cli_args *args, bool create, int *ret_fd,
                           struct tc_errinfo *info)
{
    const char *path = cli_state_path(args);
    if (create && mkdir(path, 0700) != 0 && errno != EEXIST)
        return tc_fail_errno(info, errno, "cannot make the state directory %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno,
                             "cannot open the state directory %s (--state names another)", path);
    *ret_fd = fd;
    return TC_OK;
}
