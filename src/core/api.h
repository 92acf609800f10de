/* SPDX-License-Identifier: Apache-2.0 */
/* People's requests: who they are, what they may, what they get.
 *
 * Web carries a request with its session's token; this table decides by the route's name who may
 * ask it. A route that is not in the table does not exist. Answers wait in the outbox for the
 * commit of what they tell. */
#pragma once

#include "core/internal.h"

enum { API_PARAM_BYTES = 512, API_TOKEN_BYTES = MSG_TOKEN_BYTES };

/* A person, by their session. */
struct login {
    char token[API_TOKEN_BYTES];
    char user[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    enum site_role role;
    bool local; /* by the kernel's word over the local socket, not by a password */
    struct tc_mono used_at;
    struct tc_wall since;
};

struct api_call {
    struct core *c;
    const struct msg_request *m;
    struct tc_slice params; /* of the tail, for api_param */
    struct tc_slice body;
    struct login *who;  /* NULL where the route is public */
    struct tc_buf json; /* the answer being made */
    bool replayed;      /* it is an earlier one's, by its Idempotency-Key */
};

/* Value of a path or query parameter, empty when it is not there. */
struct tc_slice api_param(const struct api_call *call, const char *name);
/* The parameter `id` as a number, 0 when it is none. */
uint64_t api_id(const struct api_call *call);
/* Answers, once, from call->json with STATUS. */
void api_answer(struct api_call *call, unsigned status);
/* An RFC 9457 problem. */
void api_problem(struct api_call *call, unsigned status, const char *title, const char *fmt, ...)
    TC_PRINTF(4, 5);
/* The same with one more member: "owner", "field". */
void api_problem_with(struct api_call *call, unsigned status, const char *title, const char *detail,
                      const char *key, const char *value);

/* sessions.c */
struct login *login_by_token(struct core *c, const char *token);
/* NULL when there is no room or no randomness. */
struct login *login_new(struct core *c, const char *user, const char *name, enum site_role role,
                        bool local);
void login_end(struct core *c, struct login *s);

/* idem.c: true when the answer was given already, by an earlier request with the same key. */
bool idem_answered(struct api_call *call);
void idem_keep(struct api_call *call, unsigned status);

/* logins.c: passwords are checked on threads; the answer comes later. */
void login_begin(struct api_call *call);

/* api_lists.c, api_incident.c, api_session.c, api_video.c */
typedef void api_fn(struct api_call *call);
api_fn api_sites, api_areas, api_zones, api_points, api_cameras, api_users;
api_fn api_session_get, api_session_delete;
api_fn api_incident_list, api_incident_get, api_alarm_list, api_pickup, api_close, api_note,
    api_shown;
api_fn api_viewed;
api_fn api_incident_clip, api_camera_clip, api_timeline, api_stream, api_video_start;
