/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's text as lines and characters: finding a line, and drawing it on a terminal
 * with a caret that stands under the right character, whatever tabs, accents and wide characters
 * come before it.
 *
 * A line ends at LF, CR, CR LF, NEL (U+0085), LS (U+2028) or PS (U+2029), as libyaml counts lines.
 */
#pragma once

#include "config/report.h"

/* Line number LINE (1..) without its break; empty behind the last. */
struct tc_slice config_source_line(struct tc_slice source, uint32_t line);
/* The byte position, counted from 1, of character COLUMN in LINE_TEXT; its length + 1 at most. */
size_t config_source_byte_column(struct tc_slice line_text, uint32_t column);

/* The text is UTF-8 without control characters and without marks that reorder text on a screen:
 * reports the first fault and returns false, or true. */
bool config_source_check(struct tc_slice source, struct config_report *report);

struct config_drawing {
    struct tc_buf line; /* the line as shown: tabs expanded, secrets as ***, long lines cut around
                           the caret */
    size_t caret_at;    /* cells before the caret */
    size_t caret_cells; /* 1.. */
};
void config_source_draw(struct tc_slice source, const struct config_report *report,
                        struct config_place at, struct config_drawing *ret);
void config_drawing_done(struct config_drawing *d);
