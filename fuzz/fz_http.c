/* SPDX-License-Identifier: Apache-2.0 */
/* Request heads, and every header field and target that web understands itself. */
#include <stdlib.h>

#include "base/check.h"
#include "proto/http.h"

static void check_inside(struct tc_slice whole, struct tc_slice part)
{
    TC_ASSERT(part.ptr == NULL ||
              (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_values(struct tc_slice in)
{
    uint64_t first = 0, last = 0;
    for (uint64_t total = 0; total <= 1000; total += 250) {
        if (http_range(in, total, &first, &last) == HTTP_RANGE_PART)
            TC_ASSERT(first <= last && last < total);
    }
    struct tc_slice value, name, rest = in;
    if (http_cookie(in, "tocsin_session", &value) == TC_OK)
        check_inside(in, value);
    while (http_query_next(&rest, &name, &value)) {
        char out[64];
        size_t len = 0;
        check_inside(in, name);
        check_inside(in, value);
        if (http_decode(value, true, out, sizeof out, &len) == TC_OK)
            TC_ASSERT(len <= sizeof out && len <= value.len);
    }
    (void)http_accepts_gzip(in);
    (void)http_list_has(in, "websocket");
    (void)http_etag_matches(in, tc_slice_str("\"a\""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tc_slice in = tc_slice(data, size);
    struct http_head h;
    unsigned status = 0;
    size_t len = http_head_length(in);
    TC_ASSERT(len <= size);
    if (len > 0) {
        struct tc_slice head = tc_slice_sub(in, 0, len);
        if (http_head_parse(head, &h, &status, NULL) == TC_OK) {
            TC_ASSERT(h.path.len > 0 && h.path.ptr[0] == '/' && h.header_count <= HTTP_HEADERS_MAX);
            check_inside(head, h.path);
            check_inside(head, h.query);
            check_inside(head, h.host);
            for (unsigned i = 0; i < h.header_count; i++) {
                check_inside(head, h.headers[i].name);
                check_inside(head, h.headers[i].value);
                check_values(h.headers[i].value);
            }
        } else {
            TC_ASSERT(status >= 400 && status <= 505);
        }
    }
    check_values(in);
    return 0;
}
