/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of RFC 2326, one row each. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "sim/camera_internal.h"

enum {
    ANSWER_BYTES_MAX = 16384,
    OK = 200,
    BAD_REQUEST = 400,
    UNAUTHORIZED = 401,
    NO_SUCH_CAMERA = 404,
    NO_SUCH_PARAMETER = 451,
    NO_SUCH_SESSION = 454,
    NOT_IN_THIS_STATE = 455,
    NO_SUCH_TRANSPORT = 461,
    SERVER_ERROR = 500,
    NOT_IMPLEMENTED = 501,
    NO_SUCH_OPTION = 551,
};

static const char public_methods[] =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

struct request {
    struct sim_conn *conn;
    const struct rtsp_message *m;
    int64_t cseq;
    struct sim_cam *cam; /* that the URL names, or NULL */
    struct tc_buf answer;
};

/* --- helpers
 * ----------------------------------------------------------------------------------------- */

/* The camera in rtsp://HOST/NAME, with or without a track behind it. */
static struct sim_cam *camera_of(struct sim_cameras *s, struct tc_slice uri)
{
    struct rtsp_url url;
    if (rtsp_url_parse(uri, &url) != TC_OK || url.path.len < 2)
        return NULL;
    struct tc_slice rest = tc_slice_sub(url.path, 1, url.path.len);
    rest = tc_slice_sub(rest, 0, tc_slice_find_byte(rest, '?'));
    return cam_find(s, tc_slice_sub(rest, 0, tc_slice_find_byte(rest, '/')));
}

static void random_hex(char *out, size_t digits)
{
    uint8_t bytes[32];
    TC_ASSERT(digits <= 2 * sizeof bytes);
    TC_ASSERT(getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes);
    for (size_t i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    out[digits] = '\0';
}

static void begin(struct request *r, unsigned status)
{
    rtsp_write_response(&r->answer, status, r->cseq);
    rtsp_write_header(&r->answer, "Server", tc_slice_str("Tocsin simulated camera"));
}

static void end(struct request *r)
{
    rtsp_write_end(&r->answer, NULL, tc_slice(NULL, 0));
}

static void answer_only(struct request *r, unsigned status)
{
    begin(r, status);
    end(r);
}

static void put_session(struct request *r)
{
    rtsp_write_header_fmt(&r->answer, "Session", "%s;timeout=%u", r->conn->session,
                          r->conn->server->options.session_timeout_s);
}

static bool names_session(const struct request *r)
{
    struct rtsp_session session;
    const struct sim_conn *c = r->conn;
    return c->session[0] != '\0' &&
           rtsp_session_parse(rtsp_header(r->m, "Session"), &session) == TC_OK &&
           tc_slice_is(session.id, c->session);
}

/* --- authentication
 * ---------------------------------------------------------------------------------- */

static bool refuses_now(const struct request *r)
{
    const struct sim_cam *cam = r->cam;
    return cam != NULL && cam->fault == SIM_FAULT_REFUSE &&
           clock_mono().ns - cam->server->started_mono_ns < cam->fault_after_ms * TC_NS_PER_MS;
}

static bool is_authorized(struct request *r)
{
    struct sim_cameras *s = r->conn->server;
    if (refuses_now(r))
        return false;
    if (s->user == NULL)
        return true;
    struct tc_slice value = rtsp_header(r->m, "Authorization");
    if (value.ptr == NULL || r->conn->challenge.scheme == HTTP_AUTH_NONE)
        return false;
    const struct http_login login = {tc_slice_str(s->user), tc_slice_str(s->password)};
    return tc_slice_eq(http_auth_param(value, "uri"), r->m->uri) &&
           http_authorization_check(value, &r->conn->challenge, &login, r->m->method_text);
}

static void answer_challenge(struct request *r)
{
    struct http_challenge *c = &r->conn->challenge;
    bool sha256 = r->conn->server->options.sha256;
    c->scheme = sha256 ? HTTP_AUTH_DIGEST_SHA256 : HTTP_AUTH_DIGEST_MD5;
    c->qop_auth = sha256; /* with MD5 as most cameras do it: RFC 2069 style */
    (void)snprintf(c->realm, sizeof c->realm, "simulated camera");
    random_hex(c->nonce, 32);
    begin(r, UNAUTHORIZED);
    rtsp_write_header_fmt(&r->answer, "WWW-Authenticate",
                          "Digest realm=\"%s\", nonce=\"%s\", algorithm=%s", c->realm, c->nonce,
                          sha256 ? "SHA-256, qop=\"auth\"" : "MD5");
    end(r);
}

/* --- the methods
 * ------------------------------------------------------------------------------------- */

static void on_options(struct request *r)
{
    begin(r, OK);
    rtsp_write_header(&r->answer, "Public", tc_slice_str(public_methods));
    if (names_session(r))
        put_session(r);
    end(r);
}

static void put_base64(struct tc_buf *out, struct tc_slice bytes)
{
    uint8_t *room = tc_buf_reserve(out, (bytes.len + 2) / 3 * 4 + 1);
    if (room != NULL)
        out->len += (size_t)EVP_EncodeBlock(room, bytes.ptr, (int)bytes.len);
}

/* RFC 4566, and RFC 6184 8.2 for the parameters. */
static void write_sdp(const struct sim_cam *cam, struct tc_buf *out)
{
    struct tc_slice sps = cam_sps(cam);
    tc_buf_add_str(out, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n");
    tc_buf_add_fmt(out, "s=%s\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n", cam->name);
    tc_buf_add_str(out, "a=control:*\r\na=range:npt=now-\r\nm=video 0 RTP/AVP 96\r\n");
    tc_buf_add_fmt(out, "a=rtpmap:96 H264/%d\r\n", CAM_RATE_HZ);
    tc_buf_add_fmt(out, "a=fmtp:96 packetization-mode=1;profile-level-id=%02X%02X%02X;", sps.ptr[1],
                   sps.ptr[2], sps.ptr[3]);
    tc_buf_add_str(out, "sprop-parameter-sets=");
    put_base64(out, sps);
    tc_buf_add_str(out, ",");
    put_base64(out, cam_pps(cam));
    tc_buf_add_fmt(out, "\r\na=framerate:%d\r\na=control:trackID=1\r\n",
                   (int)(TC_NS_PER_S / cam->period_ns));
}

static void on_describe(struct request *r)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf sdp;
    tc_buf_init(&sdp, ANSWER_BYTES_MAX / 2);
    write_sdp(r->cam, &sdp);
    begin(r, OK);
    rtsp_write_header_fmt(&r->answer, "Content-Base", "%.*s/", TC_FMT(r->m->uri));
    rtsp_write_end(&r->answer, "application/sdp", tc_buf_view(&sdp));
}

/* RTP goes only to the address that asked: nobody can point the stream at another machine. */
static bool set_up_udp(struct sim_conn *c, const struct rtsp_transport *t)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    if (!t->has_client_ports || cameras_open_udp(c->server) != TC_OK ||
        getpeername(c->fd, (struct sockaddr *)&peer, &len) != 0)
        return false;
    c->udp = true;
    c->udp_len = len;
    c->udp_rtp = peer;
    c->udp_rtcp = peer;
    cam_set_port(&c->udp_rtp, t->client_rtp_port);
    cam_set_port(&c->udp_rtcp, t->client_rtcp_port);
    return true;
}

