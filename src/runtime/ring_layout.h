/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a ring, for ring.c and ring_read.c alone:
 *
 *   0                       head, one page
 *   RING_HEAD_BYTES         slots, 72 bytes each, padded to whole pages
 *   .. + slot table         data_bytes of frames
 *
 * Both sides are the same program on the same machine, so integers are in the machine's order. */
#pragma once

#include <stdatomic.h>

#include "runtime/ring.h"

enum {
    RING_PAGE_BYTES = 4096,
    RING_HEAD_BYTES = RING_PAGE_BYTES,
    RING_VERSION = 1,
    RING_PARAM_WORDS = sizeof(struct ring_params) / sizeof(uint64_t),
};
#define RING_MAGIC      UINT32_C(0x474e5254) /* "TRNG" */
#define RING_NUMBER_MAX (UINT64_C(1) << 62)

_Static_assert(sizeof(struct ring_params) % sizeof(uint64_t) == 0, "copied as whole words");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "a lock would not be shared between processes");

/* One generation of parameters under a sequence lock: odd while it is being written. */
struct ring_param_slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[RING_PARAM_WORDS];
};

struct ring_head {
    uint32_t magic, version;
    uint64_t data_bytes;
    uint32_t slot_count;
    _Atomic uint32_t epoch;
    _Atomic uint32_t state;
    _Atomic uint32_t param_generation;
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) _Atomic uint64_t reserve;
    _Alignas(64) struct ring_param_slot params[RING_PARAM_SETS];
};
_Static_assert(sizeof(struct ring_head) <= RING_HEAD_BYTES, "the head is one page");

struct ring_slot {
    _Atomic uint64_t number; /* 0 while the slot is being written */
    _Atomic uint64_t position;
    _Atomic uint64_t length_epoch;     /* length, epoch << 32 */
    _Atomic uint64_t flags_generation; /* flags, parameter generation << 32 */
    _Atomic uint64_t arrival_ns, arrival_mono_ns, rtp, sender_ns, wall_ns;
};

static inline size_t ring_slots_bytes(uint32_t slot_count)
{
    size_t bytes = (size_t)slot_count * sizeof(struct ring_slot);
    return (bytes + RING_PAGE_BYTES - 1) / RING_PAGE_BYTES * RING_PAGE_BYTES;
}

static inline size_t ring_file_bytes(uint64_t data_bytes, uint32_t slot_count)
{
    return RING_HEAD_BYTES + ring_slots_bytes(slot_count) + (size_t)data_bytes;
}

static inline bool ring_size_ok(uint64_t data_bytes, uint32_t slot_count)
{
    return data_bytes >= RING_DATA_BYTES_MIN && data_bytes <= RING_DATA_BYTES_MAX &&
           data_bytes % RING_PAGE_BYTES == 0 && slot_count >= RING_SLOTS_MIN &&
           slot_count <= RING_SLOTS_MAX && (slot_count & (slot_count - 1)) == 0;
}

/* A mapped ring whose sizes agree with its file. */
struct ring_map {
    void *base;
    size_t bytes;
    uint64_t data_bytes;
    uint32_t slot_count;
};
enum tc_err ring_map_open(int fd, bool writable, struct ring_map *ret,
                          struct tc_errinfo *info) TC_MUST_USE;

/* The thread sanitizer does not know fences (gcc refuses them with it). The accesses that they
 * order are atomics, which it does check, and the frames' bytes, which it does not see as shared:
 * each side has its own mapping. */
#ifdef __SANITIZE_THREAD__
#define ring_fence(order) atomic_signal_fence(order)
#else
#define ring_fence(order) atomic_thread_fence(order)
#endif
