/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/messages.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/rd.h"

static const struct msg_row rows[] = {
#define X(name_, number, from_, to_, body, tail, fds)                                              \
    {.name = #name_,                                                                               \
     .type = number,                                                                               \
     .from = (from_),                                                                              \
     .to = (to_),                                                                                  \
     .body_bytes = sizeof(struct body),                                                            \
     .tail_max = (tail),                                                                           \
     .fds_max = (fds)},
    MSG_LIST(X)
#undef X
};

#define X(name, number, from, to, body, tail, fds)                                                 \
    static_assert(sizeof(struct msg_head) + sizeof(struct body) + (tail) <= MSG_MAX_BYTES,         \
                  #name " is longer than a datagram may be");                                      \
    static_assert((number) < MSG_TYPE_MAX, #name " has a number out of range");
MSG_LIST(X)
#undef X

const struct msg_row *msg_row_at(unsigned index)
{
    return index < TC_COUNT(rows) ? &rows[index] : NULL;
}

const struct msg_row *msg_row(unsigned type)
{
    static uint8_t by_type[MSG_TYPE_MAX]; /* index + 1; written the same by whoever comes first */
    static bool filled;
    if (!__atomic_load_n(&filled, __ATOMIC_ACQUIRE)) {
        for (unsigned i = 0; i < TC_COUNT(rows); i++)
            __atomic_store_n(&by_type[rows[i].type], (uint8_t)(i + 1), __ATOMIC_RELAXED);
        __atomic_store_n(&filled, true, __ATOMIC_RELEASE);
    }
    if (type >= MSG_TYPE_MAX)
        return NULL;
    unsigned index = __atomic_load_n(&by_type[type], __ATOMIC_RELAXED);
    return index == 0 ? NULL : &rows[index - 1];
}

/* message, body struct, array of characters in it */
#define TEXT_LIST(T)                                                                               \
    T(SETUP, msg_setup, state_dir)                                                                 \
    T(SETUP, msg_setup, site_file)                                                                 \
    T(LISTEN, msg_listen, address)                                                                 \
    T(DIR, msg_dir, path)                                                                          \
    T(SECRET, msg_secret, name)                                                                    \
    T(CONNECTED, msg_connected, text)                                                              \
    T(PROCESS_STATE, msg_process_state, text)                                                      \
    T(PASSWORD_PUT, msg_password_put, user)                                                        \
    T(SIGNAL, msg_signal, token)                                                                   \
    T(SIGNAL, msg_signal, account)                                                                 \
    T(SIGNAL, msg_signal, peer)                                                                    \
    T(FAULT, msg_fault, item)                                                                      \
    T(FAULT, msg_fault, zone)                                                                      \
    T(FAULT, msg_fault, text)                                                                      \
    T(CAMERA_STATE, msg_camera_state, codec)                                                       \
    T(CAMERA_STATE, msg_camera_state, cause)                                                       \
    T(CAMERA_STATE, msg_camera_state, text)                                                        \
    T(RECORD_STATE, msg_record_state, text)                                                        \
    T(CLIP_ANSWER, msg_clip_answer, text)                                                          \
    T(REQUEST, msg_request, route_name)                                                            \
    T(REQUEST, msg_request, token)                                                                 \
    T(REQUEST, msg_request, peer)                                                                  \
    T(REQUEST, msg_request, idempotency_key)                                                       \
    T(QUERY, msg_query, route_name)                                                                \
    T(QUERY, msg_query, user)                                                                      \
    T(ANSWER, msg_answer, set_token)                                                               \
    T(PEER_IS, msg_peer_is, token)                                                                 \
    T(CHANGE, msg_change, kind)

static const struct {
    uint16_t type;
    uint16_t at;
    uint16_t size;
} texts[] = {
#define T(name, body, field)                                                                       \
    {MSG_##name, (uint16_t)offsetof(struct body, field), sizeof(((struct body *)0)->field)},
    TEXT_LIST(T)
#undef T
};

bool msg_texts_ok(unsigned type, const void *body)
{
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        if (texts[i].type != type)
            continue;
        if (memchr((const uint8_t *)body + texts[i].at, 0, texts[i].size) == NULL)
            return false;
    }
    return true;
}

void msg_param_add(struct tc_buf *tail, struct tc_slice name, struct tc_slice value)
{
    TC_ASSERT(name.len <= UINT16_MAX);
    TC_ASSERT(value.len <= UINT16_MAX);
    tc_buf_add_be16(tail, (uint16_t)name.len);
    tc_buf_add_slice(tail, name);
    tc_buf_add_be16(tail, (uint16_t)value.len);
    tc_buf_add_slice(tail, value);
}

enum tc_err msg_param_next(struct tc_slice *tail, struct tc_slice *ret_name,
                           struct tc_slice *ret_value)
{
    struct tc_rd r = tc_rd(*tail);
    struct tc_slice name = tc_rd_take(&r, tc_rd_be16(&r));
    struct tc_slice value = tc_rd_take(&r, tc_rd_be16(&r));
    if (!tc_rd_ok(&r))
        return TC_E_FORMAT;
    *ret_name = name;
    *ret_value = value;
    *tail = tc_slice_sub(*tail, r.at, tail->len);
    return TC_OK;
}
