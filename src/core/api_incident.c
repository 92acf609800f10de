/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents and alarms at hand, and what people do with them. Closed incidents that core has let go
 * are the reader's. */
#include <jansson.h>

#include "base/check.h"
#include "core/api.h"

static void ask_reader(struct api_call *call)
{
    struct msg_query query = {
        .request = call->m->request, .params = call->m->params, .role = call->who->role};
    memcpy(query.route_name, call->m->route_name, sizeof query.route_name);
    tc_slice_to_str_cut(tc_slice_str(call->who->user), query.user, sizeof query.user);
    outbox_send(call->c, TC_ROLE_READER, MSG_QUERY, &query, call->params);
}

/* In a flood the list ends here, with the number of those that are left off: the most urgent are
 * what counts, and an answer that is too long would be none. */
enum { LIST_BYTES_MAX = 3 << 20 };

static bool list_is_full(const struct api_call *call)
{
    return call->json.len > LIST_BYTES_MAX;
}

static void end_list(struct tc_json *j, size_t left_off)
{
    tc_json_arr_end(j);
    tc_json_key(j, "next");
    tc_json_null(j);
    if (left_off > 0)
        tc_json_kv_u64(j, "left_off", left_off);
}

/* Open incidents, most urgent first, then oldest; other states come from the journal. */
void api_incident_list(struct api_call *call)
{
    struct tc_slice state = api_param(call, "state");
    if (state.len > 0 && !tc_slice_is(state, "open")) {
        ask_reader(call);
        return;
    }
    const struct state *s = &call->c->state;
    struct tc_json j = tc_json(&call->json);
    size_t left_off = 0;
    tc_json_obj(&j);
    tc_json_key(&j, "items");
    tc_json_arr(&j);
    for (unsigned priority = EV_PRIORITY_MOST_URGENT; priority <= EV_PRIORITY_LEAST_URGENT;
         priority++) {
        for (size_t i = 0; i < s->incidents_count; i++) {
            const struct incident *in = s->incidents[i];
            if (!incident_is_open(in) || in->priority != priority)
                continue;
            if (list_is_full(call))
                left_off++;
            else if (incident_print(in, &call->c->site, false, &j) != TC_OK)
                call->json.err = TC_E_NOMEM;
        }
    }
    end_list(&j, left_off);
    tc_json_kv_u64(&j, "seq", s->last_seq);
    tc_json_obj_end(&j);
    api_answer(call, 200);
}

void api_alarm_list(struct api_call *call)
{
    if (!tc_slice_is(api_param(call, "open"), "1")) {
        ask_reader(call);
        return;
    }
    const struct state *s = &call->c->state;
    struct tc_json j = tc_json(&call->json);
    size_t left_off = 0;
    tc_json_obj(&j);
    tc_json_key(&j, "items");
    tc_json_arr(&j);
    for (size_t i = 0; i < s->incidents_count; i++) {
        const struct incident *in = s->incidents[i];
        for (size_t k = 0; incident_is_open(in) && k < in->alarms_count; k++) {
            if (list_is_full(call))
                left_off++;
            else
                incident_alarm_print(in, &in->alarms[k], &call->c->site, &j);
        }
    }
    end_list(&j, left_off);
    tc_json_obj_end(&j);
    api_answer(call, 200);
}

static void answer_incident(struct api_call *call, uint64_t id, unsigned status)
{
    const struct incident *in = state_incident(&call->c->state, id);
    struct tc_json j = tc_json(&call->json);
    if (in == NULL || incident_print(in, &call->c->site, true, &j) != TC_OK)
        api_problem(call, 404, "No such incident", "There is no incident %llu.",
                    (unsigned long long)id);
    else
        api_answer(call, status);
}

void api_incident_get(struct api_call *call)
{
    uint64_t id = api_id(call);
    if (state_incident(&call->c->state, id) != NULL)
        answer_incident(call, id, 200);
    else
        ask_reader(call);
}

/* ---- wishes ---- */

static bool wish_begin(struct api_call *call, struct record_entry *e, enum record_kind kind)
{
    uint64_t id = api_id(call);
    if (state_incident(&call->c->state, id) == NULL) {
        api_problem(call, 404, "No such incident",
                    "There is no incident %llu at hand; one that was closed long ago does not "
                    "change any more.",
                    (unsigned long long)id);
        return false;
    }
    core_entry(call->c, e, kind);
    entry_i64(e, RF_INCIDENT, (int64_t)id);
    entry_str(e, RF_USER, call->who->user);
    entry_str(e, RF_PEER, call->m->peer);
    return true;
}

