/* SPDX-License-Identifier: Apache-2.0 */
/* DC-09: any bytes of a connection through framing, decoding and the data's events, with their
 * promises checked. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "model/panel_code.h"
#include "proto/dc09.h"
#include "proto/dc09_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct tc_slice part, struct tc_slice whole)
{
    if (part.ptr == NULL)
        return;
    TC_ASSERT(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static size_t walk_events(const struct dc09_msg *m, struct tc_slice body)
{
    struct dc09_events it = dc09_events(m);
    struct dc09_event e;
    size_t count = 0;
    while (dc09_events_next(&it, &e)) {
        const struct tc_slice parts[] = {e.code,       e.address, e.area, e.user,
                                         e.peripheral, e.time,    e.date, e.text};
        for (size_t i = 0; i < TC_COUNT(parts); i++)
            check_inside(parts[i], body);
        TC_ASSERT(e.code.len == (e.is_cid ? 3u : 2u));
        struct panel_meaning meaning =
            e.is_cid ? panel_code_cid(e.qualifier, e.code) : panel_code_sia(e.code);
        TC_ASSERT(meaning.text != NULL);
        count++;
    }
    TC_ASSERT(count <= m->data.len);
    TC_ASSERT(it.odd_bytes <= m->data.len);
    return count;
}

/* Decode of encode is the same message. */
static void check_round_trip(const struct dc09_msg *m)
{
    struct tc_buf out;
    tc_buf_init(&out, (size_t)4 * DC09_FRAME_BYTES_MAX);
    dc09_encode(&out, m);
    if (out.err == TC_E_LIMIT) { /* a body at its limit may grow by a normalised field */
        tc_buf_done(&out);
        return;
    }
    TC_ASSERT(out.err == TC_OK);
    struct dc09_step s = dc09_scan(tc_buf_view(&out));
    TC_ASSERT(s.next == DC09_DONE && s.bytes == out.len);
    struct dc09_msg again;
    TC_ASSERT(dc09_decode(s.body, &again, NULL) == TC_OK);
    TC_ASSERT(again.kind == m->kind && again.encrypted == m->encrypted &&
              again.sequence == m->sequence);
    TC_ASSERT(tc_slice_eq(again.token, m->token) && tc_slice_eq(again.receiver, m->receiver));
    TC_ASSERT(tc_slice_eq(again.line, m->line) && tc_slice_eq(again.account, m->account));
    TC_ASSERT(tc_slice_eq(again.data, m->data) && tc_slice_eq(again.cipher, m->cipher));
    TC_ASSERT(again.ext_count == m->ext_count);
    TC_ASSERT(!m->has_time || m->time_is_bad || again.time.ns == m->time.ns);
    TC_ASSERT(walk_events(&again, s.body) == walk_events(m, m->data));
    tc_buf_done(&out);
}

static void check_replies(const struct dc09_msg *m)
{
    struct tc_buf out;
    tc_buf_init(&out, DC09_FRAME_BYTES_MAX);
    dc09_add_ack(&out, m);
    struct dc09_step s = dc09_scan(tc_buf_view(&out));
    struct dc09_msg ack;
    TC_ASSERT(s.next == DC09_DONE && dc09_decode(s.body, &ack, NULL) == TC_OK);
    TC_ASSERT(ack.kind == DC09_ACK && ack.sequence == m->sequence &&
              tc_slice_eq(ack.account, m->account));
    tc_buf_done(&out);
}

static void check_body(struct tc_slice body)
{
    struct dc09_msg m;
    struct tc_errinfo info = {0};
    enum tc_err err = dc09_decode(body, &m, &info);
    if (err != TC_OK) {
        TC_ASSERT(err == TC_E_FORMAT && info.text[0] != 0);
        return;
    }
    const struct tc_slice parts[] = {m.token, m.receiver, m.line, m.account,
                                     m.data,  m.cipher,   m.tail};
    for (size_t i = 0; i < TC_COUNT(parts); i++)
        check_inside(parts[i], body);
    for (size_t i = 0; i < m.ext_count; i++)
        check_inside(m.ext[i].value, body);
    TC_ASSERT(m.sequence <= DC09_SEQUENCE_MAX && m.account.len <= DC09_ACCOUNT_BYTES_MAX);
    walk_events(&m, body);
    check_round_trip(&m);
    check_replies(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tc_slice in = tc_slice(data, size);
    while (in.len > 0) {
        struct dc09_step s = dc09_scan(in);
        if (s.next == DC09_MORE) {
            TC_ASSERT(s.bytes == 0 && in.len < DC09_FRAME_BYTES_MAX);
            break;
        }
        TC_ASSERT(s.bytes > 0 && s.bytes <= in.len);
        if (s.next == DC09_DONE)
            check_body(s.body);
        in = tc_slice_sub(in, s.bytes, in.len);
    }
    check_body(tc_slice(data, size)); /* bodies too, else the CRC keeps the fuzzer out */
    return 0;
}
