/* SPDX-License-Identifier: Apache-2.0 */
#include "media/fmp4.h"

#include <stdio.h>

#include "base/check.h"

enum {
    TRACK_ID = 1,
    HEAD_FIXED_BYTES = 32 /* prft */ + 8 + 16 /* moof, mfhd */ + 8 + 20 + 20 /* traf, tfhd, tfdt */
                       + 20 /* trun without samples */ + 8 /* mdat */,
    SAMPLE_BYTES = 12,
    /* 8.16.5: the time is the wall clock's at capture */
    PRFT_CAPTURE_TIME = 24,
    TFHD_DEFAULT_BASE_IS_MOOF = 0x020000,
    TFHD_HAS_ENTRY = 0x000002,
    TRUN_FIELDS =
        0x000001 | 0x000100 | 0x000200 | 0x000400, /* offset; duration, size, flags each */
    TKHD_ENABLED_IN_MOVIE = 0x000003,
    URL_IN_THIS_FILE = 0x000001,
};
/* 8.8.3.1: depends on no other; or depends on others and is no sync sample */
#define SAMPLE_IS_KEY     UINT32_C(0x02000000)
#define SAMPLE_IS_NOT_KEY UINT32_C(0x01010000)
#define UNIX_TO_1904_S    INT64_C(2082844800)
#define UNIX_TO_NTP_S     INT64_C(2208988800)

/* 1 tick is 100000 / 9 ns. In two parts, so that no time overflows. */
int64_t fmp4_ticks(int64_t ns)
{
    int64_t rest = ns % 100000 * 9 + (ns < 0 ? -50000 : 50000);
    return ns / 100000 * 9 + rest / 100000;
}

int64_t fmp4_ns(int64_t ticks)
{
    int64_t rest = ticks % 9 * 100000 + (ticks < 0 ? -4 : 4);
    return ticks / 9 * 100000 + rest / 9;
}

static size_t box_open(struct tc_buf *b, const char *type)
{
    size_t at = b->len;
    tc_buf_add_be32(b, 0);
    tc_buf_add(b, type, 4);
    return at;
}

static size_t full_box_open(struct tc_buf *b, const char *type, uint8_t version, uint32_t flags)
{
    size_t at = box_open(b, type);
    tc_buf_add_u8(b, version);
    tc_buf_add_be24(b, flags);
    return at;
}

static void box_close(struct tc_buf *b, size_t at)
{
    tc_buf_set_be32(b, at, (uint32_t)(b->len - at));
}

static void add_zeros(struct tc_buf *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tc_buf_add_u8(b, 0);
}

/* The unity matrix of mvhd and tkhd: 16.16 fixed point, the last of the row 2.30. */
static void add_matrix(struct tc_buf *b)
{
    static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < TC_COUNT(unity); i++)
        tc_buf_add_be32(b, unity[i]);
}

static void add_ftyp(struct tc_buf *b)
{
    size_t at = box_open(b, "ftyp");
    tc_buf_add_str(b, "iso6");
    tc_buf_add_be32(b, 512);
    tc_buf_add_str(b, "iso6isommp41avc1");
    box_close(b, at);
}

static void add_mvhd(struct tc_buf *b, uint64_t created_s)
{
    size_t at = full_box_open(b, "mvhd", 1, 0);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be32(b, FMP4_TIMESCALE);
    tc_buf_add_be64(b, 0);
    tc_buf_add_be32(b, 0x10000); /* rate */
    tc_buf_add_be16(b, 0x100);   /* volume */
    add_zeros(b, 10);
    add_matrix(b);
    add_zeros(b, 24);
    tc_buf_add_be32(b, TRACK_ID + 1);
    box_close(b, at);
}

static void add_tkhd(struct tc_buf *b, uint64_t created_s, const struct avc_size *size)
{
    size_t at = full_box_open(b, "tkhd", 1, TKHD_ENABLED_IN_MOVIE);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be32(b, TRACK_ID);
    tc_buf_add_be32(b, 0);
    tc_buf_add_be64(b, 0);
    add_zeros(b, 16); /* reserved, layer, group, volume */
    add_matrix(b);
    tc_buf_add_be32(b, (uint32_t)size->width << 16);
    tc_buf_add_be32(b, (uint32_t)size->height << 16);
    box_close(b, at);
}

static void add_mdhd(struct tc_buf *b, uint64_t created_s)
{
    size_t at = full_box_open(b, "mdhd", 1, 0);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be64(b, created_s);
    tc_buf_add_be32(b, FMP4_TIMESCALE);
    tc_buf_add_be64(b, 0);
    tc_buf_add_be16(b, 0x55c4); /* language "und" */
    tc_buf_add_be16(b, 0);
    box_close(b, at);
}

static void add_hdlr(struct tc_buf *b)
{
    size_t at = full_box_open(b, "hdlr", 0, 0);
    tc_buf_add_be32(b, 0);
    tc_buf_add_str(b, "vide");
    add_zeros(b, 12);
    tc_buf_add(b, "video", sizeof "video");
    box_close(b, at);
}