static bool forbidden_by_state(struct api_call *call, bool may_be_closed)
{
    const struct incident *in = state_incident(&call->c->state, api_id(call));
    if (in == NULL || may_be_closed || incident_is_open(in))
        return false;
    api_problem_with(call, 409, "The incident is closed", "A closed incident stays closed.",
                     "owner", in->owner);
    return true;
}

void api_pickup(struct api_call *call)
{
    struct record_entry e;
    if (!wish_begin(call, &e, RK_OP_PICKUP) || forbidden_by_state(call, false))
        return;
    uint64_t id = api_id(call);
    if (!core_input(call->c, &e))
        return;
    const struct incident *in = state_incident(&call->c->state, id);
    if (in != NULL && strcmp(in->owner, call->who->user) != 0)
        api_problem_with(call, 409, "Somebody else has it",
                         "The incident was picked up by somebody else.", "owner", in->owner);
    else
        answer_incident(call, id, 200);
}

static const char *const outcomes[] = {"genuine", "false", "nuisance", "test", "no_action"};

static const char *outcome_of(const json_t *root)
{
    const char *given = json_string_value(json_object_get(root, "outcome"));
    for (size_t i = 0; given != NULL && i < TC_COUNT(outcomes); i++) {
        if (strcmp(given, outcomes[i]) == 0)
            return outcomes[i];
    }
    return NULL;
}

/* NULL when all is well; else what is missing. */
static const char *check_close(const struct api_call *call, const json_t *root,
                               const char **ret_field)
{
    bool force = json_is_true(json_object_get(root, "force"));
    const char *reason = json_string_value(json_object_get(root, "reason"));
    *ret_field = "outcome";
    if (outcome_of(root) == NULL)
        return "outcome must be one of genuine, false, nuisance, test, no_action";
    *ret_field = "reason";
    if (reason != NULL && strlen(reason) > 2000)
        return "reason must be at most 2000 bytes long";
    if (force && (reason == NULL || reason[0] == 0))
        return "closing with an alarm still active needs a reason";
    *ret_field = "force";
    if (force && call->who->role != SITE_ROLE_SUPERVISOR &&
        call->who->role != SITE_ROLE_ADMINISTRATOR)
        return "closing with an alarm still active needs the role supervisor";
    return NULL;
}

void api_close(struct api_call *call)
{
    struct record_entry e;
    if (!wish_begin(call, &e, RK_OP_CLOSE) || forbidden_by_state(call, false))
        return;
    json_t *root =
        json_loadb((const char *)call->body.ptr, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *field = NULL;
    const char *wrong = check_close(call, root, &field);
    if (wrong != NULL) {
        unsigned status = strcmp(field, "force") == 0 ? 403 : 422;
        api_problem_with(call, status, "The incident cannot be closed so", wrong, "field", field);
    } else {
        uint64_t id = api_id(call);
        const char *reason = json_string_value(json_object_get(root, "reason"));
        entry_str(&e, RF_OUTCOME, outcome_of(root));
        entry_str(&e, RF_REASON, reason == NULL ? "" : reason);
        if (json_is_true(json_object_get(root, "force")))
            entry_i64(&e, RF_FORCED, 1);
        if (core_input(call->c, &e))
            answer_incident(call, id, 200);
    }
    json_decref(root);
}

void api_note(struct api_call *call)
{
    struct record_entry e;
    if (!wish_begin(call, &e, RK_OP_NOTE))
        return;
    json_t *root =
        json_loadb((const char *)call->body.ptr, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(root, "text"));
    if (text == NULL || text[0] == 0 || strlen(text) > 4000) {
        api_problem_with(call, 422, "The note has no text", "text must be 1 to 4000 bytes long",
                         "field", "text");
    } else {
        uint64_t id = api_id(call);
        entry_str(&e, RF_TEXT, text);
        if (core_input(call->c, &e))
            answer_incident(call, id, 201);
    }
    json_decref(root);
}

static void mark(struct api_call *call, enum record_kind kind, enum incident_phase phase)
{
    struct record_entry e;
    if (!wish_begin(call, &e, kind))
        return;
    const struct incident *in = state_incident(&call->c->state, api_id(call));
    /* Only the first counts, so only the first is an entry; every view of video is one, for the
     * audit. */
    if (in->phases[phase].ns == 0 || kind == RK_OP_VIEWED) {
        if (!core_input(call->c, &e))
            return;
    }
    api_answer(call, 204);
}

void api_shown(struct api_call *call)
{
    mark(call, RK_OP_SHOWN, INCIDENT_PHASE_SHOWN);
}

void api_viewed(struct api_call *call)
{
    mark(call, RK_OP_VIEWED, INCIDENT_PHASE_VIEWED);
}
