/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/check.h"
#include "cli/options.h"

enum { WIDTH = 100, INDENT = 4, GAP_COLUMN = 26 };

/* TEXT wrapped at WIDTH, every line but the first indented by INDENT_BY; the first begins at
 * COLUMN. */
static void add_wrapped(struct tc_buf *out, const char *text, size_t column, size_t indent_by)
{
    struct tc_slice rest = tc_slice_str(text);
    bool fresh = true;
    while (rest.ptr != NULL) {
        struct tc_slice word = tc_slice_split(&rest, ' ');
        if (!fresh && column + 1 + word.len > WIDTH) {
            tc_buf_add_u8(out, '\n');
            for (size_t i = 0; i < indent_by; i++)
                tc_buf_add_u8(out, ' ');
            column = indent_by;
            fresh = true;
        }
        if (!fresh) {
            tc_buf_add_u8(out, ' ');
            column++;
        }
        tc_buf_add_slice(out, word);
        column += word.len;
        fresh = false;
    }
    tc_buf_add_u8(out, '\n');
}

/* "  LEFT      RIGHT", RIGHT wrapped in its column. */
static void add_row(struct tc_buf *out, const char *left, const char *right)
{
    size_t column = strlen(left) + 2;
    tc_buf_add_fmt(out, "  %s", left);
    if (column + 2 > GAP_COLUMN) {
        tc_buf_add_u8(out, '\n');
        column = 0;
    }
    for (; column < GAP_COLUMN; column++)
        tc_buf_add_u8(out, ' ');
    add_wrapped(out, right, GAP_COLUMN, GAP_COLUMN);
}

static void add_option(struct tc_buf *out, const struct cli_option *o)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf left;
    tc_buf_init(&left, 256);
    if (o->letter != 0)
        tc_buf_add_fmt(&left, "-%c, ", o->letter);
    tc_buf_add_fmt(&left, "--%s", o->name);
    if (o->value != NULL)
        tc_buf_add_fmt(&left, " %s", o->value);
    add_row(out, tc_buf_cstr(&left), o->help);
}

void cli_help_all(struct tc_buf *out)
{
    tc_buf_add_str(out,
                   "tocsin " TOCSIN_VERSION ": video surveillance and alarms as one platform\n\n"
                   "usage: tocsin VERB [ARGUMENT]... [OPTION]...\n\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        TC_CLEANUP(tc_buf_done) struct tc_buf left;
        tc_buf_init(&left, 256);
        tc_buf_add_str(&left, v->name);
        if (v->arguments[0] != 0)
            tc_buf_add_fmt(&left, " %s", v->arguments);
        if (!v->hidden)
            add_row(out, tc_buf_cstr(&left), v->summary);
    }
    tc_buf_add_u8(out, '\n');
    add_wrapped(
        out,
        "`tocsin help VERB` tells what a verb takes. Times are RFC 3339 (2026-11-22T12:05:09Z), "
        "@SECONDS since 1970, now, or -10m for ten minutes ago. Exits: 0 done, 1 a check failed or "
        "it could not be done, 2 bad usage.",
        0, 0);
}

static uint64_t options_of(const struct cli_verb *v)
{
    uint64_t bits = v->options | CLI_COMMON;
    for (size_t i = 0; i < v->subs_count; i++)
        bits |= v->subs[i].options;
    return bits;
}

static void add_usage(struct tc_buf *out, const struct cli_verb *v)
{
    const char *lead = "usage:";
    if (v->subs == NULL || v->sub_optional) {
        tc_buf_add_fmt(out, "%s tocsin %s%s%s [OPTION]...\n", lead, v->name,
                       v->arguments[0] == 0 ? "" : " ", v->arguments);
        lead = "      ";
    }
    for (size_t i = 0; i < v->subs_count; i++) {
        const struct cli_sub *s = &v->subs[i];
        tc_buf_add_fmt(out, "%s tocsin %s %s%s%s [OPTION]...\n", lead, v->name, s->name,
                       s->arguments[0] == 0 ? "" : " ", s->arguments);
        lead = "      ";
    }
    if (v->alias != NULL)
        tc_buf_add_fmt(out, "also spelt: tocsin %s\n", v->alias);
}

void cli_help_verb(enum cli_verb_id verb, struct tc_buf *out)
{
    const struct cli_verb *v = &cli_verbs[verb];
    tc_buf_add_fmt(out, "tocsin %s: %s\n\n", v->name, v->summary);
    add_usage(out, v);
    tc_buf_add_u8(out, '\n');
    for (size_t i = 0; i < v->subs_count; i++)
        add_row(out, v->subs[i].name, v->subs[i].summary);
    if (v->subs_count > 0)
        tc_buf_add_u8(out, '\n');
    if (v->text != NULL) {
        add_wrapped(out, v->text, 0, 0);
        tc_buf_add_u8(out, '\n');
    }
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((options_of(v) >> i & 1) != 0)
            add_option(out, &cli_options[i]);
    }
}
