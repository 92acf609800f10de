/* SPDX-License-Identifier: Apache-2.0 */
/* RTSP URLs: taken apart, written without credentials, resolved against a base. */
#include "proto/rtsp.h"

/* The last '@' before the path ends the credentials: passwords in the field hold unescaped ones. */
static struct tc_slice take_user(struct tc_slice authority, struct rtsp_url *url)
{
    size_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != '@')
        at--;
    if (at == 0)
        return authority;
    struct tc_slice rest = tc_slice_sub(authority, 0, at - 1);
    url->user = tc_slice_split(&rest, ':');
    url->password = rest;
    return tc_slice_sub(authority, at, authority.len);
}

static enum tc_err take_port(struct tc_slice text, struct rtsp_url *url)
{
    url->port = RTSP_PORT;
    if (text.len == 0)
        return TC_OK;
    uint64_t port = 0;
    if (text.ptr[0] != ':' ||
        tc_slice_u64(tc_slice_sub(text, 1, text.len), 65535, &port) != TC_OK || port == 0)
        return TC_E_FORMAT;
    url->port = (uint16_t)port;
    return TC_OK;
}

static enum tc_err take_host(struct tc_slice text, struct rtsp_url *url)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t end = tc_slice_find_byte(text, ']');
        if (end == text.len)
            return TC_E_FORMAT;
        url->host = tc_slice_sub(text, 1, end - 1);
        return take_port(tc_slice_sub(text, end + 1, text.len), url);
    }
    size_t colon = tc_slice_find_byte(text, ':');
    url->host = tc_slice_sub(text, 0, colon);
    return take_port(tc_slice_sub(text, colon, text.len), url);
}

enum tc_err rtsp_url_parse(struct tc_slice url, struct rtsp_url *ret)
{
    if (url.len > RTSP_URL_BYTES_MAX)
        return TC_E_LIMIT;
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= 0x20 || url.ptr[i] >= 0x7f)
            return TC_E_FORMAT;
    if (!tc_slice_starts_nocase(url, "rtsp://"))
        return TC_E_UNSUPPORTED;
    struct tc_slice rest = tc_slice_sub(url, 7, url.len);
    size_t slash = tc_slice_find_byte(rest, '/');
    size_t query = tc_slice_find_byte(rest, '?');
    size_t end = slash < query ? slash : query;
    struct rtsp_url out = {.path = tc_slice_sub(rest, end, rest.len)};
    TC_TRY(take_host(take_user(tc_slice_sub(rest, 0, end), &out), &out));
    if (out.host.len == 0)
        return TC_E_FORMAT;
    *ret = out;
    return TC_OK;
}

void rtsp_url_write(struct tc_buf *out, const struct rtsp_url *url)
{
    bool v6 = tc_slice_find_byte(url->host, ':') < url->host.len;
    tc_buf_add_str(out, v6 ? "rtsp://[" : "rtsp://");
    tc_buf_add_slice(out, url->host);
    if (v6)
        tc_buf_add_str(out, "]");
    if (url->port != RTSP_PORT)
        tc_buf_add_fmt(out, ":%u", url->port);
    tc_buf_add_slice(out, url->path);
}

void rtsp_url_resolve(struct tc_buf *out, struct tc_slice base, struct tc_slice control)
{
    if (tc_slice_starts_nocase(control, "rtsp://")) {
        tc_buf_add_slice(out, control);
        return;
    }
    tc_buf_add_slice(out, base);
    if (control.len == 0 || tc_slice_is(control, "*"))
        return;
    if (base.len == 0 || base.ptr[base.len - 1] != '/')
        tc_buf_add_str(out, "/");
    tc_buf_add_slice(out, control);
}
