/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dc09.h"

#include <string.h>

#include "base/check.h"
#include "base/rd.h"

enum { LF = '\n', CR = '\r', TIME_BYTES = 19 /* HH:MM:SS,MM-DD-YYYY */ };

/* ---- CRC-16/ARC, one nibble a step: small table, and bodies are short ---- */

uint16_t dc09_crc(struct tc_slice body)
{
    static const uint16_t table[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00,
                                       0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401,
                                       0x5000, 0x9C01, 0x8801, 0x4400};
    uint16_t crc = 0;
    for (size_t i = 0; i < body.len; i++) {
        crc = (uint16_t)(crc ^ body.ptr[i]);
        crc = (uint16_t)((crc >> 4) ^ table[crc & 15]);
        crc = (uint16_t)((crc >> 4) ^ table[crc & 15]);
    }
    return crc;
}

/* ---- framing ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* How many of the first DC09_HEAD_BYTES could begin a frame; LF stands at 0 already. */
static size_t head_bytes(struct tc_slice in)
{
    size_t n = 1;
    while (n < in.len && n < DC09_HEAD_BYTES && is_hex(in.ptr[n]))
        n++;
    return n;
}

/* Position behind the LF at 0 of the next LF with a head and a quote behind it, or in.len. A head
 * that is cut off by the end of the input counts: it may become one. */
static size_t next_head(struct tc_slice in)
{
    size_t at = 1;
    while (at < in.len) {
        at += tc_slice_find_byte(tc_slice_sub(in, at, in.len), LF);
        if (at >= in.len)
            break;
        struct tc_slice rest = tc_slice_sub(in, at, in.len);
        size_t n = head_bytes(rest);
        if (n == rest.len || (n == DC09_HEAD_BYTES && rest.ptr[n] == '"'))
            return at;
        at++;
    }
    return in.len;
}

static struct dc09_step step(enum dc09_next next, size_t bytes, enum dc09_damage why)
{
    return (struct dc09_step){.next = next, .bytes = bytes, .why = why};
}

/* All of the frame's stated bytes are there and it is damaged: to its end, or to the frame glued
 * into it. */
static struct dc09_step damaged(struct tc_slice in, size_t frame_bytes)
{
    struct tc_slice frame = tc_slice_sub(in, 0, frame_bytes);
    enum dc09_damage why = frame.ptr[frame_bytes - 1] == CR ? DC09_DAMAGE_CRC : DC09_DAMAGE_LENGTH;
    size_t bytes = next_head(frame);
    if (why == DC09_DAMAGE_LENGTH) { /* the length lies: what it spans beyond the first CR is not
                                        this frame */
        size_t end = tc_slice_find_byte(frame, CR) + 1;
        bytes = end < bytes ? end : bytes;
    }
    return step(DC09_BAD, bytes, why);
}

struct dc09_step dc09_scan(struct tc_slice in)
{
    if (in.len == 0)
        return step(DC09_MORE, 0, DC09_DAMAGE_NONE);
    if (in.ptr[0] != LF)
        return step(DC09_SKIP, tc_slice_find_byte(in, LF), DC09_DAMAGE_NONE);
    size_t head = head_bytes(in);
    if (head < DC09_HEAD_BYTES && head == in.len)
        return step(DC09_MORE, 0, DC09_DAMAGE_NONE);
    if (head < DC09_HEAD_BYTES)
        return step(DC09_SKIP, head + tc_slice_find_byte(tc_slice_sub(in, head, in.len), LF),
                    DC09_DAMAGE_NONE);
    uint64_t crc = 0;
    uint64_t body_bytes = 0;
    if (tc_slice_hex(tc_slice_sub(in, 1, 4), UINT16_MAX, &crc) != TC_OK ||
        tc_slice_hex(tc_slice_sub(in, 5, 4), DC09_BODY_BYTES_MAX, &body_bytes) != TC_OK)
        return step(DC09_BAD, DC09_HEAD_BYTES, DC09_DAMAGE_LENGTH);
    size_t frame_bytes = DC09_HEAD_BYTES + (size_t)body_bytes + 1;
    if (in.len < frame_bytes) {
        /* The sender gave up in the middle and began again: a whole head behind says so. */
        size_t next = next_head(in);
        if (in.len - next > DC09_HEAD_BYTES)
            return step(DC09_BAD, next, DC09_DAMAGE_LENGTH);
        return step(DC09_MORE, 0, DC09_DAMAGE_NONE);
    }
    struct tc_slice body = tc_slice_sub(in, DC09_HEAD_BYTES, (size_t)body_bytes);
    if (in.ptr[frame_bytes - 1] != CR || dc09_crc(body) != crc)
        return damaged(in, frame_bytes);
    return (struct dc09_step){.next = DC09_DONE, .bytes = frame_bytes, .body = body};
}