static void put_transport(struct request *r, const struct rtsp_transport *t)
{
    const struct sim_conn *c = r->conn;
    uint32_t ssrc = r->cam->pack.ssrc;
    if (!c->udp)
        rtsp_write_header_fmt(&r->answer, "Transport",
                              "RTP/AVP/TCP;unicast;interleaved=%u-%u;ssrc=%08X", c->rtp_channel,
                              c->rtcp_channel, ssrc);
    else
        rtsp_write_header_fmt(&r->answer, "Transport",
                              "RTP/AVP;unicast;client_port=%u-%u;server_port=%u-%u;ssrc=%08X",
                              t->client_rtp_port, t->client_rtcp_port, c->server->udp_port,
                              c->server->udp_port + 1U, ssrc);
}

static void on_setup(struct request *r)
{
    struct sim_conn *c = r->conn;
    struct rtsp_transport t;
    if (c->state == CONN_PLAYING) {
        answer_only(r, NOT_IN_THIS_STATE);
        return;
    }
    camera_conn_end_session(c);
    if (rtsp_transport_parse(rtsp_header(r->m, "Transport"), &t) != TC_OK || !t.unicast ||
        (!t.tcp && !set_up_udp(c, &t))) {
        answer_only(r, NO_SUCH_TRANSPORT);
        return;
    }
    c->rtp_channel = t.has_channels ? t.rtp_channel : 0;
    c->rtcp_channel = t.has_channels ? t.rtcp_channel : 1;
    c->cam = r->cam;
    c->state = CONN_READY;
    random_hex(c->session, 16);
    begin(r, OK);
    put_transport(r, &t);
    put_session(r);
    end(r);
}

static void on_play(struct request *r)
{
    struct sim_conn *c = r->conn;
    struct sim_cam *cam = c->cam;
    bool starts = c->state == CONN_READY;
    if (starts) {
        c->played_mono_ns = clock_mono().ns;
        c->report_mono_ns = 0;
        cam_add_viewer(cam, c);
        c->state = CONN_PLAYING;
        c->server->stats.sessions++;
    }
    begin(r, OK);
    put_session(r);
    rtsp_write_header(&r->answer, "Range", tc_slice_str("npt=now-"));
    struct tc_slice uri = r->m->uri;
    while (uri.len > 0 && uri.ptr[uri.len - 1] == '/')
        uri.len--;
    bool track = tc_slice_find(uri, "/trackID=") < uri.len;
    rtsp_write_header_fmt(&r->answer, "RTP-Info", "url=%.*s%s;seq=%u;rtptime=%u", TC_FMT(uri),
                          track ? "" : "/trackID=1", cam->pack.sequence,
                          cam_rtp_time(cam, cam->due_wall_ns));
    end(r);
}

