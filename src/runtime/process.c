/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/process_internal.h"
#include "runtime/sandbox.h"

enum { KEEP_FDS_MAX = 4096, METRICS_EVERY_S = 5, REPORT_JSON_BYTES = 8192 };

/* ---- what the supervisor gives ---- */

static void on_setup(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    memcpy(&p->setup, m->body, sizeof p->setup);
    tc_role_label(p->ops->role, p->setup.instance, p->label);
    log_start(p->label, getenv("TOCSIN_DEBUG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    (void)prctl(PR_SET_NAME, p->label);
}

static void on_config(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    const struct msg_config *config = m->body;
    int fd = msg_take_fd(m, 0);
    if (fd < 0 || config->bytes == 0) {
        log_error("the configuration came without its text");
        process_stop(p, 1);
        return;
    }
    void *map = mmap(NULL, config->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (map == MAP_FAILED) {
        log_error("mapping the configuration: %s", strerrorname_np(errno));
        process_stop(p, 1);
        return;
    }
    p->config = tc_slice(map, config->bytes);
    memcpy(p->config_sha256, config->sha256, sizeof p->config_sha256);
}

static struct link_slot *find_slot(struct process *p, enum tc_role peer, unsigned instance)
{
    struct link_slot *empty = NULL;
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        struct link_slot *s = &p->links[i];
        if (s->used && s->peer == peer && s->instance == instance)
            return s;
        if (!s->used && empty == NULL)
            empty = s;
    }
    if (empty != NULL)
        *empty = (struct link_slot){.used = true, .peer = peer, .instance = instance};
    return empty;
}

static void forget_link(struct process *p, struct link_slot *s)
{
    struct channel *c = s->channel;
    s->channel = NULL;
    if (c == NULL)
        return;
    if (p->ops->on_unlink != NULL && p->started)
        p->ops->on_unlink(p, c);
    channel_free(c);
}

static void on_link_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    struct process *p = ctx;
    if (why->err != TC_E_CLOSED)
        log_error("%s", why->text);
    else
        log_debug("%s", why->text);
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        if (!p->links[i].used || p->links[i].channel != c)
            continue;
        p->links[i].lost = why->err != TC_E_CLOSED;
        forget_link(p, &p->links[i]);
    }
}

void process_links_ask(struct process *p)
{
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        const struct link_slot *s = &p->links[i];
        struct msg_link_lost lost = {.peer = s->peer, .instance = s->instance};
        if (s->used && s->lost && s->channel == NULL &&
            channel_send(p->control, MSG_LINK_LOST, &lost, tc_slice(NULL, 0)) != TC_OK)
            log_warn("asking for a new link to %s failed, will ask again", tc_role_name(s->peer));
    }
}

static void announce_link(struct process *p, struct link_slot *s)
{
    if (s->channel == NULL)
        return;
    if (p->ops->on_link != NULL)
        p->ops->on_link(p, s->channel);
    if (s->peer == TC_ROLE_CORE)
        process_faults_resend(p);
}

static void on_link_msg(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    const struct msg_link *link = m->body;
    if (link->peer >= TC_ROLE_COUNT)
        return;
    struct link_slot *s = find_slot(p, (enum tc_role)link->peer, link->instance);
    if (s == NULL) {
        log_error("more links than there is room for");
        return;
    }
    forget_link(p, s);
    s->lost = false;
    struct channel_options options = {.self = p->ops->role,
                                      .peer = s->peer,
                                      .peer_instance = s->instance,
                                      .queue_max_bytes = p->ops->queue_max_bytes};
    struct tc_errinfo info = {0};
    if (channel_new(p->base, msg_take_fd(m, 0), &options, &p->link_ops, p, &s->channel, &info) !=
        TC_OK) {
        log_error("%s", info.text);
        s->channel = NULL;
        return;
    }
    if (p->started)
        announce_link(p, s);
}

