/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that tell about the program itself: version, help, man, completion, schema. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json_out.h"
#include "cli/site_file.h"

enum { TEXT_BYTES_MAX = 1024 * 1024 };

int verb_version(const struct cli_args *args)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    if (cli_given(args, CLI_OPT_JSON)) {
        struct tc_json j = tc_json(&out);
        tc_json_obj(&j);
        tc_json_kv_str(&j, "version", TOCSIN_VERSION);
        tc_json_obj_end(&j);
        tc_buf_add_u8(&out, '\n');
    } else {
        tc_buf_add_str(&out, "tocsin " TOCSIN_VERSION "\n");
    }
    return cli_print(&out);
}

int verb_help(const struct cli_args *args)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    if (args->arguments_count == 0) {
        cli_help_all(&out);
        return cli_print(&out);
    }
    enum cli_verb_id verb = cli_verb_find(args->arguments[0]);
    if (verb == CLI_VERB_COUNT) {
        (void)fprintf(stderr, "tocsin: unknown verb \"%s\"; `tocsin help` lists them\n",
                      args->arguments[0]);
        return CLI_EXIT_USAGE;
    }
    cli_help_verb(verb, &out);
    return cli_print(&out);
}

int verb_man(const struct cli_args *args)
{
    (void)args;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    cli_manual(&out);
    return cli_print(&out);
}

int verb_completion(const struct cli_args *args)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    if (cli_completion(args->arguments[0], &out) != TC_OK) {
        (void)fprintf(stderr,
                      "tocsin: no completion for \"%s\"; there is one for bash, zsh and fish\n",
                      args->arguments[0]);
        return CLI_EXIT_USAGE;
    }
    return cli_print(&out);
}

int verb_schema(const struct cli_args *args)
{
    (void)args;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, TEXT_BYTES_MAX);
    config_schema_json(&out);
    tc_buf_add_u8(&out, '\n');
    return cli_print(&out);
}
