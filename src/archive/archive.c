/* SPDX-License-Identifier: Apache-2.0 */
/* Binds the engine to the process: configuration in, messages in and out, one timer. */
#include "archive/archive.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/cut.h"
#include "archive/engine.h"
#include "base/json_out.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "store/db.h"

enum { ANSWER_PART_BYTES = 56000, SPANS_BYTES_MAX = 1 << 20, GAPS_BYTES_MAX = 8192 };

struct archive {
    struct process *process;
    struct engine *engine;
    struct site site;
    bool has_site;
    int *rings; /* by camera: what came before the engine was there, -1 for none */
    struct event *tick;
};

/* ---- what the engine tells ---- */

static void on_fault(void *ctx, unsigned type, unsigned active, const char *item, const char *text)
{
    struct archive *a = ctx;
    log_warn("%s: %s", item, text);
    process_fault(a->process, type, active, item, "%s", text);
}

static void on_report(void *ctx, const struct msg_record_state *state, struct tc_slice gaps)
{
    struct archive *a = ctx;
    struct channel *core = process_link(a->process, TC_ROLE_CORE);
    if (core == NULL) /* a new core orders its recordings again and is answered then */
        return;
    if (channel_send(core, MSG_RECORD_STATE, state, gaps) != TC_OK)
        log_warn("core does not take the state of recording %llu",
                 (unsigned long long)state->action);
}

/* ---- messages ---- */

static void on_record(void *ctx, struct channel *from, struct msg *m)
{
    struct archive *a = process_user(ctx);
    (void)from;
    engine_record(a->engine, m->body);
}

static void on_clip(void *ctx, struct channel *from, struct msg *m)
{
    struct archive *a = process_user(ctx);
    struct channel *web = process_link(a->process, TC_ROLE_WEB);
    struct msg_clip_answer answer;
    int fds[MSG_FDS_MAX];
    unsigned count = 0;
    struct tc_buf gaps;
    (void)from;
    if (web == NULL)
        return; /* who asked is gone */
    tc_buf_init(&gaps, GAPS_BYTES_MAX);
    cut_answer(a->engine, m->body, &answer, fds, &count, &gaps);
    if (channel_send_fds(web, MSG_CLIP_ANSWER, &answer, tc_buf_view(&gaps), fds, count) != TC_OK)
        log_warn("web does not take a clip");
    for (unsigned i = 0; i < count; i++)
        (void)close(fds[i]);
    tc_buf_done(&gaps);
}

/* JSON to web, in as many messages as it needs. */
static void send_parts(struct channel *web, uint64_t request, uint32_t status, struct tc_slice json)
{
    size_t at = 0;
    do {
        struct tc_slice part = tc_slice_sub(json, at, ANSWER_PART_BYTES);
        at += part.len;
        struct msg_answer answer = {.request = request, .status = status, .more = at < json.len};
        if (channel_send(web, MSG_ANSWER, &answer, part) != TC_OK) {
            log_warn("web does not take an answer");
            return;
        }
    } while (at < json.len);
}

static void problem_json(struct tc_buf *out, unsigned status, const char *detail)
{
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "type", "about:blank");
    tc_json_kv_str(&j, "title", "The recordings cannot be listed");
    tc_json_kv_u64(&j, "status", status);
    tc_json_kv_str(&j, "detail", detail);
    tc_json_obj_end(&j);
}

static void on_spans(void *ctx, struct channel *from, struct msg *m)
{
    struct archive *a = process_user(ctx);
    const struct msg_clip *ask = m->body;
    struct channel *web = process_link(a->process, TC_ROLE_WEB);
    struct tc_wall begin = {ask->from_ns}, end = {ask->to_ns};
    struct tc_errinfo info = {0};
    struct tc_buf json;
    (void)from;
    if (web == NULL)
        return;
    tc_buf_init(&json, SPANS_BYTES_MAX);
    uint32_t status = 200;
    if (cut_spans(a->engine, ask->camera, begin, end, &json, &info) != TC_OK || json.err != TC_OK) {
        status = 503;
        tc_buf_clear(&json);
        problem_json(&json, status, info.text);
    }
    send_parts(web, ask->request, status, tc_buf_view(&json));
    tc_buf_done(&json);
}

static void give_ring(struct archive *a, uint32_t camera, int fd)
{
    struct tc_errinfo info = {0};
    if (engine_ring(a->engine, camera, fd, &info) != TC_OK)
        log_error("camera %u: %s", camera, info.text);
    (void)close(fd);
}