static void add_dinf(struct tc_buf *b)
{
    size_t dinf = box_open(b, "dinf");
    size_t dref = full_box_open(b, "dref", 0, 0);
    tc_buf_add_be32(b, 1);
    size_t url = full_box_open(b, "url ", 0, URL_IN_THIS_FILE);
    box_close(b, url);
    box_close(b, dref);
    box_close(b, dinf);
}

static void add_avcc(struct tc_buf *b, const struct avc_params *params, const struct avc_size *size)
{
    size_t at = box_open(b, "avcC");
    tc_buf_add_u8(b, 1);
    tc_buf_add_u8(b, size->profile);
    tc_buf_add_u8(b, size->compat);
    tc_buf_add_u8(b, size->level);
    tc_buf_add_u8(b, 0xfc | 3); /* NAL lengths of 4 bytes */
    tc_buf_add_u8(b, 0xe0 | 1);
    tc_buf_add_be16(b, (uint16_t)params->sps.len);
    tc_buf_add_slice(b, params->sps);
    tc_buf_add_u8(b, 1);
    tc_buf_add_be16(b, (uint16_t)params->pps.len);
    tc_buf_add_slice(b, params->pps);
    if (size->profile == 100 || size->profile == 110 || size->profile == 122 ||
        size->profile == 144) {
        tc_buf_add_u8(b, 0xfc | size->chroma_format);
        tc_buf_add_u8(b, 0xf8 | size->depth_luma);
        tc_buf_add_u8(b, 0xf8 | size->depth_chroma);
        tc_buf_add_u8(b, 0);
    }
    box_close(b, at);
}

static void add_avc1(struct tc_buf *b, const struct avc_params *params, const struct avc_size *size)
{
    size_t at = box_open(b, "avc1");
    add_zeros(b, 6);
    tc_buf_add_be16(b, 1); /* data reference */
    add_zeros(b, 16);
    tc_buf_add_be16(b, size->width);
    tc_buf_add_be16(b, size->height);
    tc_buf_add_be32(b, 0x480000); /* 72 dots an inch, twice */
    tc_buf_add_be32(b, 0x480000);
    tc_buf_add_be32(b, 0);
    tc_buf_add_be16(b, 1); /* frames a sample */
    add_zeros(b, 32);      /* compressor's name */
    tc_buf_add_be16(b, 24);
    tc_buf_add_be16(b, 0xffff);
    add_avcc(b, params, size);
    box_close(b, at);
}

static enum tc_err add_stsd(struct tc_buf *b, const struct avc_params *entries, size_t count,
                            struct tc_errinfo *info)
{
    size_t at = full_box_open(b, "stsd", 0, 0);
    tc_buf_add_be32(b, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        struct avc_size size;
        TC_TRY(avc_size(entries[i].sps, &size, info));
        if (entries[i].pps.len == 0 || entries[i].pps.len > AVC_PARAMS_BYTES_MAX)
            return tc_fail(info, TC_E_LIMIT, "the H.264 PPS has %zu bytes", entries[i].pps.len);
        add_avc1(b, &entries[i], &size);
    }
    box_close(b, at);
    return TC_OK;
}

/* The sample tables that must be there and, in a fragmented file, are empty. */
static void add_empty_tables(struct tc_buf *b)
{
    static const char *const counted[] = {"stts", "stsc", "stco"};
    for (size_t i = 0; i < TC_COUNT(counted); i++) {
        size_t at = full_box_open(b, counted[i], 0, 0);
        tc_buf_add_be32(b, 0);
        box_close(b, at);
    }
    size_t stsz = full_box_open(b, "stsz", 0, 0);
    add_zeros(b, 8);
    box_close(b, stsz);
}

static enum tc_err add_minf(struct tc_buf *b, const struct avc_params *entries, size_t count,
                            struct tc_errinfo *info)
{
    size_t minf = box_open(b, "minf");
    size_t vmhd = full_box_open(b, "vmhd", 0, 1);
    add_zeros(b, 8);
    box_close(b, vmhd);
    add_dinf(b);
    size_t stbl = box_open(b, "stbl");
    TC_TRY(add_stsd(b, entries, count, info));
    add_empty_tables(b);
    box_close(b, stbl);
    box_close(b, minf);
    return TC_OK;
}

static void add_mvex(struct tc_buf *b)
{
    size_t mvex = box_open(b, "mvex");
    size_t trex = full_box_open(b, "trex", 0, 0);
    tc_buf_add_be32(b, TRACK_ID);
    tc_buf_add_be32(b, 1); /* sample entry, when a fragment names none */
    add_zeros(b, 12);
    box_close(b, trex);
    box_close(b, mvex);
}

