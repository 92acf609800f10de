/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for three shells, from the table. Words of the table are plain (letters,
 * digits, "-"), so nothing needs quoting but the help texts in zsh and fish, which are escaped. */
#include <string.h>

#include "base/check.h"
#include "cli/options.h"

static uint64_t options_of(const struct cli_verb *v)
{
    uint64_t bits = v->options | CLI_COMMON;
    for (size_t i = 0; i < v->subs_count; i++)
        bits |= v->subs[i].options;
    return bits;
}

/* TEXT between single quotes of a shell, with the characters of SPECIAL escaped by a backslash
 * before. */
static void add_quoted(struct tc_buf *out, const char *text, const char *special)
{
    tc_buf_add_u8(out, '\'');
    for (const char *c = text; *c != 0; c++) {
        if (strchr(special, *c) != NULL)
            tc_buf_add_u8(out, '\\');
        if (*c == '\'')
            tc_buf_add_str(out, "'\\''");
        else
            tc_buf_add_u8(out, (uint8_t)*c);
    }
    tc_buf_add_u8(out, '\'');
}

static void add_verb_names(struct tc_buf *out)
{
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (cli_verbs[i].hidden)
            continue;
        tc_buf_add_fmt(out, "%s ", cli_verbs[i].name);
        if (cli_verbs[i].alias != NULL)
            tc_buf_add_fmt(out, "%s ", cli_verbs[i].alias);
    }
}

/* The words that may follow a verb: second words, fixed arguments, options. */
static void add_verb_words(struct tc_buf *out, const struct cli_verb *v)
{
    for (size_t i = 0; i < v->subs_count; i++)
        tc_buf_add_fmt(out, "%s ", v->subs[i].name);
    for (const char *const *w = v->words; w != NULL && *w != NULL; w++)
        tc_buf_add_fmt(out, "%s ", *w);
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((options_of(v) >> i & 1) != 0)
            tc_buf_add_fmt(out, "--%s ", cli_options[i].name);
    }
}

static void bash_values(struct tc_buf *out, enum cli_kind kind, const char *action)
{
    bool any = false;
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if (cli_options[i].kind != kind)
            continue;
        tc_buf_add_fmt(out, "%s--%s", any ? "|" : "        ", cli_options[i].name);
        if (cli_options[i].letter != 0)
            tc_buf_add_fmt(out, "|-%c", cli_options[i].letter);
        any = true;
    }
    if (any)
        tc_buf_add_fmt(out, ") COMPREPLY=( %s ); return ;;\n", action);
}

static void complete_bash(struct tc_buf *out)
{
    tc_buf_add_str(
        out, "# bash completion for tocsin, made by `tocsin completion bash`\n"
             "_tocsin() {\n"
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
             "    case $prev in\n");
    bash_values(out, CLI_FILE, "$(compgen -f -- \"$cur\")");
    bash_values(out, CLI_DIR, "$(compgen -d -- \"$cur\")");
    tc_buf_add_str(
        out, "    esac\n"
             "    for (( i = 1; i < COMP_CWORD; i++ )); do\n"
             "        case ${COMP_WORDS[i]} in -*) ;; *) verb=${COMP_WORDS[i]}; break ;; esac\n"
             "    done\n"
             "    local words\n"
             "    case $verb in\n"
             "        '') words='");
    add_verb_names(out);
    tc_buf_add_str(out, "' ;;\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        if (v->hidden)
            continue;
        tc_buf_add_fmt(out, "        %s%s%s) words='", v->name, v->alias == NULL ? "" : "|",
                       v->alias == NULL ? "" : v->alias);
        add_verb_words(out, v);
        tc_buf_add_str(out, "' ;;\n");
    }
    tc_buf_add_str(out, "    esac\n"
                        "    COMPREPLY=( $(compgen -W \"$words\" -- \"$cur\") )\n"
                        "    [[ ${#COMPREPLY[@]} -gt 0 || $cur == -* ]] || COMPREPLY=( $(compgen "
                        "-f -- \"$cur\") )\n"
                        "}\n"
                        "complete -o filenames -F _tocsin tocsin\n");
}

static const char *zsh_action(enum cli_kind kind)
{
    return kind == CLI_FILE ? "_files" : kind == CLI_DIR ? "_files -/" : " ";
}

static void zsh_option(struct tc_buf *out, const struct cli_option *o)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf spec;
    tc_buf_init(&spec, 1024);
    tc_buf_add_fmt(&spec, "--%s[%s]", o->name, o->help);
    if (o->value != NULL)
        tc_buf_add_fmt(&spec, ":%s:%s", o->value, zsh_action(o->kind));
    tc_buf_add_str(out, " \\\n            ");
    add_quoted(out, tc_buf_cstr(&spec), "");
}

