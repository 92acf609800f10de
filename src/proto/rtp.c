/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rtp.h"

#include <string.h>

#include "base/rd.h"
#include "base/time.h"

enum { RTP_VERSION = 2 };

static enum tc_err drop_padding(struct tc_slice *payload)
{
    uint8_t pad = payload->len == 0 ? 0 : payload->ptr[payload->len - 1];
    if (pad == 0 || pad > payload->len)
        return TC_E_FORMAT;
    payload->len -= pad;
    return TC_OK;
}

enum tc_err rtp_parse(struct tc_slice in, struct rtp_packet *ret)
{
    struct tc_rd r = tc_rd(in);
    uint8_t first = tc_rd_u8(&r);
    uint8_t second = tc_rd_u8(&r);
    struct rtp_packet p = {.payload_type = second & 0x7f, .marker = (second & 0x80) != 0};
    p.sequence = tc_rd_be16(&r);
    p.timestamp = tc_rd_be32(&r);
    p.ssrc = tc_rd_be32(&r);
    tc_rd_skip(&r, (size_t)(first & 0x0f) * 4);
    if ((first & 0x10) != 0) {
        tc_rd_skip(&r, 2);
        size_t words = tc_rd_be16(&r);
        tc_rd_skip(&r, words * 4);
    }
    if (!tc_rd_ok(&r) || first >> 6 != RTP_VERSION)
        return TC_E_FORMAT;
    p.payload = tc_slice_sub(in, r.at, in.len);
    if ((first & 0x20) != 0)
        TC_TRY(drop_padding(&p.payload));
    *ret = p;
    return TC_OK;
}

static enum rtcp_kind kind_of(uint8_t type)
{
    switch (type) {
    case 200:
        return RTCP_SENDER_REPORT;
    case 201:
        return RTCP_RECEIVER_REPORT;
    case 202:
        return RTCP_SDES;
    case 203:
        return RTCP_BYE;
    default:
        return RTCP_OTHER;
    }
}

enum tc_err rtcp_next(struct tc_slice *rest, struct rtcp_item *ret)
{
    struct tc_slice in = *rest;
    *rest = tc_slice(NULL, 0);
    struct tc_rd head = tc_rd(in);
    uint8_t first = tc_rd_u8(&head);
    uint8_t type = tc_rd_u8(&head);
    size_t bytes = (size_t)tc_rd_be16(&head) * 4;
    struct tc_slice body = tc_rd_take(&head, bytes);
    if (!tc_rd_ok(&head) || first >> 6 != RTP_VERSION || type < 192 || type > 223)
        return TC_E_FORMAT;
    struct rtcp_item item = {.kind = kind_of(type)};
    struct tc_rd r = tc_rd(body);
    if (body.len >= 4)
        item.ssrc = tc_rd_be32(&r);
    if (item.kind == RTCP_SENDER_REPORT) {
        item.ntp = tc_rd_be64(&r);
        item.rtp_timestamp = tc_rd_be32(&r);
        item.packets = tc_rd_be32(&r);
        item.octets = tc_rd_be32(&r);
        if (!tc_rd_ok(&r))
            return TC_E_FORMAT;
    }
    *rest = tc_slice_sub(in, head.at, in.len);
    *ret = item;
    return TC_OK;
}

static const uint64_t ntp_to_unix_s = UINT64_C(2208988800);

int64_t rtp_ntp_to_unix_ns(uint64_t ntp)
{
    uint64_t seconds = ntp >> 32;
    if (ntp == 0)
        return 0;
    if (seconds < UINT64_C(1) << 31)
        seconds += UINT64_C(1) << 32;
    if (seconds < ntp_to_unix_s)
        return 0;
    uint64_t fraction_ns = ((ntp & UINT32_MAX) * (uint64_t)TC_NS_PER_S) >> 32;
    return (int64_t)(seconds - ntp_to_unix_s) * TC_NS_PER_S + (int64_t)fraction_ns;
}

uint64_t rtp_ntp_of_unix_ns(int64_t unix_ns)
{
    uint64_t ns = unix_ns < 0 ? 0 : (uint64_t)unix_ns;
    uint64_t fraction = ((ns % (uint64_t)TC_NS_PER_S) << 32) / (uint64_t)TC_NS_PER_S;
    return ((ns / (uint64_t)TC_NS_PER_S + ntp_to_unix_s) << 32) | fraction;
}

void rtcp_write_report(struct tc_buf *out, const struct rtcp_report *report, const char *cname)
{
    tc_buf_add_u8(out, RTP_VERSION << 6 | 1);
    tc_buf_add_u8(out, 201);
    tc_buf_add_be16(out, 7);
    tc_buf_add_be32(out, report->own_ssrc);
    tc_buf_add_be32(out, report->source_ssrc);
    tc_buf_add_u8(out, report->fraction_lost);
    tc_buf_add_be24(out, report->lost > 0x7fffff ? 0x7fffff : report->lost);
    tc_buf_add_be32(out, report->highest_sequence);
    tc_buf_add_be32(out, 0); /* jitter: over TCP it says nothing */
    tc_buf_add_be32(out, report->last_report_ntp);
    tc_buf_add_be32(out, report->delay_65536);
    size_t name = strlen(cname) > 255 ? 255 : strlen(cname);
    size_t chunk = 4 + 2 + name + 1; /* ssrc, item head, text, end of items */
    size_t words = (chunk + 3) / 4;
    tc_buf_add_u8(out, RTP_VERSION << 6 | 1);
    tc_buf_add_u8(out, 202);
    tc_buf_add_be16(out, (uint16_t)words);
    tc_buf_add_be32(out, report->own_ssrc);
    tc_buf_add_u8(out, 1);
    tc_buf_add_u8(out, (uint8_t)name);
    tc_buf_add(out, cname, name);
    for (size_t i = chunk - 1; i < words * 4; i++)
        tc_buf_add_u8(out, 0);
}

void rtcp_write_sender_report(struct tc_buf *out, uint32_t ssrc, uint64_t ntp,
                              uint32_t rtp_timestamp, uint32_t packets, uint32_t octets)
{
    tc_buf_add_u8(out, RTP_VERSION << 6);
    tc_buf_add_u8(out, 200);
    tc_buf_add_be16(out, 6);
    tc_buf_add_be32(out, ssrc);
    tc_buf_add_be64(out, ntp);
    tc_buf_add_be32(out, rtp_timestamp);
    tc_buf_add_be32(out, packets);
    tc_buf_add_be32(out, octets);
}
