/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation: requests by a table, answers, authentication, deadlines. */
#include "capture/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "capture/session_internal.h"
#include "proto/sdp.h"

/* ---- causes ---- */

static const struct {
    const char *word, *remedy;
} causes[] = {
#define X(name, word, remedy) {word, remedy},
    SESSION_CAUSE_LIST(X)
#undef X
};

const char *session_cause_word(enum session_cause cause)
{
    return (unsigned)cause < SESSION_CAUSE_COUNT ? causes[cause].word : "";
}

const char *session_cause_remedy(enum session_cause cause)
{
    return (unsigned)cause < SESSION_CAUSE_COUNT ? causes[cause].remedy : "";
}

void session_end(struct session *s, enum session_cause cause, const char *fmt, ...)
{
    if (s->phase == SESSION_ENDED)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(s->text, sizeof s->text, fmt, args);
    va_end(args);
    s->phase = SESSION_ENDED;
    s->cause = cause;
    s->pending = false;
    ring_abort_frame(s->config.ring);
}

/* ---- requests ---- */

static bool answer_describe(struct session *s, const struct rtsp_message *m);
static bool answer_options(struct session *s, const struct rtsp_message *m);
static bool answer_setup(struct session *s, const struct rtsp_message *m);
static bool answer_play(struct session *s, const struct rtsp_message *m);

/* One row per phase that waits for an answer. `done` takes a good one and says whether to go on. */
static const struct step {
    enum rtsp_method method;
    size_t uri; /* offset of the URL in struct session */
    const char *header, *value;
    bool (*done)(struct session *s, const struct rtsp_message *m);
    enum session_phase next;
} steps[] = {
    [SESSION_OPTIONS] = {RTSP_OPTIONS, offsetof(struct session, url), NULL, NULL, answer_options,
                         SESSION_DESCRIBE},
    [SESSION_DESCRIBE] = {RTSP_DESCRIBE, offsetof(struct session, url), "Accept", "application/sdp",
                          answer_describe, SESSION_SETUP},
    [SESSION_SETUP] = {RTSP_SETUP, offsetof(struct session, track), "Transport",
                       "RTP/AVP/TCP;unicast;interleaved=0-1", answer_setup, SESSION_PLAY},
    [SESSION_PLAY] = {RTSP_PLAY, offsetof(struct session, play), "Range", "npt=0.000-", answer_play,
                      SESSION_PLAYING},
};

static const struct step *step_of(const struct session *s)
{
    return s->phase >= SESSION_OPTIONS && s->phase <= SESSION_PLAY ? &steps[s->phase] : NULL;
}

static void write_authorization(struct session *s, enum rtsp_method method, struct tc_slice uri)
{
    if (s->challenge.scheme == HTTP_AUTH_NONE)
        return;
    TC_CLEANUP(tc_buf_done) struct tc_buf value;
    tc_buf_init(&value, 4096);
    char cnonce[2 * 8 + 1];
    uint32_t count = ++s->nonce_uses;
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(cnonce + 2 * i, 3, "%02x",
                       s->config.seed[i] ^ (uint8_t)(count >> (8 * (i % 4))));
    struct http_login login = {s->config.user, s->config.password};
    enum tc_err err = http_authorization_write(&value, &s->challenge, &login,
                                               tc_slice_str(rtsp_method_name(method)), uri, count,
                                               tc_slice_str(cnonce));
    if (err == TC_OK)
        rtsp_write_header(&s->out, "Authorization", tc_buf_view(&value));
    else
        session_end(s, SESSION_CAUSE_UNAUTHORIZED, "the login cannot be sent: %s",
                    tc_err_text(err));
}

static void send_request(struct session *s, enum rtsp_method method, const char *url,
                         const char *header, const char *value)
{
    struct tc_slice uri = tc_slice_str(url);
    rtsp_write_request(&s->out, method, uri, ++s->cseq);
    rtsp_write_header(&s->out, "User-Agent", tc_slice_str("Tocsin/" TOCSIN_VERSION));
    if (s->id[0] != '\0')
        rtsp_write_header(&s->out, "Session", tc_slice_str(s->id));
    if (header != NULL)
        rtsp_write_header(&s->out, header, tc_slice_str(value));
    write_authorization(s, method, uri);
    rtsp_write_end(&s->out, NULL, tc_slice(NULL, 0));
    s->pending = true;
    s->asked_at = s->now.mono;
    if (s->out.err != TC_OK)
        session_end(s, SESSION_CAUSE_GARBAGE, "a request cannot be written: %s",
                    tc_err_text(s->out.err));
}

