/* SPDX-License-Identifier: Apache-2.0 */
/* One RTSP conversation with a camera, from the first OPTIONS to the end of the connection: bytes
 * in, bytes out, frames into a ring. Knows no socket, no clock and no chance: times and a seed are
 * arguments, so tests and the process drive the same code.
 *
 * Life: session_init, session_start, then session_input with what the socket gave and session_tick
 * now and then, and the bytes of `out` go to the socket; when `phase` is SESSION_ENDED, `cause` and
 * `text` say why, and the owner connects anew. A session is used once. Limits: rtsp.h's, and the
 * deadlines below. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/stream_clock.h"
#include "proto/h264.h"
#include "proto/http_auth.h"
#include "proto/rtsp.h"
#include "runtime/ring.h"

enum {
    SESSION_URL_BYTES = RTSP_URL_BYTES_MAX,
    SESSION_ID_BYTES = 128,
    SESSION_TEXT_BYTES = 200,
    SESSION_OUT_BYTES_MAX = 32768,
    SESSION_SEED_BYTES = 16,
};
#define SESSION_ANSWER_NS (5 * TC_NS_PER_S)  /* a request's answer */
#define SESSION_STALL_NS  (5 * TC_NS_PER_S)  /* no media packet */
#define SESSION_NO_KEY_NS (30 * TC_NS_PER_S) /* packets, but no frame that can be decoded */
#define SESSION_REPORT_NS (4 * TC_NS_PER_S)  /* least time between our receiver reports */

enum session_phase {
    SESSION_IDLE,
    SESSION_OPTIONS,
    SESSION_DESCRIBE,
    SESSION_SETUP,
    SESSION_PLAY,
    SESSION_PLAYING,
    SESSION_ENDED,
};

/* word for events, remedy */
#define SESSION_CAUSE_LIST(X)                                                                      \
    X(NONE, "", "")                                                                                \
    X(CLOSED, "closed", "")                                                                        \
    X(TIMEOUT, "timeout", "")                                                                      \
    X(STALLED, "stalled", "")                                                                      \
    X(UNAUTHORIZED, "unauthorized", "check the camera's login: tocsin secret set NAME")            \
    X(NOT_FOUND, "not-found", "check the path in the camera's url")                                \
    X(BUSY, "busy", "too many viewers? close one, or raise the camera's limit")                    \
    X(REFUSED, "refused", "")                                                                      \
    X(TRANSPORT, "transport", "switch the camera's RTSP to allow RTP over TCP")                    \
    X(NO_VIDEO, "no-video", "switch the camera's stream to H.264")                                 \
    X(GARBAGE, "garbage", "is this the RTSP port of a camera?")                                    \
    X(STOPPED, "stopped", "")

enum session_cause {
#define X(name, word, remedy) SESSION_CAUSE_##name,
    SESSION_CAUSE_LIST(X)
#undef X
        SESSION_CAUSE_COUNT
};
/* "stalled"; and what to do about it, "" when there is nothing special. */
const char *session_cause_word(enum session_cause cause);
const char *session_cause_remedy(enum session_cause cause);

struct session_now {
    struct tc_wall wall;
    struct tc_mono mono;
};

struct session_config {
    struct tc_slice url;              /* copied */
    struct tc_slice user, password;   /* borrowed for the session's life; empty: no login */
    struct ring_writer *ring;         /* borrowed */
    uint8_t seed[SESSION_SEED_BYTES]; /* random; for client nonces and our SSRC */
};

struct session_counts {
    uint64_t bytes;       /* read */
    uint64_t frames;      /* into the ring */
    uint64_t foreign;     /* packets of another payload type or channel */
    uint64_t bad_packets; /* no RTP */
};

struct session {
    enum session_phase phase;
    enum session_cause cause;
    char text[SESSION_TEXT_BYTES]; /* what happened, for a person */
    struct tc_buf out;             /* to be sent; the owner drops what it sent */
    struct session_counts counts;
    /* the conversation */
    struct session_config config;
    char url[SESSION_URL_BYTES];
    char base[SESSION_URL_BYTES];
    char track[SESSION_URL_BYTES];
    char play[SESSION_URL_BYTES]; /* what PLAY, keep-alives and TEARDOWN name */
    char id[SESSION_ID_BYTES];
    unsigned timeout_s;
    uint32_t cseq;
    bool pending; /* an answer to cseq is awaited */
    struct tc_mono asked_at;
    struct http_challenge challenge;
    uint32_t nonce_uses;
    unsigned auth_tries; /* of this request */
    bool has_get_parameter;
    struct tc_mono keepalive_at;
    /* the stream */
    uint8_t rtp_channel, rtcp_channel, payload_type;
    struct session_now now;
    struct h264 h264;
    struct h264_sink sink;
    struct stream_clock clock;
    bool has_ssrc;
    uint32_t ssrc;
    uint32_t highest_sequence; /* extended */
    struct tc_mono packet_at;  /* last media packet */
    struct tc_mono frame_at;   /* last frame */
    struct tc_wall frame_wall; /* its time; 0: none yet */
    struct tc_mono report_at;  /* our last receiver report */
    uint32_t sender_ntp;       /* middle bits of the last sender report */
    struct tc_mono sender_at;
    /* what was learned of the pictures */
    uint32_t params_generation; /* 0: not known yet */
    uint16_t width, height;
    char codec[16]; /* "avc1.64001F" */
};

/* CONFIG's slices and ring must outlive the session, or session_done. A URL that cannot be used
 * ends it at once. */
void session_init(struct session *s, const struct session_config *config);
void session_done(struct session *s);
/* The connection is there: begins to talk. */
void session_start(struct session *s, struct session_now now);
/* Takes whole messages and frames off the front of IN; returns how many bytes that were. The rest
 * has to come again with more behind it. */
size_t session_input(struct session *s, struct tc_slice in, struct session_now now);
/* Deadlines and keep-alives; call a few times a second. */
void session_tick(struct session *s, struct session_now now);
/* The peer closed, or the socket failed: TEXT says how. */
void session_closed(struct session *s, const char *text);
/* Says TEARDOWN if there is a session, and ends. */
void session_stop(struct session *s);

/* Is a picture coming? */
static inline bool session_is_up(const struct session *s)
{
    return s->phase == SESSION_PLAYING && s->frame_wall.ns != 0 && s->params_generation != 0;
}