static void zsh_verb(struct tc_buf *out, const struct cli_verb *v)
{
    tc_buf_add_fmt(out, "        %s%s%s)\n          _arguments", v->name,
                   v->alias == NULL ? "" : "|", v->alias == NULL ? "" : v->alias);
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        if ((options_of(v) >> i & 1) != 0)
            zsh_option(out, &cli_options[i]);
    }
    if (v->subs_count > 0 || v->words != NULL) {
        tc_buf_add_str(out, " \\\n            '1: :(");
        for (size_t i = 0; i < v->subs_count; i++)
            tc_buf_add_fmt(out, "%s ", v->subs[i].name);
        for (const char *const *w = v->words; w != NULL && *w != NULL; w++)
            tc_buf_add_fmt(out, "%s ", *w);
        tc_buf_add_str(out, ")'");
    }
    tc_buf_add_str(out, " \\\n            '*: :_files' ;;\n");
}

static void complete_zsh(struct tc_buf *out)
{
    tc_buf_add_str(out,
                   "#compdef tocsin\n# zsh completion for tocsin, made by `tocsin completion zsh`\n"
                   "_tocsin() {\n"
                   "  local -a verbs\n  verbs=(\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (cli_verbs[i].hidden)
            continue;
        TC_CLEANUP(tc_buf_done) struct tc_buf row;
        tc_buf_init(&row, 512);
        tc_buf_add_fmt(&row, "%s:%s", cli_verbs[i].name, cli_verbs[i].summary);
        tc_buf_add_str(out, "    ");
        add_quoted(out, tc_buf_cstr(&row), "");
        tc_buf_add_u8(out, '\n');
    }
    tc_buf_add_str(out, "  )\n"
                        "  _arguments -C '1: :->verb' '*:: :->rest'\n"
                        "  case $state in\n"
                        "    verb) _describe verb verbs ;;\n"
                        "    rest)\n      case $words[1] in\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (!cli_verbs[i].hidden)
            zsh_verb(out, &cli_verbs[i]);
    }
    tc_buf_add_str(out, "      esac ;;\n  esac\n}\n_tocsin \"$@\"\n");
}

static void fish_verb(struct tc_buf *out, const struct cli_verb *v)
{
    tc_buf_add_fmt(out, "complete -c tocsin -n __fish_use_subcommand -f -a %s -d ", v->name);
    add_quoted(out, v->summary, "\\");
    tc_buf_add_u8(out, '\n');
    for (size_t i = 0; i < v->subs_count; i++) {
        tc_buf_add_fmt(out, "complete -c tocsin -n '__fish_seen_subcommand_from %s' -f -a %s -d ",
                       v->name, v->subs[i].name);
        add_quoted(out, v->subs[i].summary, "\\");
        tc_buf_add_u8(out, '\n');
    }
    for (const char *const *w = v->words; w != NULL && *w != NULL; w++)
        tc_buf_add_fmt(out, "complete -c tocsin -n '__fish_seen_subcommand_from %s' -f -a %s\n",
                       v->name, *w);
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        const struct cli_option *o = &cli_options[i];
        if ((options_of(v) >> i & 1) == 0)
            continue;
        tc_buf_add_fmt(out, "complete -c tocsin -n '__fish_seen_subcommand_from %s' -l %s", v->name,
                       o->name);
        if (o->letter != 0)
            tc_buf_add_fmt(out, " -s %c", o->letter);
        tc_buf_add_str(out, o->kind == CLI_FLAG   ? " -d "
                            : o->kind == CLI_FILE ? " -r -F -d "
                                                  : " -r -d ");
        add_quoted(out, o->help, "\\");
        tc_buf_add_u8(out, '\n');
    }
}

static void complete_fish(struct tc_buf *out)
{
    tc_buf_add_str(out, "# fish completion for tocsin, made by `tocsin completion fish`\n");
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        if (!cli_verbs[i].hidden)
            fish_verb(out, &cli_verbs[i]);
    }
}

enum tc_err cli_completion(const char *shell, struct tc_buf *out)
{
    static const struct {
        const char *name;
        void (*write)(struct tc_buf *out);
    } shells[] = {{"bash", complete_bash}, {"zsh", complete_zsh}, {"fish", complete_fish}};
    for (size_t i = 0; i < TC_COUNT(shells); i++) {
        if (strcmp(shells[i].name, shell) != 0)
            continue;
        shells[i].write(out);
        return TC_OK;
    }
    return TC_E_UNKNOWN;
}
