/* SPDX-License-Identifier: Apache-2.0 */
/* An H.264 byte stream from tests/golden/h264, as the samples of a container: for tests alone. The
 * streams have an access unit delimiter in front of every picture and a start code of three or four
 * bytes. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "media/avc_params.h"

enum { ANNEXB_FRAMES_MAX = 256 };

struct annexb {
    uint8_t file[256 * 1024];
    size_t file_bytes;
    struct avc_params params;
    struct tc_buf data; /* the samples, one behind the other */
    struct {
        size_t offset;
        uint32_t size;
        bool key;
    } frames[ANNEXB_FRAMES_MAX];
    size_t count;
};

static inline void annexb_add_nal(struct annexb *a, struct tc_slice nal)
{
    unsigned type = nal.ptr[0] & 0x1f;
    if (type == 7)
        a->params.sps = nal;
    if (type == 8)
        a->params.pps = nal;
    if (type == 9 && a->count < ANNEXB_FRAMES_MAX) {
        a->frames[a->count].offset = a->data.len;
        a->count++;
    }
    if (type != 1 && type != 5)
        return;
    tc_buf_add_be32(&a->data, (uint32_t)nal.len);
    tc_buf_add_slice(&a->data, nal);
    a->frames[a->count - 1].size = (uint32_t)(a->data.len - a->frames[a->count - 1].offset);
    a->frames[a->count - 1].key = type == 5;
}

/* Where the next 00 00 01 begins from AT on, or the end. */
static inline size_t annexb_start_code(const struct annexb *a, size_t at)
{
    for (; at + 3 <= a->file_bytes; at++) {
        if (a->file[at] == 0 && a->file[at + 1] == 0 && a->file[at + 2] == 1)
            return at;
    }
    return a->file_bytes;
}

static inline void annexb_load(struct annexb *a, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/tests/golden/h264/%s", TC_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        abort();
    }
    a->file_bytes = fread(a->file, 1, sizeof a->file, f);
    (void)fclose(f);
    a->count = 0;
    tc_buf_init(&a->data, sizeof a->file);
    size_t at = annexb_start_code(a, 0);
    while (at + 3 < a->file_bytes) {
        size_t end = annexb_start_code(a, at + 3);
        size_t last = end;
        while (last > at + 3 && a->file[last - 1] == 0)
            last--; /* the zero byte of a four byte start code */
        annexb_add_nal(a, tc_slice(a->file + at + 3, last - at - 3));
        at = end;
    }
}

static inline void annexb_done(struct annexb *a)
{
    tc_buf_done(&a->data);
}