static void send_step(struct session *s)
{
    const struct step *step = step_of(s);
    TC_ASSERT(step != NULL);
    send_request(s, step->method, (const char *)s + step->uri, step->header, step->value);
}

static void enter(struct session *s, enum session_phase phase)
{
    s->phase = phase;
    s->auth_tries = 0;
    if (step_of(s) != NULL)
        send_step(s);
}

/* ---- answers ---- */

static bool answer_options(struct session *s, const struct rtsp_message *m)
{
    struct tc_slice methods = rtsp_header(m, "Public");
    s->has_get_parameter = tc_slice_find(methods, "GET_PARAMETER") < methods.len;
    return true; /* what else it says, or that it knows no OPTIONS, does not matter */
}

/* Copies the URL that a track or the session is controlled by. */
static bool resolve(struct session *s, struct tc_slice control, char out[SESSION_URL_BYTES])
{
    TC_CLEANUP(tc_buf_done) struct tc_buf url;
    tc_buf_init(&url, 4 * SESSION_URL_BYTES);
    rtsp_url_resolve(&url, tc_slice_str(s->base), control);
    if (url.err == TC_OK && tc_slice_to_str(tc_buf_view(&url), out, SESSION_URL_BYTES) == TC_OK)
        return true;
    session_end(s, SESSION_CAUSE_GARBAGE, "the description's control URL is too long");
    return false;
}

static void take_base(struct session *s, const struct rtsp_message *m)
{
    static const char *const names[] = {"Content-Base", "Content-Location"};
    memcpy(s->base, s->url, sizeof s->base);
    for (size_t i = 0; i < TC_COUNT(names); i++) {
        struct tc_slice value = rtsp_header(m, names[i]);
        if (tc_slice_starts_nocase(value, "rtsp://") &&
            tc_slice_to_str(value, s->base, sizeof s->base) == TC_OK)
            return;
    }
}

static bool answer_describe(struct session *s, const struct rtsp_message *m)
{
    struct sdp sdp;
    struct tc_errinfo info = {0};
    if (sdp_parse(m->body, &sdp, &info) != TC_OK) {
        session_end(s, SESSION_CAUSE_GARBAGE, "the camera's description cannot be read: %s",
                    info.text);
        return false;
    }
    const struct sdp_media *media = NULL;
    const struct sdp_format *format = NULL;
    if (!sdp_find(&sdp, "H264", &media, &format)) {
        session_end(s, SESSION_CAUSE_NO_VIDEO, "the camera offers no H.264 video");
        return false;
    }
    take_base(s, m);
    s->payload_type = format->payload_type;
    session_media_init(s, format->clock_hz, format->fmtp);
    return resolve(s, media->control, s->track) && resolve(s, sdp.control, s->play);
}

static void take_session(struct session *s, const struct rtsp_message *m)
{
    struct rtsp_session session;
    if (rtsp_session_parse(rtsp_header(m, "Session"), &session) != TC_OK ||
        tc_slice_to_str(session.id, s->id, sizeof s->id) != TC_OK)
        return;
    if (session.has_timeout)
        s->timeout_s = session.timeout_s;
}

static bool answer_setup(struct session *s, const struct rtsp_message *m)
{
    take_session(s, m);
    struct rtsp_transport t = {0};
    struct tc_slice value = rtsp_header(m, "Transport");
    if (value.ptr != NULL && (rtsp_transport_parse(value, &t) != TC_OK || !t.tcp)) {
        session_end(s, SESSION_CAUSE_TRANSPORT, "the camera does not send over TCP: %.*s",
                    (int)(value.len > 80 ? 80 : value.len), (const char *)value.ptr);
        return false;
    }
    s->rtp_channel = t.has_channels ? t.rtp_channel : 0;
    s->rtcp_channel = t.has_channels ? t.rtcp_channel : 1;
    return true;
}

static void plan_keepalive(struct session *s)
{
    int64_t half_ns = (int64_t)s->timeout_s * TC_NS_PER_S / 2;
    int64_t most_ns = 30 * TC_NS_PER_S;
    s->keepalive_at.ns = s->now.mono.ns + (half_ns > most_ns ? most_ns : half_ns);
}

static bool answer_play(struct session *s, const struct rtsp_message *m)
{
    take_session(s, m);
    s->packet_at = s->frame_at = s->now.mono;
    plan_keepalive(s);
    return true;
}

