/* SPDX-License-Identifier: Apache-2.0 */
/* What each process is given: set-up, configuration, listeners, directories, secrets, rings, links.
 */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "supervisor/internal.h"

/* Who talks to whom; with capture, each instance. */
static const struct {
    enum tc_role a, b;
} links[] = {
    {TC_ROLE_INTAKE, TC_ROLE_CORE},  {TC_ROLE_CORE, TC_ROLE_READER},
    {TC_ROLE_CORE, TC_ROLE_ARCHIVE}, {TC_ROLE_CORE, TC_ROLE_WEB},
    {TC_ROLE_CORE, TC_ROLE_CAPTURE}, {TC_ROLE_READER, TC_ROLE_WEB},
    {TC_ROLE_ARCHIVE, TC_ROLE_WEB},
};

static enum tc_err send_setup(struct worker *w)
{
    struct supervisor *s = w->sup;
    struct msg_setup setup = {
        .role = w->role, .instance = w->instance, .boot = s->boot, .starts = w->starts};
    (void)snprintf(setup.state_dir, sizeof setup.state_dir, "%s", s->options->state_dir);
    (void)snprintf(setup.site_file, sizeof setup.site_file, "%s", s->options->site_file);
    TC_TRY(channel_send(w->control, MSG_SETUP, &setup, tc_slice(NULL, 0)));
    struct msg_config config = {.bytes = (uint32_t)s->config_text.len};
    memcpy(config.sha256, s->config_sha256, sizeof config.sha256);
    return channel_send_fds(w->control, MSG_CONFIG, &config, tc_slice(NULL, 0), &s->config_fd, 1);
}

static enum tc_err send_listens(struct worker *w)
{
    for (size_t i = 0; i < w->sup->listens_count; i++) {
        const struct listener *l = &w->sup->listens[i];
        enum tc_role owner = l->what == MSG_LISTEN_RECEIVER ? TC_ROLE_INTAKE : TC_ROLE_WEB;
        if (owner != w->role)
            continue;
        struct msg_listen listen = {.what = l->what, .index = l->index};
        memcpy(listen.address, l->address, sizeof listen.address);
        TC_TRY(channel_send_fds(w->control, MSG_LISTEN, &listen, tc_slice(NULL, 0), &l->fd, 1));
    }
    return TC_OK;
}

static enum tc_err send_dirs(struct worker *w)
{
    struct supervisor *s = w->sup;
    if (w->role != TC_ROLE_CORE && w->role != TC_ROLE_READER && w->role != TC_ROLE_ARCHIVE)
        return TC_OK;
    struct msg_dir dir = {.what = MSG_DIR_STATE};
    (void)snprintf(dir.path, sizeof dir.path, "%s", s->options->state_dir);
    TC_TRY(channel_send_fds(w->control, MSG_DIR, &dir, tc_slice(NULL, 0), &s->state_fd, 1));
    for (size_t i = 0; w->role == TC_ROLE_ARCHIVE && i < s->site.archive.volumes_count; i++) {
        const struct volume *v = &s->volumes[i];
        dir =
            (struct msg_dir){.what = MSG_DIR_VOLUME, .index = (uint32_t)i, .err = (int32_t)v->err};
        (void)snprintf(dir.path, sizeof dir.path, "%.*s", (int)sizeof dir.path - 1, v->path);
        TC_TRY(channel_send_fds(w->control, MSG_DIR, &dir, tc_slice(NULL, 0), &v->fd,
                                v->fd >= 0 ? 1 : 0));
    }
    return TC_OK;
}

static enum tc_err send_secret(struct worker *w, const char *name, struct tc_slice value)
{
    struct msg_secret secret = {0};
    (void)snprintf(secret.name, sizeof secret.name, "%s", name);
    return channel_send(w->control, MSG_SECRET, &secret, value);
}

/* Sends a secret that the configuration refers to; a missing one is told, and the process lives
 * without. */
static enum tc_err send_referred(struct worker *w, const char *name, const char *of)
{
    if (name[0] == 0)
        return TC_OK;
    struct tc_errinfo info = {0};
    TC_CLEANUP(secret_wipe) struct tc_buf value;
    tc_buf_init(&value, 2 * SECRET_BYTES_MAX);
    if (secret_get(w->sup->secrets_fd, name, &value, &info) != TC_OK) {
        log_error("%s: %s (set it with: tocsin secret set %s)", of, info.text, name);
        return TC_OK;
    }
    return send_secret(w, name, tc_buf_view(&value));
}

enum tc_err worker_send_password(struct worker *core, const char *user, struct tc_slice hash)
{
    char name[MSG_NAME_BYTES];
    (void)snprintf(name, sizeof name, "password/%s", user);
    return send_secret(core, name, hash);
}

