/* SPDX-License-Identifier: Apache-2.0 */
#include "media/fmp4_read.h"

#include "base/rd.h"

enum { BOX_HEADER_BYTES = 8, PRFT_BYTES = 32, MDAT_HEADER_BYTES = 8, AVC1_FIXED_BYTES = 78 };
#define UNIX_TO_NTP_S     INT64_C(2208988800)
#define NTP_ERA_S         (INT64_C(1) << 32)
#define SAMPLE_IS_KEY     UINT32_C(0x02000000)
#define SAMPLE_IS_NOT_KEY UINT32_C(0x01010000)

static enum tc_err bad(struct tc_errinfo *info, size_t at, const char *what)
{
    return tc_fail_at(info, TC_E_FORMAT, (int64_t)at, "not an MP4 file of ours: %s", what);
}

/* The next box of any type: its body, and its four letters in *TYPE. Empty and R bad at the end. */
static struct tc_slice box_any(struct tc_rd *r, struct tc_slice *type)
{
    uint32_t size = tc_rd_be32(r);
    *type = tc_rd_take(r, 4);
    if (!tc_rd_ok(r) || size < BOX_HEADER_BYTES) {
        r->bad = true;
        return tc_slice(NULL, 0);
    }
    return tc_rd_take(r, size - BOX_HEADER_BYTES);
}

/* The next box, which must be of TYPE. */
static struct tc_slice box_take(struct tc_rd *r, const char *type)
{
    struct tc_slice got;
    struct tc_slice body = box_any(r, &got);
    if (tc_rd_ok(r) && !tc_slice_is(got, type))
        r->bad = true;
    return tc_rd_ok(r) ? body : tc_slice(NULL, 0);
}

/* The first box of TYPE inside IN, others walked over; R (to report with) goes bad when there is
 * none. */
static struct tc_slice box_find(struct tc_slice in, const char *type, bool *ok)
{
    struct tc_rd r = tc_rd(in);
    while (tc_rd_ok(&r) && tc_rd_left(&r) > 0) {
        struct tc_slice got;
        struct tc_slice body = box_any(&r, &got);
        if (tc_rd_ok(&r) && tc_slice_is(got, type))
            return body;
    }
    *ok = false;
    return tc_slice(NULL, 0);
}

static bool avcc_parse(struct tc_slice avcc, struct avc_params *ret)
{
    struct tc_rd r = tc_rd(avcc);
    uint8_t version = tc_rd_u8(&r);
    tc_rd_skip(&r, 3);
    uint8_t length_size = tc_rd_u8(&r);
    uint8_t sps_count = tc_rd_u8(&r);
    ret->sps = tc_rd_take(&r, tc_rd_be16(&r));
    uint8_t pps_count = tc_rd_u8(&r);
    ret->pps = tc_rd_take(&r, tc_rd_be16(&r));
    return tc_rd_ok(&r) && version == 1 && (length_size & 3) == 3 && (sps_count & 31) == 1 &&
           pps_count == 1 && ret->sps.len > 0 && ret->sps.len <= AVC_PARAMS_BYTES_MAX &&
           ret->pps.len > 0 && ret->pps.len <= AVC_PARAMS_BYTES_MAX;
}

static enum tc_err stsd_parse(struct tc_slice stsd, struct fmp4_init_info *ret,
                              struct tc_errinfo *info)
{
    struct tc_rd r = tc_rd(stsd);
    tc_rd_skip(&r, 4);
    uint32_t count = tc_rd_be32(&r);
    if (!tc_rd_ok(&r) || count < 1 || count > FMP4_ENTRIES_MAX)
        return bad(info, 0, "number of sample entries");
    for (uint32_t i = 0; i < count; i++) {
        struct tc_slice avc1 = box_take(&r, "avc1");
        if (!tc_rd_ok(&r) || avc1.len < AVC1_FIXED_BYTES)
            return bad(info, 0, "sample entry");
        bool found = true;
        struct tc_slice avcc =
            box_find(tc_slice_sub(avc1, AVC1_FIXED_BYTES, avc1.len), "avcC", &found);
        if (!found || !avcc_parse(avcc, &ret->entries[i]))
            return bad(info, 0, "avcC");
    }
    ret->count = count;
    return TC_OK;
}

enum tc_err fmp4_init_parse(struct tc_slice in, struct fmp4_init_info *ret, struct tc_errinfo *info)
{
    static const char *const path[] = {"trak", "mdia", "minf", "stbl", "stsd"};
    ret->count = 0;
    struct tc_rd r = tc_rd(in);
    (void)box_take(&r, "ftyp");
    struct tc_slice inner = box_take(&r, "moov");
    if (!tc_rd_ok(&r))
        return bad(info, r.at, "no ftyp and moov");
    bool found = true;
    for (size_t i = 0; i < sizeof path / sizeof path[0] && found; i++)
        inner = box_find(inner, path[i], &found);
    if (!found)
        return bad(info, 0, "moov without sample entries");
    return stsd_parse(inner, ret, info);
}