/* ---- decoding ---- */

static const struct {
    const char *text;
    enum dc09_kind kind;
} kinds[] = {
#define X(text, name) {text, DC09_##name},
    DC09_KIND_LIST(X)
#undef X
};

static uint8_t peek(const struct tc_rd *r)
{
    return r->at < r->in.len ? r->in.ptr[r->at] : 0;
}

static void skip_blanks(struct tc_rd *r)
{
    while (peek(r) == ' ')
        r->at++;
}

static struct tc_slice take_hex(struct tc_rd *r)
{
    size_t from = r->at;
    while (is_hex(peek(r)))
        r->at++;
    return tc_slice_sub(r->in, from, r->at - from);
}

static bool decode_token(struct tc_rd *r, struct dc09_msg *m)
{
    if (tc_rd_u8(r) != '"')
        return false;
    struct tc_slice rest = tc_slice_sub(r->in, r->at, r->in.len);
    size_t len = tc_slice_find_byte(rest, '"');
    m->token = tc_rd_take(r, len);
    tc_rd_u8(r); /* the closing quote; past the end the reader turns bad */
    if (tc_slice_starts(m->token, "*")) {
        m->encrypted = true;
        m->token = tc_slice_sub(m->token, 1, m->token.len);
    }
    for (size_t i = 0; i < TC_COUNT(kinds); i++)
        if (tc_slice_is(m->token, kinds[i].text))
            m->kind = kinds[i].kind;
    return tc_rd_ok(r) && m->token.len > 0;
}

static bool decode_sequence(struct tc_rd *r, struct dc09_msg *m)
{
    uint64_t sequence = 0;
    skip_blanks(r);
    if (tc_slice_u64(tc_rd_take(r, 4), DC09_SEQUENCE_MAX, &sequence) != TC_OK)
        return false;
    m->sequence = (uint16_t)sequence;
    return true;
}

static bool decode_route(struct tc_rd *r, uint8_t letter, struct tc_slice *ret)
{
    skip_blanks(r);
    if (peek(r) != letter)
        return true;
    r->at++;
    *ret = take_hex(r);
    return ret->len > 0 && ret->len <= DC09_ROUTE_BYTES_MAX;
}

/* A NAK writes A0 where others write #account, and A is a hex digit: "L0A0" is line 0 and no
 * account. */
static void cut_nak_line(struct dc09_msg *m)
{
    size_t at = tc_slice_find_byte(m->line, 'A');
    if (m->kind == DC09_NAK && at > 0)
        m->line = tc_slice_sub(m->line, 0, at);
}

static bool decode_account(struct tc_rd *r, struct dc09_msg *m)
{
    skip_blanks(r);
    if (peek(r) != '#')
        return true;
    r->at++;
    m->account = take_hex(r);
    return m->account.len <= DC09_ACCOUNT_BYTES_MAX;
}

static bool two_digits(struct tc_slice s, size_t at, int *ret)
{
    uint64_t v = 0;
    if (tc_slice_u64(tc_slice_sub(s, at, 2), 99, &v) != TC_OK)
        return false;
    *ret = (int)v;
    return true;
}

