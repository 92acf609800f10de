/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading a state by one and the same walk over it, so that the two cannot differ.
 *
 * Every io_* call writes its variable (when the walk writes) or sets it (when it reads). Reading is
 * bounded and sticky: after the first thing that does not fit, all further reads set zeros and
 * io_ok is false. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/time.h"

struct io {
    struct tc_buf *out; /* NULL: reading */
    struct tc_rd in;
    bool bad; /* a count out of range, or no memory */
};

static inline struct io io_writer(struct tc_buf *out)
{
    return (struct io){.out = out};
}

static inline struct io io_reader(struct tc_slice in)
{
    return (struct io){.in = tc_rd(in)};
}

bool io_ok(const struct io *io);
void io_u8(struct io *io, uint8_t *v);
void io_u32(struct io *io, uint32_t *v);
void io_u64(struct io *io, uint64_t *v);
void io_i64(struct io *io, int64_t *v);
void io_bool(struct io *io, bool *v);
void io_wall(struct io *io, struct tc_wall *v);
/* A C string in an array of SIZE bytes. */
void io_str(struct io *io, char *text, size_t size);
/* A C string on the heap, or NULL; read: at most MAX bytes, the old one is freed. */
void io_heap_str(struct io *io, char **text, size_t max);
void io_bytes(struct io *io, uint8_t *bytes, size_t len);
/* The number of elements of an array; reading: at most MAX, and memory for them (ELEMENT_BYTES
 * each, zeroed) replaces *ARRAY, which must be NULL or freed. *CAP is set to the count. Returns the
 * count to walk. */
size_t io_count(struct io *io, size_t count, size_t max, void **array, size_t element_bytes,
                size_t *cap);

/* The whole array WHAT of *OWNER (with WHAT_count and WHAT_cap), each element by ELEMENT_IO. */
#define IO_ARRAY(io, owner, what, max, element_io)                                                 \
    do {                                                                                           \
        (owner)->what##_count =                                                                    \
            io_count((io), (owner)->what##_count, (max), (void **)&(owner)->what,                  \
                     sizeof *(owner)->what, &(owner)->what##_cap);                                 \
        for (size_t io_array_i_ = 0; io_array_i_ < (owner)->what##_count; io_array_i_++)           \
            element_io((io), &(owner)->what[io_array_i_]);                                         \
    } while (0)
