/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "config/report.h"
#include "config/source.h"

static const char *severity_name(enum config_severity severity)
{
    return severity == CONFIG_ERROR ? "error" : "warning";
}

static void add_repeated(struct tc_buf *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tc_buf_add_u8(out, (uint8_t)c);
}

static void add_source(const struct config_report *r, const struct config_diag *d,
                       struct tc_slice source, struct tc_buf *out)
{
    struct config_drawing drawing;
    config_source_draw(source, r, d->at, &drawing);
    tc_buf_add_fmt(out, "%5u | ", d->at.line);
    tc_buf_add_slice(out, tc_buf_view(&drawing.line));
    tc_buf_add_str(out, "\n      | ");
    add_repeated(out, ' ', drawing.caret_at);
    add_repeated(out, '^', drawing.caret_cells);
    tc_buf_add_u8(out, '\n');
    config_drawing_done(&drawing);
}

static void add_diag(const struct config_report *r, const struct config_diag *d,
                     struct tc_slice source, struct tc_buf *out)
{
    tc_buf_add_str(out, r->file);
    if (d->at.line > 0)
        tc_buf_add_fmt(out, ":%u:%u", d->at.line, d->at.column);
    tc_buf_add_fmt(out, ": %s: %s [%s]\n", severity_name(d->severity), d->text, d->code);
    if (d->at.line > 0)
        add_source(r, d, source, out);
    if (d->near[0] != 0)
        tc_buf_add_fmt(out, "      = near match: \"%s\"\n", d->near);
    if (d->other.line > 0)
        tc_buf_add_fmt(out, "      = see also: %s:%u:%u\n", r->file, d->other.line,
                       d->other.column);
    if (d->fix[0] != 0)
        tc_buf_add_fmt(out, "      = fix: %s\n", d->fix);
}

void config_report_text(const struct config_report *r, struct tc_slice source, struct tc_buf *out)
{
    for (size_t i = 0; i < r->diags_count; i++)
        add_diag(r, &r->diags[i], source, out);
    size_t rest = r->errors + r->warnings - r->diags_count;
    if (rest > 0)
        tc_buf_add_fmt(out, "%s: %zu more are not shown\n", r->file, rest);
}