bool dc09_time(struct tc_slice s, struct tc_device *ret)
{
    struct tc_civil c = {0};
    uint64_t year = 0;
    if (s.len != TIME_BYTES || s.ptr[2] != ':' || s.ptr[5] != ':' || s.ptr[8] != ',' ||
        s.ptr[11] != '-' || s.ptr[14] != '-' || !two_digits(s, 0, &c.hour) ||
        !two_digits(s, 3, &c.minute) || !two_digits(s, 6, &c.second) ||
        !two_digits(s, 9, &c.month) || !two_digits(s, 12, &c.day) ||
        tc_slice_u64(tc_slice_sub(s, 15, 4), 9999, &year) != TC_OK)
        return false;
    c.year = (int)year;
    return tc_civil_to_ns(&c, &ret->ns) == TC_OK;
}

static bool take_bracketed(struct tc_rd *r, struct tc_slice *ret)
{
    struct tc_slice rest = tc_slice_sub(r->in, r->at + 1, r->in.len);
    size_t len = tc_slice_find_byte(rest, ']');
    if (len == rest.len)
        return false;
    *ret = tc_slice_sub(rest, 0, len);
    r->at += len + 2;
    return true;
}

/* Extended fields and time stamp: what does not read stays in `tail`; the message is good without
 * it. */
static void decode_rest(struct tc_rd *r, struct dc09_msg *m)
{
    struct tc_slice field;
    skip_blanks(r);
    while (peek(r) == '[' && m->ext_count < DC09_EXT_MAX) {
        size_t from = r->at;
        if (!take_bracketed(r, &field))
            break;
        if (field.len == 0) {
            r->at = from;
            break;
        }
        m->ext[m->ext_count++] = (struct dc09_ext){field.ptr[0], tc_slice_sub(field, 1, field.len)};
        skip_blanks(r);
    }
    struct tc_slice rest = tc_slice_sub(r->in, r->at, r->in.len);
    /* The time stamp is last: a tail that is not understood stands in front of it. */
    size_t at = rest.len;
    while (at > 0 && rest.ptr[at - 1] != '_' && rest.ptr[at - 1] != ']')
        at--;
    if (at > 0 && rest.ptr[at - 1] == ']')
        at = 0;
    m->tail = at == 0 ? rest : tc_slice_sub(rest, 0, at - 1);
    struct tc_slice time = tc_slice_trim(tc_slice_sub(rest, at, rest.len));
    if (at > 0 && time.len > 0) {
        m->has_time = true;
        m->time_is_bad = !dc09_time(time, &m->time);
    }
}

enum tc_err dc09_decode(struct tc_slice body, struct dc09_msg *ret, struct tc_errinfo *info)
{
    memset(ret, 0, sizeof(*ret));
    struct tc_rd r = tc_rd(body);
    if (!decode_token(&r, ret))
        return tc_fail_at(info, TC_E_FORMAT, 0, "no quoted token");
    if (!decode_sequence(&r, ret))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at, "no sequence of four digits");
    if (!decode_route(&r, 'R', &ret->receiver) || !decode_route(&r, 'L', &ret->line))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at,
                          "receiver or line are not 1 to 6 hex digits");
    cut_nak_line(ret);
    if (!decode_account(&r, ret))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at,
                          "an account of more than 16 hex digits");
    skip_blanks(&r);
    if (peek(&r) == 'A' && ret->kind == DC09_NAK)
        take_hex(&r);
    if (peek(&r) != '[')
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at,
                          "no bracket where the data should begin");
    if (ret->encrypted) {
        ret->cipher = tc_slice_sub(body, r.at + 1, body.len);
        return TC_OK;
    }
    if (!take_bracketed(&r, &ret->data))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at, "the data's bracket is not closed");
    decode_rest(&r, ret);
    return TC_OK;
}

struct tc_slice dc09_ext(const struct dc09_msg *msg, char letter)
{
    for (size_t i = 0; i < msg->ext_count; i++)
        if (msg->ext[i].letter == (uint8_t)letter)
            return msg->ext[i].value;
    return tc_slice(NULL, 0);
}

/* ---- encoding ---- */

static const char hex_digits[] = "0123456789ABCDEF";