enum tc_err fmp4_init(struct tc_buf *out, const struct avc_params *entries, size_t count,
                      struct tc_wall created, struct tc_errinfo *info)
{
    if (count < 1 || count > FMP4_ENTRIES_MAX)
        return tc_fail(info, TC_E_LIMIT, "%zu sets of stream parameters in one file", count);
    struct avc_size size;
    TC_TRY(avc_size(entries[0].sps, &size, info));
    uint64_t created_s = (uint64_t)(created.ns / TC_NS_PER_S + UNIX_TO_1904_S);
    add_ftyp(out);
    size_t moov = box_open(out, "moov");
    add_mvhd(out, created_s);
    size_t trak = box_open(out, "trak");
    add_tkhd(out, created_s, &size);
    size_t mdia = box_open(out, "mdia");
    add_mdhd(out, created_s);
    add_hdlr(out);
    TC_TRY(add_minf(out, entries, count, info));
    box_close(out, mdia);
    box_close(out, trak);
    add_mvex(out);
    box_close(out, moov);
    if (out->err != TC_OK)
        return tc_fail(info, out->err, "the MP4 header does not fit");
    return TC_OK;
}

size_t fmp4_head_bytes(size_t count)
{
    return HEAD_FIXED_BYTES + count * SAMPLE_BYTES;
}

/* 32.32 fixed point since 1900; wraps in 2036, which the reader knows. */
static uint64_t ntp_of(struct tc_wall t)
{
    uint64_t ns = (uint64_t)t.ns;
    uint64_t seconds = ns / (uint64_t)TC_NS_PER_S + (uint64_t)UNIX_TO_NTP_S;
    uint64_t part = ((ns % (uint64_t)TC_NS_PER_S << 32) + TC_NS_PER_S / 2) / (uint64_t)TC_NS_PER_S;
    return seconds << 32 | part;
}

static void add_prft(struct tc_buf *b, const struct fmp4_fragment *f)
{
    size_t at = full_box_open(b, "prft", 1, PRFT_CAPTURE_TIME);
    tc_buf_add_be32(b, TRACK_ID);
    tc_buf_add_be64(b, ntp_of(f->start));
    tc_buf_add_be64(b, f->at);
    box_close(b, at);
}

static void add_trun(struct tc_buf *b, const struct fmp4_fragment *f, size_t moof)
{
    size_t at = full_box_open(b, "trun", 0, TRUN_FIELDS);
    tc_buf_add_be32(b, (uint32_t)f->count);
    size_t after = at + 20 + f->count * SAMPLE_BYTES + 8;
    tc_buf_add_be32(b, (uint32_t)(after - moof));
    for (size_t i = 0; i < f->count; i++) {
        tc_buf_add_be32(b, f->samples[i].duration);
        tc_buf_add_be32(b, f->samples[i].size_bytes);
        tc_buf_add_be32(b, f->samples[i].key ? SAMPLE_IS_KEY : SAMPLE_IS_NOT_KEY);
    }
    box_close(b, at);
}

static void add_traf(struct tc_buf *b, const struct fmp4_fragment *f, size_t moof)
{
    size_t traf = box_open(b, "traf");
    size_t tfhd = full_box_open(b, "tfhd", 0, TFHD_DEFAULT_BASE_IS_MOOF | TFHD_HAS_ENTRY);
    tc_buf_add_be32(b, TRACK_ID);
    tc_buf_add_be32(b, f->entry);
    box_close(b, tfhd);
    size_t tfdt = full_box_open(b, "tfdt", 1, 0);
    tc_buf_add_be64(b, f->at);
    box_close(b, tfdt);
    add_trun(b, f, moof);
    box_close(b, traf);
}

enum tc_err fmp4_fragment_head(struct tc_buf *out, const struct fmp4_fragment *f)
{
    if (f->count < 1 || f->count > FMP4_SAMPLES_MAX)
        return TC_E_LIMIT;
    uint64_t payload = 0;
    for (size_t i = 0; i < f->count; i++)
        payload += f->samples[i].size_bytes;
    if (payload > FMP4_PAYLOAD_BYTES_MAX)
        return TC_E_LIMIT;
    size_t begin = out->len;
    add_prft(out, f);
    size_t moof = box_open(out, "moof");
    size_t mfhd = full_box_open(out, "mfhd", 0, 0);
    tc_buf_add_be32(out, f->sequence);
    box_close(out, mfhd);
    add_traf(out, f, moof);
    box_close(out, moof);
    tc_buf_add_be32(out, (uint32_t)payload + 8);
    tc_buf_add_str(out, "mdat");
    if (out->err == TC_OK)
        TC_ASSERT(out->len - begin == fmp4_head_bytes(f->count));
    return out->err;
}

const char *fmp4_codec(struct tc_slice sps, char *out)
{
    out[0] = 0;
    if (sps.len >= 4)
        (void)snprintf(out, FMP4_CODEC_TEXT_BYTES, "avc1.%02X%02X%02X", sps.ptr[1], sps.ptr[2],
                       sps.ptr[3]);
    return out;
}
