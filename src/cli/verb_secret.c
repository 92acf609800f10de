/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json_out.h"
#include "cli/site_file.h"
#include "runtime/secrets.h"

static enum tc_err open_store(const struct cli_args *args, bool create, int *ret_fd,
                              struct tc_errinfo *info)
{
    int state_fd = -1;
    TC_TRY(cli_state_open(args, create, &state_fd, info));
    enum tc_err err = secrets_open(state_fd, create, ret_fd, info);
    (void)close(state_fd);
    if (err != TC_OK)
        tc_errinfo_prefix(info, "%s", cli_state_path(args));
    return err;
}

/* The verb is for what site.yaml calls secret:NAME; passwords and keys have verbs of their own. */
static enum tc_err check_name(const char *name, struct tc_errinfo *info)
{
    if (site_id_valid(tc_slice_str(name)))
        return TC_OK;
    return tc_fail(info, TC_E_FORMAT,
                   "a secret's name has 1 to 48 of a-z, 0-9, - and _, the first a letter or digit");
}

static enum tc_err set(const struct cli_args *args, int fd, struct tc_errinfo *info)
{
    const char *name = args->arguments[0];
    char prompt[96];
    struct tc_buf value;
    TC_TRY(check_name(name, info));
    (void)snprintf(prompt, sizeof prompt, "secret:%s (a camera's is user:password): ", name);
    tc_buf_init(&value, SECRET_BYTES_MAX + 8192);
    enum tc_err err = cli_secret_read(args, prompt, false, &value, info);
    if (err == TC_OK)
        err = secret_set(fd, name, tc_buf_view(&value), info);
    secret_wipe(&value);
    if (err == TC_OK && !cli_given(args, CLI_OPT_QUIET))
        (void)printf("stored secret:%s\n", name);
    return err;
}

struct listing {
    bool json;
    struct tc_buf out;
};

static enum tc_err list_one(void *ctx, const char *name)
{
    struct listing *l = ctx;
    if (!site_id_valid(tc_slice_str(name)))
        return TC_OK;
    if (l->json) {
        struct tc_json j = tc_json(&l->out);
        tc_json_obj(&j);
        tc_json_kv_str(&j, "name", name);
        tc_json_obj_end(&j);
        tc_buf_add_u8(&l->out, '\n');
    } else {
        tc_buf_add_fmt(&l->out, "%s\n", name);
    }
    return l->out.err;
}

static enum tc_err list(const struct cli_args *args, int fd, struct tc_errinfo *info)
{
    struct listing l = {.json = cli_given(args, CLI_OPT_JSON)};
    tc_buf_init(&l.out, 4 * 1024 * 1024);
    enum tc_err err = secrets_list(fd, list_one, &l, info);
    if (err == TC_OK && cli_print(&l.out) != CLI_EXIT_OK)
        err = tc_fail(info, TC_E_IO, "the list is not complete");
    tc_buf_done(&l.out);
    return err;
}

static enum tc_err remove_one(const struct cli_args *args, int fd, struct tc_errinfo *info)
{
    TC_TRY(check_name(args->arguments[0], info));
    TC_TRY(secret_remove(fd, args->arguments[0], info));
    if (!cli_given(args, CLI_OPT_QUIET))
        (void)printf("removed secret:%s\n", args->arguments[0]);
    return TC_OK;
}

int verb_secret(const struct cli_args *args)
{
    static const struct {
        const char *name;
        bool create;
        enum tc_err (*run)(const struct cli_args *args, int fd, struct tc_errinfo *info);
    } subs[] = {{"set", true, set}, {"list", false, list}, {"remove", false, remove_one}};
    struct tc_errinfo info = {0};
    for (size_t i = 0; i < TC_COUNT(subs); i++) {
        if (strcmp(subs[i].name, args->sub->name) != 0)
            continue;
        int fd = -1;
        enum tc_err err = open_store(args, subs[i].create, &fd, &info);
        if (err == TC_OK) {
            err = subs[i].run(args, fd, &info);
            (void)close(fd);
        }
        return err == TC_OK ? CLI_EXIT_OK : cli_failed(&info);
    }
    return CLI_EXIT_USAGE; /* not reached: the parser took the word from the same names */
}
