/* SPDX-License-Identifier: Apache-2.0 */
/* RTSP/1.0 messages (RFC 2326) and the '$' frames interleaved with them, both directions: capture
 * reads responses, the camera simulator reads requests.
 *
 * Pure: bytes in, slices of the same bytes out; nothing is copied, so a parsed message lives as
 * long as its input. A parse says what to do next: DONE (take `bytes` off the front), MORE (read on
 * and parse again from the start) or BAD (the stream is no RTSP; close it). Tolerant where cameras
 * are sloppy: bare LF, blanks around names and values, empty lines before a message, missing
 * reason. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    RTSP_PORT = 554,
    RTSP_HEADERS_MAX = 48,
    RTSP_HEAD_BYTES_MAX = 16384,  /* start line and headers */
    RTSP_BODY_BYTES_MAX = 131072, /* an SDP */
    RTSP_INTERLEAVED_BYTES_MAX = 4 + 65535,
    RTSP_URL_BYTES_MAX = 1024,
};

enum rtsp_next { RTSP_DONE, RTSP_MORE, RTSP_BAD };

/* name on the wire */
#define RTSP_METHOD_LIST(X)                                                                        \
    X(OPTIONS)                                                                                     \
    X(DESCRIBE)                                                                                    \
    X(ANNOUNCE)                                                                                    \
    X(SETUP)                                                                                       \
    X(PLAY)                                                                                        \
    X(PAUSE)                                                                                       \
    X(RECORD)                                                                                      \
    X(TEARDOWN)                                                                                    \
    X(GET_PARAMETER)                                                                               \
    X(SET_PARAMETER)                                                                               \
    X(REDIRECT)

enum rtsp_method {
    RTSP_UNKNOWN_METHOD,
#define X(name) RTSP_##name,
    RTSP_METHOD_LIST(X)
#undef X
};

/* The method's name as it goes over the wire; "?" for RTSP_UNKNOWN_METHOD. */
const char *rtsp_method_name(enum rtsp_method method);

struct rtsp_header {
    struct tc_slice name, value; /* trimmed */
};

struct rtsp_message {
    bool is_request;
    enum rtsp_method method; /* request */
    struct tc_slice method_text;
    struct tc_slice uri;
    unsigned status; /* response: 100 to 999 */
    struct tc_slice reason;
    struct rtsp_header headers[RTSP_HEADERS_MAX];
    size_t header_count;
    struct tc_slice body;
    size_t bytes; /* of the input, this message's end included */
};

/* The message at the front of IN. *RET is complete only with RTSP_DONE. INFO says why it is BAD. */
enum rtsp_next rtsp_parse(struct tc_slice in, struct rtsp_message *ret,
                          struct tc_errinfo *info) TC_MUST_USE;

struct rtsp_interleaved {
    uint8_t channel;
    struct tc_slice payload;
    size_t bytes; /* header included */
};

/* True when IN begins with '$' and is to be read with the next function. */
static inline bool rtsp_is_interleaved(struct tc_slice in)
{
    return in.len > 0 && in.ptr[0] == '$';
}
/* RFC 2326 10.12: '$', channel, 16-bit length, payload. Never BAD once the first byte is '$'. */
enum rtsp_next rtsp_parse_interleaved(struct tc_slice in, struct rtsp_interleaved *ret) TC_MUST_USE;

/* The NTH (from 0) header of that name, upper or lower case; ptr NULL when there is none. */
struct tc_slice rtsp_header_nth(const struct rtsp_message *m, const char *name, size_t nth);
static inline struct tc_slice rtsp_header(const struct rtsp_message *m, const char *name)
{
    return rtsp_header_nth(m, name, 0);
}
/* The CSeq, or -1 when it is missing or no number. */
int64_t rtsp_cseq(const struct rtsp_message *m);

struct rtsp_session {
    struct tc_slice id;
    unsigned timeout_s; /* 60 when not said; 1 to 86400 */
    bool has_timeout;
};
/* "12345678 ; timeout=60". TC_E_FORMAT when there is no id. */
enum tc_err rtsp_session_parse(struct tc_slice value, struct rtsp_session *ret) TC_MUST_USE;

struct rtsp_transport {
    bool tcp;     /* RTP/AVP/TCP */
    bool unicast; /* said, or not said to be multicast */
    bool has_channels;
    uint8_t rtp_channel, rtcp_channel; /* interleaved=a-b; b is a + 1 when not said */
    bool has_client_ports;
    uint16_t client_rtp_port, client_rtcp_port;
    bool has_ssrc;
    uint32_t ssrc;
};
/* The first transport of the header's list. TC_E_FORMAT when it is no RTP/AVP. */
enum tc_err rtsp_transport_parse(struct tc_slice value, struct rtsp_transport *ret) TC_MUST_USE;

struct rtsp_url {
    struct tc_slice user, password; /* as written, still percent-encoded; ptr NULL when absent */
    struct tc_slice host;           /* without brackets */
    uint16_t port;
    struct tc_slice path; /* from the first '/', query included; may be empty */
};
/* "rtsp://host[:port]/path". TC_E_UNSUPPORTED for another scheme (rtsps too), TC_E_FORMAT else. */
enum tc_err rtsp_url_parse(struct tc_slice url, struct rtsp_url *ret) TC_MUST_USE;
/* The URL without user and password, which never go into a request line. */
void rtsp_url_write(struct tc_buf *out, const struct rtsp_url *url);
/* A track's URL from the base and its a=control (absolute, "*" or empty, or relative: appended with
 * one '/' between, which is what cameras expect, queries or not). */
void rtsp_url_resolve(struct tc_buf *out, struct tc_slice base, struct tc_slice control);

/* ---- building; a byte that would end a line is never written: the buffer's error becomes FORMAT
 * ---- */

void rtsp_write_request(struct tc_buf *out, enum rtsp_method method, struct tc_slice uri,
                        uint32_t cseq);
/* REASON comes with the STATUS. CSEQ below 0: without one. */
void rtsp_write_response(struct tc_buf *out, unsigned status, int64_t cseq);
void rtsp_write_header(struct tc_buf *out, const char *name, struct tc_slice value);
void rtsp_write_header_fmt(struct tc_buf *out, const char *name, const char *fmt, ...)
    TC_PRINTF(3, 4);
/* Ends the message. With a body (len > 0) Content-Type and Content-Length go before it. */
void rtsp_write_end(struct tc_buf *out, const char *content_type, struct tc_slice body);
