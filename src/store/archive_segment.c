/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "media/fmp4.h"

void archive_segment_done(struct archive_segment *s)
{
    free(s->fragments);
    *s = (struct archive_segment){0};
}

struct avc_params archive_segment_params(const struct archive_segment *s)
{
    return (struct avc_params){tc_slice(s->sps, s->sps_bytes), tc_slice(s->pps, s->pps_bytes)};
}

static bool param_set_ok(struct tc_slice set)
{
    return set.len > 0 && set.len <= AVC_PARAMS_BYTES_MAX;
}

enum tc_err archive_segment_set_params(struct archive_segment *s, const struct avc_params *params)
{
    if (!param_set_ok(params->sps) || !param_set_ok(params->pps))
        return TC_E_LIMIT;
    memcpy(s->sps, params->sps.ptr, params->sps.len);
    memcpy(s->pps, params->pps.ptr, params->pps.len);
    s->sps_bytes = (uint16_t)params->sps.len;
    s->pps_bytes = (uint16_t)params->pps.len;
    return TC_OK;
}

int64_t archive_fragment_end(const struct archive_fragment *f)
{
    return f->start_ns + fmp4_ns((int64_t)f->ticks);
}

enum tc_err archive_segment_add(struct archive_segment *s, const struct archive_fragment *f)
{
    if (s->count == ARCHIVE_FRAGMENTS_MAX)
        return TC_E_LIMIT;
    if (s->count == s->cap) {
        size_t cap = s->cap == 0 ? 32 : s->cap * 2;
        struct archive_fragment *more = realloc(s->fragments, cap * sizeof *more);
        if (more == NULL)
            return TC_E_NOMEM;
        s->fragments = more;
        s->cap = cap;
    }
    s->fragments[s->count++] = *f;
    s->bytes = f->offset + f->bytes;
    s->end_ns = archive_fragment_end(f);
    return TC_OK;
}

/* ---- columns ---- */

