/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"

/* Days since 1970-01-01 of a civil date, by the usual 400-year era arithmetic (March-based years).
 */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct tc_civil tc_civil_of(int64_t unix_ns)
{
    int64_t second = unix_ns / TC_NS_PER_S;
    int64_t rest_ns = unix_ns % TC_NS_PER_S;
    if (rest_ns < 0) {
        rest_ns += TC_NS_PER_S;
        second--;
    }
    int64_t days = second / 86400;
    int64_t of_day = second % 86400;
    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct tc_civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(of_day / 3600),
        .minute = (int)(of_day / 60 % 60),
        .second = (int)(of_day % 60),
        .nanosecond = (int32_t)rest_ns,
    };
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

enum tc_err tc_civil_to_ns(const struct tc_civil *c, int64_t *ret_ns)
{
    if (c->year < 1680 || c->year > 2260 || c->month < 1 || c->month > 12)
        return TC_E_RANGE;
    if (c->day < 1 || c->day > days_in_month(c->year, c->month))
        return TC_E_RANGE;
    if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59)
        return TC_E_RANGE;
    if (c->second < 0 || c->second > 60 || c->nanosecond < 0 || c->nanosecond >= TC_NS_PER_S)
        return TC_E_RANGE;
    int second = c->second == 60 ? 59 : c->second;
    int64_t seconds = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
                      c->minute * 60 + second;
    *ret_ns = seconds * TC_NS_PER_S + c->nanosecond;
    return TC_OK;
}

const char *tc_wall_format(struct tc_wall t, char *out)
{
    if (t.ns == 0) {
        out[0] = 0;
        return out;
    }
    struct tc_civil c = tc_civil_of(t.ns);
    (void)snprintf(out, TC_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year, c.month,
                   c.day, c.hour, c.minute, c.second, c.nanosecond / 1000);
    return out;
}

/* Reads exactly WIDTH digits at *AT. */
static enum tc_err digits(struct tc_slice text, size_t *at, size_t width, int *ret)
{
    uint64_t value = 0;
    if (text.len - *at < width)
        return TC_E_FORMAT;
    TC_TRY(tc_slice_u64(tc_slice_sub(text, *at, width), 9999, &value));
    *at += width;
    *ret = (int)value;
    return TC_OK;
}

static enum tc_err literal(struct tc_slice text, size_t *at, const char *one_of)
{
    if (*at >= text.len || strchr(one_of, text.ptr[*at]) == NULL || text.ptr[*at] == 0)
        return TC_E_FORMAT;
    (*at)++;
    return TC_OK;
}

static enum tc_err parse_fraction(struct tc_slice text, size_t *at, int32_t *ret_ns)
{
    int32_t scale = 100000000;
    int32_t ns = 0;
    size_t start = *at;
    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        ns += (text.ptr[*at] - '0') * scale;
        scale /= 10;
        (*at)++;
    }
    if (*at == start || *at - start > 9)
        return TC_E_FORMAT;
    *ret_ns = ns;
    return TC_OK;
}

static enum tc_err parse_offset(struct tc_slice text, size_t *at, int64_t *ret_ns)
{
    if (*at >= text.len)
        return TC_E_FORMAT;
    uint8_t sign = text.ptr[*at];
    (*at)++;
    if (sign == 'Z' || sign == 'z') {
        *ret_ns = 0;
        return TC_OK;
    }
    if (sign != '+' && sign != '-')
        return TC_E_FORMAT;
    int hours = 0;
    int minutes = 0;
    TC_TRY(digits(text, at, 2, &hours));
    TC_TRY(literal(text, at, ":"));
    TC_TRY(digits(text, at, 2, &minutes));
    if (hours > 23 || minutes > 59)
        return TC_E_RANGE;
    int64_t ns = (hours * 3600 + minutes * 60) * TC_NS_PER_S;
    *ret_ns = sign == '-' ? -ns : ns;
    return TC_OK;
}

enum tc_err tc_wall_parse(struct tc_slice text, struct tc_wall *ret)
{
    struct tc_civil c = {0};
    size_t at = 0;
    TC_TRY(digits(text, &at, 4, &c.year));
    TC_TRY(literal(text, &at, "-"));
    TC_TRY(digits(text, &at, 2, &c.month));
    TC_TRY(literal(text, &at, "-"));
    TC_TRY(digits(text, &at, 2, &c.day));
    TC_TRY(literal(text, &at, "Tt "));
    TC_TRY(digits(text, &at, 2, &c.hour));
    TC_TRY(literal(text, &at, ":"));
    TC_TRY(digits(text, &at, 2, &c.minute));
    TC_TRY(literal(text, &at, ":"));
    TC_TRY(digits(text, &at, 2, &c.second));
    if (at < text.len && text.ptr[at] == '.') {
        at++;
        TC_TRY(parse_fraction(text, &at, &c.nanosecond));
    }
    int64_t offset_ns = 0;
    TC_TRY(parse_offset(text, &at, &offset_ns));
    if (at != text.len)
        return TC_E_FORMAT;
    int64_t ns = 0;
    TC_TRY(tc_civil_to_ns(&c, &ns));
    ret->ns = ns - offset_ns;
    return TC_OK;
}

static const struct {
    const char *unit;
    int64_t ns;
} duration_units[] = {
    {"d", 86400 * TC_NS_PER_S}, {"h", 3600 * TC_NS_PER_S}, {"m", 60 * TC_NS_PER_S},
    {"s", TC_NS_PER_S},         {"ms", TC_NS_PER_MS},      {"us", TC_NS_PER_US},
};

enum tc_err tc_duration_parse(struct tc_slice text, int64_t *ret_ns)
{
    size_t digits_len = 0;
    while (digits_len < text.len && text.ptr[digits_len] >= '0' && text.ptr[digits_len] <= '9')
        digits_len++;
    uint64_t count = 0;
    TC_TRY(tc_slice_u64(tc_slice_sub(text, 0, digits_len), INT64_MAX, &count));
    struct tc_slice unit = tc_slice_trim(tc_slice_sub(text, digits_len, text.len));
    if (unit.len == 0 && count == 0) {
        *ret_ns = 0;
        return TC_OK;
    }
    for (size_t i = 0; i < TC_COUNT(duration_units); i++) {
        if (!tc_slice_is(unit, duration_units[i].unit))
            continue;
        if (count > (uint64_t)(INT64_MAX / duration_units[i].ns))
            return TC_E_RANGE;
        *ret_ns = (int64_t)count * duration_units[i].ns;
        return TC_OK;
    }
    return TC_E_FORMAT;
}

const char *tc_duration_format(int64_t ns, char *out)
{
    for (size_t i = 0; i < TC_COUNT(duration_units); i++) {
        if (ns != 0 && ns % duration_units[i].ns == 0) {
            (void)snprintf(out, TC_TIME_TEXT_BYTES, "%" PRId64 "%s", ns / duration_units[i].ns,
                           duration_units[i].unit);
            return out;
        }
    }
    (void)snprintf(out, TC_TIME_TEXT_BYTES, ns == 0 ? "0s" : "%" PRId64 "ns", ns);
    return out;
}