/* The era begins anew in 2036: a time whose top bit is clear lies after that. */
static struct tc_wall wall_of_ntp(uint64_t ntp)
{
    int64_t seconds = (int64_t)(ntp >> 32);
    if (seconds < INT64_C(1) << 31)
        seconds += NTP_ERA_S;
    uint64_t part = ((ntp & UINT32_MAX) * (uint64_t)TC_NS_PER_S + (UINT64_C(1) << 31)) >> 32;
    return (struct tc_wall){(seconds - UNIX_TO_NTP_S) * TC_NS_PER_S + (int64_t)part};
}

static enum tc_err prft_parse(struct tc_slice prft, struct fmp4_head *ret, struct tc_errinfo *info)
{
    struct tc_rd r = tc_rd(prft);
    uint8_t version = tc_rd_u8(&r);
    tc_rd_skip(&r, 3 + 4);
    ret->start = wall_of_ntp(tc_rd_be64(&r));
    ret->at = tc_rd_be64(&r);
    if (!tc_rd_end(&r) || version != 1 || ret->start.ns < 0)
        return bad(info, 0, "prft");
    return TC_OK;
}

static enum tc_err trun_parse(struct tc_slice trun, struct fmp4_head *ret,
                              struct fmp4_sample *samples, size_t max, struct tc_errinfo *info)
{
    struct tc_rd r = tc_rd(trun);
    uint32_t flags = tc_rd_be32(&r);
    ret->count = tc_rd_be32(&r);
    tc_rd_skip(&r, 4);
    if (!tc_rd_ok(&r) || flags != 0x701 || ret->count < 1 || ret->count > FMP4_SAMPLES_MAX)
        return bad(info, 0, "trun");
    if (tc_rd_left(&r) != (size_t)ret->count * 12)
        return bad(info, 0, "length of the sample table");
    if (samples != NULL && ret->count > max)
        return tc_fail(info, TC_E_LIMIT, "%u samples in a fragment, room for %zu", ret->count, max);
    uint64_t payload = 0;
    for (uint32_t i = 0; i < ret->count; i++) {
        struct fmp4_sample s;
        s.duration = tc_rd_be32(&r);
        s.size_bytes = tc_rd_be32(&r);
        uint32_t sample_flags = tc_rd_be32(&r);
        s.key = sample_flags == SAMPLE_IS_KEY;
        if (!s.key && sample_flags != SAMPLE_IS_NOT_KEY)
            return bad(info, 0, "sample flags");
        if (i == 0)
            ret->first_is_key = s.key;
        payload += s.size_bytes;
        ret->duration += s.duration;
        if (samples != NULL)
            samples[i] = s;
    }
    if (payload > FMP4_PAYLOAD_BYTES_MAX)
        return bad(info, 0, "too many bytes in a fragment");
    ret->payload_bytes = (uint32_t)payload;
    return TC_OK;
}

static enum tc_err moof_parse(struct tc_slice moof, struct fmp4_head *ret,
                              struct fmp4_sample *samples, size_t max, struct tc_errinfo *info)
{
    struct tc_rd r = tc_rd(moof);
    struct tc_rd mfhd = tc_rd(box_take(&r, "mfhd"));
    tc_rd_skip(&mfhd, 4);
    ret->sequence = tc_rd_be32(&mfhd);
    struct tc_rd traf = tc_rd(box_take(&r, "traf"));
    struct tc_rd tfhd = tc_rd(box_take(&traf, "tfhd"));
    uint32_t flags = tc_rd_be32(&tfhd);
    tc_rd_skip(&tfhd, 4);
    ret->entry = tc_rd_be32(&tfhd);
    struct tc_rd tfdt = tc_rd(box_take(&traf, "tfdt"));
    tc_rd_skip(&tfdt, 4);
    uint64_t at = tc_rd_be64(&tfdt);
    struct tc_slice trun = box_take(&traf, "trun");
    if (!tc_rd_end(&r) || !tc_rd_end(&mfhd) || !tc_rd_end(&traf) || !tc_rd_end(&tfhd) ||
        !tc_rd_end(&tfdt))
        return bad(info, 0, "moof");
    if (flags != 0x020002 || at != ret->at || at > INT64_MAX / 200000)
        return bad(info, 0, "tfhd or tfdt");
    if (ret->entry < 1 || ret->entry > FMP4_ENTRIES_MAX)
        return bad(info, 0, "number of the sample entry");
    return trun_parse(trun, ret, samples, max, info);
}

enum tc_err fmp4_head_parse(struct tc_slice in, struct fmp4_head *ret, struct fmp4_sample *samples,
                            size_t max, struct tc_errinfo *info)
{
    *ret = (struct fmp4_head){0};
    struct tc_rd r = tc_rd(in);
    struct tc_slice prft = box_take(&r, "prft");
    struct tc_slice moof = box_take(&r, "moof");
    uint32_t mdat_bytes = tc_rd_be32(&r);
    struct tc_slice mdat = tc_rd_take(&r, 4);
    if (!tc_rd_ok(&r) || !tc_slice_is(mdat, "mdat"))
        return bad(info, r.at, "no prft, moof and mdat");
    TC_TRY(prft_parse(prft, ret, info));
    TC_TRY(moof_parse(moof, ret, samples, max, info));
    if (mdat_bytes != ret->payload_bytes + MDAT_HEADER_BYTES)
        return bad(info, r.at, "the mdat's length");
    ret->head_bytes = r.at;
    return TC_OK;
}

