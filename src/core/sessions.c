/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions live in core's memory: a random token each, ended by hand, by 12 h without use, or with
 * core. */
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/api.h"
#include "runtime/clock.h"
#include "runtime/log.h"

#define SESSION_IDLE_NS (12 * 3600 * TC_NS_PER_S)

struct login *login_by_token(struct core *c, const char *token)
{
    struct tc_mono now = clock_mono();
    size_t len = strnlen(token, API_TOKEN_BYTES);
    if (len == 0 || len == API_TOKEN_BYTES)
        return NULL;
    for (size_t i = 0; i < c->sessions_count; i++) {
        struct login *s = &c->sessions[i];
        if (s->token[0] == 0 || strlen(s->token) != len || sodium_memcmp(s->token, token, len) != 0)
            continue;
        if (now.ns - s->used_at.ns > SESSION_IDLE_NS) {
            login_end(c, s);
            return NULL;
        }
        s->used_at = now;
        return s;
    }
    return NULL;
}

/* Is A to go before B? Those of the local socket first: each of the verbs opens one, and their
 * number must not push people out. */
static bool login_goes_first(const struct login *a, const struct login *b)
{
    if (b == NULL || a->local != b->local)
        return b == NULL || a->local;
    return a->used_at.ns < b->used_at.ns;
}

/* A free place, or the one that was not used for the longest time. */
static struct login *login_place(struct core *c)
{
    struct login *oldest = NULL;
    for (size_t i = 0; i < c->sessions_count; i++) {
        if (c->sessions[i].token[0] == 0)
            return &c->sessions[i];
        if (login_goes_first(&c->sessions[i], oldest))
            oldest = &c->sessions[i];
    }
    if (c->sessions_count < CORE_SESSIONS_MAX) {
        if (c->sessions == NULL)
            c->sessions = calloc(CORE_SESSIONS_MAX, sizeof *c->sessions);
        return c->sessions == NULL ? NULL : &c->sessions[c->sessions_count++];
    }
    return oldest;
}

struct login *login_new(struct core *c, const char *user, const char *name, enum site_role role,
                        bool local)
{
    struct login *s = login_place(c);
    if (s == NULL)
        return NULL;
    uint8_t random[32];
    randombytes_buf(random, sizeof random);
    *s = (struct login){
        .role = role, .local = local, .used_at = clock_mono(), .since = clock_wall()};
    sodium_bin2base64(s->token, sizeof s->token, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
    tc_slice_to_str_cut(tc_slice_str(user), s->user, sizeof s->user);
    tc_slice_to_str_cut(tc_slice_str(name), s->name, sizeof s->name);
    return s;
}

void login_end(struct core *c, struct login *s)
{
    (void)c;
    sodium_memzero(s, sizeof *s);
}

void logins_end_of(struct core *c, const char *user)
{
    for (size_t i = 0; i < c->sessions_count; i++) {
        if (!c->sessions[i].local && strcmp(c->sessions[i].user, user) == 0)
            login_end(c, &c->sessions[i]);
    }
}

/* Is it a connection that was accepted on tocsin.sock? Web hands the descriptor over, and others
 * that it holds have root at their other end: the listening socket itself, its links to the
 * supervisor, a log that is a socket. */
static bool is_local_connection(int fd)
{
    static const char name[] = "/tocsin.sock";
    struct sockaddr_un own = {0};
    socklen_t own_len = sizeof own;
    int listens = 1;
    socklen_t len = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || listens != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || own.sun_family != AF_UNIX)
        return false;
    size_t len_path = strnlen(own.sun_path, sizeof own.sun_path);
    size_t len_name = sizeof name - 1;
    return len_path >= len_name && memcmp(own.sun_path + len_path - len_name, name, len_name) == 0;
}

/* Who the kernel says is at the other end of the local socket: root and the daemon's starter
 * administer, others are people of the site by their uid. */
void api_peer(struct core *c, struct msg *m)
{
    struct msg_peer_is answer = {.request = ((const struct msg_peer *)m->body)->request};
    struct ucred who = {0};
    socklen_t len = sizeof who;
    struct login *s = NULL;
    if (m->fds_count == 1 && is_local_connection(m->fds[0]) &&
        getsockopt(m->fds[0], SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
        if (who.uid == 0 || who.uid == c->starter)
            s = login_new(c, "local", "Local administrator", SITE_ROLE_ADMINISTRATOR, true);
        for (size_t i = 0; s == NULL && i < c->site.users_count; i++) {
            const struct site_user *u = &c->site.users[i];
            if (u->uid >= 0 && (uid_t)u->uid == who.uid)
                s = login_new(c, u->id, u->name, u->role, true);
        }
    }
    if (s != NULL)
        memcpy(answer.token, s->token, sizeof answer.token);
    outbox_send(c, TC_ROLE_WEB, MSG_PEER_IS, &answer, tc_slice(NULL, 0));
}

static void tell_session(struct api_call *call)
{
    struct tc_json j = tc_json(&call->json);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "user", call->who->user);
    tc_json_kv_str(&j, "name", call->who->name);
    tc_json_kv_str(&j, "role", site_role_name(call->who->role));
    tc_json_key(&j, "site");
    tc_json_obj(&j);
    tc_json_kv_str(&j, "id", call->c->site.id);
    tc_json_kv_str(&j, "name", call->c->site.name);
    tc_json_kv_str(&j, "timezone", call->c->site.timezone);
    tc_json_obj_end(&j);
    tc_json_kv_str(&j, "version", TOCSIN_VERSION);
    tc_json_kv_wall(&j, "now", clock_wall());
    tc_json_obj_end(&j);
}

void api_session_get(struct api_call *call)
{
    tell_session(call);
    api_answer(call, 200);
}

void api_session_delete(struct api_call *call)
{
    struct record_entry e;
    core_entry(call->c, &e, RK_LOGOUT);
    entry_str(&e, RF_USER, call->who->user);
    entry_str(&e, RF_PEER, call->m->peer);
    bool written =
        core_input(call->c, &e); /* before the session ends: the entry borrows its texts */
    login_end(call->c, call->who);
    if (!written)
        return;
    struct msg_answer answer = {.request = call->m->request, .status = 204, .clear_token = 1};
    outbox_send(call->c, TC_ROLE_WEB, MSG_ANSWER, &answer, tc_slice(NULL, 0));
}
