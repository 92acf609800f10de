/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of the ring, its making and its size. */
#include "runtime/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/ring_layout.h"

/* ---- size ---- */

enum {
    SIZE_BYTES_MIN = 1 << 20, /* a key frame of a 4K camera with what stands around it */
    SIZE_FPS_MAX = 60,
};
#define SIZE_MARGIN_NS (2 * TC_NS_PER_S)
#define SIZE_TIME_MAX  (600 * TC_NS_PER_S)
#define SIZE_RATE_MAX  UINT64_C(200000000)

static int64_t clamp_ns(int64_t ns)
{
    return ns < 0 ? 0 : ns > SIZE_TIME_MAX ? SIZE_TIME_MAX : ns;
}

static uint32_t slots_for(int64_t time_ns)
{
    uint64_t frames = (uint64_t)(time_ns / TC_NS_PER_S + 1) * SIZE_FPS_MAX;
    uint32_t count = RING_SLOTS_MIN;
    while (count < frames && count < RING_SLOTS_MAX)
        count *= 2;
    return count;
}

struct ring_size ring_size_for(const struct ring_sizing *want)
{
    int64_t gop_ns = clamp_ns(want->gop_ns);
    int64_t time_ns =
        want->alarm_mode ? clamp_ns(want->pre_roll_ns) + gop_ns + SIZE_MARGIN_NS : 2 * gop_ns;
    uint64_t rate = want->bits_per_s > SIZE_RATE_MAX ? SIZE_RATE_MAX : want->bits_per_s;
    uint64_t bytes_per_ms = rate / 8 / 1000 * 5 / 4 + 1; /* a quarter more: rates are promises */
    uint64_t bytes = bytes_per_ms * (uint64_t)(time_ns / TC_NS_PER_MS) + RING_PAGE_BYTES - 1;
    if (want->cap_bytes != 0 && bytes > want->cap_bytes)
        bytes = want->cap_bytes;
    if (bytes < SIZE_BYTES_MIN)
        bytes = SIZE_BYTES_MIN;
    if (bytes > RING_DATA_BYTES_MAX)
        bytes = RING_DATA_BYTES_MAX;
    bytes = bytes / RING_PAGE_BYTES * RING_PAGE_BYTES;
    int64_t holds_ns = (int64_t)(bytes / bytes_per_ms) * TC_NS_PER_MS;
    return (struct ring_size){
        .data_bytes = bytes, .slot_count = slots_for(time_ns), .holds_ns = holds_ns};
}

/* ---- making ---- */

static enum tc_err fill_head(int fd, struct ring_size size, struct tc_errinfo *info)
{
    void *page = mmap(NULL, RING_HEAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return tc_fail_errno(info, errno, "map the ring's head");
    struct ring_head *head = page;
    head->magic = RING_MAGIC;
    head->version = RING_VERSION;
    head->data_bytes = size.data_bytes;
    head->slot_count = size.slot_count;
    atomic_store(&head->next, 1);
    munmap(page, RING_HEAD_BYTES);
    return TC_OK;
}

/* The order matters: open for reading while the mode allows it, then take the mode away. */
static enum tc_err seal_and_reopen(int fd, int *ret_reader, struct tc_errinfo *info)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return tc_fail_errno(info, errno, "seal the ring");
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    if (reader < 0)
        return tc_fail_errno(info, errno, "open the ring for reading");
    if (fchmod(fd, 0400) != 0) {
        int saved = errno;
        close(reader);
        return tc_fail_errno(info, saved, "set the ring's mode");
    }
    *ret_reader = reader;
    return TC_OK;
}

enum tc_err ring_create(const char *name, struct ring_size size, struct ring_fds *ret,
                        struct tc_errinfo *info)
{
    if (!ring_size_ok(size.data_bytes, size.slot_count))
        return tc_fail(info, TC_E_RANGE, "ring of %llu bytes and %u slots",
                       (unsigned long long)size.data_bytes, size.slot_count);
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return tc_fail_errno(info, errno, "make a ring");
    enum tc_err err = TC_OK;
    if (ftruncate(fd, (off_t)ring_file_bytes(size.data_bytes, size.slot_count)) != 0)
        err = tc_fail_errno(info, errno, "size the ring");
    if (err == TC_OK)
        err = fill_head(fd, size, info);
    int reader = -1;
    if (err == TC_OK)
        err = seal_and_reopen(fd, &reader, info);
    if (err != TC_OK) {
        close(fd);
        return err;
    }
    *ret = (struct ring_fds){.writer = fd, .reader = reader};
    return TC_OK;
}

/* ---- mapping, both sides ---- */

/* Only what a page of it says, before all of it is mapped. Reads through a mapping, since a
 * sandboxed writer may neither pread nor seek. */