/* ---- refusals ---- */

static enum session_cause cause_of(unsigned status)
{
    static const struct {
        unsigned status;
        enum session_cause cause;
    } rows[] = {
        {401, SESSION_CAUSE_UNAUTHORIZED}, {403, SESSION_CAUSE_UNAUTHORIZED},
        {404, SESSION_CAUSE_NOT_FOUND},    {415, SESSION_CAUSE_NO_VIDEO},
        {453, SESSION_CAUSE_BUSY},         {454, SESSION_CAUSE_CLOSED},
        {461, SESSION_CAUSE_TRANSPORT},    {503, SESSION_CAUSE_BUSY},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++)
        if (rows[i].status == status)
            return rows[i].cause;
    return SESSION_CAUSE_REFUSED;
}

static void refuse(struct session *s, const struct rtsp_message *m, enum rtsp_method method)
{
    struct tc_slice reason = tc_slice_sub(m->reason, 0, 60);
    session_end(s, cause_of(m->status), "%s answered %u %.*s", rtsp_method_name(method), m->status,
                TC_FMT(reason));
}

/* Takes the challenge of a 401. True: the request may be sent again. */
static bool take_challenge(struct session *s, const struct rtsp_message *m)
{
    struct http_challenge fresh = {0};
    for (size_t i = 0; i < RTSP_HEADERS_MAX; i++) {
        struct tc_slice value = rtsp_header_nth(m, "WWW-Authenticate", i);
        if (value.ptr == NULL)
            break;
        http_challenge_take(value, &fresh);
    }
    if (s->config.user.len == 0) {
        session_end(s, SESSION_CAUSE_UNAUTHORIZED,
                    "the camera wants a login and none is configured");
        return false;
    }
    if (fresh.scheme == HTTP_AUTH_NONE) {
        session_end(s, SESSION_CAUSE_UNAUTHORIZED,
                    "the camera asks for a login in a way that is not known");
        return false;
    }
    bool answered = s->challenge.scheme != HTTP_AUTH_NONE;
    s->challenge = fresh;
    s->nonce_uses = 0;
    enum { TRIES_MAX = 3 };
    if (++s->auth_tries > TRIES_MAX || (answered && s->auth_tries > 1 && !fresh.stale)) {
        session_end(s, SESSION_CAUSE_UNAUTHORIZED, "the camera refuses the login");
        return false;
    }
    return true;
}

static void on_step_answer(struct session *s, const struct rtsp_message *m)
{
    const struct step *step = step_of(s);
    if (m->status == 401) {
        if (take_challenge(s, m))
            send_step(s);
        return;
    }
    if ((m->status < 200 || m->status > 299) && s->phase != SESSION_OPTIONS) {
        refuse(s, m, step->method);
        return;
    }
    if (step->done(s, m))
        enter(s, step->next);
}

static void send_keepalive(struct session *s)
{
    send_request(s, s->has_get_parameter ? RTSP_GET_PARAMETER : RTSP_OPTIONS, s->play, NULL, NULL);
    plan_keepalive(s);
}

/* An answer while playing is a keep-alive's. */
static void on_keepalive_answer(struct session *s, const struct rtsp_message *m)
{
    if (m->status == 401) {
        if (take_challenge(s, m))
            send_keepalive(s);
        return;
    }
    s->auth_tries = 0;
    if (m->status == 454)
        refuse(s, m, s->has_get_parameter ? RTSP_GET_PARAMETER : RTSP_OPTIONS);
    else if (m->status >= 400)
        s->has_get_parameter = false;
}

/* ---- messages ---- */

/* Cameras ask too: answered so that they go on, or ended when they say so. */
static void on_request(struct session *s, const struct rtsp_message *m)
{
    if (m->method == RTSP_TEARDOWN || m->method == RTSP_REDIRECT) {
        session_end(s, SESSION_CAUSE_CLOSED, "the camera ended the session (%s)",
                    rtsp_method_name(m->method));
        return;
    }
    bool known = m->method == RTSP_OPTIONS || m->method == RTSP_GET_PARAMETER ||
                 m->method == RTSP_SET_PARAMETER;
    rtsp_write_response(&s->out, known ? 200 : 501, rtsp_cseq(m));
    rtsp_write_end(&s->out, NULL, tc_slice(NULL, 0));
    if (s->out.err != TC_OK)
        session_end(s, SESSION_CAUSE_GARBAGE, "the camera asks faster than it reads");
}

