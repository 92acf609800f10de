/* SPDX-License-Identifier: Apache-2.0 */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_report_init(struct config_report *r, const char *file)
{
    *r = (struct config_report){0};
    tc_slice_to_str_cut(tc_slice_str(file), r->file, sizeof r->file);
}

void config_report_done(struct config_report *r)
{
    free(r->diags);
    free(r->masks);
    *r = (struct config_report){0};
}

/* The array with room for one more at COUNT, or NULL. Grows by doubling from 16, counted from COUNT
 * alone. */
static void *with_room(void *array, size_t count, size_t size)
{
    if (count != 0 && (count < 16 || (count & (count - 1)) != 0))
        return array;
    return realloc(array, (count == 0 ? 16 : count * 2) * size);
}

static struct config_diag *next_diag(struct config_report *r)
{
    if (r->diags_count >= CONFIG_DIAGS_MAX)
        return &r->spare;
    struct config_diag *more = with_room(r->diags, r->diags_count, sizeof *r->diags);
    if (more == NULL) {
        r->out_of_memory = true;
        return &r->spare;
    }
    r->diags = more;
    return &r->diags[r->diags_count++];
}

struct config_diag *config_report_add(struct config_report *r, enum config_severity severity,
                                      const char *code, struct config_place at, const char *fmt,
                                      ...)
{
    struct config_diag *d = next_diag(r);
    *d = (struct config_diag){.severity = severity, .code = code, .at = at};
    if (severity == CONFIG_ERROR)
        r->errors++;
    else
        r->warnings++;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, args);
    va_end(args);
    for (char *c = d->text; *c != 0; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
    }
    return d;
}

void config_report_mask(struct config_report *r, struct config_place at)
{
    if (r->masks_count >= CONFIG_MASKS_MAX) {
        r->is_yaml = false; /* falls back to hiding whole lines that look like secrets */
        return;
    }
    struct config_place *more = with_room(r->masks, r->masks_count, sizeof *r->masks);
    if (more == NULL) {
        r->out_of_memory = true;
        return;
    }
    r->masks = more;
    r->masks[r->masks_count++] = at;
}

static int compare_diags(const void *a, const void *b)
{
    const struct config_diag *x = a;
    const struct config_diag *y = b;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    if (x->severity != y->severity)
        return x->severity < y->severity ? -1 : 1;
    return strcmp(x->text, y->text);
}

void config_report_sort(struct config_report *r)
{
    if (r->diags_count > 1)
        qsort(r->diags, r->diags_count, sizeof *r->diags, compare_diags);
}