static enum tc_err check_head(int fd, off_t file_bytes, struct ring_map *map,
                              struct tc_errinfo *info)
{
    void *page = mmap(NULL, RING_HEAD_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return tc_fail_errno(info, errno, "map the ring's head");
    const struct ring_head *head = page;
    bool is_ring = head->magic == RING_MAGIC && head->version == RING_VERSION;
    map->data_bytes = head->data_bytes;
    map->slot_count = head->slot_count;
    map->bytes = (size_t)file_bytes;
    munmap(page, RING_HEAD_BYTES);
    if (!is_ring)
        return tc_fail(info, TC_E_CORRUPT, "the file is no ring of version %d", RING_VERSION);
    if (!ring_size_ok(map->data_bytes, map->slot_count) ||
        map->bytes != ring_file_bytes(map->data_bytes, map->slot_count))
        return tc_fail(info, TC_E_CORRUPT, "the ring's sizes do not agree with its file");
    return TC_OK;
}

static enum tc_err check_file(int fd, struct ring_map *map, struct tc_errinfo *info)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || fstat(fd, &st) != 0 || st.st_size < RING_HEAD_BYTES)
        return tc_fail(info, TC_E_CORRUPT, "the ring's descriptor is no memory file of its size");
    if ((seals & F_SEAL_SHRINK) == 0)
        return tc_fail(info, TC_E_CORRUPT, "the ring is not sealed against shrinking");
    return check_head(fd, st.st_size, map, info);
}

enum tc_err ring_map_open(int fd, bool writable, struct ring_map *ret, struct tc_errinfo *info)
{
    struct ring_map map = {0};
    TC_TRY(check_file(fd, &map, info));
    map.base =
        mmap(NULL, map.bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (map.base == MAP_FAILED)
        return tc_fail_errno(info, errno, "map the ring");
    *ret = map;
    return TC_OK;
}

/* ---- writing ---- */

/* What the last writer left, if it makes sense; else an empty ring. A frame it had begun lies below
 * its reserve, so going on from there touches nothing that readers may still want. */
static void take_over(struct ring_writer *w)
{
    struct ring_head *head = w->head;
    w->next = atomic_load(&head->next);
    w->reserve = atomic_load(&head->reserve);
    w->param_generation = atomic_load(&head->param_generation);
    if (w->next == 0 || w->next > RING_NUMBER_MAX || w->reserve > RING_NUMBER_MAX) {
        for (uint32_t i = 0; i < w->slot_count; i++)
            atomic_store(&w->slots[i].number, 0);
        w->next = 1;
        w->reserve = 0;
        atomic_store(&head->reserve, 0);
        atomic_store(&head->next, 1);
    }
    w->position = w->reserve;
    w->epoch = atomic_fetch_add(&head->epoch, 1) + 1;
    w->fresh = true;
}

enum tc_err ring_writer_open(struct ring_writer *w, int fd, struct tc_errinfo *info)
{
    *w = (struct ring_writer){0};
    struct ring_map map;
    TC_TRY(ring_map_open(fd, true, &map, info));
    uint8_t *base = map.base;
    w->head = map.base;
    w->slots = (struct ring_slot *)(void *)(base + RING_HEAD_BYTES);
    w->data = base + RING_HEAD_BYTES + ring_slots_bytes(map.slot_count);
    w->map_bytes = map.bytes;
    w->data_bytes = map.data_bytes;
    w->slot_count = map.slot_count;
    /* Every page is written within seconds anyway; taken together they cost a third of what as many
     * page faults do. An old kernel without this call takes the faults. */
    (void)madvise(map.base, map.bytes, MADV_POPULATE_WRITE);
    take_over(w);
    return TC_OK;
}

void ring_writer_close(struct ring_writer *w)
{
    if (w->head != NULL)
        munmap(w->head, w->map_bytes);
    *w = (struct ring_writer){0};
}

size_t ring_frame_max(const struct ring_writer *w)
{
    return (size_t)(w->data_bytes / 2); /* so that moving to the start never overlaps */
}

void ring_begin_frame(struct ring_writer *w)
{
    w->length = 0;
    w->begun = true;
}

void ring_abort_frame(struct ring_writer *w)
{
    w->length = 0;
    w->begun = false;
}

/* Tells readers that everything up to END - data_bytes is lost, before the first such byte is
 * touched. In chunks, so that the shared word is written a few times a second and not once a
 * packet. */
static void reserve_to(struct ring_writer *w, uint64_t end)
{
    if (end <= w->reserve)
        return;
    uint64_t chunk = w->data_bytes / 16 < 65536 ? w->data_bytes / 16 : 65536;
    w->reserve = end + chunk - end % chunk;
    atomic_store_explicit(&w->head->reserve, w->reserve, memory_order_relaxed);
    ring_fence(memory_order_release);
}

/* Moves the frame to the beginning of the data area, because MORE bytes do not fit before its end.
 */
static void move_to_start(struct ring_writer *w, size_t more)
{
    size_t offset = (size_t)(w->position % w->data_bytes);
    w->position += w->data_bytes - offset;
    reserve_to(w, w->position + w->length + more);
    memcpy(w->data, w->data + offset, w->length);
}

uint8_t *ring_frame_space(struct ring_writer *w, size_t more)
{
    TC_ASSERT(w->begun);
    if (more > ring_frame_max(w) - w->length)
        return NULL;
    size_t offset = (size_t)(w->position % w->data_bytes);
    if (offset + w->length + more > w->data_bytes) {
        move_to_start(w, more);
        offset = 0;
    } else {
        reserve_to(w, w->position + w->length + more);
    }
    return w->data + offset + w->length;
}

void ring_frame_added(struct ring_writer *w, size_t bytes)
{
    TC_ASSERT(w->begun && w->position + w->length + bytes <= w->reserve);
    w->length += bytes;
}

enum tc_err ring_frame_add(struct ring_writer *w, const void *bytes, size_t len)
{
    uint8_t *to = ring_frame_space(w, len);
    if (to == NULL)
        return TC_E_LIMIT;
    memcpy(to, bytes, len);
    ring_frame_added(w, len);
    return TC_OK;
}

void ring_frame_set_be32(struct ring_writer *w, size_t at, uint32_t value)
{
    TC_ASSERT(w->begun && w->length >= 4 && at <= w->length - 4);
    uint8_t *to = w->data + w->position % w->data_bytes + at;
    to[0] = (uint8_t)(value >> 24);
    to[1] = (uint8_t)(value >> 16);
    to[2] = (uint8_t)(value >> 8);
    to[3] = (uint8_t)value;
}

static void put_word(_Atomic uint64_t *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_relaxed);
}