/* 7 bits a byte, lowest first, the top bit says that more follow. */
static void add_varint(struct tc_buf *b, uint64_t v)
{
    while (v >= 0x80) {
        tc_buf_add_u8(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    tc_buf_add_u8(b, (uint8_t)v);
}

static uint64_t read_varint(struct tc_rd *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t byte = tc_rd_u8(r);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return v;
    }
    r->bad = true;
    return 0;
}

/* Small numbers of either sign become small numbers. */
static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

void archive_fragments_encode(const struct archive_segment *s, struct tc_buf *out)
{
    int64_t expected = s->start_ns;
    add_varint(out, s->init_bytes);
    for (size_t i = 0; i < s->count; i++) {
        const struct archive_fragment *f = &s->fragments[i];
        add_varint(out, f->bytes);
        add_varint(out, zigzag(f->start_ns - expected));
        add_varint(out, f->ticks);
        add_varint(out, (uint64_t)f->samples << 1 | f->key);
        expected = archive_fragment_end(f);
    }
}

static enum tc_err decode_one(struct tc_rd *r, struct archive_segment *s, uint64_t offset,
                              int64_t expected)
{
    struct archive_fragment f = {.offset = offset};
    uint64_t bytes = read_varint(r);
    uint64_t delta = read_varint(r);
    f.ticks = read_varint(r);
    uint64_t samples = read_varint(r);
    if (!tc_rd_ok(r) || bytes == 0 || bytes > s->bytes - offset || f.ticks > UINT64_C(1) << 40 ||
        delta > UINT64_C(1) << 61 || samples >> 1 > FMP4_SAMPLES_MAX || samples >> 1 == 0)
        return TC_E_CORRUPT;
    f.bytes = (uint32_t)bytes;
    f.start_ns = expected + unzigzag(delta);
    f.samples = (uint32_t)(samples >> 1);
    f.key = (samples & 1) != 0;
    uint64_t file_bytes = s->bytes; /* the column's; add moves it along with what is there */
    enum tc_err err = archive_segment_add(s, &f);
    s->bytes = file_bytes;
    return err;
}

enum tc_err archive_fragments_decode(struct archive_segment *s, struct tc_slice in)
{
    struct tc_rd r = tc_rd(in);
    int64_t end_ns = s->end_ns;
    s->count = 0;
    uint64_t offset = read_varint(&r);
    enum tc_err err =
        tc_rd_ok(&r) && offset <= FMP4_INIT_BYTES_MAX && offset <= s->bytes ? TC_OK : TC_E_CORRUPT;
    s->init_bytes = (uint32_t)offset;
    int64_t expected = s->start_ns;
    while (err == TC_OK && tc_rd_left(&r) > 0) {
        err = decode_one(&r, s, offset, expected);
        if (err != TC_OK)
            break;
        const struct archive_fragment *f = &s->fragments[s->count - 1];
        offset = f->offset + f->bytes;
        expected = archive_fragment_end(f);
    }
    s->end_ns = end_ns;
    if (err != TC_OK)
        s->count = 0;
    return err == TC_E_LIMIT ? TC_E_CORRUPT : err;
}

void archive_params_encode(const struct archive_segment *s, struct tc_buf *out)
{
    tc_buf_add_be16(out, s->sps_bytes);
    tc_buf_add(out, s->sps, s->sps_bytes);
    tc_buf_add(out, s->pps, s->pps_bytes);
}

enum tc_err archive_params_decode(struct archive_segment *s, struct tc_slice in)
{
    struct tc_rd r = tc_rd(in);
    struct avc_params params;
    params.sps = tc_rd_take(&r, tc_rd_be16(&r));
    params.pps = tc_rd_take(&r, tc_rd_left(&r));
    if (!tc_rd_ok(&r))
        return TC_E_CORRUPT;
    return archive_segment_set_params(s, &params) == TC_OK ? TC_OK : TC_E_CORRUPT;
}

/* ---- names ---- */

const char *archive_path(const char *camera, struct tc_wall start, unsigned copy, char *out)
{
    struct tc_civil c = tc_civil_of(start.ns);
    char suffix[12] = "";
    if (copy > 0)
        (void)snprintf(suffix, sizeof suffix, "-%u", copy % 1000);
    (void)snprintf(out, ARCHIVE_PATH_BYTES,
                   "%.48s/%04d/%02d/%02d/%02d/%04d%02d%02dT%02d%02d%02d.%03dZ%s.mp4", camera,
                   c.year, c.month, c.day, c.hour, c.year, c.month, c.day, c.hour, c.minute,
                   c.second, (int)(c.nanosecond / 1000000), suffix);
    return out;
}

/* Takes DIGITS decimal digits and the character AFTER (0: none) from the head of *AT. */
static bool take_number(const char **at, unsigned digits, char after, int *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *ret = *ret * 10 + (**at - '0');
    }
    if (after == 0)
        return true;
    return *(*at)++ == after;
}

bool archive_name_parse(const char *name, struct tc_wall *ret)
{
    struct tc_civil c = {0};
    int ms = 0;
    const char *rest = name;
    if (!take_number(&rest, 4, 0, &c.year) || !take_number(&rest, 2, 0, &c.month) ||
        !take_number(&rest, 2, 'T', &c.day) || !take_number(&rest, 2, 0, &c.hour) ||
        !take_number(&rest, 2, 0, &c.minute) || !take_number(&rest, 2, '.', &c.second) ||
        !take_number(&rest, 3, 'Z', &ms))
        return false;
    if (*rest == '-')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, ".mp4") != 0)
        return false;
    c.nanosecond = ms * 1000000;
    return tc_civil_to_ns(&c, &ret->ns) == TC_OK;
}

const char *archive_hold_dir(uint64_t incident, char *out)
{
    (void)snprintf(out, ARCHIVE_PATH_BYTES, "holds/%llu", (unsigned long long)incident);
    return out;
}

const char *archive_hold_path(uint64_t incident, const char *path, char *out)
{
    const char *name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    (void)snprintf(out, ARCHIVE_PATH_BYTES, "holds/%llu/%.*s-%.*s", (unsigned long long)incident,
                   (int)strcspn(path, "/"), path, 40, name);
    return out;
}
