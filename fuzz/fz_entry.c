/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever decodes as an entry encodes to exactly the bytes it came from, and prints as JSON. */
#include "base/check.h"
#include "record/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_entry e;
    struct tc_errinfo info = {0};
    if (entry_decode(tc_slice(data, size), &e, &info) != TC_OK) {
        TC_ASSERT(info.err != TC_OK);
        return 0;
    }
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, ENTRY_BYTES_MAX);
    TC_ASSERT(entry_encode(&e, &b) == TC_OK);
    TC_ASSERT(tc_slice_eq(tc_buf_view(&b), tc_slice(data, size)));
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, (size_t)ENTRY_BYTES_MAX * 8);
    struct tc_json j = tc_json(&text);
    entry_to_json(&e, &j);
    TC_ASSERT(text.err == TC_OK);
    return 0;
}