static enum tc_err send_passwords(struct worker *w)
{
    for (size_t i = 0; i < w->sup->site.users_count; i++) {
        const char *user = w->sup->site.users[i].id;
        struct tc_errinfo info = {0};
        char name[MSG_NAME_BYTES];
        TC_CLEANUP(secret_wipe) struct tc_buf hash;
        tc_buf_init(&hash, 2 * SECRET_BYTES_MAX);
        (void)snprintf(name, sizeof name, "password/%s", user);
        enum tc_err err = secret_get(w->sup->secrets_fd, name, &hash, &info);
        if (err == TC_OK)
            TC_TRY(worker_send_password(w, user, tc_buf_view(&hash)));
        else if (err != TC_E_NOT_FOUND)
            log_error("the password of %s: %s", user, info.text);
    }
    return TC_OK;
}

static enum tc_err send_secrets(struct worker *w)
{
    const struct site *site = &w->sup->site;
    switch (w->role) {
    case TC_ROLE_INTAKE:
        for (size_t i = 0; i < site->panels_count; i++)
            TC_TRY(send_referred(w, site->panels[i].key_secret, site->panels[i].id));
        return TC_OK;
    case TC_ROLE_CAPTURE:
        for (size_t i = w->instance * CAMERAS_PER_SHARD;
             i < site->cameras_count && i < (w->instance + 1) * (size_t)CAMERAS_PER_SHARD; i++)
            TC_TRY(send_referred(w, site->cameras[i].login_secret, site->cameras[i].id));
        return TC_OK;
    case TC_ROLE_CORE:
        return send_passwords(w);
    case TC_ROLE_WEB:
        TC_TRY(send_secret(w, "tls.key", tc_buf_view(&w->sup->tls_key)));
        return send_secret(w, "tls.crt", tc_buf_view(&w->sup->tls_crt));
    default:
        return TC_OK;
    }
}

static enum tc_err send_rings(struct worker *w)
{
    struct supervisor *s = w->sup;
    if (w->role != TC_ROLE_CAPTURE && w->role != TC_ROLE_ARCHIVE)
        return TC_OK;
    for (size_t i = 0; i < s->site.cameras_count; i++) {
        bool writes = w->role == TC_ROLE_CAPTURE;
        if (writes && i / CAMERAS_PER_SHARD != w->instance)
            continue;
        struct msg_ring ring = {.camera = (uint32_t)i, .writable = writes};
        const int *fd = writes ? &s->rings[i].writer : &s->rings[i].reader;
        TC_TRY(channel_send_fds(w->control, MSG_RING, &ring, tc_slice(NULL, 0), fd, 1));
    }
    return TC_OK;
}

enum tc_err worker_equip(struct worker *w, struct tc_errinfo *info)
{
    enum tc_err err = send_setup(w);
    if (err == TC_OK)
        err = send_listens(w);
    if (err == TC_OK)
        err = send_dirs(w);
    if (err == TC_OK)
        err = send_secrets(w);
    if (err == TC_OK)
        err = send_rings(w);
    if (err != TC_OK)
        return tc_fail(info, err, "giving %s what it needs: %s", w->label, tc_err_text(err));
    return TC_OK;
}

static enum tc_err make_link(struct worker *a, struct worker *b, struct tc_errinfo *info)
{
    int fds[2];
    TC_TRY(channel_pair(fds, info));
    struct msg_link to_a = {.peer = b->role, .instance = b->instance};
    struct msg_link to_b = {.peer = a->role, .instance = a->instance};
    enum tc_err err = channel_send_fds(a->control, MSG_LINK, &to_a, tc_slice(NULL, 0), &fds[0], 1);
    if (err == TC_OK)
        err = channel_send_fds(b->control, MSG_LINK, &to_b, tc_slice(NULL, 0), &fds[1], 1);
    (void)close(fds[0]);
    (void)close(fds[1]);
    if (err != TC_OK)
        return tc_fail(info, err, "linking %s with %s: %s", a->label, b->label, tc_err_text(err));
    return TC_OK;
}

void worker_relink(struct worker *w, struct worker *peer)
{
    struct tc_errinfo info = {0};
    bool linked = false;
    for (size_t k = 0; k < TC_COUNT(links); k++)
        linked = linked || (links[k].a == w->role && links[k].b == peer->role) ||
                 (links[k].b == w->role && links[k].a == peer->role);
    if (!linked || !w->wired || !peer->wired || w->control == NULL || peer->control == NULL)
        return;
    log_warn("%s closed its link to %s, making a new one", w->label, peer->label);
    if (make_link(w, peer, &info) != TC_OK)
        log_error("%s", info.text);
}

enum tc_err worker_wire(struct worker *w, struct tc_errinfo *info)
{
    struct supervisor *s = w->sup;
    for (size_t k = 0; k < TC_COUNT(links); k++) {
        bool first = links[k].a == w->role;
        if (!first && links[k].b != w->role)
            continue;
        enum tc_role other = first ? links[k].b : links[k].a;
        for (size_t i = 0; i < s->workers_count; i++) {
            struct worker *peer = &s->workers[i];
            /* one that is not wired yet makes this link itself when its turn comes */
            if (peer->role == other && peer->control != NULL && peer->wired)
                TC_TRY(make_link(w, peer, info));
        }
    }
    w->wired = true;
    return TC_OK;
}
