/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/nearest.h"

enum cli_verb_id cli_verb_find(const char *name)
{
    for (unsigned i = 0; i < CLI_VERB_COUNT; i++) {
        const char *alias = cli_verbs[i].alias;
        if (strcmp(cli_verbs[i].name, name) == 0 || (alias != NULL && strcmp(alias, name) == 0))
            return (enum cli_verb_id)i;
    }
    return CLI_VERB_COUNT;
}

/* Which options may stand now: all, until the verb is known. */
static uint64_t allowed(const struct cli_args *a, bool has_verb)
{
    if (!has_verb)
        return UINT64_MAX;
    uint64_t bits = CLI_COMMON | cli_verbs[a->verb].options;
    return bits | (a->sub != NULL ? a->sub->options : 0);
}

struct parsing {
    int argc;
    const char *const *argv;
    int at;
    bool has_verb;
    bool no_more_options;
    struct cli_args *args;
    struct tc_errinfo *info;
};

static enum tc_err fail_option(const struct parsing *p, struct tc_slice name)
{
    const char *names[CLI_OPTION_COUNT];
    size_t count = 0;
    uint64_t may = allowed(p->args, p->has_verb);
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((may >> i & 1) != 0)
            names[count++] = cli_options[i].name;
    }
    const char *near = tc_nearest(name, names, count);
    if (near != NULL)
        return tc_fail(p->info, TC_E_UNKNOWN, "unknown option --%.*s; did you mean --%s?",
                       TC_FMT(name), near);
    return tc_fail(p->info, TC_E_UNKNOWN, "unknown option --%.*s", TC_FMT(name));
}

static enum tc_err set_option(struct parsing *p, size_t id, const char *value)
{
    p->args->values[id] = value;
    return TC_OK;
}

/* The value is the rest behind "=", or the next word. */
static enum tc_err take_value(struct parsing *p, size_t id, const char *inline_value)
{
    const struct cli_option *o = &cli_options[id];
    if (o->kind == CLI_FLAG) {
        if (inline_value != NULL)
            return tc_fail(p->info, TC_E_FORMAT, "--%s takes no value", o->name);
        return set_option(p, id, "");
    }
    if (inline_value != NULL)
        return set_option(p, id, inline_value);
    if (p->at + 1 >= p->argc)
        return tc_fail(p->info, TC_E_FORMAT, "--%s needs a value: --%s %s", o->name, o->name,
                       o->value);
    p->at++;
    return set_option(p, id, p->argv[p->at]);
}

static enum tc_err long_option(struct parsing *p, const char *text)
{
    const char *equals = strchr(text, '=');
    struct tc_slice name = tc_slice(text, equals == NULL ? strlen(text) : (size_t)(equals - text));
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if (tc_slice_is(name, cli_options[i].name))
            return take_value(p, i, equals == NULL ? NULL : equals + 1);
    }
    return fail_option(p, name);
}

/* "-c FILE" or "-cFILE"; letters that take nothing may stand together. */
static enum tc_err short_options(struct parsing *p, const char *letters)
{
    for (const char *c = letters; *c != 0; c++) {
        size_t id = 0;
        while (id < CLI_OPTION_COUNT && cli_options[id].letter != *c)
            id++;
        if (id == CLI_OPTION_COUNT)
            return tc_fail(p->info, TC_E_UNKNOWN, "unknown option -%c", *c);
        bool rest = cli_options[id].kind != CLI_FLAG && c[1] != 0;
        TC_TRY(take_value(p, id, rest ? c + 1 : NULL));
        if (rest || cli_options[id].kind != CLI_FLAG)
            return TC_OK;
    }
    return TC_OK;
}

static enum tc_err take_verb(struct parsing *p, const char *word)
{
    enum cli_verb_id verb = cli_verb_find(word);
    if (verb != CLI_VERB_COUNT) {
        p->args->verb = verb;
        p->has_verb = true;
        return TC_OK;
    }
    const char *names[CLI_VERB_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (!cli_verbs[i].hidden)
            names[count++] = cli_verbs[i].name;
    }
    const char *near = tc_nearest(tc_slice_str(word), names, count);
    if (near != NULL)
        return tc_fail(p->info, TC_E_UNKNOWN, "unknown verb \"%s\"; did you mean %s?", word, near);
    return tc_fail(p->info, TC_E_UNKNOWN, "unknown verb \"%s\"; `tocsin help` lists them", word);
}