static void on_listen(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    const struct msg_listen *given = m->body;
    if (p->listens_count == PROCESS_LISTENS_MAX)
        return;
    struct process_listen *l = &p->listens[p->listens_count++];
    l->what = (enum msg_listen_what)given->what;
    l->index = given->index;
    l->fd = msg_take_fd(m, 0);
    memcpy(l->address, given->address, sizeof l->address);
}

static void on_dir(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    const struct msg_dir *given = m->body;
    if (p->dirs_count == PROCESS_DIRS_MAX)
        return;
    struct process_dir *d = &p->dirs[p->dirs_count++];
    d->what = (enum msg_dir_what)given->what;
    d->index = given->index;
    d->fd = m->fds_count > 0 ? msg_take_fd(m, 0) : -1;
    d->err = (enum tc_err)given->err;
    memcpy(d->path, given->path, sizeof d->path);
}

static struct process_secret *secret_slot(struct process *p, const char *name)
{
    for (size_t i = 0; i < p->secrets_count; i++) {
        if (strcmp(p->secrets[i].name, name) == 0)
            return &p->secrets[i];
    }
    struct process_secret *grown = realloc(p->secrets, (p->secrets_count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    p->secrets = grown;
    struct process_secret *s = &grown[p->secrets_count++];
    *s = (struct process_secret){0};
    tc_slice_to_str_cut(tc_slice_str(name), s->name, sizeof s->name);
    tc_buf_init(&s->value, 8192);
    return s;
}

static void on_secret(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct process *p = ctx;
    const struct msg_secret *given = m->body;
    struct process_secret *s = secret_slot(p, given->name);
    if (s == NULL) {
        log_error("no memory for a secret");
        return;
    }
    if (s->value.len > 0)
        explicit_bzero(s->value.data, s->value.len);
    tc_buf_clear(&s->value);
    tc_buf_add_slice(&s->value, m->tail);
    if (p->started && p->ops->on_secret != NULL)
        p->ops->on_secret(p, s);
}

static void on_go(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    (void)m;
    struct process *p = ctx;
    p->go = true;
    (void)event_base_loopbreak(p->base);
}

static void on_stop(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    (void)m;
    process_stop(ctx, 0);
}

static void on_ping(void *ctx, struct channel *from, struct msg *m)
{
    (void)ctx;
    if (channel_send(from, MSG_PONG, m->body, tc_slice(NULL, 0)) != TC_OK)
        log_warn("the supervisor does not read our answers");
}

static void on_own_control(void *ctx, struct channel *from, struct msg *m)
{
    struct process *p = ctx;
    for (const struct channel_handler *h = p->ops->control_handlers; h != NULL && h->type != 0;
         h++) {
        if (h->type == m->row->type) {
            h->fn(ctx, from, m);
            return;
        }
    }
    log_warn("a %s message from the supervisor that this process does not use, ignoring",
             m->row->name);
}

static const struct channel_handler control_handlers[] = {
    {MSG_SETUP, on_setup},
    {MSG_CONFIG, on_config},
    {MSG_LINK, on_link_msg},
    {MSG_LISTEN, on_listen},
    {MSG_DIR, on_dir},
    {MSG_SECRET, on_secret},
    {MSG_GO, on_go},
    {MSG_STOP, on_stop},
    {MSG_PING, on_ping},
    {MSG_RING, on_own_control},
    {MSG_CONNECTED, on_own_control},
    {MSG_HEALTH, on_own_control},
    {MSG_PROCESS_STATE, on_own_control},
    {0, NULL},
};

static void on_control_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)c;
    (void)why;
    process_stop(ctx, 0); /* the supervisor is gone: so are we */
}

static const struct channel_ops control_ops = {.handlers = control_handlers,
                                               .on_closed = on_control_closed};

/* ---- the sandbox ---- */

