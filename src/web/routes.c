/* SPDX-License-Identifier: Apache-2.0 */
#include "web/routes.h"

#include <assert.h>

#include "base/check.h"

#define P(name_, place_, type_, required_, min_, max_, words_, help_)                               \
    {.name = name_,                                                                                \
     .place = WEB_IN_##place_,                                                                     \
     .type = WEB_TYPE_##type_,                                                                     \
     .required = required_,                                                                        \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .words = words_,                                                                              \
     .help = help_},
#define ID_NUMBER P("id", PATH, NUMBER, true, 1, INT64_MAX, NULL, "its number")
#define ID_NAME   P("id", PATH, ID, true, 1, 48, NULL, "its id in site.yaml")
#define PAGE                                                                                       \
    P("after", QUERY, ID, false, 1, 64, NULL, "`next` of the page before")                         \
    P("limit", QUERY, NUMBER, false, 1, 200, NULL, "rows a page, 50 when not given")
#define SPAN                                                                                       \
    P("from", QUERY, TIME, false, 0, 0, NULL, "not before this time")                              \
    P("to", QUERY, TIME, false, 0, 0, NULL, "before this time")
#define INTERVAL                                                                                   \
    P("from", QUERY, TIME, true, 0, 0, NULL, "begin")                                              \
    P("to", QUERY, TIME, true, 0, 0, NULL, "end")
#define FILTER(name, help) P(name, QUERY, ID, false, 1, 64, NULL, help)

/* The policy is an argument of its own: a row that forgets it does not compile, nor one with a word that
 * WEB_POLICY_LIST lacks. */
#define ROUTE(name_, method_, path_, policy_, handler_, status_, answer_, summary_, params_)         \
    {.name = #name_,                                                                               \
     .method = HTTP_##method_,                                                                     \
     .path = path_,                                                                                \
     .policy = WEB_POLICY_##policy_,                                                               \
     .handler = WEB_HANDLER_##handler_,                                                            \
     .status = status_,                                                                            \
     .answer = answer_,                                                                            \
     .summary = summary_,                                                                          \
     .params = (const struct web_param[]){params_{0}}},
#define NONE

#define V "/api/v1"

