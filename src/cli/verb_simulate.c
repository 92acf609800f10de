/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin simulate panel|camera`: standard-conforming peers. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli/site_file.h"
#include "runtime/secrets.h"
#include "sim/camera.h"
#include "sim/panel.h"

enum { DC09_PORT = 12128, RTSP_PORT = 8554, SIM_NAME_BYTES = 64 };

static int usage(const struct tc_errinfo *info)
{
    (void)cli_failed(info);
    return CLI_EXIT_USAGE;
}

static const char *host_of(const struct cli_args *args)
{
    return cli_given(args, CLI_OPT_HOST) ? args->values[CLI_OPT_HOST] : "127.0.0.1";
}

static enum tc_err panel_options(const struct cli_args *args, struct sim_panel_options *o,
                                 struct tc_errinfo *info)
{
    uint64_t port = DC09_PORT;
    uint64_t panels = 1;
    uint64_t repeat = 1;
    TC_TRY(cli_number(args, CLI_OPT_PORT, 1, 65535, &port, info));
    TC_TRY(cli_number(args, CLI_OPT_PANELS, 1, SIM_PANELS_MAX, &panels, info));
    TC_TRY(cli_number(args, CLI_OPT_REPEAT, 0, UINT64_MAX, &repeat, info));
    TC_TRY(cli_duration(args, CLI_OPT_DELAY, &o->delay_ns, info));
    TC_TRY(cli_duration(args, CLI_OPT_SUPERVISION, &o->supervision_ns, info));
    TC_TRY(cli_duration(args, CLI_OPT_FOR, &o->run_ns, info));
    o->host = host_of(args);
    o->port = (uint16_t)port;
    o->account = cli_given(args, CLI_OPT_ACCOUNT) ? args->values[CLI_OPT_ACCOUNT] : "1234";
    o->events = args->arguments;
    o->events_count = args->arguments_count;
    o->panels = (unsigned)panels;
    o->repeat = repeat;
    o->without_time = cli_given(args, CLI_OPT_NO_TIME);
    o->quiet = cli_given(args, CLI_OPT_QUIET);
    return TC_OK;
}

static int simulate_panel(const struct cli_args *args)
{
    struct sim_panel_options o = {0};
    struct tc_errinfo info = {0};
    if (panel_options(args, &o, &info) != TC_OK)
        return usage(&info);
    return sim_panel_main(&o);
}

/* The names, or with --cameras N and one name, NAME1 to NAMEN. */
static enum tc_err camera_names(const struct cli_args *args, const char **list,
                                char (*made)[SIM_NAME_BYTES], size_t *ret_count,
                                struct tc_errinfo *info)
{
    uint64_t count = 0;
    TC_TRY(cli_number(args, CLI_OPT_CAMERAS, 1, SIM_CAMERAS_MAX, &count, info));
    if (count > 0 && args->arguments_count != 1)
        return tc_fail(info, TC_E_FORMAT,
                       "--cameras goes with one name, to which the numbers are added");
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(made[i], SIM_NAME_BYTES, "%.40s%zu", args->arguments[0], i + 1);
        list[i] = made[i];
    }
    for (size_t i = 0; count == 0 && i < args->arguments_count; i++)
        list[i] = args->arguments[i];
    *ret_count = count > 0 ? (size_t)count : args->arguments_count;
    return TC_OK;
}

static enum tc_err camera_picture(const struct cli_args *args, struct sim_camera_options *o,
                                  struct tc_errinfo *info)
{
    uint64_t port = RTSP_PORT;
    uint64_t fps = 0;
    uint64_t gop = 0;
    uint64_t kbit = 0;
    int64_t run_ns = 0;
    int64_t after_ns = 0;
    TC_TRY(cli_number(args, CLI_OPT_PORT, 1, 65535, &port, info));
    TC_TRY(cli_number(args, CLI_OPT_FPS, 1, 120, &fps, info));
    TC_TRY(cli_number(args, CLI_OPT_GOP, 1, 1000, &gop, info));
    TC_TRY(cli_number(args, CLI_OPT_BITRATE, 100, 100000, &kbit, info));
    TC_TRY(cli_duration(args, CLI_OPT_FOR, &run_ns, info));
    TC_TRY(cli_duration(args, CLI_OPT_FAULT_AFTER, &after_ns, info));
    o->address = host_of(args);
    o->port = (uint16_t)port;
    o->fps = (unsigned)fps;
    o->gop = (unsigned)gop;
    o->bits_per_second = kbit * 1000;
    o->run_ms = run_ns / TC_NS_PER_MS;
    o->fault_after_ms = after_ns / TC_NS_PER_MS;
    o->film = args->values[CLI_OPT_FILM];
    o->intruder = cli_given(args, CLI_OPT_INTRUDER);
    if (cli_given(args, CLI_OPT_FAULT) &&
        sim_fault_parse(args->values[CLI_OPT_FAULT], &o->fault) != TC_OK)
        return tc_fail(info, TC_E_UNKNOWN,
                       "--fault takes stall, drop, garbage or refuse, not \"%s\"",
                       args->values[CLI_OPT_FAULT]);
    return TC_OK;
}

/* "user:password" out of the file that --login names; TEXT holds both. */
static enum tc_err camera_login(const struct cli_args *args, struct tc_buf *text,
                                struct sim_camera_options *o, struct tc_errinfo *info)
{
    if (!cli_given(args, CLI_OPT_LOGIN))
        return TC_OK;
    TC_TRY(cli_file_read(args->values[CLI_OPT_LOGIN], SECRET_BYTES_MAX, text, info));
    text->len = tc_slice_trim(tc_buf_view(text)).len;
    (void)tc_buf_cstr(text);
    char *colon = strchr((char *)text->data, ':');
    if (colon == NULL)
        return tc_fail(info, TC_E_FORMAT, "%s does not hold user:password",
                       args->values[CLI_OPT_LOGIN]);
    *colon = 0;
    o->user = (const char *)text->data;
    o->password = colon + 1;
    return TC_OK;
}

static int simulate_camera(const struct cli_args *args)
{
    static char made[SIM_CAMERAS_MAX][SIM_NAME_BYTES];
    static const char *names[SIM_CAMERAS_MAX];
    struct sim_camera_options o = {.names = names};
    struct tc_errinfo info = {0};
    TC_CLEANUP(secret_wipe) struct tc_buf login;
    tc_buf_init(&login, 2 * SECRET_BYTES_MAX);
    if (camera_names(args, names, made, &o.name_count, &info) != TC_OK ||
        camera_picture(args, &o, &info) != TC_OK || camera_login(args, &login, &o, &info) != TC_OK)
        return usage(&info);
    return sim_camera_main(&o);
}

int verb_simulate(const struct cli_args *args)
{
    if (args->sub != NULL && strcmp(args->sub->name, "camera") == 0)
        return simulate_camera(args);
    return simulate_panel(args);
}