static void on_pause(struct request *r)
{
    struct sim_conn *c = r->conn;
    if (c->state == CONN_PLAYING) {
        LIST_REMOVE(c, viewing);
        c->server->stats.viewers--;
        c->state = CONN_READY;
    }
    begin(r, OK);
    put_session(r);
    end(r);
}

static void on_teardown(struct request *r)
{
    camera_conn_end_session(r->conn);
    answer_only(r, OK);
}

static uint64_t viewers_of(const struct sim_camera_stats *stats)
{
    return stats->viewers;
}
static uint64_t pictures_of(const struct sim_camera_stats *stats)
{
    return stats->pictures;
}
static uint64_t lost_pictures_of(const struct sim_camera_stats *stats)
{
    return stats->lost_pictures;
}

/* Of the whole server, for tests and benchmarks. */
static const struct {
    const char *name;
    uint64_t (*value)(const struct sim_camera_stats *stats);
} parameters[] = {
    {"viewers", viewers_of},
    {"pictures", pictures_of},
    {"lost_pictures", lost_pictures_of},
};

/* Without a body a sign of life; else one parameter's name. */
static void on_get_parameter(struct request *r)
{
    char text[64] = "";
    struct tc_slice name = tc_slice_trim(r->m->body);
    for (size_t i = 0; i < TC_COUNT(parameters); i++) {
        if (tc_slice_is(name, parameters[i].name))
            (void)snprintf(text, sizeof text, "%s: %llu\r\n", parameters[i].name,
                           (unsigned long long)parameters[i].value(&r->conn->server->stats));
    }
    if (name.len > 0 && text[0] == '\0') {
        answer_only(r, NO_SUCH_PARAMETER);
        return;
    }
    begin(r, OK);
    if (names_session(r))
        put_session(r);
    rtsp_write_end(&r->answer, "text/parameters", tc_slice_str(text));
}

/* "intruder: on": the one parameter there is. */
static void on_set_parameter(struct request *r)
{
    struct tc_slice body = tc_slice_trim(r->m->body);
    struct tc_slice name = tc_slice_trim(tc_slice_split(&body, ':'));
    struct tc_slice value = tc_slice_trim(body);
    bool on = tc_slice_is(value, "on");
    if (!tc_slice_is(name, "intruder") || (!on && !tc_slice_is(value, "off")) ||
        r->cam->draw == NULL) {
        answer_only(r, BAD_REQUEST);
        return;
    }
    sim_draw_set_intruder(r->cam->draw, on);
    answer_only(r, OK);
}

static const struct {
    enum rtsp_method method;
    bool needs_camera, needs_session, open; /* open: answered without a login */
    void (*answer)(struct request *r);
} methods[] = {
    {RTSP_OPTIONS, false, false, true, on_options},
    {RTSP_DESCRIBE, true, false, false, on_describe},
    {RTSP_SETUP, true, false, false, on_setup},
    {RTSP_PLAY, false, true, false, on_play},
    {RTSP_PAUSE, false, true, false, on_pause},
    {RTSP_TEARDOWN, false, true, false, on_teardown},
    {RTSP_GET_PARAMETER, false, false, false, on_get_parameter},
    {RTSP_SET_PARAMETER, true, false, false, on_set_parameter},
};

/* RFC 2326 12.32: what a client insists on and this server lacks is said. */
static void answer_unsupported(struct request *r, struct tc_slice required)
{
    begin(r, NO_SUCH_OPTION);
    rtsp_write_header(&r->answer, "Unsupported", required);
    end(r);
}

static void dispatch(struct request *r)
{
    struct tc_slice required = rtsp_header(r->m, "Require");
    if (required.ptr != NULL) {
        answer_unsupported(r, required);
        return;
    }
    for (size_t i = 0; i < TC_COUNT(methods); i++) {
        if (methods[i].method != r->m->method)
            continue;
        if (!methods[i].open && !is_authorized(r))
            answer_challenge(r);
        else if (methods[i].needs_camera && r->cam == NULL)
            answer_only(r, NO_SUCH_CAMERA);
        else if (methods[i].needs_session && !names_session(r))
            answer_only(r, NO_SUCH_SESSION);
        else
            methods[i].answer(r);
        return;
    }
    answer_only(r, NOT_IMPLEMENTED);
}

void camera_conn_answer(struct sim_conn *c, const struct rtsp_message *m)
{
    struct request r = {
        .conn = c, .m = m, .cseq = rtsp_cseq(m), .cam = camera_of(c->server, m->uri)};
    tc_buf_init(&r.answer, ANSWER_BYTES_MAX);
    if (r.cseq < 0)
        answer_only(&r, BAD_REQUEST);
    else
        dispatch(&r);
    if (r.answer.err != TC_OK) {
        tc_buf_done(&r.answer);
        tc_buf_init(&r.answer, ANSWER_BYTES_MAX);
        answer_only(&r, SERVER_ERROR);
    }
    camera_conn_send(c, tc_buf_view(&r.answer));
    tc_buf_done(&r.answer);
}
