/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dc09_event.h"

#include <stddef.h>

#include "base/check.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static uint8_t at(struct tc_slice s, size_t i)
{
    return i < s.len ? s.ptr[i] : 0;
}

static struct tc_slice take(struct tc_slice *s, size_t len)
{
    struct tc_slice front = tc_slice_sub(*s, 0, len);
    *s = tc_slice_sub(*s, len, s->len);
    return front;
}

struct dc09_events dc09_events(const struct dc09_msg *msg)
{
    struct dc09_events it = {.is_cid = msg->kind == DC09_ADM_CID};
    if (msg->encrypted || (msg->kind != DC09_SIA_DCS && msg->kind != DC09_ADM_CID) ||
        msg->data.len == 0)
        return it;
    it.rest = msg->data;
    if (at(it.rest, 0) == '#') {
        it.account = tc_slice_split(&it.rest, '|');
        take(&it.account, 1);
    } else if (at(it.rest, 0) == '|') {
        take(&it.rest, 1);
    }
    return it;
}

/* ---- SIA-DCS ---- */

static const struct {
    char name[3];
    size_t field;
} modifiers[] = {
    {"ti", offsetof(struct dc09_event, time)},       {"da", offsetof(struct dc09_event, date)},
    {"id", offsetof(struct dc09_event, user)},       {"ri", offsetof(struct dc09_event, area)},
    {"pi", offsetof(struct dc09_event, peripheral)},
};

/* Two small letters and digits with : - or . between them. Those we do not know are passed over:
 * DC-03 has more. */
static void read_modifier(struct dc09_events *it)
{
    struct tc_slice name = take(&it->block, 2);
    size_t len = 0;
    while (is_digit(at(it->block, len)) || at(it->block, len) == ':' || at(it->block, len) == '-' ||
           at(it->block, len) == '.')
        len++;
    struct tc_slice value = take(&it->block, len);
    for (size_t i = 0; i < TC_COUNT(modifiers); i++)
        if (tc_slice_is(name, modifiers[i].name))
            *(struct tc_slice *)(void *)((char *)&it->held + modifiers[i].field) = value;
}

/* The text between carets; the closing one may be missing. */
static struct tc_slice read_caret_text(struct dc09_events *it)
{
    take(&it->block, 1);
    struct tc_slice text = take(&it->block, tc_slice_find_byte(it->block, '^'));
    take(&it->block, 1);
    return tc_slice_trim(text);
}

/* A block A that comes next is the text of the event just read. */
static struct tc_slice read_text_block(struct dc09_events *it)
{
    struct tc_slice none = tc_slice(NULL, 0);
    if (it->block.len > 0 || at(it->rest, 0) != 'A')
        return none;
    struct tc_slice text = tc_slice_split(&it->rest, '|');
    return tc_slice_trim(tc_slice_sub(text, 1, text.len));
}

static bool is_code(struct tc_slice s)
{
    return is_upper(at(s, 0)) && is_upper(at(s, 1));
}

/* Some panels leave the N out; then the block begins with a code, and "OP1" is no O block. */
static bool is_bare_block(struct tc_slice block)
{
    bool marked = at(block, 0) == 'N' || at(block, 0) == 'O';
    return is_code(block) && (!marked || !is_upper(at(block, 2)));
}

static void skip_parting(struct dc09_events *it)
{
    while (at(it->block, 0) == '/' || at(it->block, 0) == ' ')
        take(&it->block, 1);
}

static void read_code(struct dc09_events *it, struct dc09_event *ret)
{
    *ret = it->held;
    ret->code = take(&it->block, 2);
    size_t len = 0;
    while (len < it->block.len && it->block.ptr[len] != '/' && it->block.ptr[len] != '^')
        len++;
    ret->address = tc_slice_trim(take(&it->block, len));
    if (at(it->block, 0) == '^')
        ret->text = read_caret_text(it);
    skip_parting(it);
    if (ret->text.ptr == NULL)
        ret->text = read_text_block(it);
}

