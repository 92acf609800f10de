/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotency-Key: a write that comes twice with one key from one person happens once; the second
 * gets the first one's answer. Kept in memory for the last writes; what a restart of core forgets
 * is repeated. */
#include <stdlib.h>

#include "core/api.h"
#include "runtime/clock.h"

#define IDEM_KEEP_NS (24 * 3600 * TC_NS_PER_S)

enum { IDEM_ANSWER_BYTES_MAX = 16384 };

static bool has_key(const struct api_call *call)
{
    return call->m->idempotency_key[0] != 0 && call->who != NULL;
}

static uint64_t key_of(const struct api_call *call)
{
    uint64_t h = tc_map_hash(TC_MAP_SEED, tc_slice_str(call->who->user));
    h = tc_map_hash(h, tc_slice_str(call->m->route_name));
    h = tc_map_hash(h, api_param(call, "id"));
    return tc_map_hash(h, tc_slice_str(call->m->idempotency_key));
}

bool idem_answered(struct api_call *call)
{
    struct core *c = call->c;
    if (!has_key(call) || c->idem == NULL)
        return false;
    uint64_t key = key_of(call);
    for (size_t i = 0; i < CORE_IDEM_MAX; i++) {
        const struct idem *k = &c->idem[i];
        if (k->status == 0 || k->key != key || clock_mono().ns - k->at.ns > IDEM_KEEP_NS)
            continue;
        unsigned status = k->status;
        tc_buf_clear(&call->json);
        tc_buf_add_slice(&call->json, tc_buf_view(&k->json));
        call->replayed = true;
        api_answer(call, status);
        return true;
    }
    return false;
}

void idem_keep(struct api_call *call, unsigned status)
{
    struct core *c = call->c;
    bool done = status < 500 &&
                call->json.err == TC_OK; /* what a moment's trouble refused is asked again */
    if (!has_key(call) || call->replayed || !done || call->json.len > IDEM_ANSWER_BYTES_MAX)
        return;
    if (c->idem == NULL)
        c->idem = calloc(CORE_IDEM_MAX, sizeof *c->idem);
    if (c->idem == NULL)
        return; /* then a repeat is done again, as without a key */
    struct idem *k = &c->idem[c->idem_next];
    c->idem_next = (c->idem_next + 1) % CORE_IDEM_MAX;
    tc_buf_done(&k->json);
    tc_buf_init(&k->json, IDEM_ANSWER_BYTES_MAX);
    tc_buf_add_slice(&k->json, tc_buf_view(&call->json));
    k->key = key_of(call);
    k->status = k->json.err == TC_OK ? status : 0;
    k->at = clock_mono();
}
