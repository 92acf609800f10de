/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/panel_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static struct tc_slice next_word(struct tc_slice *rest)
{
    *rest = tc_slice_trim(*rest);
    size_t len = tc_slice_find_byte(*rest, ' ');
    struct tc_slice word = tc_slice_sub(*rest, 0, len);
    *rest = tc_slice_trim(tc_slice_sub(*rest, len, rest->len));
    return word;
}

static bool is_sia_code(struct tc_slice w)
{
    return w.len == 2 && w.ptr[0] >= 'A' && w.ptr[0] <= 'Z' && w.ptr[1] >= 'A' && w.ptr[1] <= 'Z';
}

static bool is_cid_code(struct tc_slice w)
{
    if (w.len != 4 || (w.ptr[0] != '1' && w.ptr[0] != '3' && w.ptr[0] != '6'))
        return false;
    return is_digit(w.ptr[1]) && is_digit(w.ptr[2]) && is_digit(w.ptr[3]);
}

/* Brackets, carets and bars would end the field they stand in. */
static bool is_plain(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x20 || strchr("[]^|", s.ptr[i]) != NULL)
            return false;
    return true;
}

static enum tc_err parse_sia(struct tc_slice code, struct tc_slice rest, struct panel_step *ret,
                             struct tc_errinfo *info)
{
    struct tc_slice address = next_word(&rest);
    struct tc_slice area = next_word(&rest);
    if (!is_plain(address) || !is_plain(area) || !is_plain(rest))
        return tc_fail(info, TC_E_FORMAT, "[ ] ^ | cannot stand in an event");
    int n =
        snprintf(ret->data, sizeof ret->data, "N%s%.*s%s%.*s%.*s%s%.*s%s", area.len > 0 ? "ri" : "",
                 TC_FMT(area), area.len > 0 ? "/" : "", TC_FMT(code), TC_FMT(address),
                 rest.len > 0 ? "^" : "", TC_FMT(rest), rest.len > 0 ? "^" : "");
    if (n < 0 || (size_t)n >= sizeof ret->data)
        return tc_fail(info, TC_E_LIMIT, "an event of more than %d bytes", PANEL_DATA_BYTES);
    ret->kind = DC09_SIA_DCS;
    return TC_OK;
}

static enum tc_err parse_cid(struct tc_slice code, struct tc_slice rest, struct panel_step *ret,
                             struct tc_errinfo *info)
{
    struct tc_slice group = next_word(&rest);
    struct tc_slice zone = next_word(&rest);
    uint64_t v = 0;
    if (group.len != 2 || zone.len != 3 || rest.len > 0 ||
        tc_slice_hex(group, UINT8_MAX, &v) != TC_OK || tc_slice_hex(zone, UINT16_MAX, &v) != TC_OK)
        return tc_fail(info, TC_E_FORMAT,
                       "Contact ID is written \"1130 01 012\": event, group, zone");
    (void)snprintf(ret->data, sizeof ret->data, "%.*s %.*s %.*s", TC_FMT(code), TC_FMT(group),
                   TC_FMT(zone));
    ret->kind = DC09_ADM_CID;
    return TC_OK;
}

static enum tc_err parse_raw(struct tc_slice rest, struct panel_step *ret, struct tc_errinfo *info)
{
    if (tc_slice_find_byte(rest, ']') < rest.len)
        return tc_fail(info, TC_E_FORMAT, "] cannot stand in the data");
    if (tc_slice_to_str(rest, ret->data, sizeof ret->data) != TC_OK)
        return tc_fail(info, TC_E_LIMIT, "data of more than %d bytes", PANEL_DATA_BYTES);
    ret->kind = DC09_SIA_DCS;
    return TC_OK;
}

enum tc_err panel_step_parse(struct tc_slice text, struct panel_step *ret, struct tc_errinfo *info)
{
    struct tc_slice rest = text;
    struct tc_slice word = next_word(&rest);
    *ret = (struct panel_step){.kind = DC09_OTHER};
    if (tc_slice_is(word, "wait")) {
        if (tc_duration_parse(rest, &ret->wait_ns) == TC_OK)
            return TC_OK;
        return tc_fail(info, TC_E_FORMAT, "\"%.*s\": a pause is written \"wait 5s\"", TC_FMT(text));
    }
    if (tc_slice_is(word, "null")) {
        ret->kind = DC09_NULL_;
        return TC_OK;
    }
    if (tc_slice_is(word, "raw"))
        return parse_raw(rest, ret, info);
    if (tc_slice_is(word, "cid"))
        word = next_word(&rest);
    if (is_sia_code(word))
        return parse_sia(word, rest, ret, info);
    if (is_cid_code(word))
        return parse_cid(word, rest, ret, info);
    return tc_fail(
        info, TC_E_FORMAT,
        "\"%.*s\" is no event: write \"BA 12\", \"1130 01 012\", \"null\" or \"wait 5s\"",
        TC_FMT(text));
}

enum tc_err panel_account(const char *base, unsigned index, char *out)
{
    struct tc_slice text = tc_slice_str(base);
    uint64_t first = 0;
    bool decimal = tc_slice_u64(text, UINT64_MAX - index, &first) == TC_OK;
    if (text.len < 3 || text.len > DC09_ACCOUNT_BYTES_MAX ||
        (!decimal && tc_slice_hex(text, UINT64_MAX, &first) != TC_OK))
        return TC_E_FORMAT;
    if (!decimal && first > UINT64_MAX - index)
        return TC_E_RANGE;
    char wide[32];
    int n = snprintf(wide, sizeof wide, decimal ? "%0*" PRIu64 : "%0*" PRIX64, (int)text.len,
                     first + index);
    if (n < 0 || (size_t)n > text.len)
        return TC_E_RANGE;
    memcpy(out, wide, (size_t)n + 1);
    return TC_OK;
}
