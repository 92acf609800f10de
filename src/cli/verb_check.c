/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin check`: what the pure reader finds in the file, and what only this machine can tell:
 * secrets that are not stored, folders that are not there or cannot hold recordings, a time zone it
 * does not know. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/site_file.h"
#include "runtime/secrets.h"

/* A finding at the value that PATH names. */
static struct config_diag *found(struct cli_site *s, enum config_severity severity,
                                 const char *code, const char *path, const char *text)
{
    struct config_place at = config_find(tc_buf_view(&s->source), path);
    struct config_diag *d = config_report_add(&s->report, severity, code, at, "%s", text);
    (void)snprintf(d->path, sizeof d->path, "%s", path);
    return d;
}

static bool is_stored(int secrets_fd, const char *name)
{
    struct tc_buf value;
    tc_buf_init(&value, 2 * SECRET_BYTES_MAX);
    bool stored = secrets_fd >= 0 && secret_get(secrets_fd, name, &value, NULL) == TC_OK;
    secret_wipe(&value);
    return stored;
}

static void check_secrets(const struct cli_args *args, struct cli_site *s)
{
    int state_fd = -1;
    int fd = -1;
    if (cli_state_open(args, false, &state_fd, NULL) != TC_OK)
        return; /* not installed here, or not ours to look into: nothing is known about its secrets
                 */
    if (secrets_open(state_fd, false, &fd, NULL) == TC_E_DENIED) {
        (void)close(state_fd);
        return;
    }
    for (size_t i = 0; i < s->site.cameras_count; i++) {
        const struct site_camera *c = &s->site.cameras[i];
        char path[128];
        char text[160];
        if (c->login_secret[0] == 0 || is_stored(fd, c->login_secret))
            continue;
        (void)snprintf(path, sizeof path, "cameras.%s.login", c->id);
        (void)snprintf(text, sizeof text, "secret:%s is not stored", c->login_secret);
        struct config_diag *d = found(s, CONFIG_WARNING, "secret-not-stored", path, text);
        (void)snprintf(d->fix, sizeof d->fix, "run `tocsin secret set %s`", c->login_secret);
    }
    if (fd >= 0)
        (void)close(fd);
    (void)close(state_fd);
}

/* Makes a file and a second name for it. TC_E_UNSUPPORTED: no hard links here; TC_E_DENIED: may not
 * write. */
static enum tc_err try_hard_link(int dir_fd)
{
    static const char one[] = ".tocsin-check-1";
    static const char two[] = ".tocsin-check-2";
    int fd = openat(dir_fd, one, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return TC_E_DENIED;
    (void)close(fd);
    bool linked = linkat(dir_fd, one, dir_fd, two, 0) == 0;
    (void)unlinkat(dir_fd, one, 0);
    (void)unlinkat(dir_fd, two, 0);
    return linked ? TC_OK : TC_E_UNSUPPORTED;
}

static void check_volume(struct cli_site *s, size_t index)
{
    const char *folder = s->site.archive.volumes[index].path;
    char path[64];
    (void)snprintf(path, sizeof path, "archive.volumes[%zu].path", index);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        bool missing = errno == ENOENT;
        struct config_diag *d =
            found(s, CONFIG_WARNING, "no-such-folder", path,
                  missing ? "this folder is not there" : "this folder cannot be opened");
        if (missing)
            (void)snprintf(d->fix, sizeof d->fix, "make it, or mount the disk, before the start");
        return;
    }
    enum tc_err err = try_hard_link(fd);
    (void)close(fd);
    if (err == TC_E_UNSUPPORTED) {
        struct config_diag *d = found(s, CONFIG_ERROR, "no-hard-links", path,
                                      "the file system of this folder has no hard links");
        (void)snprintf(d->fix, sizeof d->fix,
                       "use ext4 or XFS: what is held for evidence is a hard link");
    } else if (err != TC_OK) {
        (void)found(s, CONFIG_WARNING, "folder-not-writable", path,
                    "this user may not write here, so hard links were not tried");
    }
}

static void check_timezone(struct cli_site *s)
{
    char file[128];
    struct stat st;
    (void)snprintf(file, sizeof file, "/usr/share/zoneinfo/%s", s->site.timezone);
    if (stat("/usr/share/zoneinfo", &st) != 0 || stat(file, &st) == 0)
        return;
    struct config_diag *d = found(s, CONFIG_ERROR, "unknown-name", "site.timezone",
                                  "this machine knows no such time zone");
    (void)snprintf(d->fix, sizeof d->fix, "see the names with `timedatectl list-timezones`");
}

static void check_machine(const struct cli_args *args, struct cli_site *s)
{
    check_timezone(s);
    check_secrets(args, s);
    for (size_t i = 0; i < s->site.archive.volumes_count; i++) {
        if (s->site.archive.volumes[i].path[0] != 0)
            check_volume(s, i);
    }
    config_report_sort(&s->report);
}

static void add_count(struct tc_buf *out, size_t count, const char *what)
{
    if (count == 0)
        tc_buf_add_fmt(out, "no %ss", what);
    else
        tc_buf_add_fmt(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

/* Findings go to stderr, as all errors do; the last line, or the JSON, to stdout. */
static int print_report(const struct cli_args *args, const struct cli_site *s)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&out, 16 * 1024 * 1024);
    tc_buf_init(&text, 16 * 1024 * 1024);
    if (cli_given(args, CLI_OPT_JSON)) {
        config_report_json(&s->report, tc_buf_view(&s->source), &out);
        tc_buf_add_u8(&out, '\n');
    } else {
        config_report_text(&s->report, tc_buf_view(&s->source), &text);
        (void)fprintf(stderr, "%s", tc_buf_cstr(&text));
        if (!cli_given(args, CLI_OPT_QUIET)) {
            tc_buf_add_fmt(&out, "%s: ", s->path);
            add_count(&out, s->report.errors, "error");
            tc_buf_add_str(&out, ", ");
            add_count(&out, s->report.warnings, "warning");
            tc_buf_add_u8(&out, '\n');
        }
    }
    int printed = cli_print(&out);
    return s->report.errors > 0 ? CLI_EXIT_FAILED : printed;
}

int verb_check(const struct cli_args *args)
{
    struct cli_site s;
    struct tc_errinfo info = {0};
    const char *file = args->arguments_count > 0 ? args->arguments[0] : NULL;
    enum tc_err err = cli_site_read(args, file, &s, &info);
    int exit_code = CLI_EXIT_FAILED;
    if (err == TC_OK)
        check_machine(args, &s);
    if (err == TC_OK || err == TC_E_CONFIG)
        exit_code = print_report(args, &s);
    else
        exit_code = cli_failed(&info);
    cli_site_done(&s);
    return exit_code;
}