static void put_hex4(uint8_t *at, unsigned v)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)hex_digits[v >> (12 - 4 * i) & 15];
}

static void add_digits(struct tc_buf *out, unsigned v, unsigned width)
{
    uint8_t text[4];
    for (unsigned i = width; i > 0; i--) {
        text[i - 1] = (uint8_t)('0' + v % 10);
        v /= 10;
    }
    tc_buf_add(out, text, width);
}

/* Opens a frame: room for its head. Returns where it begins. */
static size_t frame_begin(struct tc_buf *out)
{
    size_t at = out->len;
    tc_buf_add_str(out, "\n00000000");
    return at;
}

static void frame_end(struct tc_buf *out, size_t at)
{
    if (out->err != TC_OK) {
        out->len = at < out->len ? at : out->len; /* no half frame is left */
        return;
    }
    struct tc_slice body =
        tc_slice(out->data + at + DC09_HEAD_BYTES, out->len - at - DC09_HEAD_BYTES);
    if (body.len > DC09_BODY_BYTES_MAX) {
        out->err = TC_E_LIMIT;
        out->len = at;
        return;
    }
    put_hex4(out->data + at + 1, dc09_crc(body));
    put_hex4(out->data + at + 5, (unsigned)body.len);
    tc_buf_add_u8(out, CR);
}

static void add_lettered(struct tc_buf *out, uint8_t letter, struct tc_slice s)
{
    if (s.ptr == NULL)
        return;
    tc_buf_add_u8(out, letter);
    tc_buf_add_slice(out, s);
}

static void add_head(struct tc_buf *out, struct tc_slice token, bool encrypted,
                     const struct dc09_msg *m)
{
    tc_buf_add_u8(out, '"');
    if (encrypted)
        tc_buf_add_u8(out, '*');
    tc_buf_add_slice(out, token);
    tc_buf_add_u8(out, '"');
    add_digits(out, m->sequence, 4);
    add_lettered(out, 'R', m->receiver);
    add_lettered(out, 'L', m->line);
    add_lettered(out, '#', m->account);
}

static void add_time(struct tc_buf *out, int64_t unix_ns)
{
    struct tc_civil c = tc_civil_of(unix_ns);
    tc_buf_add_fmt(out, "_%02d:%02d:%02d,%02d-%02d-%04d", c.hour, c.minute, c.second, c.month,
                   c.day, c.year);
}

void dc09_encode(struct tc_buf *out, const struct dc09_msg *msg)
{
    size_t at = frame_begin(out);
    add_head(out, msg->token, msg->encrypted, msg);
    tc_buf_add_u8(out, '[');
    if (msg->encrypted) {
        tc_buf_add_slice(out, msg->cipher);
        frame_end(out, at);
        return;
    }
    tc_buf_add_slice(out, msg->data);
    tc_buf_add_u8(out, ']');
    for (size_t i = 0; i < msg->ext_count; i++) {
        tc_buf_add_u8(out, '[');
        tc_buf_add_u8(out, msg->ext[i].letter);
        tc_buf_add_slice(out, msg->ext[i].value);
        tc_buf_add_u8(out, ']');
    }
    if (msg->has_time && !msg->time_is_bad)
        add_time(out, msg->time.ns);
    frame_end(out, at);
}

static void add_reply(struct tc_buf *out, const char *token, const struct dc09_msg *request)
{
    size_t at = frame_begin(out);
    add_head(out, tc_slice_str(token), false, request);
    tc_buf_add_str(out, "[]");
    frame_end(out, at);
}

void dc09_add_ack(struct tc_buf *out, const struct dc09_msg *request)
{
    add_reply(out, "ACK", request);
}

void dc09_add_duh(struct tc_buf *out, const struct dc09_msg *request)
{
    add_reply(out, "DUH", request);
}

void dc09_add_nak(struct tc_buf *out, struct tc_wall now)
{
    size_t at = frame_begin(out);
    tc_buf_add_str(out, "\"NAK\"0000R0L0A0[]");
    add_time(out, now.ns);
    frame_end(out, at);
}