/* True when WORD was taken as the verb's second word. */
static bool take_sub(struct parsing *p, const char *word)
{
    const struct cli_verb *v = &cli_verbs[p->args->verb];
    if (p->args->sub != NULL || p->args->arguments_count > 0)
        return false;
    for (size_t i = 0; i < v->subs_count; i++) {
        if (strcmp(v->subs[i].name, word) != 0)
            continue;
        p->args->sub = &v->subs[i];
        return true;
    }
    return false;
}

static enum tc_err fail_sub(const struct parsing *p, const char *word)
{
    const struct cli_verb *v = &cli_verbs[p->args->verb];
    const char *names[16];
    TC_ASSERT(v->subs_count <= TC_COUNT(names));
    char known[128] = "";
    for (size_t i = 0; i < v->subs_count; i++) {
        names[i] = v->subs[i].name;
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (word == NULL)
        return tc_fail(p->info, TC_E_FORMAT, "%s needs one of: %s", v->name, known);
    const char *near = tc_nearest(tc_slice_str(word), names, v->subs_count);
    if (near != NULL)
        return tc_fail(p->info, TC_E_UNKNOWN, "unknown word \"%s\" behind %s; did you mean %s?",
                       word, v->name, near);
    return tc_fail(p->info, TC_E_UNKNOWN, "unknown word \"%s\" behind %s; it takes one of: %s",
                   word, v->name, known);
}

static enum tc_err take_word(struct parsing *p, const char *word)
{
    if (!p->has_verb)
        return take_verb(p, word);
    if (take_sub(p, word))
        return TC_OK;
    const struct cli_verb *v = &cli_verbs[p->args->verb];
    if (v->subs != NULL && p->args->sub == NULL && !(v->sub_optional && v->max > 0))
        return fail_sub(p, word);
    if (p->args->arguments_count == CLI_ARGUMENTS_MAX)
        return tc_fail(p->info, TC_E_RANGE, "more than %d arguments", CLI_ARGUMENTS_MAX);
    p->args->arguments[p->args->arguments_count++] = word;
    return TC_OK;
}

static enum tc_err check_options(const struct parsing *p)
{
    uint64_t may = allowed(p->args, true);
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if (p->args->values[i] == NULL || (may >> i & 1) != 0)
            continue;
        return tc_fail(p->info, TC_E_UNKNOWN, "%s%s%s takes no --%s", cli_verbs[p->args->verb].name,
                       p->args->sub == NULL ? "" : " ",
                       p->args->sub == NULL ? "" : p->args->sub->name, cli_options[i].name);
    }
    return TC_OK;
}

static enum tc_err check_counts(const struct parsing *p)
{
    const struct cli_args *a = p->args;
    const struct cli_verb *v = &cli_verbs[a->verb];
    if (v->subs != NULL && a->sub == NULL && !v->sub_optional)
        return fail_sub(p, NULL);
    size_t min = a->sub == NULL ? v->min : a->sub->min;
    size_t max = a->sub == NULL ? v->max : a->sub->max;
    const char *takes = a->sub == NULL ? v->arguments : a->sub->arguments;
    const char *gap = a->sub == NULL ? "" : " ";
    const char *sub = a->sub == NULL ? "" : a->sub->name;
    if (a->arguments_count < min)
        return tc_fail(p->info, TC_E_FORMAT, "%s%s%s needs %s", v->name, gap, sub, takes);
    if (a->arguments_count > max)
        return tc_fail(p->info, TC_E_FORMAT, "\"%s\" is one word too many: tocsin %s%s%s %s",
                       a->arguments[max], v->name, gap, sub, takes);
    return TC_OK;
}

/* `tocsin secret --help` and `tocsin --help` become `tocsin help secret` and `tocsin help`. */
static void turn_into_help(struct parsing *p)
{
    const char *about = p->has_verb && p->args->verb != CLI_VERB_help
                            ? cli_verbs[p->args->verb].name
                            : p->args->arguments[0];
    *p->args = (struct cli_args){.verb = CLI_VERB_help};
    if (about != NULL) {
        p->args->arguments[0] = about;
        p->args->arguments_count = 1;
    }
}