static void on_ring(void *ctx, struct channel *from, struct msg *m)
{
    struct archive *a = process_user(ctx);
    const struct msg_ring *ring = m->body;
    (void)from;
    if (m->fds_count == 0 || ring->camera >= SITE_CAMERAS_MAX)
        return;
    if (a->engine != NULL) {
        give_ring(a, ring->camera, msg_take_fd(m, 0));
        return;
    }
    if (a->rings[ring->camera] >= 0)
        (void)close(a->rings[ring->camera]);
    a->rings[ring->camera] = msg_take_fd(m, 0);
}

/* ---- life ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct archive *a = arg;
    (void)fd;
    (void)what;
    engine_tick(a->engine, clock_wall(), clock_mono());
}

static enum tc_err prepare(struct process *p, struct tc_errinfo *info)
{
    struct archive *a = process_user(p);
    a->process = p;
    TC_TRY(config_take(process_config(p), process_setup(p)->site_file, &a->site, info));
    a->has_site = true;
    db_before_sandbox();
    return TC_OK;
}

/* The volumes as the supervisor opened them, in the order of the file. */
static size_t list_volumes(struct archive *a, struct volume_options *out, size_t max)
{
    size_t count = 0;
    struct process_dir *dir;
    for (unsigned i = 0; (dir = process_dir_at(a->process, i)) != NULL; i++) {
        if (dir->what != MSG_DIR_VOLUME || dir->index >= a->site.archive.volumes_count ||
            count == max)
            continue;
        const struct site_volume *v = &a->site.archive.volumes[dir->index];
        out[count] = (struct volume_options){
            .dir = dir->fd, .keep_free_bytes = v->keep_free_bytes, .is_default = v->path[0] == 0};
        (void)snprintf(out[count].path, sizeof out[count].path, "%s", dir->path);
        dir->fd = -1;
        count++;
    }
    return count;
}

static enum tc_err make_engine(struct archive *a, struct tc_errinfo *info)
{
    struct volume_options volumes[SITE_VOLUMES_MAX];
    size_t cameras = a->site.cameras_count;
    struct engine_camera *list = calloc(cameras + 1, sizeof *list);
    if (list == NULL)
        return tc_fail(info, TC_E_NOMEM, "start the archive");
    for (size_t i = 0; i < cameras; i++) {
        const struct site_camera *c = &a->site.cameras[i];
        (void)snprintf(list[i].id, sizeof list[i].id, "%s", c->id);
        list[i].always = c->record.mode == SITE_RECORD_FULL;
        list[i].keep_ns = c->record.keep_ns;
    }
    struct engine_options options = {.db_path = "archive.db",
                                     .cameras = list,
                                     .camera_count = cameras,
                                     .volumes = volumes,
                                     .volume_count = list_volumes(a, volumes, SITE_VOLUMES_MAX),
                                     .sync_fn = fdatasync,
                                     .fault = on_fault,
                                     .report = on_report,
                                     .ctx = a};
    enum tc_err err = engine_new(&options, &a->engine, info);
    free(list);
    return err;
}

static enum tc_err start(struct process *p, struct tc_errinfo *info)
{
    struct archive *a = process_user(p);
    struct timeval every = {.tv_usec = ENGINE_TICK_MS * 1000};
    TC_TRY(make_engine(a, info));
    for (uint32_t i = 0; i < SITE_CAMERAS_MAX; i++) {
        if (a->rings[i] >= 0)
            give_ring(a, i, a->rings[i]);
        a->rings[i] = -1;
    }
    a->tick = event_new(process_base(p), -1, EV_PERSIST, on_tick, a);
    if (a->tick == NULL || event_add(a->tick, &every) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for the timer");
    return TC_OK;
}

static void metrics(struct process *p, struct tc_buf *out)
{
    const struct archive *a = process_user(p);
    if (a->engine != NULL)
        engine_metrics(a->engine, out);
}

static void stop(struct process *p)
{
    struct archive *a = process_user(p);
    if (a->tick != NULL)
        event_free(a->tick);
    engine_free(a->engine);
    if (a->has_site)
        site_done(&a->site);
}

int archive_main(void)
{
    static const struct channel_handler handlers[] = {
        {MSG_RECORD, on_record}, {MSG_CLIP, on_clip}, {MSG_SPANS, on_spans}, {0, NULL}};
    static const struct channel_handler control_handlers[] = {{MSG_RING, on_ring}, {0, NULL}};
    static const struct process_ops ops = {.role = TC_ROLE_ARCHIVE,
                                           .prepare = prepare,
                                           .start = start,
                                           .handlers = handlers,
                                           .control_handlers = control_handlers,
                                           .metrics = metrics,
                                           .stop = stop};
    static int rings[SITE_CAMERAS_MAX];
    for (size_t i = 0; i < SITE_CAMERAS_MAX; i++)
        rings[i] = -1;
    struct archive a = {.rings = rings};
    return process_run(&ops, &a);
}
