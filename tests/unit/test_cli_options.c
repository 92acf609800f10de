/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "cli/options.h"

enum { WORDS_MAX = 12 };

/* Splits LINE at blanks into argv, "tocsin" first, and parses it. */
static enum tc_err parse(const char *line, struct cli_args *args, struct tc_errinfo *info)
{
    static char copy[256];
    const char *argv[WORDS_MAX] = {"tocsin"};
    int argc = 1;
    (void)snprintf(copy, sizeof copy, "%s", line);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = word;
    }
    *info = (struct tc_errinfo){0};
    return cli_parse(argc, argv, args, info);
}

static void test_cli_parse__good_lines__give_verb_words_and_options(void **state)
{
    (void)state;
    struct cli_args args;
    struct tc_errinfo info;
    assert_ok(parse("check site.yaml --json", &args, &info), &info);
    assert_int_equal(args.verb, CLI_VERB_check);
    assert_int_equal(args.arguments_count, 1);
    assert_string_equal(args.arguments[0], "site.yaml");
    assert_true(cli_given(&args, CLI_OPT_JSON));
    assert_false(cli_given(&args, CLI_OPT_QUIET));
    assert_ok(parse("-c a.yaml --state=/s secret set cam --file -", &args, &info), &info);
    assert_int_equal(args.verb, CLI_VERB_secret);
    assert_string_equal(args.sub->name, "set");
    assert_string_equal(args.values[CLI_OPT_STATE], "/s");
    assert_string_equal(args.values[CLI_OPT_FILE], "-");
    assert_string_equal(args.arguments[0], "cam");
}

static void test_cli_parse__short_letters__stand_alone_together_or_with_a_value(void **state)
{
    (void)state;
    struct cli_args args;
    struct tc_errinfo info;
    assert_ok(parse("check -qc a.yaml", &args, &info), &info);
    assert_true(cli_given(&args, CLI_OPT_QUIET));
    assert_string_equal(args.values[CLI_OPT_CONFIG], "a.yaml");
    assert_ok(parse("check -ca.yaml", &args, &info), &info);
    assert_string_equal(args.values[CLI_OPT_CONFIG], "a.yaml");
    assert_ok(parse("check -- -odd-name", &args, &info), &info);
    assert_string_equal(args.arguments[0], "-odd-name");
}

static void test_cli_parse__help_anywhere__becomes_the_verb_help(void **state)
{
    (void)state;
    static const struct {
        const char *line, *about;
    } rows[] = {{"", NULL},
                {"--help", NULL},
                {"help", NULL},
                {"help check", "check"},
                {"secret --help", "secret"},
                {"secret set -h", "secret"},
                {"--help check", "check"},
                {"check a b c d --help", "check"}};
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct cli_args args;
        struct tc_errinfo info;
        assert_ok(parse(rows[i].line, &args, &info), &info);
        assert_int_equal(args.verb, CLI_VERB_help);
        assert_int_equal(args.arguments_count, rows[i].about != NULL);
        if (rows[i].about != NULL)
            assert_string_equal(args.arguments[0], rows[i].about);
    }
}

static void test_cli_parse__bad_lines__name_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"chekc", "unknown verb \"chekc\"; did you mean check?"},
        {"frobnicate", "unknown verb \"frobnicate\"; `tocsin help` lists them"},
        {"check --jsno", "unknown option --jsno; did you mean --json?"},
        {"check --xyzzy=1", "unknown option --xyzzy"},
        {"check -z", "unknown option -z"},
        {"check --json=yes", "--json takes no value"},
        {"check --config", "--config needs a value: --config FILE"},
        {"check a b", "\"b\" is one word too many: tocsin check [FILE]"},
        {"schema --file x", "schema takes no --file"},
        {"secret", "secret needs one of: set, list, remove"},
        {"secret sett a", "unknown word \"sett\" behind secret; did you mean set?"},
        {"secret everything",
         "unknown word \"everything\" behind secret; it takes one of: set, list, remove"},
        {"secret set", "secret set needs NAME"},
        {"secret set a hunter2", "\"hunter2\" is one word too many: tocsin secret set NAME"},
        {"secret list --file x", "secret list takes no --file"},
        {"completion", "completion needs SHELL"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct cli_args args;
        struct tc_errinfo info;
        assert_int_not_equal(parse(rows[i].line, &args, &info), TC_OK);
        assert_string_equal(info.text, rows[i].text);
    }
}

static void test_cli_parse__too_many_words__are_refused(void **state)
{
    (void)state;
    const char *argv[CLI_ARGUMENTS_MAX + 3] = {"tocsin", "check"};
    for (size_t i = 2; i < TC_COUNT(argv); i++)
        argv[i] = "x";
    struct cli_args args;
    struct tc_errinfo info = {0};
    assert_int_equal(cli_parse((int)TC_COUNT(argv), argv, &args, &info), TC_E_RANGE);
}

static void test_cli_time__every_form__is_the_instant(void **state)
{
    (void)state;
    const struct tc_wall now = {.ns = INT64_C(1795349109) * TC_NS_PER_S};
    static const struct {
        const char *text;
        enum tc_err err;
        int64_t ns;
    } rows[] = {
        {"now", TC_OK, INT64_C(1795349109000000000)},
        {"-10m", TC_OK, INT64_C(1795348509000000000)},
        {"@1795349109", TC_OK, INT64_C(1795349109000000000)},
        {"@1795349109.25", TC_OK, INT64_C(1795349109250000000)},
        {"2026-11-22T12:05:09Z", TC_OK, INT64_C(1795349109000000000)},
        {"-10", TC_E_FORMAT, 0},
        {"-99999d", TC_E_RANGE, 0},
        {"@", TC_E_FORMAT, 0},
        {"@1.", TC_E_FORMAT, 0},
        {"@99999999999999", TC_E_RANGE, 0},
        {"yesterday", TC_E_FORMAT, 0},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct tc_wall got = {0};
        assert_int_equal(cli_time(rows[i].text, now, &got), rows[i].err);
        assert_int_equal(got.ns, rows[i].ns);
    }
}

