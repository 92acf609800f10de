/* SPDX-License-Identifier: Apache-2.0 */
/* RTP packets and RTCP (RFC 3550): reading, and the receiver report that we send. Pure; slices
 * borrow. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct rtp_packet {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    struct tc_slice payload; /* without CSRCs, extension and padding; may be empty */
};

/* TC_E_FORMAT when it is no RTP version 2 or its parts do not fit in. */
enum tc_err rtp_parse(struct tc_slice in, struct rtp_packet *ret) TC_MUST_USE;

enum rtcp_kind {
    RTCP_OTHER,
    RTCP_SENDER_REPORT, /* 200 */
    RTCP_RECEIVER_REPORT,
    RTCP_SDES,
    RTCP_BYE,
};

struct rtcp_item {
    enum rtcp_kind kind;
    uint32_t ssrc; /* sender, or the first source of an SDES or BYE; 0 when there is none */
    uint64_t ntp;  /* sender report: 32.32 seconds since 1900 */
    uint32_t rtp_timestamp;
    uint32_t packets, octets;
};

/* The first packet of a compound; takes it off *REST. TC_E_FORMAT when it is cut or no RTCP; *REST
 * is then empty. Call while rest->len > 0. */
enum tc_err rtcp_next(struct tc_slice *rest, struct rtcp_item *ret) TC_MUST_USE;

/* NTP time (1900) as nanoseconds since 1970; 0 for one that is not set or before 1970. Values whose
 * top bit is clear are read as after 2036 (RFC 4330 3). */
int64_t rtp_ntp_to_unix_ns(uint64_t ntp);
uint64_t rtp_ntp_of_unix_ns(int64_t unix_ns);

struct rtcp_report {
    uint32_t own_ssrc, source_ssrc;
    uint8_t fraction_lost;     /* of 256 since the last report */
    uint32_t lost;             /* in all; 24 bits go out */
    uint32_t highest_sequence; /* extended by its wraps */
    uint32_t last_report_ntp;  /* middle 32 bits of the last sender report, 0: none */
    uint32_t delay_65536;      /* since then, in 1/65536 s */
};
/* Receiver report with one block, and the SDES with a CNAME that has to follow. */
void rtcp_write_report(struct tc_buf *out, const struct rtcp_report *report, const char *cname);
/* What a sender makes: a report, for the camera simulator. */
void rtcp_write_sender_report(struct tc_buf *out, uint32_t ssrc, uint64_t ntp,
                              uint32_t rtp_timestamp, uint32_t packets, uint32_t octets);
