/* SPDX-License-Identifier: Apache-2.0 */
#include "core/api.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "runtime/log.h"

#define ROLE(name) (1u << SITE_ROLE_##name)
#define PUBLIC     0u
#define ANYBODY    (ROLE(VIEWER) | ROLE(OPERATOR) | ROLE(SUPERVISOR) | ROLE(ADMINISTRATOR) | ROLE(AUDITOR))
#define VIEWERS    (ROLE(VIEWER) | ROLE(OPERATOR) | ROLE(SUPERVISOR) | ROLE(ADMINISTRATOR) | ROLE(AUDITOR))
#define OPERATORS  (ROLE(OPERATOR) | ROLE(SUPERVISOR) | ROLE(ADMINISTRATOR))
#define AUDITORS   (ROLE(AUDITOR) | ROLE(ADMINISTRATOR))
#define ADMINS     ROLE(ADMINISTRATOR)

/* name, who, what answers; NULL: the reader does */
static const struct route {
    const char *name;
    unsigned roles;
    api_fn *fn;
} routes[] = {
    {"session_create", PUBLIC, login_begin},
    {"session_get", ANYBODY, api_session_get},
    {"session_delete", ANYBODY, api_session_delete},
    {"sites", ANYBODY, api_sites},
    {"areas", ANYBODY, api_areas},
    {"zones", ANYBODY, api_zones},
    {"points", ANYBODY, api_points},
    {"cameras", ANYBODY, api_cameras},
    {"users", ADMINS, api_users},
    {"signals", OPERATORS | ROLE(AUDITOR), NULL},
    {"events", VIEWERS, NULL},
    {"bookmarks", VIEWERS, NULL},
    {"audit", AUDITORS, NULL},
    {"changes_since", VIEWERS, NULL},
    {"alarms", VIEWERS, api_alarm_list},
    {"incidents", VIEWERS, api_incident_list},
    {"incident", VIEWERS, api_incident_get},
    {"incident_pickup", OPERATORS, api_pickup},
    {"incident_close", OPERATORS, api_close},
    {"incident_note", OPERATORS, api_note},
    {"incident_shown", OPERATORS, api_shown},
    {"incident_viewed", OPERATORS, api_viewed},
    {"incident_clip", VIEWERS, api_incident_clip},
    {"camera_clip", VIEWERS, api_camera_clip},
    {"camera_timeline", VIEWERS, api_timeline},
    {"stream", VIEWERS, api_stream},
    {"video_start", VIEWERS, api_video_start},
};

struct tc_slice api_param(const struct api_call *call, const char *name)
{
    struct tc_slice tail = call->params;
    struct tc_slice key;
    struct tc_slice value;
    for (uint32_t i = 0; i < call->m->params && msg_param_next(&tail, &key, &value) == TC_OK; i++) {
        if (tc_slice_is(key, name))
            return value;
    }
    return tc_slice(NULL, 0);
}

uint64_t api_id(const struct api_call *call)
{
    uint64_t id = 0;
    return tc_slice_u64(api_param(call, "id"), INT64_MAX, &id) == TC_OK ? id : 0;
}

void api_answer(struct api_call *call, unsigned status)
{
    struct tc_slice json = tc_buf_view(&call->json);
    if (call->json.err != TC_OK) {
        log_error("the answer to %s is longer than an answer may be", call->m->route_name);
        json = tc_slice_str("{\"type\":\"about:blank\",\"title\":\"Answer too long\",\"status\":500}");
        status = 500;
    }
    idem_keep(call, status);
    do {
        struct tc_slice part = tc_slice_sub(json, 0, CORE_ANSWER_PART_BYTES);
        json = tc_slice_sub(json, part.len, json.len);
        struct msg_answer answer = {.request = call->m->request, .status = status, .more = json.len > 0};
        outbox_send(call->c, TC_ROLE_WEB, MSG_ANSWER, &answer, part);
    } while (json.len > 0);
}

