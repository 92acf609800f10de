/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and building of RTSP messages. */
#include "proto/rtsp.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const method_names[] = {"?",
#define X(name) #name,
                                           RTSP_METHOD_LIST(X)
#undef X
};
enum { METHOD_COUNT = sizeof method_names / sizeof method_names[0] };

const char *rtsp_method_name(enum rtsp_method method)
{
    return (size_t)method < METHOD_COUNT ? method_names[method] : method_names[0];
}

static enum rtsp_method method_of(struct tc_slice text)
{
    for (size_t i = 1; i < METHOD_COUNT; i++)
        if (tc_slice_is(text, method_names[i]))
            return (enum rtsp_method)i;
    return RTSP_UNKNOWN_METHOD;
}

/* ---- parsing ---- */

/* The line at *AT without its end, or false when its LF is not there yet. */
static bool take_line(struct tc_slice in, size_t *at, struct tc_slice *line)
{
    struct tc_slice rest = tc_slice_sub(in, *at, in.len);
    size_t end = tc_slice_find_byte(rest, '\n');
    if (end == rest.len)
        return false;
    *at += end + 1;
    *line = tc_slice_sub(rest, 0, end);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool is_version(struct tc_slice text)
{
    return text.len == 8 && tc_slice_starts(text, "RTSP/") && text.ptr[5] >= '1' &&
           text.ptr[5] <= '2' && text.ptr[6] == '.';
}

static enum tc_err parse_status_line(struct tc_slice line, struct rtsp_message *m)
{
    struct tc_slice rest = line;
    (void)tc_slice_split(&rest, ' ');
    rest = tc_slice_trim(rest);
    uint64_t status = 0;
    TC_TRY(tc_slice_u64(tc_slice_sub(rest, 0, 3), 999, &status));
    if (status < 100 || (rest.len > 3 && rest.ptr[3] != ' '))
        return TC_E_FORMAT;
    m->status = (unsigned)status;
    m->reason = tc_slice_trim(tc_slice_sub(rest, 3, rest.len));
    return TC_OK;
}

static enum tc_err parse_start_line(struct tc_slice line, struct rtsp_message *m)
{
    struct tc_slice rest = line;
    struct tc_slice first = tc_slice_split(&rest, ' ');
    if (is_version(first))
        return parse_status_line(line, m);
    m->is_request = true;
    m->method_text = first;
    m->method = method_of(first);
    rest = tc_slice_trim(rest);
    m->uri = tc_slice_split(&rest, ' ');
    for (size_t i = 0; i < first.len; i++)
        if ((first.ptr[i] < 'A' || first.ptr[i] > 'Z') && first.ptr[i] != '_')
            return TC_E_FORMAT;
    if (first.len == 0 || m->uri.len == 0 || !is_version(tc_slice_trim(rest)))
        return TC_E_FORMAT;
    return TC_OK;
}

/* One header line. A line that begins with a blank goes on with the one before (RFC 822 folding):
 * the value is stretched to its end, line break inside and all, since nothing is copied. */
static enum tc_err parse_header(struct tc_slice line, struct rtsp_message *m)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        if (m->header_count == 0)
            return TC_E_FORMAT;
        struct tc_slice *value = &m->headers[m->header_count - 1].value;
        struct tc_slice more = tc_slice_trim(line);
        if (more.len > 0 && value->ptr != NULL)
            value->len = (size_t)(more.ptr + more.len - value->ptr);
        return TC_OK;
    }
    size_t colon = tc_slice_find_byte(line, ':');
    if (colon == line.len)
        return TC_OK; /* some cameras send a stray line; it means nothing */
    if (m->header_count == RTSP_HEADERS_MAX)
        return TC_E_LIMIT;
    m->headers[m->header_count++] = (struct rtsp_header){
        .name = tc_slice_trim(tc_slice_sub(line, 0, colon)),
        .value = tc_slice_trim(tc_slice_sub(line, colon + 1, line.len)),
    };
    return TC_OK;
}

/* Start line and headers; *AT is behind the empty line when DONE. */
static enum rtsp_next parse_head(struct tc_slice in, size_t *at, struct rtsp_message *m,
                                 struct tc_errinfo *info)
{
    struct tc_slice line = {0};
    do {
        if (!take_line(in, at, &line))
            return RTSP_MORE;
    } while (line.len == 0);
    if (parse_start_line(line, m) != TC_OK) {
        (void)tc_fail_at(info, TC_E_FORMAT, 0, "no RTSP start line");
        return RTSP_BAD;
    }
    for (;;) {
        size_t line_at = *at;
        if (!take_line(in, at, &line))
            return RTSP_MORE;
        if (line.len == 0)
            return RTSP_DONE;
        enum tc_err err = parse_header(line, m);
        if (err != TC_OK) {
            (void)tc_fail_at(info, err, (int64_t)line_at, "RTSP header line");
            return RTSP_BAD;
        }
    }
}

