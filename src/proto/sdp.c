/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sdp.h"

#include <string.h>

/* ---- media sections ---- */

/* RFC 3551, as far as cameras use it. */
static const struct {
    uint8_t payload_type;
    uint32_t clock_hz;
    const char *encoding;
} static_types[] = {
    {0, 8000, "PCMU"},   {8, 8000, "PCMA"},  {14, 90000, "MPA"},
    {26, 90000, "JPEG"}, {32, 90000, "MPV"},
};

static struct sdp_format *find_format(struct sdp_media *media, uint8_t payload_type)
{
    for (size_t i = 0; i < media->format_count; i++)
        if (media->formats[i].payload_type == payload_type)
            return &media->formats[i];
    return NULL;
}

static void add_format(struct sdp_media *media, uint8_t payload_type)
{
    if (media->format_count == SDP_FORMATS_MAX || find_format(media, payload_type) != NULL)
        return;
    struct sdp_format *format = &media->formats[media->format_count++];
    *format = (struct sdp_format){.payload_type = payload_type};
    for (size_t i = 0; i < sizeof static_types / sizeof static_types[0]; i++)
        if (static_types[i].payload_type == payload_type) {
            format->encoding = tc_slice_str(static_types[i].encoding);
            format->clock_hz = static_types[i].clock_hz;
        }
}

static bool is_word(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] | 0x20) < 'a' || (s.ptr[i] | 0x20) > 'z')
            return false;
    return s.len > 0;
}

/* "video 0 RTP/AVP 96 97". */
static void parse_media(struct tc_slice value, struct sdp_media *media)
{
    struct tc_slice rest = value;
    struct tc_slice kind = tc_slice_split(&rest, ' ');
    media->kind = is_word(kind) ? kind : tc_slice(NULL, 0);
    (void)tc_slice_split(&rest, ' '); /* port */
    (void)tc_slice_split(&rest, ' '); /* protocol */
    while (rest.ptr != NULL) {
        uint64_t type = 0;
        if (tc_slice_u64(tc_slice_trim(tc_slice_split(&rest, ' ')), 127, &type) == TC_OK)
            add_format(media, (uint8_t)type);
    }
}

/* ---- attributes ---- */

/* Takes "96 " off the front. */
static bool take_payload_type(struct tc_slice *rest, uint8_t *ret)
{
    uint64_t type = 0;
    *rest = tc_slice_trim(*rest);
    if (tc_slice_u64(tc_slice_split(rest, ' '), 127, &type) != TC_OK)
        return false;
    *rest = tc_slice_trim(*rest);
    *ret = (uint8_t)type;
    return true;
}

static void parse_rtpmap(struct tc_slice value, struct sdp_media *media)
{
    uint8_t type = 0;
    uint64_t clock_hz = 0;
    if (!take_payload_type(&value, &type))
        return;
    add_format(media, type); /* an m= line that does not list it */
    struct sdp_format *format = find_format(media, type);
    struct tc_slice encoding = tc_slice_trim(tc_slice_split(&value, '/'));
    struct tc_slice clock = tc_slice_trim(tc_slice_split(&value, '/'));
    if (format == NULL || encoding.len == 0)
        return;
    format->encoding = encoding;
    if (tc_slice_u64(clock, 1000000, &clock_hz) == TC_OK)
        format->clock_hz = (uint32_t)clock_hz;
}

/* Fmtps whose payload type the sections so far do not have; they may belong to a later one. */
struct strays {
    struct tc_slice values[SDP_MEDIA_MAX];
    size_t count;
};

static bool give_fmtp(struct sdp_media *media, struct tc_slice value)
{
    uint8_t type = 0;
    struct tc_slice rest = value;
    if (!take_payload_type(&rest, &type))
        return true; /* unreadable: nobody wants it */
    struct sdp_format *format = find_format(media, type);
    if (format == NULL)
        return false;
    if (format->fmtp.len == 0)
        format->fmtp = rest;
    return true;
}

static void give_strays(struct sdp *sdp, const struct strays *strays)
{
    for (size_t i = 0; i < strays->count; i++)
        for (size_t m = 0; m < sdp->media_count; m++)
            if (give_fmtp(&sdp->media[m], strays->values[i]))
                break;
}

static void parse_attribute(struct tc_slice value, struct sdp *sdp, struct sdp_media *media,
                            struct strays *strays)
{
    size_t colon = tc_slice_find_byte(value, ':');
    struct tc_slice name = tc_slice_trim(tc_slice_sub(value, 0, colon));
    struct tc_slice rest = tc_slice_trim(tc_slice_sub(value, colon + 1, value.len));
    if (tc_slice_eq_nocase(name, tc_slice_str("control"))) {
        *(media != NULL ? &media->control : &sdp->control) = rest;
    } else if (media == NULL) {
        return;
    } else if (tc_slice_eq_nocase(name, tc_slice_str("rtpmap"))) {
        parse_rtpmap(rest, media);
    } else if (tc_slice_eq_nocase(name, tc_slice_str("sendonly"))) {
        /* on video some makers mean "I send this", as the RFC would have it */
        media->backchannel = tc_slice_eq_nocase(media->kind, tc_slice_str("audio"));
    } else if (tc_slice_eq_nocase(name, tc_slice_str("fmtp"))) {
        if (!give_fmtp(media, rest) && strays->count < SDP_MEDIA_MAX)
            strays->values[strays->count++] = rest;
    }
}