static void problem(struct api_call *call, unsigned status, const char *title, const char *detail,
                    const char *key, const char *value)
{
    tc_buf_clear(&call->json);
    struct tc_json j = tc_json(&call->json);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "type", "about:blank");
    tc_json_kv_str(&j, "title", title);
    tc_json_kv_u64(&j, "status", status);
    tc_json_kv_str(&j, "detail", detail);
    if (key != NULL)
        tc_json_kv_str(&j, key, value);
    tc_json_obj_end(&j);
    api_answer(call, status);
}

void api_problem(struct api_call *call, unsigned status, const char *title, const char *fmt, ...)
{
    char detail[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    problem(call, status, title, detail, NULL, NULL);
}

void api_problem_with(struct api_call *call, unsigned status, const char *title, const char *detail,
                      const char *key, const char *value)
{
    problem(call, status, title, detail, key, value);
}

/* The reader answers web directly; its deadline is its own. */
static void forward(struct api_call *call)
{
    struct msg_query query = {
        .request = call->m->request, .params = call->m->params, .role = call->who->role};
    memcpy(query.route_name, call->m->route_name, sizeof query.route_name);
    tc_slice_to_str_cut(tc_slice_str(call->who->user), query.user, sizeof query.user);
    if (process_link(call->c->p, TC_ROLE_READER) == NULL) {
        api_problem(call, 503, "The reader is not there",
                    "The process that reads the journal is being restarted; ask again in a second.");
        return;
    }
    outbox_send(call->c, TC_ROLE_READER, MSG_QUERY, &query, call->params);
}

/* What nobody may do is on the record, with who tried. */
static void deny(struct api_call *call)
{
    struct record_entry e;
    core_entry(call->c, &e, RK_DENIED);
    entry_str(&e, RF_USER, call->who->user);
    entry_str(&e, RF_PEER, call->m->peer);
    entry_str(&e, RF_VERB, call->m->route_name);
    entry_str(&e, RF_ROLE, site_role_name(call->who->role));
    (void)core_input(call->c, &e);
    api_problem(call, 403, "Not permitted", "The role %s may not do this; an administrator can.",
                site_role_name(call->who->role));
}

static void dispatch(struct api_call *call)
{
    const struct route *route = NULL;
    for (size_t i = 0; i < TC_COUNT(routes) && route == NULL; i++) {
        if (strcmp(routes[i].name, call->m->route_name) == 0)
            route = &routes[i];
    }
    if (route == NULL) {
        api_problem(call, 404, "No such thing", "There is no route %s.", call->m->route_name);
        return;
    }
    if (route->roles != PUBLIC) {
        call->who = login_by_token(call->c, call->m->token);
        if (call->who == NULL) {
            api_problem(call, 401, "Not signed in", "Sign in first: the session is unknown or has ended.");
            return;
        }
        if ((route->roles & (1u << call->who->role)) == 0) {
            deny(call);
            return;
        }
    }
    if (idem_answered(call))
        return;
    if (route->fn != NULL)
        route->fn(call);
    else
        forward(call);
}

/* Answers that are not sent yet. */
static size_t waiting_bytes(const struct core *c)
{
    const struct channel *web = process_link(c->p, TC_ROLE_WEB);
    return c->filling->outbox.len + (web == NULL ? 0 : channel_queued_bytes(web));
}

void api_request(struct core *c, struct msg *m)
{
    const struct msg_request *request = m->body;
    if (request->body_bytes > m->tail.len || request->params > MSG_PARAMS_MAX) {
        log_error("web sent a request that makes no sense, ignoring");
        return;
    }
    size_t params_bytes = m->tail.len - request->body_bytes;
    struct api_call call = {.c = c,
                            .m = request,
                            .params = tc_slice_sub(m->tail, 0, params_bytes),
                            .body = tc_slice_sub(m->tail, params_bytes, request->body_bytes)};
    tc_buf_init(&call.json, 8 << 20);
    if (commit_is_crowded(c) || waiting_bytes(c) > CORE_ANSWERS_BYTES_MAX)
        api_problem(&call, 503, "Too much at once",
                    "More answers wait than can be sent at once; ask again in a second.");
    else
        dispatch(&call);
    tc_buf_done(&call.json);
}