/* A stream that is no RTSP at all (HTTP, TLS, noise) is told by its first bytes, not by a head that
 * never ends. */
static bool may_be_rtsp(struct tc_slice in)
{
    size_t i = 0;
    while (i < in.len && (in.ptr[i] == '\r' || in.ptr[i] == '\n'))
        i++;
    for (size_t n = 0; i < in.len && n < 32 && in.ptr[i] != ' ' && in.ptr[i] != '\r'; i++, n++)
        if (in.ptr[i] < 0x20 || in.ptr[i] > 0x7e)
            return false;
    return true;
}

enum rtsp_next rtsp_parse(struct tc_slice in, struct rtsp_message *ret, struct tc_errinfo *info)
{
    *ret = (struct rtsp_message){0};
    if (!may_be_rtsp(in)) {
        (void)tc_fail_at(info, TC_E_FORMAT, 0, "bytes that are no RTSP");
        return RTSP_BAD;
    }
    size_t at = 0;
    enum rtsp_next head = parse_head(tc_slice_sub(in, 0, RTSP_HEAD_BYTES_MAX), &at, ret, info);
    if (head == RTSP_MORE && in.len >= RTSP_HEAD_BYTES_MAX) {
        (void)tc_fail(info, TC_E_LIMIT, "RTSP head over %d bytes", RTSP_HEAD_BYTES_MAX);
        return RTSP_BAD;
    }
    if (head != RTSP_DONE)
        return head;
    uint64_t length = 0;
    struct tc_slice text = rtsp_header(ret, "Content-Length");
    if (text.ptr != NULL && tc_slice_u64(text, RTSP_BODY_BYTES_MAX, &length) != TC_OK) {
        (void)tc_fail(info, TC_E_LIMIT, "RTSP body: Content-Length %.*s", TC_FMT(text));
        return RTSP_BAD;
    }
    if (in.len - at < length)
        return RTSP_MORE;
    ret->body = tc_slice_sub(in, at, (size_t)length);
    ret->bytes = at + (size_t)length;
    return RTSP_DONE;
}

enum rtsp_next rtsp_parse_interleaved(struct tc_slice in, struct rtsp_interleaved *ret)
{
    if (!rtsp_is_interleaved(in))
        return RTSP_BAD;
    if (in.len < 4)
        return RTSP_MORE;
    size_t length = (size_t)in.ptr[2] << 8 | in.ptr[3];
    if (in.len - 4 < length)
        return RTSP_MORE;
    *ret = (struct rtsp_interleaved){
        .channel = in.ptr[1], .payload = tc_slice_sub(in, 4, length), .bytes = 4 + length};
    return RTSP_DONE;
}

/* ---- headers ---- */

struct tc_slice rtsp_header_nth(const struct rtsp_message *m, const char *name, size_t nth)
{
    struct tc_slice wanted = tc_slice_str(name);
    for (size_t i = 0; i < m->header_count; i++)
        if (tc_slice_eq_nocase(m->headers[i].name, wanted) && nth-- == 0)
            return m->headers[i].value;
    return tc_slice(NULL, 0);
}

int64_t rtsp_cseq(const struct rtsp_message *m)
{
    uint64_t cseq = 0;
    return tc_slice_u64(rtsp_header(m, "CSeq"), INT32_MAX, &cseq) == TC_OK ? (int64_t)cseq : -1;
}

/* "name = value" of a parameter; value empty when there is no '='. */
static struct tc_slice split_param(struct tc_slice param, struct tc_slice *ret_value)
{
    size_t equals = tc_slice_find_byte(param, '=');
    *ret_value = tc_slice_trim(tc_slice_sub(param, equals + 1, param.len));
    return tc_slice_trim(tc_slice_sub(param, 0, equals));
}

enum tc_err rtsp_session_parse(struct tc_slice value, struct rtsp_session *ret)
{
    enum { DEFAULT_S = 60, MAX_S = 86400 };
    struct tc_slice rest = value;
    struct tc_slice id = tc_slice_trim(tc_slice_split(&rest, ';'));
    if (id.len == 0)
        return TC_E_FORMAT;
    *ret = (struct rtsp_session){.id = id, .timeout_s = DEFAULT_S};
    while (rest.ptr != NULL) {
        struct tc_slice text;
        struct tc_slice name = split_param(tc_slice_split(&rest, ';'), &text);
        uint64_t seconds = 0;
        if (tc_slice_eq_nocase(name, tc_slice_str("timeout")) &&
            tc_slice_u64(text, MAX_S, &seconds) == TC_OK && seconds > 0) {
            ret->timeout_s = (unsigned)seconds;
            ret->has_timeout = true;
        }
    }
    return TC_OK;
}

