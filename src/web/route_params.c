/* SPDX-License-Identifier: Apache-2.0 */
/* A request's parameters and body against its row of the route table; see routes.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "base/time.h"
#include "runtime/messages.h"
#include "web/routes.h"

#define EPOCH_MAX_S UINT64_C(4102444800) /* the year 2100 */

static enum tc_err fault(struct web_param_fault *f, struct tc_slice field, const char *fmt, ...)
    TC_PRINTF(3, 4);

static enum tc_err fault(struct web_param_fault *f, struct tc_slice field, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    tc_slice_to_str_cut(field, f->field, sizeof f->field);
    return TC_E_FORMAT;
}

static bool is_id(struct tc_slice v)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return v.len > 0;
}

static bool is_word(struct tc_slice v, const char *words)
{
    struct tc_slice rest = tc_slice_str(words);
    while (rest.ptr != NULL)
        if (tc_slice_eq(tc_slice_split(&rest, '|'), v))
            return true;
    return false;
}

static bool is_time(struct tc_slice v)
{
    struct tc_wall t;
    uint64_t seconds;
    if (tc_slice_starts(v, "@"))
        return tc_slice_u64(tc_slice_sub(v, 1, v.len), EPOCH_MAX_S, &seconds) == TC_OK &&
               seconds > 0;
    return tc_wall_parse(v, &t) == TC_OK;
}

/* One value that came as text, in a path or a query. */
static enum tc_err check_text(const struct web_param *p, struct tc_slice v,
                              struct web_param_fault *f)
{
    struct tc_slice name = tc_slice_str(p->name);
    uint64_t number;
    switch (p->type) {
    case WEB_TYPE_NUMBER:
        if (tc_slice_u64(v, p->max, &number) == TC_OK && number >= p->min)
            return TC_OK;
        return fault(f, name, "must be a number from %" PRIu64 " to %" PRIu64, p->min, p->max);
    case WEB_TYPE_ID:
        if (is_id(v) && v.len <= p->max)
            return TC_OK;
        return fault(f, name, "must be letters, digits, '.', '_' or '-', at most %" PRIu64, p->max);
    case WEB_TYPE_TEXT:
        if (v.len >= p->min && v.len <= p->max)
            return TC_OK;
        return fault(f, name, "must be %" PRIu64 " to %" PRIu64 " bytes of text", p->min, p->max);
    case WEB_TYPE_TIME:
        return is_time(v) ? TC_OK : fault(f, name, "must be a time such as 2026-01-31T12:00:00Z");
    case WEB_TYPE_WORD:
        return is_word(v, p->words) ? TC_OK : fault(f, name, "must be one of %s", p->words);
    case WEB_TYPE_BOOL:
        return is_word(v, "0|1|true|false") ? TC_OK : fault(f, name, "must be 0 or 1");
    }
    return fault(f, name, "is of an unknown type");
}

static const struct web_param *find_param(const struct web_route *r, enum web_place place,
                                          struct tc_slice name, unsigned *ret_index)
{
    for (unsigned i = 0; r->params[i].name != NULL; i++) {
        if (r->params[i].place == place && tc_slice_is(name, r->params[i].name)) {
            *ret_index = i;
            return &r->params[i];
        }
    }
    return NULL;
}

/* "@1700000000" in the form that everybody else reads. */
static const char *written_out(struct tc_slice at_seconds, char *out)
{
    uint64_t seconds = 0;
    enum tc_err err =
        tc_slice_u64(tc_slice_sub(at_seconds, 1, at_seconds.len), EPOCH_MAX_S, &seconds);
    TC_ASSERT(err == TC_OK);
    return tc_wall_format((struct tc_wall){.ns = (int64_t)seconds * TC_NS_PER_S}, out);
}

static enum tc_err add_param(const struct web_param *p, struct tc_slice raw, bool plus,
                             struct tc_buf *tail, struct web_param_fault *f)
{
    char value[WEB_PARAM_BYTES_MAX];
    size_t len = 0;
    enum tc_err err = http_decode(raw, plus, value, sizeof value, &len);
    if (err != TC_OK)
        return fault(f, tc_slice_str(p->name),
                     err == TC_E_LIMIT ? "is too long" : "is badly encoded");
    TC_TRY(check_text(p, tc_slice(value, len), f));
    char time[TC_TIME_TEXT_BYTES];
    struct tc_slice checked = tc_slice(value, len);
    if (p->type == WEB_TYPE_TIME && value[0] == '@')
        checked = tc_slice_str(written_out(checked, time));
    msg_param_add(tail, tc_slice_str(p->name), checked);
    return TC_OK;
}

