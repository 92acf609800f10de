/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/io.h"

#include <stdlib.h>
#include <string.h>

bool io_ok(const struct io *io)
{
    return !io->bad && (io->out != NULL ? io->out->err == TC_OK : tc_rd_ok(&io->in));
}

void io_u8(struct io *io, uint8_t *v)
{
    if (io->out != NULL)
        tc_buf_add_u8(io->out, *v);
    else
        *v = tc_rd_u8(&io->in);
}

void io_u32(struct io *io, uint32_t *v)
{
    if (io->out != NULL)
        tc_buf_add_be32(io->out, *v);
    else
        *v = tc_rd_be32(&io->in);
}

void io_u64(struct io *io, uint64_t *v)
{
    if (io->out != NULL)
        tc_buf_add_be64(io->out, *v);
    else
        *v = tc_rd_be64(&io->in);
}

void io_i64(struct io *io, int64_t *v)
{
    uint64_t u = (uint64_t)*v;
    io_u64(io, &u);
    *v = (int64_t)u;
}

void io_bool(struct io *io, bool *v)
{
    uint8_t u = *v ? 1 : 0;
    io_u8(io, &u);
    *v = u != 0;
}

void io_wall(struct io *io, struct tc_wall *v)
{
    io_i64(io, &v->ns);
}

void io_str(struct io *io, char *text, size_t size)
{
    uint32_t len = io->out != NULL ? (uint32_t)strnlen(text, size - 1) : 0;
    io_u32(io, &len);
    if (io->out != NULL) {
        tc_buf_add(io->out, text, len);
        return;
    }
    text[0] = 0;
    struct tc_slice bytes = tc_rd_take(&io->in, len);
    if (tc_rd_ok(&io->in) && tc_slice_to_str(bytes, text, size) != TC_OK)
        io->bad = true;
}

void io_heap_str(struct io *io, char **text, size_t max)
{
    uint32_t len = io->out != NULL && *text != NULL ? (uint32_t)strlen(*text) : 0;
    io_u32(io, &len);
    if (io->out != NULL) {
        if (len > 0)
            tc_buf_add(io->out, *text, len);
        return;
    }
    free(*text);
    *text = NULL;
    struct tc_slice bytes = tc_rd_take(&io->in, len);
    if (!tc_rd_ok(&io->in) || bytes.len == 0)
        return;
    if (bytes.len > max) {
        io->bad = true;
        return;
    }
    *text = strndup((const char *)bytes.ptr, bytes.len);
    io->bad = io->bad || *text == NULL;
}

void io_bytes(struct io *io, uint8_t *bytes, size_t len)
{
    if (io->out != NULL) {
        tc_buf_add(io->out, bytes, len);
        return;
    }
    struct tc_slice got = tc_rd_take(&io->in, len);
    if (got.len == len && len > 0)
        memcpy(bytes, got.ptr, len);
    else
        memset(bytes, 0, len);
}

size_t io_count(struct io *io, size_t count, size_t max, void **array, size_t element_bytes,
                size_t *cap)
{
    uint32_t n = (uint32_t)count;
    io_u32(io, &n);
    if (io->out != NULL)
        return count;
    *array = NULL;
    *cap = 0;
    if (!io_ok(io) || n > max) {
        io->bad = true;
        return 0;
    }
    if (n == 0)
        return 0;
    *array = calloc(n, element_bytes);
    if (*array == NULL) {
        io->bad = true;
        return 0;
    }
    *cap = n;
    return n;
}