/* "a-b", or "a" which means a and a + 1. */
static bool parse_pair(struct tc_slice text, uint64_t max, uint64_t *ret_a, uint64_t *ret_b)
{
    struct tc_slice rest = text;
    struct tc_slice first = tc_slice_trim(tc_slice_split(&rest, '-'));
    if (tc_slice_u64(first, max, ret_a) != TC_OK)
        return false;
    if (rest.ptr == NULL) {
        *ret_b = *ret_a + 1;
        return *ret_b <= max;
    }
    return tc_slice_u64(tc_slice_trim(rest), max, ret_b) == TC_OK;
}

static void parse_transport_param(struct tc_slice param, struct rtsp_transport *t)
{
    struct tc_slice value;
    struct tc_slice name = split_param(param, &value);
    uint64_t a = 0, b = 0;
    if (tc_slice_eq_nocase(name, tc_slice_str("multicast"))) {
        t->unicast = false;
    } else if (tc_slice_eq_nocase(name, tc_slice_str("interleaved")) &&
               parse_pair(value, 255, &a, &b)) {
        t->has_channels = true;
        t->rtp_channel = (uint8_t)a;
        t->rtcp_channel = (uint8_t)b;
    } else if (tc_slice_eq_nocase(name, tc_slice_str("client_port")) &&
               parse_pair(value, 65535, &a, &b)) {
        t->has_client_ports = true;
        t->client_rtp_port = (uint16_t)a;
        t->client_rtcp_port = (uint16_t)b;
    } else if (tc_slice_eq_nocase(name, tc_slice_str("ssrc")) &&
               tc_slice_hex(value, UINT32_MAX, &a) == TC_OK) {
        t->has_ssrc = true;
        t->ssrc = (uint32_t)a;
    }
}

enum tc_err rtsp_transport_parse(struct tc_slice value, struct rtsp_transport *ret)
{
    struct tc_slice list = value;
    struct tc_slice rest = tc_slice_split(&list, ',');
    struct tc_slice profile = tc_slice_trim(tc_slice_split(&rest, ';'));
    if (!tc_slice_starts_nocase(profile, "RTP/AVP"))
        return TC_E_FORMAT;
    struct tc_slice lower = tc_slice_sub(profile, 7, profile.len);
    *ret = (struct rtsp_transport){.unicast = true,
                                   .tcp = tc_slice_eq_nocase(lower, tc_slice_str("/TCP"))};
    while (rest.ptr != NULL)
        parse_transport_param(tc_slice_split(&rest, ';'), ret);
    return TC_OK;
}

/* ---- building ---- */

/* Lines are made of printable text: a configured URL or a camera's nonce with a line break in it
 * must not become a second header. */
static void add_text(struct tc_buf *out, struct tc_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            if (out->err == TC_OK)
                out->err = TC_E_FORMAT;
            return;
        }
    tc_buf_add_slice(out, text);
}

void rtsp_write_request(struct tc_buf *out, enum rtsp_method method, struct tc_slice uri,
                        uint32_t cseq)
{
    tc_buf_add_str(out, rtsp_method_name(method));
    tc_buf_add_str(out, " ");
    add_text(out, uri);
    tc_buf_add_fmt(out, " RTSP/1.0\r\nCSeq: %u\r\n", cseq);
}

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {453, "Not Enough Bandwidth"},
    {454, "Session Not Found"},
    {455, "Method Not Valid in This State"},
    {461, "Unsupported Transport"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "RTSP Version Not Supported"},
};

void rtsp_write_response(struct tc_buf *out, unsigned status, int64_t cseq)
{
    const char *reason = "Status";
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            reason = reasons[i].reason;
    tc_buf_add_fmt(out, "RTSP/1.0 %u %s\r\n", status, reason);
    if (cseq >= 0)
        tc_buf_add_fmt(out, "CSeq: %lld\r\n", (long long)cseq);
}

void rtsp_write_header(struct tc_buf *out, const char *name, struct tc_slice value)
{
    tc_buf_add_str(out, name);
    tc_buf_add_str(out, ": ");
    add_text(out, value);
    tc_buf_add_str(out, "\r\n");
}

void rtsp_write_header_fmt(struct tc_buf *out, const char *name, const char *fmt, ...)
{
    char value[RTSP_URL_BYTES_MAX];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof value) {
        if (out->err == TC_OK)
            out->err = TC_E_LIMIT;
        return;
    }
    rtsp_write_header(out, name, tc_slice_str(value));
}

void rtsp_write_end(struct tc_buf *out, const char *content_type, struct tc_slice body)
{
    if (body.len > 0) {
        rtsp_write_header(out, "Content-Type", tc_slice_str(content_type));
        tc_buf_add_fmt(out, "Content-Length: %zu\r\n", body.len);
    }
    tc_buf_add_str(out, "\r\n");
    tc_buf_add_slice(out, body);
}
