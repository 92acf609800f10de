/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as site.yaml: no crash, every reported place lies in the file, renderers stay bounded,
 * and what is accepted is a site that its own check accepts. Seeds: tests/golden/config/. */
#include <stdlib.h>

#include "base/check.h"
#include "config/config.h"
#include "config/source.h"

static void check_places(const struct config_report *r, struct tc_slice source)
{
    for (size_t i = 0; i < r->diags_count; i++) {
        struct config_place at = r->diags[i].at;
        if (at.line == 0)
            continue;
        struct tc_slice line = config_source_line(source, at.line);
        TC_ASSERT(at.column >= 1);
        TC_ASSERT(line.ptr != NULL || at.column == 1);
        TC_ASSERT(config_source_byte_column(line, at.column) <= line.len + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tc_slice source = tc_slice(data, size);
    struct config_report report;
    struct site site;
    enum tc_err err = config_load(source, "fuzz.yaml", &site, &report);
    TC_ASSERT((err == TC_OK) == (report.errors == 0));
    if (err == TC_OK) {
        TC_ASSERT(site_check(&site, NULL) == TC_OK);
        site_done(&site);
    }
    check_places(&report, source);
    struct tc_buf out;
    tc_buf_init(&out, 4 * 1024 * 1024);
    config_report_text(&report, source, &out);
    TC_ASSERT(out.err == TC_OK);
    TC_ASSERT(tc_slice_is_utf8(tc_buf_view(&out)));
    for (size_t i = 0; i < out.len; i++)
        TC_ASSERT(out.data[i] >= 32 || out.data[i] == '\n');
    tc_buf_clear(&out);
    config_report_json(&report, source, &out);
    TC_ASSERT(out.err == TC_OK);
    tc_buf_done(&out);
    config_report_done(&report);
    return 0;
}
