/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/intake.h"

#include <event2/event.h>
#include <string.h>

#include "config/config.h"
#include "intake/receiver.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"

struct intake {
    struct process *process;
    struct site site;
    bool has_site;
    struct receiver *receiver;
    struct event *sweep;
};

/* ---- what the receiver needs ---- */

static enum tc_err send_signal(void *ctx, const struct msg_signal *body, struct tc_slice tail)
{
    const struct intake *in = ctx;
    struct channel *core = process_link(in->process, TC_ROLE_CORE);
    return core == NULL ? TC_E_CLOSED : channel_send(core, MSG_SIGNAL, body, tail);
}

static void tell_fault(void *ctx, unsigned type, const char *item, const char *text)
{
    const struct intake *in = ctx;
    process_fault(in->process, type, 2, item, "%s", text);
}

static struct tc_wall wall(void *ctx)
{
    (void)ctx;
    return clock_wall();
}

static struct tc_mono mono(void *ctx)
{
    (void)ctx;
    return clock_mono();
}

/* ---- messages ---- */

static void on_durable(void *ctx, struct channel *from, struct msg *m)
{
    (void)from;
    struct intake *in = process_user(ctx);
    const struct msg_signal_durable *body = m->body;
    uint64_t ids[MSG_DURABLE_IDS_MAX];
    if (body->count > MSG_DURABLE_IDS_MAX || m->tail.len != body->count * sizeof ids[0]) {
        log_error("core names %u durable signals in %zu bytes", body->count, m->tail.len);
        return;
    }
    memcpy(ids, m->tail.ptr, m->tail.len);
    receiver_durable(in->receiver, ids, body->count);
}

static const struct channel_handler handlers[] = {
    {MSG_SIGNAL_DURABLE, on_durable},
    {0, NULL},
};

static void on_link(struct process *p, struct channel *peer)
{
    struct intake *in = process_user(p);
    if (channel_peer(peer) == TC_ROLE_CORE)
        receiver_link_up(in->receiver);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct intake *in = arg;
    receiver_link_drained(in->receiver); /* what the link did not take before */
    receiver_sweep(in->receiver);
}

/* ---- life ---- */

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct intake *in = process_user(p);
    in->process = p;
    struct config_report report;
    enum tc_err err =
        config_load(process_config(p), process_setup(p)->site_file, &in->site, &report);
    config_report_done(&report);
    if (err != TC_OK)
        return tc_fail(info, err, "the configuration does not read: %s", tc_err_text(err));
    in->has_site = true;
    const struct receiver_ops ops = {.send = send_signal,
                                     .fault = tell_fault,
                                     .wall = wall,
                                     .mono = mono,
                                     .ctx = in,
                                     .first_id = process_first_id(p)};
    return receiver_new(process_base(p), &in->site, &ops, &in->receiver, info);
}

static enum tc_err listen_all(struct process *p, struct intake *in, struct tc_errinfo *info)
{
    struct process_listen *l;
    for (unsigned i = 0; (l = process_listen_at(p, i)) != NULL; i++) {
        if (l->what != MSG_LISTEN_RECEIVER)
            continue;
        int fd = l->fd;
        l->fd = -1;
        char name[MSG_NAME_BYTES + 16];
        (void)snprintf(name, sizeof name, "receiver %s", l->address);
        TC_TRY(receiver_listen(in->receiver, fd, l->index, name, info));
    }
    return TC_OK;
}

static enum tc_err start(struct process *p, struct tc_errinfo *info)
{
    struct intake *in = process_user(p);
    struct timeval every = {.tv_sec = 1};
    in->sweep = event_new(process_base(p), -1, EV_PERSIST, on_sweep, in);
    if (in->sweep == NULL || event_add(in->sweep, &every) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for the timer");
    return listen_all(p, in, info);
}

static void metrics(struct process *p, struct tc_buf *out)
{
    const struct intake *in = process_user(p);
    receiver_metrics(in->receiver, out);
}

static void stop(struct process *p)
{
    struct intake *in = process_user(p);
    in->receiver = receiver_free(in->receiver);
    if (in->sweep != NULL)
        event_free(in->sweep);
    if (in->has_site)
        site_done(&in->site);
}

int intake_main(void)
{
    static const struct process_ops ops = {
        .role = TC_ROLE_INTAKE,
        .prepare = prepare,
        .start = start,
        .handlers = handlers,
        .on_link = on_link,
        .metrics = metrics,
        .stop = stop,
    };
    struct intake in = {0};
    return process_run(&ops, &in);
}