enum tc_err sdp_parse(struct tc_slice text, struct sdp *ret, struct tc_errinfo *info)
{
    struct sdp sdp = {0};
    struct sdp_media left_out = {0};
    struct sdp_media *media = NULL;
    struct strays strays = {0};
    while (text.ptr != NULL) {
        struct tc_slice line = tc_slice_trim(tc_slice_split(&text, '\n'));
        if (line.len < 2 || line.ptr[1] != '=')
            continue;
        struct tc_slice value = tc_slice_trim(tc_slice_sub(line, 2, line.len));
        if (line.ptr[0] == 'm') {
            left_out = (struct sdp_media){0};
            media = sdp.media_count < SDP_MEDIA_MAX ? &sdp.media[sdp.media_count++] : &left_out;
            parse_media(value, media);
        } else if (line.ptr[0] == 's' && sdp.name.len == 0) {
            sdp.name = value;
        } else if (line.ptr[0] == 'a') {
            parse_attribute(value, &sdp, media, &strays);
        }
    }
    if (sdp.media_count == 0)
        return tc_fail(info, TC_E_FORMAT, "the description has no media section");
    give_strays(&sdp, &strays);
    *ret = sdp;
    return TC_OK;
}

bool sdp_find(const struct sdp *sdp, const char *encoding, const struct sdp_media **ret_media,
              const struct sdp_format **ret_format)
{
    struct tc_slice wanted = tc_slice_str(encoding);
    for (size_t m = 0; m < sdp->media_count; m++) {
        const struct sdp_media *media = &sdp->media[m];
        for (size_t f = 0; f < media->format_count && !media->backchannel; f++)
            if (tc_slice_eq_nocase(media->formats[f].encoding, wanted)) {
                *ret_media = media;
                *ret_format = &media->formats[f];
                return true;
            }
    }
    return false;
}

struct tc_slice sdp_fmtp_param(struct tc_slice fmtp, const char *name)
{
    while (fmtp.ptr != NULL) {
        struct tc_slice param = tc_slice_trim(tc_slice_split(&fmtp, ';'));
        size_t equals = tc_slice_find_byte(param, '=');
        if (equals < param.len &&
            tc_slice_eq_nocase(tc_slice_trim(tc_slice_sub(param, 0, equals)), tc_slice_str(name)))
            return tc_slice_trim(tc_slice_sub(param, equals + 1, param.len));
    }
    return tc_slice(NULL, 0);
}

/* ---- sprop-parameter-sets ---- */

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Up to the first '='. Returns the number of bytes, 0 when it is no base64 or does not fit. */
static size_t base64_decode(struct tc_slice text, uint8_t *out, size_t size)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        int value = base64_value(text.ptr[i]);
        if (value < 0)
            return 0;
        bits = (bits << 6 | (uint32_t)value) & 0xffffff;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (len == size)
            return 0;
        out[len++] = (uint8_t)(bits >> have);
    }
    return len;
}

static struct tc_slice drop_start_code(struct tc_slice nal)
{
    size_t zeros = 0;
    while (zeros < nal.len && nal.ptr[zeros] == 0)
        zeros++;
    if (zeros >= 2 && zeros < nal.len && nal.ptr[zeros] == 1)
        return tc_slice_sub(nal, zeros + 1, nal.len);
    return nal;
}

void sdp_h264_params(struct tc_slice fmtp, struct sdp_h264 *ret)
{
    enum { NAL_SPS = 7, NAL_PPS = 8 };
    *ret = (struct sdp_h264){0};
    struct tc_slice list = sdp_fmtp_param(fmtp, "sprop-parameter-sets");
    while (list.ptr != NULL) {
        uint8_t bytes[SDP_PARAM_BYTES_MAX];
        size_t len = base64_decode(tc_slice_trim(tc_slice_split(&list, ',')), bytes, sizeof bytes);
        struct tc_slice nal = drop_start_code(tc_slice(bytes, len));
        if (nal.len < 2)
            continue;
        unsigned type = nal.ptr[0] & 31;
        if (type == NAL_SPS && ret->sps_bytes == 0) {
            memcpy(ret->sps, nal.ptr, nal.len);
            ret->sps_bytes = nal.len;
        } else if (type == NAL_PPS && ret->pps_bytes == 0) {
            memcpy(ret->pps, nal.ptr, nal.len);
            ret->pps_bytes = nal.len;
        }
    }
}
