/* SPDX-License-Identifier: Apache-2.0 */
/* The table of verbs and options. */
#include "base/check.h"
#include "cli/options.h"

const struct cli_option cli_options[CLI_OPTION_COUNT] = {
#define X(id, letter_, name_, kind_, value_, help_)                                                \
    [CLI_OPT_##                                                                                    \
        id] = {.letter = letter_, .name = name_, .kind = kind_, .value = value_, .help = help_},
    CLI_OPTION_LIST(X)
#undef X
};

#define SUBS(table) .subs = (table), .subs_count = TC_COUNT(table)

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static const struct cli_sub secret_subs[] = {
    {.name = "set",
     .arguments = "NAME",
     .min = 1,
     .max = 1,
     .options = CLI_BIT(FILE),
     .summary = "store secret:NAME, asked for on the terminal or read from --file"},
    {.name = "list",
     .arguments = "",
     .summary = "print the names of the stored secrets, never their values"},
    {.name = "remove", .arguments = "NAME", .min = 1, .max = 1, .summary = "remove secret:NAME"},
};

static const struct cli_sub user_subs[] = {
    {.name = "list",
     .arguments = "",
     .summary = "print the users of the site, their roles and whether they have a password"},
    {.name = "password",
     .arguments = "NAME",
     .min = 1,
     .max = 1,
     .options = CLI_BIT(FILE),
     .summary = "set a user's password, asked for on the terminal or read from --file"},
    {.name = "lock",
     .arguments = "NAME",
     .min = 1,
     .max = 1,
     .summary = "remove a user's password, so that nobody signs in with it"},
};

static const struct cli_sub incidents_subs[] = {
    {.name = "show",
     .arguments = "ID",
     .min = 1,
     .max = 1,
     .summary = "print one incident in full, with its phase ledger"},
};

static const struct cli_sub simulate_subs[] = {
    {.name = "panel",
     .arguments = "STEP...",
     .min = 1,
     .max = CLI_ARGUMENTS_MAX,
     .options = CLI_BIT(ACCOUNT) | CLI_BIT(PANELS) | CLI_BIT(REPEAT) | CLI_BIT(DELAY) |
                CLI_BIT(SUPERVISION) | CLI_BIT(NO_TIME),
     .summary = "send alarms as a panel does (SIA DC-09 over TCP): \"BA 12\", \"1130 01 012\", "
                "null, \"wait 5s\""},
    {.name = "camera",
     .arguments = "NAME...",
     .min = 1,
     .max = CLI_ARGUMENTS_MAX,
     .options = CLI_BIT(FPS) | CLI_BIT(GOP) | CLI_BIT(BITRATE) | CLI_BIT(FILM) | CLI_BIT(LOGIN) |
                CLI_BIT(INTRUDER) | CLI_BIT(FAULT) | CLI_BIT(FAULT_AFTER) | CLI_BIT(CAMERAS),
     .summary =
         "serve cameras over RTSP, with a clock in the picture; --cameras N makes NAME1 to NAMEN"},
};

#define LIST_OPTIONS (CLI_BIT(FROM) | CLI_BIT(TO) | CLI_BIT(LIMIT) | CLI_BIT(FOLLOW))
#define LIST_TEXT                                                                                  \
    "Reads the journal in the state directory, of a running daemon or of a stopped one. "

