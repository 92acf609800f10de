/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"

#include <inttypes.h>

#include "base/check.h"

static void before_value(struct tc_json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return;
    }
    uint32_t bit = UINT32_C(1) << j->depth;
    if ((j->comma & bit) != 0)
        tc_buf_add_u8(j->out, ',');
    j->comma |= bit;
}

static void open_level(struct tc_json *j, uint8_t bracket)
{
    before_value(j);
    tc_buf_add_u8(j->out, bracket);
    j->depth++;
    TC_ASSERT(j->depth < 32);
    j->comma &= ~(UINT32_C(1) << j->depth);
}

static void close_level(struct tc_json *j, uint8_t bracket)
{
    TC_ASSERT(j->depth > 0);
    j->depth--;
    tc_buf_add_u8(j->out, bracket);
}

void tc_json_obj(struct tc_json *j)
{
    open_level(j, '{');
}

void tc_json_obj_end(struct tc_json *j)
{
    close_level(j, '}');
}

void tc_json_arr(struct tc_json *j)
{
    open_level(j, '[');
}

void tc_json_arr_end(struct tc_json *j)
{
    close_level(j, ']');
}

static void add_escaped_byte(struct tc_buf *out, uint8_t c)
{
    static const char *const shorts[32] = {['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",
                                           ['\f'] = "\\f", ['\r'] = "\\r"};
    if (c == '"' || c == '\\') {
        tc_buf_add_u8(out, '\\');
        tc_buf_add_u8(out, c);
    } else if (c < 32 && shorts[c] != NULL) {
        tc_buf_add_str(out, shorts[c]);
    } else {
        tc_buf_add_fmt(out, "\\u%04x", c);
    }
}

/* Length of the valid UTF-8 sequence at the front of S, or 0. */
static size_t utf8_front(struct tc_slice s)
{
    for (size_t len = 2; len <= 4 && len <= s.len; len++) {
        if (tc_slice_is_utf8(tc_slice_sub(s, 0, len)))
            return len;
    }
    return 0;
}

static void add_string(struct tc_buf *out, struct tc_slice s)
{
    tc_buf_add_u8(out, '"');
    size_t plain = 0;
    size_t i = 0;
    while (i < s.len) {
        uint8_t c = s.ptr[i];
        if (c >= 32 && c < 127 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t wide = c >= 128 ? utf8_front(tc_slice_sub(s, i, 4)) : 0;
        if (wide > 0) {
            i += wide;
            continue;
        }
        tc_buf_add(out, s.ptr + plain, i - plain);
        if (c >= 128)
            tc_buf_add_str(out, "\xEF\xBF\xBD");
        else
            add_escaped_byte(out, c);
        i++;
        plain = i;
    }
    if (s.len > plain)
        tc_buf_add(out, s.ptr + plain, s.len - plain);
    tc_buf_add_u8(out, '"');
}

void tc_json_key(struct tc_json *j, const char *key)
{
    before_value(j);
    add_string(j->out, tc_slice_str(key));
    tc_buf_add_u8(j->out, ':');
    j->after_key = true;
}

void tc_json_str(struct tc_json *j, struct tc_slice s)
{
    before_value(j);
    add_string(j->out, s);
}

void tc_json_i64(struct tc_json *j, int64_t v)
{
    before_value(j);
    tc_buf_add_fmt(j->out, "%" PRId64, v);
}

void tc_json_u64(struct tc_json *j, uint64_t v)
{
    before_value(j);
    tc_buf_add_fmt(j->out, "%" PRIu64, v);
}

void tc_json_bool(struct tc_json *j, bool v)
{
    before_value(j);
    tc_buf_add_str(j->out, v ? "true" : "false");
}

void tc_json_null(struct tc_json *j)
{
    before_value(j);
    tc_buf_add_str(j->out, "null");
}

void tc_json_wall(struct tc_json *j, struct tc_wall t)
{
    char text[TC_TIME_TEXT_BYTES];
    if (t.ns == 0)
        tc_json_null(j);
    else
        tc_json_str(j, tc_slice_str(tc_wall_format(t, text)));
}

void tc_json_raw(struct tc_json *j, struct tc_slice json)
{
    before_value(j);
    tc_buf_add_slice(j->out, json);
}

void tc_json_kv_str(struct tc_json *j, const char *key, const char *text)
{
    tc_json_key(j, key);
    if (text == NULL)
        tc_json_null(j);
    else
        tc_json_str(j, tc_slice_str(text));
}

void tc_json_kv_slice(struct tc_json *j, const char *key, struct tc_slice s)
{
    tc_json_key(j, key);
    tc_json_str(j, s);
}

void tc_json_kv_i64(struct tc_json *j, const char *key, int64_t v)
{
    tc_json_key(j, key);
    tc_json_i64(j, v);
}

void tc_json_kv_u64(struct tc_json *j, const char *key, uint64_t v)
{
    tc_json_key(j, key);
    tc_json_u64(j, v);
}

void tc_json_kv_bool(struct tc_json *j, const char *key, bool v)
{
    tc_json_key(j, key);
    tc_json_bool(j, v);
}

void tc_json_kv_wall(struct tc_json *j, const char *key, struct tc_wall t)
{
    tc_json_key(j, key);
    tc_json_wall(j, t);
}
