/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's half of the ring. Nothing here believes a number that stands in shared memory. */
#include <string.h>
#include <sys/mman.h>

#include "runtime/ring.h"
#include "runtime/ring_layout.h"

enum tc_err ring_reader_open(struct ring_reader *r, int fd, struct tc_errinfo *info)
{
    *r = (struct ring_reader){0};
    struct ring_map map;
    TC_TRY(ring_map_open(fd, false, &map, info));
    const uint8_t *base = map.base;
    r->head = map.base;
    r->slots = (const struct ring_slot *)(const void *)(base + RING_HEAD_BYTES);
    r->data = base + RING_HEAD_BYTES + ring_slots_bytes(map.slot_count);
    r->map_bytes = map.bytes;
    r->data_bytes = map.data_bytes;
    r->slot_count = map.slot_count;
    return TC_OK;
}

void ring_reader_close(struct ring_reader *r)
{
    if (r->head != NULL)
        munmap((void *)(uintptr_t)r->head, r->map_bytes);
    *r = (struct ring_reader){0};
}

enum ring_camera_state ring_state(const struct ring_reader *r)
{
    uint32_t state = atomic_load_explicit(&r->head->state, memory_order_acquire);
    return state <= RING_CAMERA_LOST ? (enum ring_camera_state)state : RING_CAMERA_NONE;
}

uint32_t ring_epoch(const struct ring_reader *r)
{
    return atomic_load_explicit(&r->head->epoch, memory_order_acquire);
}

uint64_t ring_next(const struct ring_reader *r)
{
    uint64_t next = atomic_load_explicit(&r->head->next, memory_order_acquire);
    return next == 0 || next > RING_NUMBER_MAX ? 1 : next;
}

/* Inside the mapping, in one piece, and its bytes not given up by the writer. */
static bool place_ok(const struct ring_reader *r, const struct ring_frame *f)
{
    uint64_t reserve = atomic_load_explicit(&r->head->reserve, memory_order_relaxed);
    if (f->length == 0 || f->length > r->data_bytes || f->position > RING_NUMBER_MAX ||
        reserve > RING_NUMBER_MAX)
        return false;
    if (f->position % r->data_bytes + f->length > r->data_bytes)
        return false;
    return f->position + f->length <= reserve && f->position + r->data_bytes >= reserve;
}

static uint64_t get_word(const _Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

static void take_slot(const struct ring_slot *slot, uint64_t number, struct ring_frame *f)
{
    uint64_t length_epoch = get_word(&slot->length_epoch);
    uint64_t flags_generation = get_word(&slot->flags_generation);
    *f = (struct ring_frame){
        .number = number,
        .position = get_word(&slot->position),
        .length = (uint32_t)length_epoch,
        .epoch = (uint32_t)(length_epoch >> 32),
        .flags = (uint32_t)flags_generation,
        .param_generation = (uint32_t)(flags_generation >> 32),
        .arrival.ns = (int64_t)get_word(&slot->arrival_ns),
        .arrival_mono.ns = (int64_t)get_word(&slot->arrival_mono_ns),
        .rtp = (int64_t)get_word(&slot->rtp),
        .sender.ns = (int64_t)get_word(&slot->sender_ns),
        .wall.ns = (int64_t)get_word(&slot->wall_ns),
    };
}

enum ring_read ring_read_slot(const struct ring_reader *r, uint64_t number, struct ring_frame *ret)
{
    uint64_t next = ring_next(r);
    if (number >= next)
        return RING_NOT_YET;
    if (number == 0 || next - number > r->slot_count)
        return RING_GONE;
    const struct ring_slot *slot = &r->slots[number & (r->slot_count - 1)];
    if (atomic_load_explicit(&slot->number, memory_order_acquire) != number)
        return RING_GONE;
    struct ring_frame frame;
    take_slot(slot, number, &frame);
    ring_fence(memory_order_acquire);
    if (get_word(&slot->number) != number || !place_ok(r, &frame))
        return RING_GONE;
    *ret = frame;
    return RING_READ_OK;
}

struct tc_slice ring_frame_view(const struct ring_reader *r, const struct ring_frame *frame)
{
    if (!place_ok(r, frame))
        return tc_slice(NULL, 0);
    return tc_slice(r->data + frame->position % r->data_bytes, frame->length);
}

bool ring_frame_still_valid(const struct ring_reader *r, const struct ring_frame *frame)
{
    ring_fence(memory_order_acquire);
    return place_ok(r, frame);
}

static uint64_t lowest_number(const struct ring_reader *r, uint64_t next)
{
    return next > r->slot_count ? next - r->slot_count : 1;
}

uint64_t ring_oldest(const struct ring_reader *r)
{
    uint64_t high = ring_next(r);
    uint64_t low = lowest_number(r, high);
    while (low < high) { /* frames go in order, so what is gone stands before what is there */
        uint64_t middle = low + (high - low) / 2;
        struct ring_frame frame;
        if (ring_read_slot(r, middle, &frame) == RING_GONE)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t ring_key_before(const struct ring_reader *r, uint64_t number)
{
    uint64_t next = ring_next(r);
    uint64_t low = lowest_number(r, next);
    for (uint64_t n = number < next ? number : next - 1; n >= low; n--) {
        struct ring_frame frame;
        if (ring_read_slot(r, n, &frame) == RING_GONE)
            return 0;
        if ((frame.flags & RING_KEY) != 0)
            return n;
    }
    return 0;
}

uint64_t ring_key_at(const struct ring_reader *r, struct tc_wall t)
{
    uint64_t next = ring_next(r);
    uint64_t low = lowest_number(r, next);
    uint64_t best = 0;
    for (uint64_t n = next - 1; n >= low; n--) {
        struct ring_frame frame;
        if (ring_read_slot(r, n, &frame) == RING_GONE)
            return best;
        if ((frame.flags & RING_KEY) == 0)
            continue;
        best = n;
        if (frame.wall.ns <= t.ns)
            return n;
    }
    return best;
}

/* One try under the sequence lock. */
static bool copy_params(const struct ring_param_slot *slot, struct ring_params *out)
{
    uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    if ((before & 1) != 0)
        return false;
    uint64_t words[RING_PARAM_WORDS];
    for (size_t i = 0; i < RING_PARAM_WORDS; i++)
        words[i] = get_word(&slot->words[i]);
    ring_fence(memory_order_acquire);
    if (get_word(&slot->sequence) != before)
        return false;
    memcpy(out, words, sizeof *out);
    return true;
}

enum tc_err ring_read_params(const struct ring_reader *r, uint32_t generation,
                             struct ring_params *ret)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        uint32_t wanted = generation != 0 ? generation
                                          : atomic_load_explicit(&r->head->param_generation,
                                                                 memory_order_acquire);
        struct ring_params params;
        if (wanted == 0)
            return TC_E_NOT_FOUND;
        if (!copy_params(&r->head->params[wanted % RING_PARAM_SETS], &params))
            continue;
        if (params.generation != wanted || params.codec > RING_CODEC_H264 ||
            params.sps_bytes > sizeof params.sps || params.pps_bytes > sizeof params.pps)
            return TC_E_NOT_FOUND;
        *ret = params;
        return TC_OK;
    }
    return TC_E_NOT_FOUND;
}