static const struct web_route routes[] = {
    ROUTE(healthz, GET, "/healthz", PUBLIC, HEALTH, 200, "status and processes",
          "whether every process works; 503 when not", NONE)
    ROUTE(metrics_get, GET, "/metrics", LOOPBACK, METRICS, 200, "OpenMetrics text",
          "numbers for monitoring", NONE)
    ROUTE(openapi, GET, V "/openapi.json", PUBLIC, OPENAPI, 200, "OpenAPI 3.1", "this description", NONE)

    ROUTE(session_create, POST, V "/session", PUBLIC, CORE, 200, "user, name, role; sets the session cookie",
          "sign in",
          P("user", BODY, TEXT, true, 1, 64, NULL, "user's id")
          P("password", BODY, TEXT, true, 1, 1024, NULL, "password"))
    ROUTE(session_get, GET, V "/session", SIGNED_IN, CORE, 200, "user, role, site, version, now",
          "who is signed in", NONE)
    ROUTE(session_delete, DELETE, V "/session", SIGNED_IN, CORE, 204, "nothing", "sign out", NONE)

    ROUTE(sites, GET, V "/sites", SIGNED_IN, CORE, 200, "list of sites", "sites", PAGE)
    ROUTE(areas, GET, V "/areas", SIGNED_IN, CORE, 200, "list of areas", "areas and their state", PAGE)
    ROUTE(zones, GET, V "/zones", SIGNED_IN, CORE, 200, "list of zones", "zones and their state", PAGE)
    ROUTE(points, GET, V "/points", SIGNED_IN, CORE, 200, "list of points", "points and their state", PAGE)
    ROUTE(cameras, GET, V "/cameras", SIGNED_IN, CORE, 200, "list of cameras", "cameras and their state", PAGE)
    ROUTE(users, GET, V "/users", ADMINISTRATOR, CORE, 200, "list of users", "people", PAGE)

    ROUTE(signals, GET, V "/signals", OPERATOR_AUDITOR, CORE, 200, "list of signals, newest first",
          "what panels sent, as it came",
          PAGE SPAN FILTER("panel", "of this panel") FILTER("account", "with this account"))
    ROUTE(events, GET, V "/events", VIEWER, CORE, 200, "list of events, newest first", "what signals mean",
          PAGE SPAN FILTER("zone", "in this zone") FILTER("type", "of this type or under it"))
    ROUTE(alarms, GET, V "/alarms", VIEWER, CORE, 200, "list of alarms", "alarms",
          PAGE P("open", QUERY, BOOL, false, 0, 0, NULL, "1: only those whose incident is open"))
    ROUTE(incidents, GET, V "/incidents", VIEWER, CORE, 200, "list of incidents", "incidents",
          PAGE P("state", QUERY, WORD, false, 0, 0, "open|closed|all", "open when not given"))
    ROUTE(incident, GET, V "/incidents/{id}", VIEWER, CORE, 200, "the incident in full",
          "one incident with phases, alarms, actions, notes", ID_NUMBER)
    ROUTE(incident_pickup, POST, V "/incidents/{id}/pickup", OPERATOR, CORE, 200, "the incident",
          "make it mine; 409 when somebody has it", ID_NUMBER)
    ROUTE(incident_close, POST, V "/incidents/{id}/close", OPERATOR, CORE, 200, "the incident",
          "close it with an outcome",
          ID_NUMBER
          P("outcome", BODY, WORD, true, 0, 0, "genuine|false|nuisance|test|no_action", "what it was")
          P("reason", BODY, TEXT, false, 0, 1000, NULL, "why; needed with force")
          P("force", BODY, BOOL, false, 0, 0, NULL, "close although an alarm is active"))
    ROUTE(incident_note, POST, V "/incidents/{id}/note", OPERATOR, CORE, 201, "the note", "add a note",
          ID_NUMBER P("text", BODY, TEXT, true, 1, 2000, NULL, "the note"))
    ROUTE(incident_shown, POST, V "/incidents/{id}/shown", OPERATOR, CORE, 204, "nothing",
          "a screen shows it (the first one counts)", ID_NUMBER)
    ROUTE(incident_viewed, POST, V "/incidents/{id}/viewed", OPERATOR, CORE, 204, "nothing",
          "its video plays (the first one counts)",
          ID_NUMBER P("camera", BODY, ID, false, 1, 48, NULL, "which camera"))
    ROUTE(incident_clip, GET, V "/incidents/{id}/clip.mp4", VIEWER, CLIP, 200, "fragmented MP4",
          "the incident's video of one camera",
          ID_NUMBER P("camera", QUERY, ID, true, 1, 48, NULL, "which camera"))

    ROUTE(camera_clip, GET, V "/cameras/{id}/clip.mp4", VIEWER, CLIP, 200, "fragmented MP4",
          "any interval of one camera", ID_NAME INTERVAL)
    ROUTE(camera_timeline, GET, V "/cameras/{id}/timeline", VIEWER, CORE, 200, "camera and recorded spans",
          "what is recorded", ID_NAME INTERVAL)
    ROUTE(bookmarks, GET, V "/bookmarks", VIEWER, CORE, 200, "list of bookmarks", "bookmarks", PAGE)
    ROUTE(audit, GET, V "/audit", AUDITOR, CORE, 200, "list of what people did", "the audit record", PAGE)

    ROUTE(stream, GET, V "/stream", VIEWER, STREAM, 200, "server-sent events",
          "everything that changes, in the journal's order; resumes by Last-Event-ID",
          P("after", QUERY, NUMBER, false, 0, INT64_MAX, NULL, "resume behind this seq"))
    ROUTE(changes, GET, V "/changes", VIEWER, CHANGES, 101, "WebSocket of JSON messages",
          "the same as the stream, for browsers",
          P("after", QUERY, NUMBER, false, 0, INT64_MAX, NULL, "resume behind this seq"))
    ROUTE(video, GET, V "/video", VIEWER, VIDEO, 101, "WebSocket, subprotocol tocsin.video.v1",
          "live video of many cameras", NONE)
};

static_assert(WEB_POLICY_NONE == 0, "a row without a policy must not mean one");

const struct web_route *web_route_at(unsigned index)
{
    return index < TC_COUNT(routes) ? &routes[index] : NULL;
}

unsigned web_route_index(const struct web_route *route)
{
    return (unsigned)(route - routes);
}

const char *web_policy_text(enum web_policy policy)
{
    static const char *const texts[WEB_POLICY_COUNT] = {
        [WEB_POLICY_NONE] = "nobody",
#define X(name, text) [WEB_POLICY_##name] = text,
        WEB_POLICY_LIST(X)
#undef X
    };
    return (unsigned)policy < WEB_POLICY_COUNT ? texts[policy] : "nobody";
}

/* One path against one pattern; captured pieces go to VALUES. */
static bool matches(const char *pattern, struct tc_slice path, struct tc_slice *values)
{
    struct tc_slice want = tc_slice_str(pattern);
    unsigned count = 0;
    while (want.ptr != NULL && path.ptr != NULL) {
        struct tc_slice w = tc_slice_split(&want, '/'), p = tc_slice_split(&path, '/');
        bool capture = w.len > 0 && w.ptr[0] == '{';
        if (capture ? p.len == 0 : !tc_slice_eq(w, p))
            return false;
        if (capture) {
            TC_ASSERT(count < WEB_PATH_PARAMS_MAX);
            values[count++] = p;
        }
    }
    return want.ptr == NULL && path.ptr == NULL;
}

enum tc_err web_route_find(enum http_method method, struct tc_slice path, struct web_match *ret)
{
    memset(ret, 0, sizeof *ret);
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    for (size_t i = 0; i < TC_COUNT(routes); i++) {
        if (!matches(routes[i].path, path, ret->path_values))
            continue;
        if (routes[i].method == wanted) {
            ret->route = &routes[i];
            return TC_OK;
        }
        ret->allowed |= 1u << routes[i].method;
    }
    return ret->allowed != 0 ? TC_E_UNSUPPORTED : TC_E_NOT_FOUND;
}
