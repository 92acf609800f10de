/* SPDX-License-Identifier: Apache-2.0 */
/* The one program. It alone sees every room's entry: the verbs that start process rooms are defined
 * here, the others in src/cli. */
#include <stdio.h>

#include "archive/archive.h"
#include "base/check.h"
#include "base/slice.h"
#include "capture/capture.h"
#include "cli/demo.h"
#include "cli/options.h"
#include "cli/site_file.h"
#include "core/core.h"
#include "intake/intake.h"
#include "model/role.h"
#include "reader/reader.h"
#include "supervisor/supervisor.h"
#include "web/web.h"

static const struct {
    enum tc_role role;
    int (*main)(void);
} workers[] = {
    {TC_ROLE_CORE, core_main},     {TC_ROLE_INTAKE, intake_main},   {TC_ROLE_CAPTURE, capture_main},
    {TC_ROLE_READER, reader_main}, {TC_ROLE_ARCHIVE, archive_main}, {TC_ROLE_WEB, web_main},
};

/* The label may carry an instance ("capture-1"); the instance itself comes with the set-up. */
int verb_worker(const struct cli_args *args)
{
    struct tc_slice rest = tc_slice_str(args->arguments[0]);
    struct tc_slice word = tc_slice_split(&rest, '-');
    enum tc_role role = TC_ROLE_SUPERVISOR;
    if (tc_role_parse(word, &role) != TC_OK)
        return CLI_EXIT_USAGE;
    for (size_t i = 0; i < TC_COUNT(workers); i++) {
        if (workers[i].role == role)
            return workers[i].main();
    }
    return CLI_EXIT_USAGE;
}

int verb_run(const struct cli_args *args)
{
    char site[CLI_PATH_BYTES];
    struct tc_errinfo info = {0};
    int64_t for_ns = 0;
    if (cli_duration(args, CLI_OPT_FOR, &for_ns, &info) != TC_OK) {
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    if (cli_site_path(args, NULL, site, &info) != TC_OK)
        return cli_failed(&info);
    struct supervisor_options options = {
        .site_file = site,
        .state_dir = cli_state_path(args),
        .program = "/proc/self/exe",
        .run_for_s = (int)((for_ns + TC_NS_PER_S - 1) / TC_NS_PER_S),
    };
    return supervisor_run(&options);
}

static void on_demo_ready(void *ctx, const char *url, const char *fingerprint)
{
    demo_announce(ctx, url, fingerprint);
}

static enum tc_err demo_options_of(const struct cli_args *args, struct demo_options *ret,
                                   struct tc_errinfo *info)
{
    uint64_t cameras = 4;
    uint64_t port = 0;
    TC_TRY(cli_number(args, CLI_OPT_CAMERAS, 1, 64, &cameras, info));
    TC_TRY(cli_number(args, CLI_OPT_PORT, 1, 65535, &port, info));
    *ret = (struct demo_options){
        .cameras = (unsigned)cameras, .port = (uint16_t)port, .dir = args->values[CLI_OPT_STATE]};
    return TC_OK;
}

int verb_demo(const struct cli_args *args)
{
    static struct demo demo;
    struct demo_options wish;
    struct tc_errinfo info = {0};
    int64_t for_ns = 0;
    if (cli_duration(args, CLI_OPT_FOR, &for_ns, &info) != TC_OK ||
        demo_options_of(args, &wish, &info) != TC_OK) {
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    int status = CLI_EXIT_FAILED;
    if (demo_prepare(&demo, &wish, &info) == TC_OK) {
        struct supervisor_options options = {
            .site_file = demo.site_file,
            .state_dir = demo.state_dir,
            .program = "/proc/self/exe",
            .run_for_s = (int)((for_ns + TC_NS_PER_S - 1) / TC_NS_PER_S),
            .on_ready = on_demo_ready,
            .ctx = &demo,
        };
        status = supervisor_run(&options);
    } else {
        (void)cli_failed(&info);
    }
    demo_done(&demo);
    return status;
}

typedef int verb_fn(const struct cli_args *args);

static verb_fn *const verbs[CLI_VERB_COUNT] = {
#define X(name) [CLI_VERB_##name] = verb_##name,
    CLI_VERB_LIST(X)
#undef X
};

int main(int argc, char **argv)
{
    struct cli_args args;
    struct tc_errinfo info = {0};
    enum tc_err err = cli_parse(argc, (const char *const *)argv, &args, &info);
    if (err != TC_OK) {
        (void)fprintf(stderr, "tocsin: %s\n", info.text);
        return CLI_EXIT_USAGE;
    }
    return verbs[args.verb](&args);
}
