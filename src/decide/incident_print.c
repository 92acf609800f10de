/* SPDX-License-Identifier: Apache-2.0 */
/* An incident as the API shows it: fills the views of model/incident.h. */
#include <stdlib.h>
#include <string.h>

#include "decide/incident.h"

static struct tc_slice text_of(const char *text)
{
    return text == NULL ? tc_slice(NULL, 0) : tc_slice_str(text);
}

static struct tc_slice zone_name(const struct site *site, const char *zone)
{
    uint32_t index = site == NULL ? SITE_NONE : site_zone_find(site, tc_slice_str(zone));
    return index == SITE_NONE ? tc_slice(NULL, 0) : tc_slice_str(site->zones[index].name);
}

static void fill_alarm(const struct incident *in, const struct incident_alarm *a,
                       const struct site *site, struct alarm_view *v)
{
    *v = (struct alarm_view){.id = a->id,
                             .incident = in->id,
                             .type = a->type,
                             .priority = a->priority,
                             .active = a->active,
                             .count = a->count,
                             .raised_at = a->raised_at,
                             .last_at = a->last_at,
                             .normal_at = a->normal_at,
                             .zone = tc_slice_str(a->zone),
                             .zone_name = zone_name(site, a->zone),
                             .point = tc_slice_str(a->point),
                             .panel = tc_slice_str(a->panel),
                             .text = text_of(a->text)};
}

static void fill_clip(const struct incident_clip *c, const struct site *site, struct clip_view *v)
{
    uint32_t index = site == NULL ? SITE_NONE : site_camera_find(site, tc_slice_str(c->camera));
    *v = (struct clip_view){.camera = tc_slice_str(c->camera),
                            .state = c->state,
                            .asked_from = c->asked_from,
                            .asked_to = c->asked_to,
                            .from = c->from,
                            .to = c->to,
                            .pre_of = c->pre_of,
                            .bytes = c->bytes,
                            .gaps = text_of(c->gaps),
                            .text = text_of(c->text)};
    if (index != SITE_NONE)
        v->camera_name = tc_slice_str(site->cameras[index].name);
}

static void fill_event(const struct incident_event *e, struct event_view *v)
{
    *v = (struct event_view){.id = e->id,
                             .signal = e->signal,
                             .at = e->at,
                             .received_at = e->received_at,
                             .type = e->type,
                             .state = e->state,
                             .priority = e->priority,
                             .zone = tc_slice_str(e->zone),
                             .area = tc_slice_str(e->area),
                             .point = tc_slice_str(e->point),
                             .panel = tc_slice_str(e->panel),
                             .code = tc_slice_str(e->code),
                             .text = text_of(e->text)};
}

/* All views of one incident, in one piece of memory. */
struct views {
    struct clip_view clips[INCIDENT_CLIPS_MAX];
    struct alarm_view alarms[INCIDENT_ALARMS_MAX];
    struct action_view actions[INCIDENT_ACTIONS_MAX];
    struct note_view notes[INCIDENT_NOTES_MAX];
    struct event_view events[INCIDENT_EVENTS_MAX];
};

static void fill_parts(const struct incident *in, const struct site *site, struct views *v)
{
    for (size_t i = 0; i < in->alarms_count; i++)
        fill_alarm(in, &in->alarms[i], site, &v->alarms[i]);
    for (size_t i = 0; i < in->actions_count; i++) {
        const struct incident_action *a = &in->actions[i];
        v->actions[i] = (struct action_view){.id = a->id,
                                             .verb = tc_slice_str(a->verb),
                                             .target = tc_slice_str(a->target),
                                             .text = text_of(a->text),
                                             .state = a->state,
                                             .commanded_at = a->commanded_at,
                                             .confirmed_at = a->confirmed_at};
    }
    for (size_t i = 0; i < in->notes_count; i++)
        v->notes[i] = (struct note_view){.at = in->notes[i].at,
                                         .user = tc_slice_str(in->notes[i].user),
                                         .text = text_of(in->notes[i].text)};
    for (size_t i = 0; i < in->events_count; i++)
        fill_event(&in->events[i], &v->events[i]);
}

static struct tc_slice owner_name(const struct incident *in, const struct site *site)
{
    uint32_t index = site == NULL ? SITE_NONE : site_user_find(site, tc_slice_str(in->owner));
    return index == SITE_NONE ? tc_slice(NULL, 0) : tc_slice_str(site->users[index].name);
}

enum tc_err incident_print(const struct incident *in, const struct site *site, bool full,
                           struct tc_json *j)
{
    struct views *v = malloc(sizeof *v);
    if (v == NULL)
        return TC_E_NOMEM;
    for (size_t i = 0; i < in->clips_count; i++)
        fill_clip(&in->clips[i], site, &v->clips[i]);
    if (full)
        fill_parts(in, site, v);
    struct incident_view view = {.id = in->id,
                                 .state = in->state,
                                 .priority = in->priority,
                                 .type = in->type,
                                 .title = in->alarms_count > 0 ? text_of(in->alarms[0].text)
                                                               : tc_slice(NULL, 0),
                                 .zone = tc_slice_str(in->zone),
                                 .zone_name = zone_name(site, in->zone),
                                 .area = tc_slice_str(in->area),
                                 .owner = tc_slice_str(in->owner),
                                 .owner_name = owner_name(in, site),
                                 .outcome = tc_slice_str(in->outcome),
                                 .reason = text_of(in->reason),
                                 .opened_at = in->opened_at,
                                 .active = incident_is_active(in),
                                 .signal_count = in->signals,
                                 .clips = v->clips,
                                 .clips_count = in->clips_count,
                                 .alarms = v->alarms,
                                 .alarms_count = in->alarms_count,
                                 .actions = v->actions,
                                 .actions_count = in->actions_count,
                                 .notes = v->notes,
                                 .notes_count = in->notes_count,
                                 .events = v->events,
                                 .events_count = in->events_count};
    memcpy(view.phases, in->phases, sizeof view.phases);
    incident_to_json(&view, full, j);
    free(v);
    return TC_OK;
}

void incident_alarm_print(const struct incident *in, const struct incident_alarm *a,
                          const struct site *site, struct tc_json *j)
{
    struct alarm_view v;
    fill_alarm(in, a, site, &v);
    alarm_to_json(&v, j);
}