static enum tc_err path_params(const struct web_match *m, struct tc_buf *tail, uint32_t *count,
                               struct web_param_fault *f)
{
    struct tc_slice rest = tc_slice_str(m->route->path);
    unsigned at = 0, index;
    while (rest.ptr != NULL) {
        struct tc_slice piece = tc_slice_split(&rest, '/');
        if (piece.len == 0 || piece.ptr[0] != '{')
            continue;
        struct tc_slice name = tc_slice_sub(piece, 1, piece.len - 2);
        const struct web_param *p = find_param(m->route, WEB_IN_PATH, name, &index);
        TC_ASSERT(p != NULL);
        TC_TRY(add_param(p, m->path_values[at++], false, tail, f));
        ++*count;
    }
    return TC_OK;
}

enum tc_err web_route_params(const struct web_match *m, struct tc_slice query, struct tc_buf *tail,
                             uint32_t *ret_count, struct web_param_fault *f)
{
    uint32_t count = 0, seen = 0;
    unsigned index;
    struct tc_slice name, value;
    TC_TRY(path_params(m, tail, &count, f));
    while (http_query_next(&query, &name, &value)) {
        const struct web_param *p = find_param(m->route, WEB_IN_QUERY, name, &index);
        if (p == NULL)
            return fault(f, name, "is no parameter of this address");
        if (seen & 1u << index)
            return fault(f, name, "is given twice");
        seen |= 1u << index;
        TC_TRY(add_param(p, value, true, tail, f));
        count++;
    }
    for (unsigned i = 0; m->route->params[i].name != NULL; i++) {
        const struct web_param *p = &m->route->params[i];
        if (p->required && p->place == WEB_IN_QUERY && (seen & 1u << i) == 0)
            return fault(f, tc_slice_str(p->name), "is missing");
    }
    *ret_count = count;
    return tail->err;
}

static enum tc_err check_field(const struct web_param *p, const json_t *v,
                               struct web_param_fault *f)
{
    struct tc_slice name = tc_slice_str(p->name);
    if (p->type == WEB_TYPE_BOOL)
        return json_is_boolean(v) ? TC_OK : fault(f, name, "must be true or false");
    if (p->type == WEB_TYPE_NUMBER) {
        if (json_is_integer(v) && json_integer_value(v) >= 0 &&
            (uint64_t)json_integer_value(v) >= p->min && (uint64_t)json_integer_value(v) <= p->max)
            return TC_OK;
        return fault(f, name, "must be a number from %" PRIu64 " to %" PRIu64, p->min, p->max);
    }
    if (!json_is_string(v))
        return fault(f, name, "must be a string");
    return check_text(p, tc_slice(json_string_value(v), json_string_length(v)), f);
}

static enum tc_err check_object(const struct web_route *r, json_t *object,
                                struct web_param_fault *f)
{
    const char *key;
    json_t *value;
    unsigned index;
    json_object_foreach(object, key, value)
    {
        const struct web_param *p = find_param(r, WEB_IN_BODY, tc_slice_str(key), &index);
        if (p == NULL)
            return fault(f, tc_slice_str(key), "is no field of this request");
        if (json_is_null(value) && !p->required)
            continue;
        TC_TRY(check_field(p, value, f));
    }
    for (unsigned i = 0; r->params[i].name != NULL; i++) {
        const struct web_param *p = &r->params[i];
        if (p->place == WEB_IN_BODY && p->required && json_object_get(object, p->name) == NULL)
            return fault(f, tc_slice_str(p->name), "is missing");
    }
    return TC_OK;
}

enum tc_err web_route_body(const struct web_route *r, struct tc_slice body,
                           struct web_param_fault *f)
{
    json_error_t error;
    json_t *object = body.len == 0 ? json_object()
                                   : json_loadb((const char *)body.ptr, body.len,
                                                JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        return fault(f, tc_slice(NULL, 0), "the body is no JSON: %s", error.text);
    enum tc_err err = json_is_object(object)
                          ? check_object(r, object, f)
                          : fault(f, tc_slice(NULL, 0), "the body must be a JSON object");
    json_decref(object);
    return err;
}
