/* SPDX-License-Identifier: Apache-2.0 */
/* The users of site.yaml and their passwords, which are kept apart from it as Argon2id strings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/check.h"
#include "base/json_out.h"
#include "cli/site_file.h"
#include "runtime/secrets.h"

enum { PASSWORD_BYTES_MIN = 8, PASSWORD_BYTES_MAX = 255 };

struct user_job {
    const struct cli_args *args;
    struct cli_site *site;
    int secrets_fd; /* -1 when there is no store yet */
};

static void secret_of(const char *user, char name[SECRET_NAME_BYTES])
{
    (void)snprintf(name, SECRET_NAME_BYTES, "password/%s", user);
}

static bool has_password(const struct user_job *job, const char *user)
{
    char name[SECRET_NAME_BYTES];
    struct tc_buf hash;
    secret_of(user, name);
    tc_buf_init(&hash, 2 * SECRET_BYTES_MAX);
    bool found = job->secrets_fd >= 0 && secret_get(job->secrets_fd, name, &hash, NULL) == TC_OK;
    secret_wipe(&hash);
    return found;
}

static void list_user(const struct user_job *job, const struct site_user *u, struct tc_buf *out)
{
    bool password = has_password(job, u->id);
    if (!cli_given(job->args, CLI_OPT_JSON)) {
        tc_buf_add_fmt(out, "%-20s %-14s %-12s %s\n", u->id, site_role_name(u->role),
                       password ? "password" : "no password", u->name);
        return;
    }
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "id", u->id);
    tc_json_kv_str(&j, "name", u->name);
    tc_json_kv_str(&j, "role", site_role_name(u->role));
    tc_json_kv_bool(&j, "password", password);
    tc_json_key(&j, "uid");
    if (u->uid >= 0)
        tc_json_i64(&j, u->uid);
    else
        tc_json_null(&j);
    tc_json_obj_end(&j);
    tc_buf_add_u8(out, '\n');
}

static enum tc_err list(struct user_job *job, struct tc_errinfo *info)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 4 * 1024 * 1024);
    for (size_t i = 0; i < job->site->site.users_count; i++)
        list_user(job, &job->site->site.users[i], &out);
    if (cli_print(&out) != CLI_EXIT_OK)
        return tc_fail(info, TC_E_IO, "the list is not complete");
    return TC_OK;
}

static enum tc_err check_password(struct tc_slice password, struct tc_errinfo *info)
{
    if (password.len < PASSWORD_BYTES_MIN || password.len > PASSWORD_BYTES_MAX)
        return tc_fail(info, TC_E_RANGE, "a password has %d to %d bytes", PASSWORD_BYTES_MIN,
                       PASSWORD_BYTES_MAX);
    if (memchr(password.ptr, 0, password.len) != NULL || !tc_slice_is_utf8(password))
        return tc_fail(info, TC_E_FORMAT, "a password is text in UTF-8");
    return TC_OK;
}

static enum tc_err store_hash(int fd, const char *user, struct tc_slice password,
                              struct tc_errinfo *info)
{
    char name[SECRET_NAME_BYTES];
    char hash[crypto_pwhash_STRBYTES];
    secret_of(user, name);
    if (sodium_init() < 0 || crypto_pwhash_str(hash, (const char *)password.ptr, password.len,
                                               crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                               crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return tc_fail(info, TC_E_CRYPTO,
                       "the password could not be hashed (this takes 64 MiB of memory)");
    return secret_set(fd, name, tc_slice_str(hash), info);
}

static enum tc_err password(struct user_job *job, struct tc_errinfo *info)
{
    const char *user = job->args->arguments[0];
    if (site_user_find(&job->site->site, tc_slice_str(user)) == SITE_NONE)
        return tc_fail(info, TC_E_NOT_FOUND, "%s has no user \"%s\"; add it there first",
                       job->site->path, user);
    char prompt[96];
    struct tc_buf entered;
    (void)snprintf(prompt, sizeof prompt, "new password of %s: ", user);
    tc_buf_init(&entered, SECRET_BYTES_MAX + 8192);
    enum tc_err err = cli_secret_read(job->args, prompt, true, &entered, info);
    if (err == TC_OK)
        err = check_password(tc_buf_view(&entered), info);
    if (err == TC_OK)
        err = store_hash(job->secrets_fd, user, tc_buf_view(&entered), info);
    secret_wipe(&entered);
    if (err == TC_OK && !cli_given(job->args, CLI_OPT_QUIET))
        (void)printf("stored the password of %s\n", user);
    return err;
}

/* Also for a user whom site.yaml does not name any more. */
static enum tc_err lock(struct user_job *job, struct tc_errinfo *info)
{
    char name[SECRET_NAME_BYTES];
    const char *user = job->args->arguments[0];
    if (!site_id_valid(tc_slice_str(user)))
        return tc_fail(info, TC_E_FORMAT, "\"%s\" cannot be a user's name", user);
    secret_of(user, name);
    TC_TRY(secret_remove(job->secrets_fd, name, info));
    if (!cli_given(job->args, CLI_OPT_QUIET))
        (void)printf("%s has no password any more\n", user);
    return TC_OK;
}

static const struct user_sub {
    const char *name;
    bool needs_site;
    bool makes_store;
    bool works_without_store;
    enum tc_err (*run)(struct user_job *job, struct tc_errinfo *info);
} user_subs[] = {
    {"list", true, false, true, list},
    {"password", true, true, false, password},
    {"lock", false, false, false, lock},
};

static enum tc_err open_store(struct user_job *job, const struct user_sub *sub,
                              struct tc_errinfo *info)
{
    int state_fd = -1;
    enum tc_err err = cli_state_open(job->args, sub->makes_store, &state_fd, info);
    if (err == TC_OK) {
        err = secrets_open(state_fd, sub->makes_store, &job->secrets_fd, info);
        (void)close(state_fd);
    }
    return err == TC_E_NOT_FOUND && sub->works_without_store ? TC_OK : err;
}

static int run_sub(const struct cli_args *args, const struct user_sub *sub, struct cli_site *site)
{
    struct tc_errinfo info = {0};
    struct user_job job = {.args = args, .site = site, .secrets_fd = -1};
    enum tc_err err = sub->needs_site ? cli_site_load(args, site) : TC_OK;
    if (err != TC_OK)
        return CLI_EXIT_FAILED; /* told already */
    err = open_store(&job, sub, &info);
    if (err == TC_OK)
        err = sub->run(&job, &info);
    if (job.secrets_fd >= 0)
        (void)close(job.secrets_fd);
    return err == TC_OK ? CLI_EXIT_OK : cli_failed(&info);
}

int verb_user(const struct cli_args *args)
{
    for (size_t i = 0; i < TC_COUNT(user_subs); i++) {
        if (strcmp(user_subs[i].name, args->sub->name) != 0)
            continue;
        struct cli_site site = {0};
        int exit_code = run_sub(args, &user_subs[i], &site);
        cli_site_done(&site);
        return exit_code;
    }
    return CLI_EXIT_USAGE; /* not reached: the parser took the word from the same names */
}
