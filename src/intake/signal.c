/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/signal.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/check.h"
#include "model/panel_code.h"
#include "proto/dc09_event.h"

const struct outcome_row outcome_rows[OUTCOME_COUNT] = {
#define X(name, reply, label, fault, text)                                                         \
    [OUTCOME_##name] = {REPLY_##reply, label, EV_##fault, text},
    OUTCOME_LIST(X)
#undef X
};

_Static_assert(SIGNAL_TAIL_BYTES_MAX >= MSG_SIGNAL_EVENTS_MAX * sizeof(struct msg_signal_event) +
                                            SIGNAL_TEXT_BYTES_MAX + DC09_FRAME_BYTES_MAX,
               "the largest signal fits its tail");

enum tc_err signal_room_init(struct signal_room *room, struct tc_errinfo *info)
{
    memset(room, 0, sizeof *room);
    tc_buf_init(&room->text, SIGNAL_TEXT_BYTES_MAX);
    room->digest = EVP_MD_CTX_new();
    room->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (room->digest != NULL && room->algorithm != NULL &&
        tc_buf_reserve(&room->text, SIGNAL_TEXT_BYTES_MAX))
        return TC_OK;
    signal_room_done(room);
    return tc_fail(info, TC_E_CRYPTO, "SHA-256 is not available");
}

void signal_room_done(struct signal_room *room)
{
    EVP_MD_CTX_free(room->digest);
    EVP_MD_free(room->algorithm);
    tc_buf_done(&room->text);
    room->digest = NULL;
    room->algorithm = NULL;
}

/* ---- judging ---- */

static bool time_is_off(const struct dc09_msg *m, struct tc_wall now)
{
    if (!m->has_time)
        return false;
    if (m->time_is_bad)
        return true;
    int64_t ahead_ns = m->time.ns - now.ns;
    return ahead_ns > SIGNAL_TIME_AHEAD_S * TC_NS_PER_S ||
           ahead_ns < -SIGNAL_TIME_BEHIND_S * TC_NS_PER_S;
}

static enum outcome judge_token(const struct dc09_msg *m)
{
    switch (m->kind) {
    case DC09_SIA_DCS:
    case DC09_ADM_CID:
    case DC09_NULL_:
        return OUTCOME_GOOD;
    case DC09_ACK:
    case DC09_NAK:
    case DC09_DUH:
    case DC09_RSP:
        return OUTCOME_STRAY_REPLY;
    case DC09_OTHER:
        break;
    }
    return OUTCOME_UNSUPPORTED;
}

/* The account stands in the header; panels that leave it out there have it in the data. */
static struct tc_slice account_of(const struct dc09_msg *m)
{
    if (m->account.len > 0)
        return m->account;
    return dc09_events(m).account;
}

static enum outcome judge(const struct site *site, const struct signal_origin *origin,
                          struct signal *s)
{
    const struct dc09_msg *m = &s->msg;
    s->panel = site_panel_by_account(site, account_of(m));
    if (s->panel == SITE_NONE)
        return OUTCOME_UNKNOWN_ACCOUNT;
    if (m->encrypted)
        return OUTCOME_ENCRYPTED;
    if (site->panels[s->panel].key_secret[0] != 0)
        return OUTCOME_IN_CLEAR;
    enum outcome by_token = judge_token(m);
    if (by_token != OUTCOME_GOOD)
        return by_token;
    return time_is_off(m, origin->wall) ? OUTCOME_BAD_TIME : OUTCOME_GOOD;
}

/* ---- events ---- */

/* Decimal as panels count; codes with hex digits in the number (Contact ID's B to F) have none. */
static uint32_t number_of(struct tc_slice address)
{
    uint64_t v = 0;
    return tc_slice_u64(address, UINT32_MAX, &v) == TC_OK ? (uint32_t)v : 0;
}

static int32_t point_of(const struct site_panel *panel, uint32_t number)
{
    const struct site_point *point = site_point_find(panel, number);
    return point == NULL ? -1 : (int32_t)(point - panel->points);
}

/* "Burglary alarm: Back door": what the code means, then what the panel calls it. A configured
 * point of which the panel says nothing has better words in the configuration: those are core's to
 * find, and none are sent. */
static void add_text(struct tc_buf *text, const struct panel_meaning *meaning,
                     const struct dc09_event *e, struct msg_signal_event *ret)
{
    size_t from = text->len;
    if (e->text.len > 0 || ret->point < 0)
        tc_buf_add_str(text, meaning->text);
    if (e->text.len > 0) {
        if (meaning->text[0] != 0)
            tc_buf_add_str(text, ": ");
        dc09_add_text_utf8(text, tc_slice_sub(e->text, 0, SIGNAL_EVENT_TEXT_BYTES_MAX));
    }
    text->err = TC_OK; /* full: what fitted is kept */
    ret->text_at = (uint32_t)from;
    ret->text_len = (uint32_t)(text->len - from);
}

static struct msg_signal_event event_of(const struct site_panel *panel, const struct dc09_msg *m,
                                        const struct dc09_event *e, struct tc_buf *text)
{
    struct panel_meaning meaning =
        e->is_cid ? panel_code_cid(e->qualifier, e->code) : panel_code_sia(e->code);
    struct msg_signal_event out = {.state = (uint8_t)meaning.state,
                                   .address_is_user = meaning.address == PANEL_USER,
                                   .number = number_of(e->address),
                                   .point = -1,
                                   .device_at_ns = m->has_time ? m->time.ns : 0};
    enum ev_type by_point = EV_NONE;
    if (meaning.address == PANEL_ZONE || !meaning.known) {
        out.point = point_of(panel, out.number);
        if (out.point >= 0)
            by_point = ev_type_by_number(panel->points[out.point].type);
    }
    out.type = (uint16_t)panel_type_at_point(meaning.type, by_point);
    char *code = out.code;
    if (e->is_cid)
        *code++ = (char)e->qualifier;
    memcpy(code, e->code.ptr, e->code.len); /* two or three bytes */
    tc_slice_to_str_cut(e->area, out.area, sizeof out.area);
    tc_slice_to_str_cut(e->user, out.user, sizeof out.user);
    struct tc_device occurred;
    if (dc09_time(dc09_ext(m, 'H'), &occurred))
        out.device_at_ns = occurred.ns;
    add_text(text, &meaning, e, &out);
    return out;
}

/* Data that hold nothing readable are still something that a panel said: one unmapped event. */
static struct msg_signal_event unreadable_event(const struct dc09_msg *m, struct tc_buf *text)
{
    struct msg_signal_event out = {.state = EV_STATE_INSTANT, .point = -1};
    tc_buf_add_str(text, "data that no event could be read from: ");
    dc09_add_text_utf8(text, tc_slice_sub(m->data, 0, SIGNAL_EVENT_TEXT_BYTES_MAX));
    text->err = TC_OK;
    out.text_len = (uint32_t)text->len;
    return out;
}

/* Writes the events to OUT; the text goes to the room. MSG_SIGNAL_EVENTS_MAX + 1: too many. */
static uint32_t collect_events(struct signal_room *room, const struct site_panel *panel,
                               const struct dc09_msg *m, uint8_t *out)
{
    struct dc09_events it = dc09_events(m);
    struct dc09_event e;
    uint32_t count = 0;
    while (dc09_events_next(&it, &e)) {
        if (count == MSG_SIGNAL_EVENTS_MAX)
            return MSG_SIGNAL_EVENTS_MAX + 1;
        struct msg_signal_event event = event_of(panel, m, &e, &room->text);
        memcpy(out + count++ * sizeof event, &event, sizeof event);
    }
    if (count == 0 && it.odd_bytes > 0) {
        struct msg_signal_event event = unreadable_event(m, &room->text);
        memcpy(out + count++ * sizeof event, &event, sizeof event);
    }
    return count;
}

/* ---- the message ---- */

/* The identity of a retransmission: account and body (sequence, data and time are in it).
 * Supervision messages say the same each time and are no retransmissions of each other: their
 * arrival counts too. */
static bool digest_of(struct signal_room *room, const struct site_panel *panel,
                      const struct dc09_msg *m, struct tc_slice body, int64_t received_ns,
                      uint8_t *ret)
{
    if (EVP_DigestInit_ex2(room->digest, room->algorithm, NULL) != 1 ||
        EVP_DigestUpdate(room->digest, panel->account, sizeof panel->account) != 1 ||
        EVP_DigestUpdate(room->digest, body.ptr, body.len) != 1)
        return false;
    if (m->kind == DC09_NULL_ &&
        EVP_DigestUpdate(room->digest, &received_ns, sizeof received_ns) != 1)
        return false;
    return EVP_DigestFinal_ex(room->digest, ret, NULL) == 1;
}

static void fill_body(struct msg_signal *b, const struct signal *s,
                      const struct signal_origin *origin)
{
    *b = (struct msg_signal){.received_at_ns = origin->wall.ns,
                             .received_mono_ns = origin->mono.ns,
                             .device_at_ns = s->msg.has_time ? s->msg.time.ns : 0,
                             .receiver = origin->receiver,
                             .panel = (int32_t)s->panel,
                             .sequence = s->msg.sequence};
    tc_slice_to_str_cut(s->msg.token, b->token, sizeof b->token);
    tc_slice_to_str_cut(account_of(&s->msg), b->account, sizeof b->account);
    tc_slice_to_str_cut(tc_slice_str(origin->peer), b->peer, sizeof b->peer);
}

enum outcome signal_read(struct signal_room *room, const struct site *site, struct tc_slice frame,
                         struct tc_slice body, const struct signal_origin *origin,
                         struct signal *ret)
{
    ret->panel = SITE_NONE;
    if (dc09_decode(body, &ret->msg, NULL) != TC_OK)
        return OUTCOME_MALFORMED;
    enum outcome outcome = judge(site, origin, ret);
    if (outcome != OUTCOME_GOOD)
        return outcome;
    const struct site_panel *panel = &site->panels[ret->panel];
    struct msg_signal *b = &ret->body;
    fill_body(b, ret, origin);
    tc_buf_clear(&room->text);
    b->events = collect_events(room, panel, &ret->msg, room->tail);
    if (b->events > MSG_SIGNAL_EVENTS_MAX)
        return OUTCOME_TOO_MANY_EVENTS;
    bool digested = digest_of(room, panel, &ret->msg, body, origin->wall.ns, b->digest);
    TC_ASSERT(digested); /* SHA-256 of memory, with a context that worked at the start */
    b->text_bytes = (uint32_t)room->text.len;
    b->raw_bytes = (uint32_t)frame.len;
    uint8_t *at = room->tail + b->events * sizeof(struct msg_signal_event);
    memcpy(at, room->text.data, room->text.len);
    memcpy(at + room->text.len, frame.ptr, frame.len);
    ret->tail = tc_slice(room->tail, (size_t)(at - room->tail) + room->text.len + frame.len);
    return OUTCOME_GOOD;
}
