/* SPDX-License-Identifier: Apache-2.0 */
/* An append-only JSON writer over a tc_buf, for output that is made often. Commas are its business;
 * nesting is the caller's (asserted, at most 32 deep). Strings are escaped; bytes that are no UTF-8
 * become U+FFFD. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/time.h"

struct tc_json {
    struct tc_buf *out;
    uint32_t comma; /* bit n: level n already holds a member */
    unsigned depth;
    bool after_key;
};

static inline struct tc_json tc_json(struct tc_buf *out)
{
    return (struct tc_json){.out = out};
}

void tc_json_obj(struct tc_json *j);
void tc_json_obj_end(struct tc_json *j);
void tc_json_arr(struct tc_json *j);
void tc_json_arr_end(struct tc_json *j);
void tc_json_key(struct tc_json *j, const char *key);
void tc_json_str(struct tc_json *j, struct tc_slice s);
void tc_json_i64(struct tc_json *j, int64_t v);
void tc_json_u64(struct tc_json *j, uint64_t v);
void tc_json_bool(struct tc_json *j, bool v);
void tc_json_null(struct tc_json *j);
/* RFC 3339, or null when the time is 0. */
void tc_json_wall(struct tc_json *j, struct tc_wall t);
/* Bytes that are JSON already; trusted, not checked. */
void tc_json_raw(struct tc_json *j, struct tc_slice json);
/* Key and value in one. A NULL text becomes null. */
void tc_json_kv_str(struct tc_json *j, const char *key, const char *text);
void tc_json_kv_slice(struct tc_json *j, const char *key, struct tc_slice s);
void tc_json_kv_i64(struct tc_json *j, const char *key, int64_t v);
void tc_json_kv_u64(struct tc_json *j, const char *key, uint64_t v);
void tc_json_kv_bool(struct tc_json *j, const char *key, bool v);
void tc_json_kv_wall(struct tc_json *j, const char *key, struct tc_wall t);
