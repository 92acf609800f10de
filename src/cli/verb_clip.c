/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin clip`: an interval of video as a file, from the daemon or from the state of a stopped
 * one. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/daemon.h"
#include "cli/site_file.h"
#include "runtime/clock.h"
#include "store/archive_export.h"

struct interval {
    const char *camera;
    struct tc_wall from, to;
};

static enum tc_err read_interval(const struct cli_args *args, struct interval *ret,
                                 struct tc_errinfo *info)
{
    static const enum cli_option_id ids[] = {CLI_OPT_FROM, CLI_OPT_TO};
    struct tc_wall *const times[] = {&ret->from, &ret->to};
    ret->camera = args->arguments[0];
    if (!site_id_valid(tc_slice_str(ret->camera)))
        return tc_fail(info, TC_E_FORMAT, "\"%s\" cannot be a camera's name", ret->camera);
    for (size_t i = 0; i < TC_COUNT(ids); i++) {
        const char *text = args->values[ids[i]];
        if (text == NULL)
            return tc_fail(info, TC_E_FORMAT, "say which time: --from -5m --to -4m");
        if (cli_time(text, clock_wall(), times[i]) != TC_OK)
            return tc_fail(info, TC_E_FORMAT,
                           "--%s takes a time such as 2026-11-22T12:00:00Z or -10m, not \"%s\"",
                           cli_options[ids[i]].name, text);
    }
    if (ret->to.ns <= ret->from.ns)
        return tc_fail(info, TC_E_RANGE, "--to must be after --from");
    return TC_OK;
}

/* What was got, on stderr, so that standard output may carry the video. */
static void tell(const struct cli_args *args, const struct interval *i, struct tc_wall from,
                 struct tc_wall to)
{
    char a[TC_TIME_TEXT_BYTES];
    char b[TC_TIME_TEXT_BYTES];
    if (!cli_given(args, CLI_OPT_QUIET))
        (void)fprintf(stderr, "%s: asked %.1f s, got %.1f s, %s to %s\n", i->camera,
                      (double)(i->to.ns - i->from.ns) / 1e9, (double)(to.ns - from.ns) / 1e9,
                      tc_wall_format(from, a), tc_wall_format(to, b));
}

static void tell_header(const struct cli_args *args, const struct interval *i, const char *json)
{
    json_t *root = json_loads(json, 0, NULL);
    const char *from = json_string_value(json_object_get(root, "from"));
    const char *to = json_string_value(json_object_get(root, "to"));
    struct tc_wall got_from = {0};
    struct tc_wall got_to = {0};
    if (from != NULL && to != NULL && tc_wall_parse(tc_slice_str(from), &got_from) == TC_OK &&
        tc_wall_parse(tc_slice_str(to), &got_to) == TC_OK)
        tell(args, i, got_from, got_to);
    if (cli_given(args, CLI_OPT_JSON) && root != NULL)
        (void)fprintf(stderr, "%s\n", json);
    json_decref(root);
}

static enum tc_err from_daemon(const struct cli_args *args, const struct interval *i, int fd,
                               struct tc_errinfo *info)
{
    char path[256];
    char a[TC_TIME_TEXT_BYTES];
    char b[TC_TIME_TEXT_BYTES];
    struct daemon_answer answer;
    (void)snprintf(path, sizeof path, "/api/v1/cameras/%s/clip.mp4?from=%s&to=%s", i->camera,
                   tc_wall_format(i->from, a), tc_wall_format(i->to, b));
    enum tc_err err = daemon_ask(args, "GET", path, NULL, fd, &answer, info);
    if (err == TC_OK && answer.status >= 400)
        err = daemon_problem(&answer, info);
    if (err == TC_OK)
        tell_header(args, i, answer.clip);
    daemon_answer_done(&answer);
    return err;
}

static enum tc_err from_state(const struct cli_args *args, const struct interval *i, int fd,
                              struct tc_errinfo *info)
{
    struct clip c = {0};
    enum tc_err err = archive_export(cli_state_path(args), i->camera, i->from, i->to, fd, &c, info);
    if (err == TC_OK)
        tell(args, i, c.got_from, c.got_to);
    clip_done(&c);
    return err;
}

static enum tc_err write_clip(const struct cli_args *args, const struct interval *i, int fd,
                              struct tc_errinfo *info)
{
    enum tc_err err = from_daemon(args, i, fd, info);
    return err == TC_E_CLOSED ? from_state(args, i, fd, info) : err;
}

/* The file gets its name when it is whole: half a clip would pass for one, and an older one stays
 * as it is until there is a newer. */
static enum tc_err write_file(const struct cli_args *args, const struct interval *i,
                              const char *path, struct tc_errinfo *info)
{
    char part[CLI_PATH_BYTES];
    int len = snprintf(part, sizeof part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof part)
        return tc_fail(info, TC_E_LIMIT, "the name of the file is too long");
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return tc_fail_errno(info, errno, "writing %s", part);
    enum tc_err err = write_clip(args, i, fd, info);
    if (close(fd) != 0 && err == TC_OK)
        err = tc_fail_errno(info, errno, "writing %s", part);
    if (err == TC_OK && rename(part, path) != 0)
        err = tc_fail_errno(info, errno, "naming %s", path);
    if (err != TC_OK)
        (void)unlink(part);
    return err;
}

int verb_clip(const struct cli_args *args)
{
    struct interval i;
    struct tc_errinfo info = {0};
    const char *path = args->values[CLI_OPT_OUTPUT];
    if (read_interval(args, &i, &info) != TC_OK) {
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    if (path == NULL) {
        (void)tc_fail(&info, TC_E_FORMAT,
                      "say where the clip goes: -o FILE, or -o - for standard output");
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    enum tc_err err = strcmp(path, "-") == 0 ? write_clip(args, &i, STDOUT_FILENO, &info)
                                             : write_file(args, &i, path, &info);
    return err == TC_OK ? CLI_EXIT_OK : cli_failed(&info);
}
