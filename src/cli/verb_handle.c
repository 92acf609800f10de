/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin pickup` and `tocsin close`: what an operator does with an incident, through the daemon.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cli/daemon.h"
#include "cli/site_file.h"

static const char *text_of(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    return text == NULL ? "-" : text;
}

static int tell(const struct cli_args *args, const struct daemon_answer *a)
{
    struct tc_errinfo info = {0};
    if (a->status >= 400) {
        (void)daemon_problem(a, &info);
        return cli_failed(&info);
    }
    if (cli_given(args, CLI_OPT_QUIET))
        return CLI_EXIT_OK;
    if (cli_given(args, CLI_OPT_JSON)) {
        (void)printf("%.*s\n", TC_FMT(tc_buf_view(&a->body)));
        return CLI_EXIT_OK;
    }
    json_t *root = json_loadb((const char *)a->body.data, a->body.len, 0, NULL);
    (void)printf("incident %" PRId64 " %s, owner %s, outcome %s: %s\n",
                 (int64_t)json_integer_value(json_object_get(root, "id")), text_of(root, "state"),
                 text_of(root, "owner"), text_of(root, "outcome"), text_of(root, "title"));
    json_decref(root);
    return CLI_EXIT_OK;
}

static int order(const struct cli_args *args, const char *what, const char *json)
{
    char path[96];
    uint64_t id = 0;
    struct tc_errinfo info = {0};
    struct daemon_answer a;
    if (tc_slice_u64(tc_slice_str(args->arguments[0]), INT64_MAX, &id) != TC_OK) {
        (void)tc_fail(&info, TC_E_FORMAT,
                      "\"%s\" is no incident's number; tocsin incidents lists them",
                      args->arguments[0]);
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    (void)snprintf(path, sizeof path, "/api/v1/incidents/%" PRIu64 "/%s", id, what);
    int status = CLI_EXIT_FAILED;
    if (daemon_ask(args, "POST", path, json, -1, &a, &info) == TC_OK)
        status = tell(args, &a);
    else
        (void)cli_failed(&info);
    daemon_answer_done(&a);
    return status;
}

int verb_pickup(const struct cli_args *args)
{
    return order(args, "pickup", "{}");
}

int verb_close(const struct cli_args *args)
{
    struct tc_errinfo info = {0};
    if (!cli_given(args, CLI_OPT_OUTCOME)) {
        (void)tc_fail(&info, TC_E_FORMAT,
                      "say how it ended: --outcome genuine, false, nuisance, test or no_action");
        (void)cli_failed(&info);
        return CLI_EXIT_USAGE;
    }
    json_t *root = json_object();
    (void)json_object_set_new(root, "outcome", json_string(args->values[CLI_OPT_OUTCOME]));
    if (cli_given(args, CLI_OPT_REASON))
        (void)json_object_set_new(root, "reason", json_string(args->values[CLI_OPT_REASON]));
    if (cli_given(args, CLI_OPT_FORCE))
        (void)json_object_set_new(root, "force", json_true());
    char *json = json_dumps(root, JSON_COMPACT);
    int status = json == NULL ? CLI_EXIT_FAILED : order(args, "close", json);
    free(json);
    json_decref(root);
    return status;
}