static unsigned open_fds(int *fds, unsigned max)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    for (struct dirent *e = readdir(dir); e != NULL && n < max; e = readdir(dir)) {
        uint64_t fd = 0;
        if (tc_slice_u64(tc_slice_str(e->d_name), INT32_MAX, &fd) == TC_OK && (int)fd != dirfd(dir))
            fds[n++] = (int)fd;
    }
    (void)closedir(dir);
    return n;
}

static enum tc_err close_sandbox(struct process *p, struct tc_sandbox_report *report,
                                 struct tc_errinfo *info)
{
    static int keep[KEEP_FDS_MAX];
    int volumes[PROCESS_DIRS_MAX];
    size_t volume_count = 0;
    struct tc_sandbox_options options = {.instance = p->setup.instance,
                                         .parent = getppid(),
                                         .uid_base = p->setup.uid,
                                         .state_fd = -1,
                                         .keep_fds = keep,
                                         .event_fd = PROCESS_REPORT_FD};
    for (size_t i = 0; i < p->dirs_count; i++) {
        if (p->dirs[i].what == MSG_DIR_STATE)
            options.state_fd = p->dirs[i].fd;
        else if (p->dirs[i].fd >= 0)
            volumes[volume_count++] = p->dirs[i].fd;
    }
    options.volume_fds = volumes;
    options.volume_count = volume_count;
    options.keep_count = open_fds(keep, KEEP_FDS_MAX);
    return tc_sandbox_apply(p->ops->role, &options, report, info);
}

static void send_ready(struct process *p, const struct tc_sandbox_report *report)
{
    struct msg_ready ready = {.pid = (uint32_t)getpid()};
    TC_CLEANUP(tc_buf_done) struct tc_buf json;
    tc_buf_init(&json, REPORT_JSON_BYTES);
    tc_sandbox_describe_json(report, &json);
    if (channel_send(p->control, MSG_READY, &ready, tc_buf_view(&json)) != TC_OK)
        log_error("telling the supervisor that we are ready failed");
}

/* ---- life ---- */

static void on_metrics_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct process *p = arg;
    if (p->ops->metrics == NULL)
        return;
    tc_buf_clear(&p->metrics_text);
    p->ops->metrics(p, &p->metrics_text);
    struct msg_none none = {0};
    if (channel_send(p->control, MSG_METRICS, &none, tc_buf_view(&p->metrics_text)) != TC_OK)
        log_warn("metrics not sent, ignoring");
}

static enum tc_err open_process(struct process *p, struct tc_errinfo *info)
{
    (void)close_range(PROCESS_REPORT_FD + 1, ~0U, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);  /* a ^C on the terminal is the supervisor's to pass on */
    (void)signal(SIGTERM, SIG_IGN); /* service managers send it to all; the supervisor says STOP */
    p->base = event_base_new();
    if (p->base == NULL)
        return tc_fail(info, TC_E_NOMEM, "no event loop");
    p->link_ops = (struct channel_ops){.handlers = p->ops->handlers, .on_closed = on_link_closed};
    tc_buf_init(&p->metrics_text, 32768);
    struct channel_options options = {.self = p->ops->role, .peer = TC_ROLE_SUPERVISOR};
    TC_TRY(channel_new(p->base, PROCESS_CONTROL_FD, &options, &control_ops, p, &p->control, info));
    process_faults_init(p);
    p->metrics_tick = event_new(p->base, -1, EV_PERSIST, on_metrics_tick, p);
    struct timeval every = {.tv_sec = METRICS_EVERY_S};
    if (p->metrics_tick == NULL || event_add(p->metrics_tick, &every) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for a timer");
    return TC_OK;
}

static enum tc_err bring_up(struct process *p, struct tc_errinfo *info)
{
    if (p->ops->prepare != NULL)
        TC_TRY(p->ops->prepare(p, info));
    struct tc_sandbox_report report;
    TC_TRY(close_sandbox(p, &report, info));
    if (p->ops->start != NULL)
        TC_TRY(p->ops->start(p, info));
    p->started = true;
    send_ready(p, &report);
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        if (p->links[i].used)
            announce_link(p, &p->links[i]);
    }
    return TC_OK;
}

