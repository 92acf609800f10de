/* SPDX-License-Identifier: Apache-2.0 */
/* Every verb's function. The list is the enum, the declarations and main's dispatch table; what a
 * verb takes and says about itself is in table.c. Verbs that need process rooms are defined in
 * main.c, the others here. */
#pragma once

struct cli_args;

/* In the order of help. */
#define CLI_VERB_LIST(X)                                                                           \
    X(run)                                                                                         \
    X(demo)                                                                                        \
    X(check)                                                                                       \
    X(signals)                                                                                     \
    X(events)                                                                                      \
    X(alarms)                                                                                      \
    X(incidents)                                                                                   \
    X(pickup)                                                                                      \
    X(close)                                                                                       \
    X(clip)                                                                                        \
    X(verify)                                                                                      \
    X(privileges)                                                                                  \
    X(simulate)                                                                                    \
    X(schema)                                                                                      \
    X(secret)                                                                                      \
    X(user)                                                                                        \
    X(version)                                                                                     \
    X(help)                                                                                        \
    X(completion)                                                                                  \
    X(man)                                                                                         \
    X(worker)

enum cli_verb_id {
#define X(name) CLI_VERB_##name,
    CLI_VERB_LIST(X)
#undef X
        CLI_VERB_COUNT
};

enum { CLI_EXIT_OK = 0, CLI_EXIT_FAILED = 1, CLI_EXIT_USAGE = 2 };

/* Each does its work, prints results on stdout and errors on stderr, and returns the exit code. */
#define X(name) int verb_##name(const struct cli_args *args);
CLI_VERB_LIST(X)
#undef X
