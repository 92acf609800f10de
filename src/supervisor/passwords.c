/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that `tocsin user password` set, or locked, while the daemon runs: seen by the change
 * of the secrets' directory, sent to core, which ends that person's sessions and puts it on the
 * record. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "supervisor/internal.h"

struct password_seen {
    uint8_t sha256[SHA256_DIGEST_LENGTH]; /* of the stored string; zeros: none */
};

static bool directory_changed(struct supervisor *s)
{
    struct stat st;
    if (fstat(s->secrets_fd, &st) != 0)
        return false;
    bool changed = st.st_mtim.tv_sec != s->secrets_mtime.tv_sec ||
                   st.st_mtim.tv_nsec != s->secrets_mtime.tv_nsec;
    s->secrets_mtime = st.st_mtim;
    return changed;
}

/* Reads one user's string; empty when there is none. False when it cannot be read: then it stays as
 * it is. */
static bool read_password(struct supervisor *s, const char *user, struct tc_buf *out)
{
    char name[MSG_NAME_BYTES];
    struct tc_errinfo info = {0};
    (void)snprintf(name, sizeof name, "password/%s", user);
    enum tc_err err = secret_get(s->secrets_fd, name, out, &info);
    if (err != TC_OK && err != TC_E_NOT_FOUND)
        log_error("the password of %s: %s", user, info.text);
    return err == TC_OK || err == TC_E_NOT_FOUND;
}

static void check_user(struct supervisor *s, size_t index, bool tell)
{
    const char *user = s->site.users[index].id;
    struct worker *core = worker_find(s, TC_ROLE_CORE, 0);
    struct password_seen now = {0};
    TC_CLEANUP(secret_wipe) struct tc_buf value;
    tc_buf_init(&value, 2 * SECRET_BYTES_MAX);
    if (!read_password(s, user, &value))
        return;
    if (value.len > 0)
        SHA256(value.data, value.len, now.sha256);
    if (memcmp(&now, &s->passwords[index], sizeof now) == 0)
        return;
    s->passwords[index] = now;
    if (!tell || core == NULL || core->control == NULL)
        return; /* core is sent all of them when it starts */
    if (worker_send_password(core, user, tc_buf_view(&value)) != TC_OK)
        log_error("sending core the new password of %s failed", user);
}

void passwords_look(struct supervisor *s)
{
    bool first = s->passwords == NULL;
    if (s->site.users_count == 0)
        return;
    if (first)
        s->passwords = calloc(s->site.users_count, sizeof *s->passwords);
    if (s->passwords == NULL || !directory_changed(s))
        return;
    for (size_t i = 0; i < s->site.users_count; i++)
        check_user(s, i, !first);
}