int process_run(const struct process_ops *ops, void *user)
{
    struct process *p = calloc(1, sizeof *p);
    struct tc_errinfo info = {0};
    if (p == NULL)
        return 1;
    p->ops = ops;
    p->user = user;
    tc_role_label(ops->role, 0, p->label);
    log_start(p->label, LOG_LEVEL_INFO);
    enum tc_err err = open_process(p, &info);
    if (err == TC_OK)
        (void)event_base_dispatch(p->base);
    if (err == TC_OK && p->go && !p->stopping) {
        err = bring_up(p, &info);
        if (err == TC_OK && !p->stopping)
            (void)event_base_dispatch(p->base);
        if (p->started && ops->stop != NULL)
            ops->stop(p);
    }
    if (err != TC_OK) {
        log_error("%s", info.text);
        p->status = 1;
    }
    channel_free(p->control);
    return p->status;
}

void process_alive(struct process *p)
{
    struct msg_ping ping = {0};
    if (channel_send(p->control, MSG_PONG, &ping, tc_slice(NULL, 0)) == TC_OK)
        channel_flush(p->control);
}

void process_stop(struct process *p, int status)
{
    p->stopping = true;
    p->status = status;
    (void)event_base_loopbreak(p->base);
}

/* ---- what the process room asks for ---- */

void *process_user(const struct process *p)
{
    return p->user;
}

struct event_base *process_base(const struct process *p)
{
    return p->base;
}

const struct msg_setup *process_setup(const struct process *p)
{
    return &p->setup;
}

uint64_t process_first_id(const struct process *p)
{
    return (uint64_t)p->setup.starts << 40;
}

const char *process_label(const struct process *p)
{
    return p->label;
}

struct tc_slice process_config(const struct process *p)
{
    return p->config;
}

const uint8_t *process_config_sha256(const struct process *p)
{
    return p->config_sha256;
}

struct channel *process_control(const struct process *p)
{
    return p->control;
}

struct channel *process_link_next(const struct process *p, enum tc_role peer, unsigned *cursor)
{
    while (*cursor < PROCESS_LINKS_MAX) {
        const struct link_slot *s = &p->links[(*cursor)++];
        if (s->used && s->peer == peer && s->channel != NULL)
            return s->channel;
    }
    return NULL;
}

struct channel *process_link(const struct process *p, enum tc_role peer)
{
    unsigned cursor = 0;
    return process_link_next(p, peer, &cursor);
}

struct channel *process_link_instance(const struct process *p, enum tc_role peer, unsigned instance)
{
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        const struct link_slot *s = &p->links[i];
        if (s->used && s->peer == peer && s->instance == instance)
            return s->channel;
    }
    return NULL;
}

void process_link_renew(struct process *p, enum tc_role peer, unsigned instance)
{
    for (size_t i = 0; i < PROCESS_LINKS_MAX; i++) {
        struct link_slot *s = &p->links[i];
        if (!s->used || s->peer != peer || s->instance != instance || s->channel == NULL)
            continue;
        s->lost = true;
        forget_link(p, s);
    }
}

struct process_listen *process_listen_at(struct process *p, unsigned index)
{
    return index < p->listens_count ? &p->listens[index] : NULL;
}

struct process_dir *process_dir_at(struct process *p, unsigned index)
{
    return index < p->dirs_count ? &p->dirs[index] : NULL;
}

struct tc_slice process_secret(const struct process *p, const char *name)
{
    for (size_t i = 0; i < p->secrets_count; i++) {
        if (strcmp(p->secrets[i].name, name) == 0)
            return tc_buf_view(&p->secrets[i].value);
    }
    return tc_slice(NULL, 0);
}

const struct process_secret *process_secret_next(const struct process *p, unsigned *cursor)
{
    return *cursor < p->secrets_count ? &p->secrets[(*cursor)++] : NULL;
}