static void fill_slot(const struct ring_writer *w, const struct ring_frame *frame, uint32_t flags)
{
    struct ring_slot *slot = &w->slots[w->next & (w->slot_count - 1)];
    put_word(&slot->number, 0);
    ring_fence(memory_order_release);
    put_word(&slot->position, w->position);
    put_word(&slot->length_epoch, (uint64_t)w->length | (uint64_t)w->epoch << 32);
    put_word(&slot->flags_generation, (uint64_t)flags | (uint64_t)w->param_generation << 32);
    put_word(&slot->arrival_ns, (uint64_t)frame->arrival.ns);
    put_word(&slot->arrival_mono_ns, (uint64_t)frame->arrival_mono.ns);
    put_word(&slot->rtp, (uint64_t)frame->rtp);
    put_word(&slot->sender_ns, (uint64_t)frame->sender.ns);
    put_word(&slot->wall_ns, (uint64_t)frame->wall.ns);
    atomic_store_explicit(&slot->number, w->next, memory_order_release);
}

uint64_t ring_commit_frame(struct ring_writer *w, const struct ring_frame *frame)
{
    TC_ASSERT(w->begun);
    if (w->length == 0)
        return 0;
    fill_slot(w, frame, frame->flags | (w->fresh ? (uint32_t)RING_DISCONTINUITY : 0));
    uint64_t number = w->next++;
    atomic_store_explicit(&w->head->next, w->next, memory_order_release);
    w->position += w->length;
    w->length = 0;
    w->begun = false;
    w->fresh = false;
    return number;
}

static bool same_params(const struct ring_params *a, const struct ring_params *b)
{
    return a->codec == b->codec && a->width == b->width && a->height == b->height &&
           a->sps_bytes == b->sps_bytes && a->pps_bytes == b->pps_bytes &&
           memcmp(a->sps, b->sps, a->sps_bytes) == 0 && memcmp(a->pps, b->pps, a->pps_bytes) == 0;
}

/* The newest generation as it stands in the ring. The writer is alone, so no sequence is needed. */
static struct ring_params newest_params(const struct ring_writer *w)
{
    const struct ring_param_slot *slot = &w->head->params[w->param_generation % RING_PARAM_SETS];
    uint64_t words[RING_PARAM_WORDS];
    for (size_t i = 0; i < RING_PARAM_WORDS; i++)
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    struct ring_params params;
    memcpy(&params, words, sizeof params);
    return params;
}

static void put_params(struct ring_param_slot *slot, const struct ring_params *params)
{
    uint64_t words[RING_PARAM_WORDS];
    memcpy(words, params, sizeof words);
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed) | 1;
    put_word(&slot->sequence, sequence);
    ring_fence(memory_order_release);
    for (size_t i = 0; i < RING_PARAM_WORDS; i++)
        put_word(&slot->words[i], words[i]);
    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_release);
}

uint32_t ring_set_params(struct ring_writer *w, const struct ring_params *params)
{
    TC_ASSERT(params->sps_bytes <= sizeof params->sps && params->pps_bytes <= sizeof params->pps);
    struct ring_params newest = newest_params(w);
    if (w->param_generation != 0 && newest.sps_bytes <= sizeof newest.sps &&
        newest.pps_bytes <= sizeof newest.pps && same_params(&newest, params))
        return w->param_generation;
    struct ring_params copy = *params;
    copy.generation = ++w->param_generation;
    put_params(&w->head->params[copy.generation % RING_PARAM_SETS], &copy);
    atomic_store_explicit(&w->head->param_generation, copy.generation, memory_order_release);
    return copy.generation;
}

void ring_set_state(struct ring_writer *w, enum ring_camera_state state)
{
    atomic_store_explicit(&w->head->state, state, memory_order_release);
}