static void on_response(struct session *s, const struct rtsp_message *m)
{
    int64_t cseq = rtsp_cseq(m);
    if (!s->pending || (cseq >= 0 && cseq != (int64_t)s->cseq) || m->status < 200)
        return; /* an answer to nothing, left over or provisional */
    s->pending = false;
    if (s->phase == SESSION_PLAYING)
        on_keepalive_answer(s, m);
    else if (step_of(s) != NULL)
        on_step_answer(s, m);
}

static size_t take_message(struct session *s, struct tc_slice in)
{
    struct rtsp_message m;
    struct tc_errinfo info = {0};
    enum rtsp_next next = rtsp_parse(in, &m, &info);
    if (next == RTSP_BAD)
        session_end(s, SESSION_CAUSE_GARBAGE, "what came from the camera is no RTSP: %s",
                    info.text);
    if (next != RTSP_DONE)
        return 0;
    if (m.is_request)
        on_request(s, &m);
    else
        on_response(s, &m);
    return m.bytes;
}

size_t session_input(struct session *s, struct tc_slice in, struct session_now now)
{
    s->now = now;
    size_t at = 0;
    while (at < in.len && s->phase != SESSION_ENDED) {
        struct tc_slice rest = tc_slice_sub(in, at, in.len);
        size_t took = 0;
        if (rtsp_is_interleaved(rest)) {
            struct rtsp_interleaved frame;
            if (rtsp_parse_interleaved(rest, &frame) != RTSP_DONE)
                break;
            session_media_frame(s, &frame);
            took = frame.bytes;
        } else {
            took = take_message(s, rest);
        }
        if (took == 0)
            break;
        at += took;
    }
    s->counts.bytes += at;
    return at;
}

/* ---- time ---- */

void session_tick(struct session *s, struct session_now now)
{
    s->now = now;
    if (step_of(s) != NULL && now.mono.ns - s->asked_at.ns > SESSION_ANSWER_NS)
        session_end(s, SESSION_CAUSE_TIMEOUT, "no answer to %s in %d s",
                    rtsp_method_name(step_of(s)->method), (int)(SESSION_ANSWER_NS / TC_NS_PER_S));
    if (s->phase != SESSION_PLAYING)
        return;
    if (now.mono.ns - s->packet_at.ns > SESSION_STALL_NS)
        session_end(s, SESSION_CAUSE_STALLED, "connected, but no video in %d s",
                    (int)(SESSION_STALL_NS / TC_NS_PER_S));
    else if (now.mono.ns - s->frame_at.ns > SESSION_NO_KEY_NS)
        session_end(s, SESSION_CAUSE_STALLED, "video comes, but no whole key frame in %d s",
                    (int)(SESSION_NO_KEY_NS / TC_NS_PER_S));
    else if (now.mono.ns >= s->keepalive_at.ns)
        send_keepalive(s);
}

/* ---- life ---- */

void session_init(struct session *s, const struct session_config *config)
{
    *s = (struct session){.config = *config, .timeout_s = 60};
    tc_buf_init(&s->out, SESSION_OUT_BYTES_MAX);
    struct rtsp_url url;
    TC_CLEANUP(tc_buf_done) struct tc_buf clean;
    tc_buf_init(&clean, 2 * SESSION_URL_BYTES);
    if (rtsp_url_parse(config->url, &url) == TC_OK)
        rtsp_url_write(&clean, &url);
    if (clean.len == 0 || tc_slice_to_str(tc_buf_view(&clean), s->url, sizeof s->url) != TC_OK)
        session_end(s, SESSION_CAUSE_GARBAGE,
                    "the camera's url is none of the form rtsp://host/path");
}

void session_done(struct session *s)
{
    tc_buf_done(&s->out);
}

void session_start(struct session *s, struct session_now now)
{
    s->now = now;
    if (s->phase == SESSION_IDLE)
        enter(s, SESSION_OPTIONS);
}

void session_closed(struct session *s, const char *text)
{
    session_end(s, SESSION_CAUSE_CLOSED, "%s", text);
}

void session_stop(struct session *s)
{
    if (s->id[0] != '\0' && (s->phase == SESSION_PLAY || s->phase == SESSION_PLAYING))
        send_request(s, RTSP_TEARDOWN, s->play, NULL, NULL);
    session_end(s, SESSION_CAUSE_STOPPED, "stopped");
}
