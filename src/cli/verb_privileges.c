/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin privileges`: what each process may touch. The running daemon's processes told what their
 * sandbox enforces when they started; without a daemon, what would be enforced here. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/daemon.h"
#include "cli/site_file.h"
#include "runtime/sandbox.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

static void foresee(const struct cli_args *args, struct tc_buf *out)
{
    bool json = cli_given(args, CLI_OPT_JSON);
    if (!json)
        tc_buf_add_str(out, "no daemon runs; this would be enforced:\n\n");
    for (unsigned role = 0; role < TC_ROLE_COUNT; role++) {
        struct tc_sandbox_options options = {.parent = 1, .state_fd = -1, .event_fd = -1};
        struct tc_sandbox_report report;
        tc_sandbox_foresee((enum tc_role)role, &options, &report);
        if (json)
            tc_sandbox_describe_json(&report, out);
        else
            tc_sandbox_describe_text(&report, out);
        tc_buf_add_u8(out, '\n');
    }
}

static const char *state_word(const json_t *layer)
{
    const char *word = json_string_value(json_object_get(layer, "state"));
    return word == NULL ? "?" : word;
}

/* One process: its line, then each layer that it should have and has not. */
static void print_process(json_t *process, struct tc_buf *out)
{
    json_t *sandbox = json_object_get(process, "sandbox");
    json_t *layers = json_object_get(sandbox, "layers");
    const char *name = json_string_value(json_object_get(process, "name"));
    const char *layer_name = NULL;
    json_t *layer = NULL;
    tc_buf_add_fmt(out, "%s (pid %lld, uid %lld)\n", name == NULL ? "?" : name,
                   (long long)json_integer_value(json_object_get(process, "pid")),
                   (long long)json_integer_value(json_object_get(sandbox, "uid")));
    static const char *const facts[] = {"state_directory", "volumes", "killed_by"};
    for (size_t i = 0; i < TC_COUNT(facts); i++) {
        const char *fact = json_string_value(json_object_get(sandbox, facts[i]));
        if (fact != NULL)
            tc_buf_add_fmt(out, "  %-18s %s\n", facts[i], fact);
    }
    json_object_foreach(layers, layer_name, layer)
    {
        const char *why = json_string_value(json_object_get(layer, "why"));
        tc_buf_add_fmt(out, "  %-18s %s%s%s\n", layer_name, state_word(layer),
                       why == NULL ? "" : ": ", why == NULL ? "" : why);
    }
    tc_buf_add_u8(out, '\n');
}

static enum tc_err print_running(const struct cli_args *args, const struct daemon_answer *a,
                                 struct tc_buf *out, struct tc_errinfo *info)
{
    json_t *root = json_loadb((const char *)a->body.data, a->body.len, 0, NULL);
    json_t *processes = json_object_get(root, "processes");
    if (!json_is_array(processes)) {
        json_decref(root);
        return tc_fail(info, TC_E_FORMAT, "the daemon's answer names no processes");
    }
    for (size_t i = 0; i < json_array_size(processes); i++) {
        json_t *process = json_array_get(processes, i);
        if (!cli_given(args, CLI_OPT_JSON)) {
            print_process(process, out);
            continue;
        }
        char *line = json_dumps(process, JSON_COMPACT);
        tc_buf_add_str(out, line == NULL ? "{}" : line);
        tc_buf_add_u8(out, '\n');
        free(line);
    }
    json_decref(root);
    return TC_OK;
}

int verb_privileges(const struct cli_args *args)
{
    struct tc_errinfo info = {0};
    struct daemon_answer a;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    enum tc_err err = daemon_ask(args, "GET", "/healthz", NULL, -1, &a, &info);
    if (err == TC_OK)
        err = print_running(args, &a, &out, &info);
    else if (err == TC_E_CLOSED)
        foresee(args, &out);
    daemon_answer_done(&a);
    if (err != TC_OK && err != TC_E_CLOSED)
        return cli_failed(&info);
    if (!cli_given(args, CLI_OPT_JSON)) {
        TC_CLEANUP(tc_buf_done) struct tc_buf kernel;
        tc_buf_init(&kernel, TEXT_BYTES_MAX);
        tc_sandbox_describe_kernel(&kernel);
        tc_buf_add_str(&out, kernel.len > 0 ? "this kernel lacks:\n"
                                            : "this kernel lacks nothing that is used\n");
        tc_buf_add_slice(&out, tc_buf_view(&kernel));
    }
    return cli_print(&out);
}