/* Appends LEN bytes from w->at + OFFSET of the file to the walk's buffer. */
static enum tc_err walk_read(struct fmp4_walk *w, uint64_t offset, size_t len)
{
    uint64_t left = w->in.bytes - w->at;
    if (offset > left || len > left - offset)
        return TC_E_NOT_FOUND;
    uint8_t *to = tc_buf_reserve(&w->buf, len);
    if (to == NULL)
        return w->buf.err;
    TC_TRY(w->in.read(w->in.ctx, w->at + offset, to, len));
    w->buf.len += len;
    return TC_OK;
}

/* A box's length, from its first four bytes at OFFSET of the buffer. */
static uint32_t buffered_be32(const struct fmp4_walk *w, size_t offset)
{
    struct tc_rd r = tc_rd(tc_slice_sub(tc_buf_view(&w->buf), offset, 4));
    return tc_rd_be32(&r);
}

/* The longest head; an init is shorter. */
enum { WALK_BYTES_MAX = PRFT_BYTES + 200 + 12 * FMP4_SAMPLES_MAX };
_Static_assert((size_t)WALK_BYTES_MAX >= (size_t)FMP4_INIT_BYTES_MAX, "one buffer for both");

void fmp4_walk_init_at(struct fmp4_walk *w, struct fmp4_input in, uint64_t at)
{
    *w = (struct fmp4_walk){.in = in, .at = at};
    tc_buf_init(&w->buf, WALK_BYTES_MAX);
}

enum tc_err fmp4_walk_init(struct fmp4_walk *w, struct fmp4_input in, struct fmp4_init_info *ret,
                           struct tc_errinfo *info)
{
    fmp4_walk_init_at(w, in, 0);
    enum tc_err err = TC_OK;
    size_t len = 0;
    for (int box = 0; box < 2 && err == TC_OK; box++) {
        err = walk_read(w, len, BOX_HEADER_BYTES);
        uint32_t size = err == TC_OK ? buffered_be32(w, len) : BOX_HEADER_BYTES;
        if (size < BOX_HEADER_BYTES || size > FMP4_INIT_BYTES_MAX)
            return bad(info, len, "length of ftyp or moov");
        if (err == TC_OK)
            err = walk_read(w, len + BOX_HEADER_BYTES, size - BOX_HEADER_BYTES);
        len += size;
    }
    if (err == TC_E_NOT_FOUND || err == TC_E_LIMIT)
        return bad(info, len, "it ends before its first fragment");
    TC_TRY(err);
    TC_TRY(fmp4_init_parse(tc_buf_view(&w->buf), ret, info));
    w->at = len;
    return TC_OK;
}

void fmp4_walk_done(struct fmp4_walk *w)
{
    tc_buf_done(&w->buf);
}

/* Reads the head at w->at whole: prft and the moof's header first, which say how much follows. */
static enum tc_err walk_read_head(struct fmp4_walk *w)
{
    tc_buf_clear(&w->buf);
    TC_TRY(walk_read(w, 0, PRFT_BYTES + BOX_HEADER_BYTES));
    uint32_t moof_bytes = buffered_be32(w, PRFT_BYTES);
    if (moof_bytes < BOX_HEADER_BYTES ||
        moof_bytes > WALK_BYTES_MAX - PRFT_BYTES - MDAT_HEADER_BYTES)
        return TC_E_FORMAT;
    return walk_read(w, PRFT_BYTES + BOX_HEADER_BYTES,
                     moof_bytes - BOX_HEADER_BYTES + MDAT_HEADER_BYTES);
}

enum tc_err fmp4_walk_next(struct fmp4_walk *w, struct fmp4_head *ret, uint64_t *begin,
                           struct tc_errinfo *info)
{
    if (w->at >= w->in.bytes)
        return TC_E_NOT_FOUND;
    enum tc_err err = walk_read_head(w);
    if (err == TC_OK)
        err = fmp4_head_parse(tc_buf_view(&w->buf), ret, NULL, 0, info);
    if (err == TC_OK && ret->head_bytes + ret->payload_bytes > w->in.bytes - w->at)
        err = TC_E_NOT_FOUND;
    if (err == TC_E_NOT_FOUND || err == TC_E_FORMAT)
        return tc_fail_at(info, TC_E_NOT_FOUND, (int64_t)w->at,
                          "no whole fragment at byte %llu of %llu", (unsigned long long)w->at,
                          (unsigned long long)w->in.bytes);
    TC_TRY(err);
    *begin = w->at;
    w->at += ret->head_bytes + ret->payload_bytes;
    return TC_OK;
}
