/* SPDX-License-Identifier: Apache-2.0 */
/* What /healthz and /metrics show, and what core is told about processes. */
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/json_out.h"
#include "runtime/log.h"
#include "supervisor/internal.h"

static const char *state_word(const struct worker *w)
{
    switch (w->state) {
    case WORKER_READY:
        return "ready";
    case WORKER_STARTING:
        return "starting";
    case WORKER_WAITING:
        return "restarting";
    case WORKER_STOPPING:
        return "stopping";
    case WORKER_OFF:
        break;
    }
    return "off";
}

struct row {
    const char *name, *state;
    pid_t pid;
    uint64_t restarts;
    struct tc_wall since;
    const struct tc_buf *sandbox;
};

static void add_row(struct tc_json *j, const struct row *r, bool with_sandbox)
{
    tc_json_obj(j);
    tc_json_kv_str(j, "name", r->name);
    tc_json_kv_str(j, "state", r->state);
    tc_json_kv_i64(j, "pid", r->pid);
    tc_json_kv_u64(j, "restarts", r->restarts);
    tc_json_kv_wall(j, "since", r->since);
    if (with_sandbox && r->sandbox->len > 0) {
        tc_json_key(j, "sandbox");
        tc_json_raw(j, tc_buf_view(r->sandbox));
    }
    tc_json_obj_end(j);
}

static bool list_processes(const struct supervisor *s, bool with_sandbox, struct tc_buf *out)
{
    bool degraded = false;
    struct tc_json j = tc_json(out);
    tc_json_arr(&j);
    for (size_t i = 0; i < s->workers_count; i++) {
        const struct worker *w = &s->workers[i];
        degraded = degraded || w->state != WORKER_READY;
        add_row(&j,
                &(struct row){.name = w->label,
                              .state = state_word(w),
                              .pid = w->pid,
                              .restarts = w->starts > 0 ? w->starts - 1 : 0,
                              .since = w->since,
                              .sandbox = &w->sandbox_json},
                with_sandbox);
    }
    add_row(&j,
            &(struct row){.name = "supervisor",
                          .state = "ready",
                          .pid = getpid(),
                          .since = s->since,
                          .sandbox = &s->sandbox_json},
            with_sandbox);
    tc_json_arr_end(&j);
    return degraded;
}

void health_send(struct supervisor *s)
{
    struct worker *web = worker_find(s, TC_ROLE_WEB, 0);
    if (web == NULL || web->control == NULL || web->state != WORKER_READY)
        return;
    TC_CLEANUP(tc_buf_done) struct tc_buf json;
    tc_buf_init(&json, 49152);
    bool degraded = list_processes(s, true, &json);
    if (json.err !=
        TC_OK) { /* many cameras, many processes: their states matter more than their sandboxes */
        tc_buf_done(&json);
        tc_buf_init(&json, 49152);
        degraded = list_processes(s, false, &json);
    }
    struct msg_health h = {.what = 0, .degraded = degraded};
    if (json.err != TC_OK ||
        channel_send(web->control, MSG_HEALTH, &h, tc_buf_view(&json)) != TC_OK)
        log_warn("the state of the processes did not reach web, ignoring");
}

void health_metrics(struct supervisor *s, const struct worker *from, struct tc_slice text)
{
    struct worker *web = worker_find(s, TC_ROLE_WEB, 0);
    if (web == NULL || web->control == NULL || web->state != WORKER_READY ||
        from->role == TC_ROLE_WEB)
        return;
    struct msg_health h = {.what = 1, .role = from->role, .instance = from->instance};
    if (channel_send(web->control, MSG_HEALTH, &h, text) != TC_OK)
        log_warn("metrics of %s did not reach web, ignoring", from->label);
}

static void tell_core(struct supervisor *s, const struct msg_process_state *state)
{
    struct worker *core = worker_find(s, TC_ROLE_CORE, 0);
    if (channel_send(core->control, MSG_PROCESS_STATE, state, tc_slice(NULL, 0)) != TC_OK)
        log_error("telling core about process %u failed: %s", state->role, state->text);
}

void health_tell(struct supervisor *s, const struct worker *w, enum msg_process_what what,
                 const char *text)
{
    struct worker *core = worker_find(s, TC_ROLE_CORE, 0);
    struct msg_process_state state = {
        .what = what, .role = w->role, .instance = w->instance, .pid = w->pid};
    (void)snprintf(state.text, sizeof state.text, "%s", text);
    if (core != NULL && core->state == WORKER_READY && core->control != NULL)
        tell_core(s, &state);
    else if (s->untold_count < UNTOLD_MAX)
        s->untold[s->untold_count++] = state;
    else
        log_error("core is away and too much waits for it already: %s %s", w->label, text);
}

void health_tell_untold(struct supervisor *s)
{
    for (size_t i = 0; i < s->untold_count; i++)
        tell_core(s, &s->untold[i]);
    s->untold_count = 0;
}