static enum tc_err take_one(struct parsing *p)
{
    const char *word = p->argv[p->at];
    if (p->no_more_options || word[0] != '-' || word[1] == 0)
        return take_word(p, word);
    if (strcmp(word, "--") == 0) {
        p->no_more_options = true;
        return TC_OK;
    }
    if (strcmp(word, "--version") == 0 && !p->has_verb)
        return take_verb(p, "version");
    return word[1] == '-' ? long_option(p, word + 2) : short_options(p, word + 1);
}

enum tc_err cli_parse(int argc, const char *const *argv, struct cli_args *ret,
                      struct tc_errinfo *info)
{
    *ret = (struct cli_args){.verb = CLI_VERB_help};
    struct parsing p = {.argc = argc, .argv = argv, .args = ret, .info = info};
    for (p.at = 1; p.at < argc; p.at++)
        TC_TRY(take_one(&p));
    if (cli_given(ret, CLI_OPT_HELP) || !p.has_verb) {
        turn_into_help(&p);
        return TC_OK;
    }
    TC_TRY(check_options(&p));
    return check_counts(&p);
}

enum tc_err cli_number(const struct cli_args *a, enum cli_option_id id, uint64_t min, uint64_t max,
                       uint64_t *ret, struct tc_errinfo *info)
{
    uint64_t value = 0;
    if (a->values[id] == NULL)
        return TC_OK;
    if (tc_slice_u64(tc_slice_str(a->values[id]), max, &value) != TC_OK || value < min)
        return tc_fail(info, TC_E_RANGE, "--%s takes a number from %llu to %llu, not \"%s\"",
                       cli_options[id].name, (unsigned long long)min, (unsigned long long)max,
                       a->values[id]);
    *ret = value;
    return TC_OK;
}

enum tc_err cli_duration(const struct cli_args *a, enum cli_option_id id, int64_t *ret_ns,
                         struct tc_errinfo *info)
{
    const int64_t longest_ns = 3650 * 86400 * TC_NS_PER_S;
    const char *text = a->values[id];
    int64_t ns = 0;
    if (text == NULL)
        return TC_OK;
    if (tc_duration_parse(tc_slice_str(text), &ns) != TC_OK)
        return tc_fail(info, TC_E_FORMAT, "--%s takes a duration such as 30s, not \"%s\"",
                       cli_options[id].name, text);
    if (ns > longest_ns)
        return tc_fail(info, TC_E_RANGE, "--%s takes at most 3650d", cli_options[id].name);
    *ret_ns = ns;
    return TC_OK;
}

/* "1795349109" or "1795349109.25" as nanoseconds. */
static enum tc_err epoch_ns(struct tc_slice text, int64_t *ret_ns)
{
    struct tc_slice rest = text;
    struct tc_slice whole = tc_slice_split(&rest, '.');
    uint64_t seconds = 0;
    TC_TRY(tc_slice_u64(whole, INT64_MAX / TC_NS_PER_S - 1, &seconds));
    int64_t ns = (int64_t)seconds * TC_NS_PER_S;
    if (rest.ptr != NULL) {
        uint64_t part = 0;
        if (rest.len == 0 || rest.len > 9)
            return TC_E_FORMAT;
        TC_TRY(tc_slice_u64(rest, 999999999, &part));
        for (size_t i = rest.len; i < 9; i++)
            part *= 10;
        ns += (int64_t)part;
    }
    *ret_ns = ns;
    return TC_OK;
}

enum tc_err cli_time(const char *text, struct tc_wall now, struct tc_wall *ret)
{
    struct tc_slice s = tc_slice_str(text);
    int64_t ns = 0;
    if (tc_slice_is(s, "now")) {
        *ret = now;
        return TC_OK;
    }
    if (tc_slice_starts(s, "-")) {
        TC_TRY(tc_duration_parse(tc_slice_sub(s, 1, s.len), &ns));
        if (ns >= now.ns)
            return TC_E_RANGE;
        ret->ns = now.ns - ns;
        return TC_OK;
    }
    if (!tc_slice_starts(s, "@"))
        return tc_wall_parse(s, ret);
    TC_TRY(epoch_ns(tc_slice_sub(s, 1, s.len), &ns));
    ret->ns = ns;
    return TC_OK;
}