const struct cli_verb cli_verbs[CLI_VERB_COUNT] = {
    [CLI_VERB_run] =
        {
            .name = "run",
            .arguments = "",
            .options = CLI_BIT(FOR),
            .summary = "run the daemon in the foreground: supervisor and its workers",
            .text = "Prints one line, ready https://..., when everything is up (and tells "
                    "systemd). SIGTERM and "
                    "SIGINT end it in order.",
        },
    [CLI_VERB_demo] =
        {
            .name = "demo",
            .arguments = "",
            .options = CLI_BIT(FOR) | CLI_BIT(CAMERAS) | CLI_BIT(PORT),
            .summary = "run a complete simulated site in a temporary folder",
            .text = "Simulated cameras and a simulated panel, which speak the real protocols, and "
                    "the real daemon. "
                    "Prints the console's address and a password that is good for one sign-in. "
                    "With --state the "
                    "folder is kept there.",
        },
    [CLI_VERB_check] =
        {
            .name = "check",
            .arguments = "[FILE]",
            .max = 1,
            .summary = "report every error of a configuration and its rules at once",
            .text = "Prints file:line:column, the line with a caret, the nearest known name and a "
                    "fix for each "
                    "finding. Also looks at this machine: secrets that are not stored, folders "
                    "that are not there or "
                    "have no hard links, an unknown time zone. Exits 1 when there is an error; "
                    "warnings alone exit 0.",
        },
    [CLI_VERB_signals] =
        {
            .name = "signals",
            .arguments = "",
            .options = LIST_OPTIONS | CLI_BIT(PANEL) | CLI_BIT(ACCOUNT),
            .summary = "list what panels sent, as it came",
            .text = LIST_TEXT "Oldest first.",
        },
    [CLI_VERB_events] =
        {
            .name = "events",
            .arguments = "",
            .options = LIST_OPTIONS | CLI_BIT(ZONE) | CLI_BIT(TYPE),
            .summary = "list what the signals mean",
            .text = LIST_TEXT "Oldest first.",
        },
    [CLI_VERB_alarms] =
        {
            .name = "alarms",
            .arguments = "",
            .options =
                LIST_OPTIONS | CLI_BIT(ZONE) | CLI_BIT(TYPE) | CLI_BIT(PANEL) | CLI_BIT(OPEN),
            .summary = "list alarms with their count and condition",
            .text = LIST_TEXT "Oldest first.",
        },
    [CLI_VERB_incidents] =
        {
            .name = "incidents",
            .arguments = "",
            SUBS(incidents_subs),
            .sub_optional = true,
            .options = LIST_OPTIONS | CLI_BIT(OPEN) | CLI_BIT(CLOSED),
            .summary = "list incidents, or show one",
            .text = LIST_TEXT "Oldest first.",
        },
    [CLI_VERB_pickup] =
        {
            .name = "pickup",
            .alias = "ack",
            .arguments = "INCIDENT",
            .min = 1,
            .max = 1,
            .summary = "take an incident, as an operator",
            .text = "Through the running daemon's local socket, which knows root and the daemon's "
                    "starter as "
                    "administrators and others by the uid of their user in site.yaml.",
        },
    [CLI_VERB_close] =
        {
            .name = "close",
            .arguments = "INCIDENT",
            .min = 1,
            .max = 1,
            .options = CLI_BIT(OUTCOME) | CLI_BIT(REASON) | CLI_BIT(FORCE),
            .summary = "give an incident its outcome",
            .text = "While an alarm of it is still active the incident is resolved and closes by "
                    "itself when all is "
                    "normal; --force closes it now.",
        },
    [CLI_VERB_clip] =
        {
            .name = "clip",
            .arguments = "CAMERA",
            .min = 1,
            .max = 1,
            .options = CLI_BIT(FROM) | CLI_BIT(TO) | CLI_BIT(OUTPUT),
            .summary = "write an interval of a camera's video to a file, without re-encoding",
            .text = "From a running daemon, video of this moment included, or from the state of a "
                    "stopped one. Says on "
                    "stderr exactly what it got: the clip begins at a key frame.",
        },
    [CLI_VERB_verify] =
        {
            .name = "verify",
            .arguments = "",
            .options = CLI_BIT(JOURNAL),
            .summary = "prove that a record was not changed",
            .text = "With --journal: walks every record of the journal, of a running daemon or of "
                    "a stopped one, and "
                    "checks numbers, form, hash chain and columns. Names the first record that is "
                    "wrong and exits 1. "
                    "Prints the last hash: a journal cut off at its end is still good by itself, "
                    "so compare that hash "
                    "with one kept elsewhere.",
        },
    [CLI_VERB_privileges] =
        {
            .name = "privileges",
            .arguments = "",
            .summary = "print what each process may touch, as enforced now",
            .text = "Of the running daemon; without one, what would be enforced here, and what "
                    "this kernel lacks.",
        },
    [CLI_VERB_simulate] =
        {
            .name = "simulate",
            .arguments = "",
            SUBS(simulate_subs),
            .options = CLI_BIT(HOST) | CLI_BIT(PORT) | CLI_BIT(FOR),
            .summary = "be a panel or cameras, for trials, tests and drills",
        },
    [CLI_VERB_schema] =
        {
            .name = "schema",
            .arguments = "",
            .summary = "print the JSON Schema of site.yaml, for editors",
        },
    [CLI_VERB_secret] =
        {
            .name = "secret",
            .arguments = "",
            SUBS(secret_subs),
            .summary = "store what site.yaml refers to as secret:NAME",
            .text = "A camera's secret is user:password in one line. Values are never taken from "
                    "the command line "
                    "and never printed.",
        },
    [CLI_VERB_user] =
        {
            .name = "user",
            .arguments = "",
            SUBS(user_subs),
            .summary = "list the users of site.yaml and set their passwords",
            .text = "Who may sign in, and in which role, is said in site.yaml; passwords are kept "
                    "apart from it.",
        },
    [CLI_VERB_version] =
        {
            .name = "version",
            .arguments = "",
            .summary = "print the version",
        },
    [CLI_VERB_help] =
        {
            .name = "help",
            .arguments = "[VERB]",
            .max = 1,
            .summary = "print help, for a verb or for all",
        },
    [CLI_VERB_completion] =
        {
            .name = "completion",
            .arguments = "SHELL",
            .min = 1,
            .max = 1,
            .words = shells,
            .summary = "print a completion script for bash, zsh or fish",
            .text = "For bash: tocsin completion bash > /etc/bash_completion.d/tocsin",
        },
    [CLI_VERB_man] =
        {
            .name = "man",
            .arguments = "",
            .summary = "print the manual page as troff",
            .text = "To read it: tocsin man | man -l -",
        },
    [CLI_VERB_worker] =
        {
            .name = "worker",
            .arguments = "ROLE",
            .min = 1,
            .max = 1,
            .hidden = true,
            .summary = "one process of the daemon; started by the supervisor, not by people",
        },
};
