/* SPDX-License-Identifier: Apache-2.0 */
/* SIA DC-09 (2007 to 2021), the frame: bytes of a connection into messages, messages into bytes.
 *
 * A frame is LF, four hex digits CRC-16, four hex digits length, the body, CR. CRC and length cover
 * the body, which is a quoted token, four digits of sequence, optional receiver (R..) and line
 * (L..), an account (#..), data in brackets, further bracketed fields that begin with a letter, and
 * a time stamp. What field panels leave out or write differently (no L, blanks between fields,
 * lower-case hex) is read too; what is written is the standard's form. What the data of SIA-DCS and
 * ADM-CID say is dc09_event.h's subject. Pure: no clock, no socket. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/time.h"

enum {
    DC09_BODY_BYTES_MAX = 0xFFF, /* the length is written as 0 and three hex digits */
    DC09_HEAD_BYTES = 1 + 4 + 4, /* LF, CRC, length */
    DC09_FRAME_BYTES_MAX = DC09_HEAD_BYTES + DC09_BODY_BYTES_MAX + 1,
    DC09_ACCOUNT_BYTES_MAX = 16, /* hex digits */
    DC09_ROUTE_BYTES_MAX = 6,    /* hex digits of receiver and of line */
    DC09_SEQUENCE_MAX = 9999,
    DC09_EXT_MAX = 16, /* extended fields read; more are left in `tail` */
};

/* CRC-16/ARC (reflected polynomial A001, start 0); "123456789" gives BB3D. */
uint16_t dc09_crc(struct tc_slice body);

enum dc09_next {
    DC09_DONE, /* a whole frame with good CRC and length: `bytes` of it, `body` inside */
    DC09_MORE, /* the beginning of a frame, or nothing: read more; `bytes` is 0 */
    DC09_SKIP, /* `bytes` that belong to no frame: drop them */
    DC09_BAD,  /* `bytes` that are a damaged frame (`why`): drop them, answer nothing */
};

enum dc09_damage {
    DC09_DAMAGE_NONE,
    DC09_DAMAGE_CRC,
    DC09_DAMAGE_LENGTH, /* no CR where the length says, or a length over the limit */
};

struct dc09_step {
    enum dc09_next next;
    enum dc09_damage why;
    size_t bytes;         /* from the front of the input; over 0 except for MORE */
    struct tc_slice body; /* DONE only; borrowed from the input */
};

/* Says what stands at the front of IN. Never asks for more than DC09_FRAME_BYTES_MAX bytes: with
 * that many in hand the answer is not MORE. After damage the next frame that is whole is found,
 * also one glued into the damaged one. */
struct dc09_step dc09_scan(struct tc_slice in);

/* name in the token, enum */
#define DC09_KIND_LIST(X)                                                                          \
    X("SIA-DCS", SIA_DCS)                                                                          \
    X("ADM-CID", ADM_CID)                                                                          \
    X("NULL", NULL_)                                                                               \
    X("ACK", ACK)                                                                                  \
    X("NAK", NAK)                                                                                  \
    X("DUH", DUH)                                                                                  \
    X("RSP", RSP)

enum dc09_kind {
    DC09_OTHER, /* a token we do not know: answered DUH */
#define X(text, name) DC09_##name,
    DC09_KIND_LIST(X)
#undef X
};

struct dc09_ext {
    uint8_t letter;
    struct tc_slice value;
};

/* One message. Slices are borrowed from the body; an absent field has ptr NULL. */
struct dc09_msg {
    enum dc09_kind kind;
    bool encrypted;           /* the token began with an asterisk */
    uint16_t sequence;        /* 0 to 9999 */
    struct tc_slice token;    /* without quotes and asterisk */
    struct tc_slice receiver; /* hex digits behind R */
    struct tc_slice line;     /* hex digits behind L */
    struct tc_slice account;  /* hex digits behind #, as sent */
    struct tc_slice data; /* inside the first brackets; may be empty; not for encrypted messages */
    struct tc_slice cipher; /* encrypted: hex digits behind the opening bracket to the end */
    struct dc09_ext ext[DC09_EXT_MAX];
    size_t ext_count;
    struct tc_slice
        tail; /* what stood behind the last field that was understood, outside the time stamp */
    bool has_time;         /* a time stamp was sent ... */
    bool time_is_bad;      /* ... but is none */
    struct tc_device time; /* valid with has_time and not time_is_bad */
};

/* Reads a body that dc09_scan found. TC_E_FORMAT with the offset in INFO (may be NULL) when it is
 * no message: no token, no sequence, an account over 16 digits, no bracket; *RET is unspecified
 * then. */
enum tc_err dc09_decode(struct tc_slice body, struct dc09_msg *ret,
                        struct tc_errinfo *info) TC_MUST_USE;

/* Reads HH:MM:SS,MM-DD-YYYY, the form of the time stamp and of extended field H; false when it is
 * none. */
bool dc09_time(struct tc_slice text, struct tc_device *ret);

/* The value of extended field LETTER ('V' verification link, 'H' time of occurrence, ...); ptr NULL
 * when absent. */
struct tc_slice dc09_ext(const struct dc09_msg *msg, char letter);

/* Appends MSG as a frame. For encrypted messages `cipher` is written behind the bracket, for others
 * data, ext and time (when has_time). Sticky errors in OUT as of tc_buf; TC_E_LIMIT also when the
 * body is over the limit. */
void dc09_encode(struct tc_buf *out, const struct dc09_msg *msg);

/* Replies. ACK: good and stored (echoes sequence, R, L and account). DUH: understood, cannot be
 * processed. NAK: the time stamp is outside the window; carries NOW for the panel's offset,
 * sequence 0000, A0 for the account. */
void dc09_add_ack(struct tc_buf *out, const struct dc09_msg *request);
void dc09_add_duh(struct tc_buf *out, const struct dc09_msg *request);
void dc09_add_nak(struct tc_buf *out, struct tc_wall now);

/* Compares accounts: hex digits of either case. */
static inline bool dc09_account_eq(struct tc_slice a, struct tc_slice b)
{
    return tc_slice_eq_nocase(a, b);
}
