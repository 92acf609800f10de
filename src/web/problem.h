/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as problem details (RFC 9457): {type,title,status,detail,field?}. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "web/conn.h"

/* Appends the JSON. FIELD and DETAIL may be NULL. */
void web_problem_json(struct tc_buf *out, unsigned status, const char *field, const char *detail);
/* Answers C with it. HEADERS: further lines with CRLF, or NULL. */
void web_problem(struct web_conn *c, unsigned status, const char *headers, const char *detail);
/* The problem that core wrote (JSON), or one of our own when it wrote none. */
void web_problem_from(struct web_conn *c, unsigned status, struct tc_slice json,
                      const char *detail);
void web_problem_field(struct web_conn *c, unsigned status, const char *field, const char *fmt, ...)
    TC_PRINTF(4, 5);
