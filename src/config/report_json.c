/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "config/report.h"
#include "config/source.h"

static void add_place(struct tc_json *j, struct config_place at, struct tc_slice source)
{
    tc_json_kv_u64(j, "line", at.line);
    tc_json_kv_u64(j, "column", at.column);
    tc_json_kv_u64(j, "column_bytes",
                   config_source_byte_column(config_source_line(source, at.line), at.column));
    tc_json_kv_u64(j, "end_line", at.end_line);
    tc_json_kv_u64(j, "end_column", at.end_column);
}

static void add_diag(struct tc_json *j, const struct config_diag *d, struct tc_slice source)
{
    tc_json_obj(j);
    tc_json_kv_str(j, "severity", d->severity == CONFIG_ERROR ? "error" : "warning");
    tc_json_kv_str(j, "code", d->code);
    if (d->at.line > 0)
        add_place(j, d->at, source);
    tc_json_kv_str(j, "path", d->path);
    tc_json_kv_str(j, "message", d->text);
    tc_json_kv_str(j, "near", d->near[0] == 0 ? NULL : d->near);
    tc_json_kv_str(j, "fix", d->fix[0] == 0 ? NULL : d->fix);
    if (d->other.line > 0) {
        tc_json_key(j, "other");
        tc_json_obj(j);
        add_place(j, d->other, source);
        tc_json_obj_end(j);
    }
    tc_json_obj_end(j);
}

void config_report_json(const struct config_report *r, struct tc_slice source, struct tc_buf *out)
{
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "file", r->file);
    tc_json_kv_u64(&j, "errors", r->errors);
    tc_json_kv_u64(&j, "warnings", r->warnings);
    tc_json_key(&j, "diagnostics");
    tc_json_arr(&j);
    for (size_t i = 0; i < r->diags_count; i++)
        add_diag(&j, &r->diags[i], source);
    tc_json_arr_end(&j);
    tc_json_obj_end(&j);
}
