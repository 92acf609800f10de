/* SPDX-License-Identifier: Apache-2.0 */
#include "web/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/json_out.h"

enum { PROBLEM_BYTES_MAX = 4096, DETAIL_BYTES = 512 };

void web_problem_json(struct tc_buf *out, unsigned status, const char *field, const char *detail)
{
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "type", "about:blank");
    tc_json_kv_str(&j, "title", http_status_text(status));
    tc_json_kv_i64(&j, "status", status);
    if (detail != NULL)
        tc_json_kv_str(&j, "detail", detail);
    if (field != NULL)
        tc_json_kv_str(&j, "field", field);
    tc_json_obj_end(&j);
}

static void answer(struct web_conn *c, unsigned status, const char *headers, const char *field,
                   const char *detail)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, PROBLEM_BYTES_MAX);
    web_problem_json(&out, status, field, detail);
    web_reply(c,
              &(struct web_reply){
                  .status = status, .type = "application/problem+json", .headers = headers},
              tc_buf_view(&out));
}

void web_problem(struct web_conn *c, unsigned status, const char *headers, const char *detail)
{
    answer(c, status, headers, NULL, detail);
}

void web_problem_from(struct web_conn *c, unsigned status, struct tc_slice json, const char *detail)
{
    const char *wait = status == 503 || status == 429 ? "Retry-After: 5\r\n" : NULL;
    const struct web_reply r = {
        .status = status, .type = "application/problem+json", .headers = wait};
    if (json.len > 0)
        web_reply(c, &r, json);
    else
        answer(c, status, wait, NULL, detail);
}

void web_problem_field(struct web_conn *c, unsigned status, const char *field, const char *fmt, ...)
{
    char detail[DETAIL_BYTES];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    answer(c, status, NULL, field, detail);
}
