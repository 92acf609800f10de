/* SPDX-License-Identifier: Apache-2.0 */
#include "web/backlog.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

struct web_backlog *web_backlog_new(void)
{
    return calloc(1, sizeof(struct web_backlog));
}

static struct web_change *slot(struct web_backlog *b, uint64_t place)
{
    return &b->changes[place % WEB_BACKLOG_CHANGES];
}

static void drop_oldest(struct web_backlog *b)
{
    struct web_change *c = slot(b, b->first++);
    b->bytes -= c->json.len;
    b->complete = c->seq; /* what follows it is still here, the rest of its own seq perhaps not */
    const struct web_change *next = b->first < b->next ? slot(b, b->first) : NULL;
    if (next != NULL && next->seq == c->seq)
        b->complete = c->seq - 1;
    union {
        const void *in;
        void *out;
    } owned = {.in = c->json.ptr};
    free(owned.out);
    *c = (struct web_change){0};
}

void web_backlog_clear(struct web_backlog *b)
{
    while (b->first < b->next)
        drop_oldest(b);
    b->sound = false;
    b->complete = 0;
}

struct web_backlog *web_backlog_free(struct web_backlog *b)
{
    if (b != NULL)
        web_backlog_clear(b);
    free(b);
    return NULL;
}

void web_backlog_begin(struct web_backlog *b, uint64_t seq)
{
    if (b->sound)
        return;
    b->sound = true;
    b->complete = b->first < b->next ? slot(b, b->first)->seq - 1 : seq;
}

enum tc_err web_backlog_add(struct web_backlog *b, uint64_t seq, const char *kind,
                            struct tc_slice json)
{
    const struct web_change *last = b->first < b->next ? slot(b, b->next - 1) : NULL;
    if (seq == 0 || (last != NULL && seq < last->seq) || json.len > WEB_BACKLOG_BYTES / 4)
        return TC_E_RANGE;
    uint32_t index = last != NULL && last->seq == seq ? last->index + 1 : 0;
    uint8_t *copy = malloc(json.len + 1);
    if (copy == NULL)
        return TC_E_NOMEM;
    for (size_t i = 0; i < json.len;
         i++) /* a line end may stand between tokens, never inside one */
        copy[i] = json.ptr[i] == '\n' || json.ptr[i] == '\r' ? ' ' : json.ptr[i];
    while (b->first < b->next &&
           (b->next - b->first == WEB_BACKLOG_CHANGES || b->bytes + json.len > WEB_BACKLOG_BYTES))
        drop_oldest(b);
    struct web_change *c = slot(b, b->next++);
    *c = (struct web_change){.seq = seq, .index = index, .json = tc_slice(copy, json.len)};
    (void)snprintf(c->kind, sizeof c->kind, "%s", kind);
    b->bytes += json.len;
    return TC_OK;
}

bool web_cursor_before(struct web_cursor cursor, const struct web_change *change)
{
    return change->seq > cursor.seq || (change->seq == cursor.seq && change->index > cursor.index);
}

bool web_backlog_place(const struct web_backlog *b, struct web_cursor cursor, uint64_t *ret)
{
    uint64_t known = cursor.index == UINT32_MAX ? cursor.seq : cursor.seq - (cursor.seq > 0);
    if (!b->sound || known < b->complete)
        return false;
    uint64_t place = b->next;
    while (place > b->first &&
           web_cursor_before(cursor, &b->changes[(place - 1) % WEB_BACKLOG_CHANGES]))
        place--;
    *ret = place;
    return true;
}

const struct web_change *web_backlog_at(const struct web_backlog *b, uint64_t place)
{
    if (place < b->first || place >= b->next)
        return NULL;
    return &b->changes[place % WEB_BACKLOG_CHANGES];
}

enum tc_err web_cursor_parse(struct tc_slice text, struct web_cursor *ret)
{
    size_t dot = tc_slice_find_byte(text, '.');
    uint64_t seq = 0, index = 0;
    if (tc_slice_u64(tc_slice_sub(text, 0, dot), INT64_MAX, &seq) != TC_OK)
        return TC_E_FORMAT;
    if (dot < text.len &&
        tc_slice_u64(tc_slice_sub(text, dot + 1, text.len), UINT32_MAX - 1, &index) != TC_OK)
        return TC_E_FORMAT;
    *ret = (struct web_cursor){.seq = seq, .index = (uint32_t)index};
    return TC_OK;
}
