/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, troff with the man macros, from the table. No date: the page changes with the
 * table only. */
#include <string.h>

#include "cli/options.h"

/* TEXT with what troff would act on escaped; a "-" becomes one that can be copied. */
static void add_text(struct tc_buf *out, const char *text)
{
    bool line_start = true;
    for (const char *c = text; *c != 0; c++) {
        if (line_start && (*c == '.' || *c == '\''))
            tc_buf_add_str(out, "\\&");
        if (*c == '\\')
            tc_buf_add_str(out, "\\e");
        else if (*c == '-')
            tc_buf_add_str(out, "\\-");
        else
            tc_buf_add_u8(out, (uint8_t)*c);
        line_start = *c == '\n';
    }
}

static void add_option(struct tc_buf *out, const struct cli_option *o)
{
    tc_buf_add_str(out, ".TP\n");
    if (o->letter != 0)
        tc_buf_add_fmt(out, "\\fB\\-%c\\fR, ", o->letter);
    tc_buf_add_str(out, "\\fB\\-\\-");
    add_text(out, o->name);
    tc_buf_add_str(out, "\\fR");
    if (o->value != NULL)
        tc_buf_add_fmt(out, " \\fI%s\\fR", o->value);
    tc_buf_add_u8(out, '\n');
    add_text(out, o->help);
    tc_buf_add_u8(out, '\n');
}

static void add_names(struct tc_buf *out, uint64_t bits)
{
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        tc_buf_add_str(out, " [\\fB\\-\\-");
        add_text(out, cli_options[i].name);
        tc_buf_add_str(out, "\\fR");
        if (cli_options[i].value != NULL)
            tc_buf_add_fmt(out, " \\fI%s\\fR", cli_options[i].value);
        tc_buf_add_u8(out, ']');
    }
    tc_buf_add_u8(out, '\n');
}

static void add_head(struct tc_buf *out, const char *verb, const char *sub, const char *arguments)
{
    tc_buf_add_str(out, ".TP\n\\fB");
    add_text(out, verb);
    if (sub != NULL) {
        tc_buf_add_u8(out, ' ');
        add_text(out, sub);
    }
    tc_buf_add_str(out, "\\fR");
    if (arguments[0] != 0) {
        tc_buf_add_str(out, " \\fI");
        add_text(out, arguments);
        tc_buf_add_str(out, "\\fR");
    }
}

static void add_verb(struct tc_buf *out, const struct cli_verb *v)
{
    if (v->subs == NULL || v->sub_optional) {
        add_head(out, v->name, NULL, v->arguments);
        add_names(out, v->options);
        add_text(out, v->summary);
        tc_buf_add_str(out, ".\n");
    }
    for (size_t i = 0; i < v->subs_count; i++) {
        add_head(out, v->name, v->subs[i].name, v->subs[i].arguments);
        add_names(out, v->options | v->subs[i].options);
        add_text(out, v->subs[i].summary);
        tc_buf_add_str(out, ".\n");
    }
    if (v->alias != NULL)
        tc_buf_add_fmt(out, "Also spelt \\fB%s\\fR.\n", v->alias);
    if (v->text != NULL) {
        tc_buf_add_str(out, ".RS\n.PP\n");
        add_text(out, v->text);
        tc_buf_add_str(out, "\n.RE\n");
    }
}

static void add_options(struct tc_buf *out, uint64_t bits)
{
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((bits >> i & 1) != 0)
            add_option(out, &cli_options[i]);
    }
}

static const char page_end[] =
    ".SH TIMES\n"
    "RFC 3339 such as 2026\\-11\\-22T12:05:09Z, \\fB@\\fISECONDS\\fR since 1970, \\fBnow\\fR, or "
    "\\fB\\-10m\\fR for ten minutes ago (units ms, s, m, h, d).\n"
    ".SH EXIT STATUS\n"
    "0 when it was done, 1 when a check failed or it could not be done, 2 for bad usage.\n"
    ".SH FILES\n"
    ".TP\n\\fI/etc/tocsin/site.yaml\\fR, \\fI./site.yaml\\fR\nthe site's configuration\n"
    ".TP\n\\fI/var/lib/tocsin\\fR\nthe journal, the recordings' index, secrets, the local socket\n";

void cli_manual(struct tc_buf *out)
{
    tc_buf_add_str(
        out, ".\\\" Made by `tocsin man` from the table of verbs and options; not edited by hand.\n"
             ".TH TOCSIN 1 \"\" \"tocsin " TOCSIN_VERSION "\" \"User Commands\"\n"
             ".SH NAME\ntocsin \\- video surveillance and alarms as one platform\n"
             ".SH SYNOPSIS\n\\fBtocsin\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...\n"
             ".SH VERBS\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (!cli_verbs[i].hidden)
            add_verb(out, &cli_verbs[i]);
    }
    tc_buf_add_str(out, ".SH COMMON OPTIONS\n");
    add_options(out, CLI_COMMON);
    tc_buf_add_str(out, ".SH OPTIONS OF SOME VERBS\n");
    add_options(out, ~CLI_COMMON);
    tc_buf_add_str(out, page_end);
}