/* The table is data that people write: what the parser and the writers rely on holds for every row.
 */
static void test_cli_table__every_row__is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        assert_non_null(v->name);
        assert_non_null(v->summary);
        assert_non_null(v->arguments);
        assert_true(v->min <= v->max);
        assert_int_equal(cli_verb_find(v->name), i);
        assert_int_not_equal(v->summary[strlen(v->summary) - 1], '.');
        assert_true(v->min == 0 || v->arguments[0] != 0);
        for (size_t k = 0; k < v->subs_count; k++)
            assert_true(v->subs[k].min <= v->subs[k].max && v->subs[k].summary != NULL);
    }
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        assert_int_equal(cli_options[i].kind == CLI_FLAG, cli_options[i].value == NULL);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(cli_options[i].name, cli_options[k].name);
            assert_true(cli_options[i].letter == 0 ||
                        cli_options[i].letter != cli_options[k].letter);
        }
    }
}

/* Help, man page and completion are made from the same rows: each names every verb and every
 * option. */
static void test_cli_texts__help_manual_and_completion__name_everything(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf help;
    TC_CLEANUP(tc_buf_done) struct tc_buf man;
    struct tc_buf shell[3];
    static const char *const shells[] = {"bash", "zsh", "fish"};
    tc_buf_init(&help, 1 << 20);
    tc_buf_init(&man, 1 << 20);
    cli_help_all(&help);
    cli_manual(&man);
    for (size_t k = 0; k < TC_COUNT(shells); k++) {
        tc_buf_init(&shell[k], 1 << 20);
        assert_int_equal(cli_completion(shells[k], &shell[k]), TC_OK);
    }
    for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
        const char *name = cli_verbs[i].name;
        if (cli_verbs[i].hidden)
            continue;
        cli_help_verb((enum cli_verb_id)i, &help);
        assert_true(tc_slice_find(tc_buf_view(&help), name) < help.len);
        assert_true(tc_slice_find(tc_buf_view(&man), name) < man.len);
        for (size_t k = 0; k < TC_COUNT(shells); k++)
            assert_true(tc_slice_find(tc_buf_view(&shell[k]), name) < shell[k].len);
    }
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++) {
        const char *name = cli_options[i].name;
        assert_true(tc_slice_find(tc_buf_view(&help), name) < help.len);
        assert_true(tc_slice_find(tc_buf_view(&man), name) < man.len);
        for (size_t k = 0; k < TC_COUNT(shells); k++)
            assert_true(tc_slice_find(tc_buf_view(&shell[k]), name) < shell[k].len);
    }
    assert_int_equal(help.err | man.err | shell[0].err | shell[1].err | shell[2].err, TC_OK);
    for (size_t k = 0; k < TC_COUNT(shells); k++)
        tc_buf_done(&shell[k]);
    struct tc_buf none;
    tc_buf_init(&none, 16);
    assert_int_equal(cli_completion("tcsh", &none), TC_E_UNKNOWN);
    tc_buf_done(&none);
}

static void test_cli_help__lines__fit_a_hundred_columns(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf help;
    tc_buf_init(&help, 1 << 20);
    cli_help_all(&help);
    for (size_t i = 0; i < CLI_VERB_COUNT; i++)
        cli_help_verb((enum cli_verb_id)i, &help);
    struct tc_slice rest = tc_buf_view(&help);
    while (rest.ptr != NULL) {
        struct tc_slice line = tc_slice_split(&rest, '\n');
        assert_true(line.len <= 100);
        assert_true(line.len == 0 || line.ptr[line.len - 1] != ' ');
    }
}

static void test_cli_manual__docs_man__is_up_to_date(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf man;
    TC_CLEANUP(tc_buf_done) struct tc_buf kept;
    tc_buf_init(&man, 1 << 20);
    tc_buf_init(&kept, 1 << 20);
    cli_manual(&man);
    FILE *file = fopen(TC_SOURCE_DIR "/docs/man/tocsin.1", "rb");
    assert_non_null(file);
    uint8_t *at = tc_buf_reserve(&kept, 1 << 19);
    kept.len = fread(at, 1, 1 << 19, file);
    (void)fclose(file);
    if (!tc_slice_eq(tc_buf_view(&man), tc_buf_view(&kept)))
        print_error("docs/man/tocsin.1 is old: run build/tocsin man > docs/man/tocsin.1\n");
    assert_true(tc_slice_eq(tc_buf_view(&man), tc_buf_view(&kept)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cli_parse__good_lines__give_verb_words_and_options),
        cmocka_unit_test(test_cli_parse__short_letters__stand_alone_together_or_with_a_value),
        cmocka_unit_test(test_cli_parse__help_anywhere__becomes_the_verb_help),
        cmocka_unit_test(test_cli_parse__bad_lines__name_the_nearest),
        cmocka_unit_test(test_cli_parse__too_many_words__are_refused),
        cmocka_unit_test(test_cli_time__every_form__is_the_instant),
        cmocka_unit_test(test_cli_table__every_row__is_whole),
        cmocka_unit_test(test_cli_texts__help_manual_and_completion__name_everything),
        cmocka_unit_test(test_cli_help__lines__fit_a_hundred_columns),
        cmocka_unit_test(test_cli_manual__docs_man__is_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