/* Walks on inside an N or O block; false when it holds no further event. */
static bool next_in_block(struct dc09_events *it, struct dc09_event *ret)
{
    skip_parting(it);
    while (it->block.len > 0) {
        if (is_lower(at(it->block, 0)) && is_lower(at(it->block, 1))) {
            read_modifier(it);
        } else if (is_code(it->block)) {
            read_code(it, ret);
            return true;
        } else {
            it->odd_bytes++;
            take(&it->block, 1);
        }
        skip_parting(it);
    }
    return false;
}

static bool next_sia(struct dc09_events *it, struct dc09_event *ret)
{
    for (;;) {
        if (it->in_events && next_in_block(it, ret))
            return true;
        it->in_events = false;
        if (it->rest.ptr == NULL)
            return false;
        it->block = tc_slice_split(&it->rest, '|');
        uint8_t kind = at(it->block, 0);
        bool bare = is_bare_block(it->block);
        it->in_events = bare || kind == 'N' || kind == 'O';
        if (!it->in_events) {
            it->odd_bytes += it->block.len;
            continue;
        }
        it->held = (struct dc09_event){.is_old = !bare && kind == 'O'};
        if (!bare)
            take(&it->block, 1);
    }
}

/* ---- ADM-CID ---- */

static bool is_cid_digit(uint8_t c)
{
    return is_digit(c) || (c >= 'B' && c <= 'F');
}

/* LEN digits from the front, blanks before them passed over. False when they are not there. */
static bool take_digits(struct tc_slice *s, size_t len, struct tc_slice *ret)
{
    while (at(*s, 0) == ' ')
        take(s, 1);
    for (size_t i = 0; i < len; i++)
        if (!is_cid_digit(at(*s, i)))
            return false;
    *ret = take(s, len);
    return true;
}

static bool next_cid(struct dc09_events *it, struct dc09_event *ret)
{
    while (it->rest.ptr != NULL) {
        struct tc_slice block = tc_slice_split(&it->rest, '|');
        struct tc_slice rest = block;
        struct tc_slice qualifier = {0};
        *ret = (struct dc09_event){.is_cid = true};
        if (!take_digits(&rest, 1, &qualifier) || !take_digits(&rest, 3, &ret->code)) {
            it->odd_bytes += block.len;
            continue;
        }
        ret->qualifier = qualifier.ptr[0];
        if (take_digits(&rest, 2, &ret->area) && take_digits(&rest, 3, &ret->address))
            rest = tc_slice_trim(rest);
        it->odd_bytes += rest.len;
        return true;
    }
    return false;
}

bool dc09_events_next(struct dc09_events *it, struct dc09_event *ret)
{
    return it->is_cid ? next_cid(it, ret) : next_sia(it, ret);
}

/* ---- text ---- */

/* Windows-1252's 0x80 to 0x9F; 0 where it defines nothing. */
static const uint16_t cp1252[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

static void add_code_point(struct tc_buf *out, unsigned c)
{
    if (c < 0x80) {
        tc_buf_add_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        tc_buf_add_u8(out, (uint8_t)(0xC0 | c >> 6));
        tc_buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        tc_buf_add_u8(out, (uint8_t)(0xE0 | c >> 12));
        tc_buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        tc_buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

void dc09_add_text_utf8(struct tc_buf *out, struct tc_slice text)
{
    bool utf8 = tc_slice_is_utf8(text);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < 0x20 || c == 0x7F)
            tc_buf_add_u8(out, ' ');
        else if (utf8 || c < 0x80)
            tc_buf_add_u8(out, c);
        else if (c >= 0xA0)
            add_code_point(out, c);
        else
            add_code_point(out, cp1252[c - 0x80] == 0 ? 0xFFFD : cp1252[c - 0x80]);
    }
}
