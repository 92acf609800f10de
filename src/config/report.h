/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong with a configuration, found in one pass: where, what, the nearest known
 * word, a fix. Kept as data so that the command line, the console and an editor show the same.
 *
 * Invariants: a place is inside the file (line 1.., column 1.. counted in characters) or line 0 for
 * the file as a whole; text holds no control character; what a secret's place covers is never
 * rendered. Limits: CONFIG_DIAGS_MAX are kept, all are counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { CONFIG_DIAGS_MAX = 500, CONFIG_MASKS_MAX = 512 };

/* From a character up to, not including, another. */
struct config_place {
    uint32_t line, column;
    uint32_t end_line, end_column;
};

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_diag {
    enum config_severity severity;
    const char *code; /* a stable word, "unknown-key"; static */
    struct config_place at;
    struct config_place
        other;      /* the first of two things that clash, or where it began; line 0: none */
    char path[160]; /* "cameras.gate.url", "" for the file */
    char text[256]; /* one sentence without its full stop */
    char near[72];  /* the known word that was probably meant, "" for none */
    char fix[256];  /* what to write instead, "" when text says it */
};

struct config_report {
    char file[256]; /* the name printed before every place */
    struct config_diag *diags;
    size_t diags_count;
    size_t errors;   /* all, also those beyond the limit */
    size_t warnings; /* the same */
    bool is_yaml;    /* the whole file could be read as YAML, so every secret's place is known */
    bool out_of_memory;
    struct config_place *masks; /* places of secrets: never shown */
    size_t masks_count;
    struct config_diag spare; /* taken by those that are only counted */
};

/* FILE: the name that findings carry, borrowed. */
void config_report_init(struct config_report *r, const char *file);
void config_report_done(struct config_report *r);

/* Adds a finding; never fails (beyond a limit it is counted only). Returned to have path, near, fix
 * and other filled in; borrowed until the next add. */
struct config_diag *config_report_add(struct config_report *r, enum config_severity severity,
                                      const char *code, struct config_place at, const char *fmt,
                                      ...) TC_PRINTF(5, 6);
/* Makes the renderers show *** for this place. */
void config_report_mask(struct config_report *r, struct config_place at);
/* By line and column; those without a place first. */
void config_report_sort(struct config_report *r);

/* For people: file:line:col, the source line, a caret under it, nearest word, fix. SOURCE is the
 * text that was read. Ends without the summary line. */
void config_report_text(const struct config_report *r, struct tc_slice source, struct tc_buf *out);
/* One JSON object: file, errors, warnings, diagnostics [{severity, code, line, column (characters),
 * column_bytes, end_line, end_column, path, message, near, fix, other}]. No source text. */
void config_report_json(const struct config_report *r, struct tc_slice source, struct tc_buf *out);
