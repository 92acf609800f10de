/* SPDX-License-Identifier: Apache-2.0 */
/* The command line from one table: what verbs and options there are. Parsing, help, the man page
 * and shell completion are made from it, so none of them can know more or less than the others.
 *
 * To add a verb: a row in CLI_VERB_LIST (verbs.h), a row in table.c, a function verb_NAME. To add
 * an option: a row in CLI_OPTION_LIST here and its bit at the verbs that take it. Then write
 * docs/man/tocsin.1 again with `tocsin man`; a test compares.
 *
 * Usage: tocsin VERB [SUBVERB] [ARGUMENT]... [OPTION]..., options anywhere, --name VALUE or
 * --name=VALUE, "--" ends them. Parsing is pure: it reads argv and nothing else, and keeps pointers
 * into it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "cli/verbs.h"

/* What an option takes: CLI_FLAG nothing, the others one value. The kind tells completion what to
 * offer and the parser what to refuse. */
enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_FILE, CLI_DIR, CLI_TIME, CLI_DURATION, CLI_NUMBER };

/* name, letter (0 for none), spelling, kind, value's name in help, help */
#define CLI_OPTION_LIST(X)                                                                         \
    X(CONFIG, 'c', "config", CLI_FILE, "FILE",                                                     \
      "the site's configuration (default /etc/tocsin/site.yaml, then ./site.yaml)")                \
    X(STATE, 0, "state", CLI_DIR, "DIR", "the daemon's directory (default /var/lib/tocsin)")       \
    X(JSON, 0, "json", CLI_FLAG, NULL, "print JSON for programs, one object a line for lists")     \
    X(QUIET, 'q', "quiet", CLI_FLAG, NULL, "print errors only")                                    \
    X(FILE, 0, "file", CLI_FILE, "FILE", "read the value from FILE, - for standard input")         \
    X(FOR, 0, "for", CLI_DURATION, "TIME", "end by itself after TIME, such as 30s")                \
    X(CAMERAS, 0, "cameras", CLI_NUMBER, "N", "how many simulated cameras (default 4)")            \
    X(PORT, 0, "port", CLI_NUMBER, "N", "the port to listen on")                                   \
    X(JOURNAL, 0, "journal", CLI_FLAG, NULL, "the journal of the state directory")                 \
    X(FROM, 0, "from", CLI_TIME, "TIME", "not before TIME: RFC 3339, @seconds, or -10m")           \
    X(TO, 0, "to", CLI_TIME, "TIME", "before TIME")                                                \
    X(LIMIT, 'n', "limit", CLI_NUMBER, "COUNT",                                                    \
      "at most so many, the newest (default 50; all of a given time)")                             \
    X(PANEL, 0, "panel", CLI_TEXT, "ID", "only those of this panel")                               \
    X(ACCOUNT, 0, "account", CLI_TEXT, "ACCOUNT", "the account of the panel")                      \
    X(ZONE, 0, "zone", CLI_TEXT, "ID", "only those of this zone")                                  \
    X(TYPE, 0, "type", CLI_TEXT, "TYPE",                                                           \
      "only those of this event type, such as fire.smoke or fire.*")                               \
    X(OPEN, 0, "open", CLI_FLAG, NULL, "only those that are not over")                             \
    X(CLOSED, 0, "closed", CLI_FLAG, NULL, "only those that are closed")                           \
    X(FOLLOW, 'f', "follow", CLI_FLAG, NULL, "then go on with what comes, until interrupted")      \
    X(OUTPUT, 'o', "output", CLI_FILE, "FILE", "write to FILE, - for standard output")             \
    X(OUTCOME, 0, "outcome", CLI_TEXT, "WORD", "genuine, false, nuisance, test or no_action")      \
    X(REASON, 0, "reason", CLI_TEXT, "TEXT", "why, in words")                                      \
    X(FORCE, 0, "force", CLI_FLAG, NULL, "although an alarm is still active; needs --reason")      \
    X(HOST, 0, "host", CLI_TEXT, "ADDRESS", "a numeric address (default 127.0.0.1)")               \
    X(PANELS, 0, "panels", CLI_NUMBER, "N",                                                        \
      "how many panels, their accounts counted up (default 1)")                                    \
    X(REPEAT, 0, "repeat", CLI_NUMBER, "N", "send the list so often (default 1; 0: for ever)")     \
    X(DELAY, 0, "delay", CLI_DURATION, "TIME", "wait between an answer and the next message")      \
    X(SUPERVISION, 0, "supervision", CLI_DURATION, "TIME",                                         \
      "send a NULL message when silent so long")                                                   \
    X(NO_TIME, 0, "untimed", CLI_FLAG, NULL, "send no time stamps")                                \
    X(FPS, 0, "fps", CLI_NUMBER, "N", "pictures a second (default 15)")                            \
    X(GOP, 0, "gop", CLI_NUMBER, "N", "pictures from key frame to key frame (default 30)")         \
    X(BITRATE, 0, "bitrate", CLI_NUMBER, "KBIT", "kilobits a second (default 4000)")               \
    X(FILM, 0, "film", CLI_FILE, "FILE", "send this H.264 file (Annex B) in a loop")               \
    X(LOGIN, 0, "login", CLI_FILE, "FILE", "ask for the login in FILE, user:password in one line") \
    X(INTRUDER, 0, "intruder", CLI_FLAG, NULL, "somebody walks through the picture")               \
    X(FAULT, 0, "fault", CLI_TEXT, "WORD",                                                         \
      "misbehave: stall, drop, garbage or refuse (see --after)")                                   \
    X(FAULT_AFTER, 0, "after", CLI_DURATION, "TIME", "when the fault begins (default at once)")    \
    X(HELP, 'h', "help", CLI_FLAG, NULL, "print help and exit")

enum cli_option_id {
#define X(id, letter, name, kind, value, help) CLI_OPT_##id,
    CLI_OPTION_LIST(X)
#undef X
        CLI_OPTION_COUNT
};

#define CLI_BIT(id) (UINT64_C(1) << CLI_OPT_##id)
/* What every verb takes, so that a script may give them always. */
#define CLI_COMMON                                                                                 \
    (CLI_BIT(CONFIG) | CLI_BIT(STATE) | CLI_BIT(JSON) | CLI_BIT(QUIET) | CLI_BIT(HELP))

struct cli_option {
    char letter;
    const char *name;
    enum cli_kind kind;
    const char *value;
    const char *help;
};

/* A second word behind a verb, as in `secret set`. */
struct cli_sub {
    const char *name;
    const char *arguments; /* as help shows them: "NAME" */
    size_t min, max;       /* how many arguments */
    uint64_t options;      /* beside the verb's own and the common ones */
    const char *summary;
};

struct cli_verb {
    const char *name;
    const char *alias;     /* another spelling, NULL for none */
    const char *arguments; /* "[FILE]"; "" for none */
    size_t min, max;
    const struct cli_sub *subs; /* NULL when there are none */
    size_t subs_count;
    bool sub_optional;   /* the verb also works without a second word */
    uint64_t options;    /* beside the common ones */
    const char *summary; /* one line without a full stop */
    const char *text;    /* more, in plain sentences; NULL for none */
    const char *const
        *words;  /* what the first argument may be, for completion; NULL-ended or NULL */
    bool hidden; /* not in help, man page or completion */
};

extern const struct cli_option cli_options[CLI_OPTION_COUNT];
extern const struct cli_verb cli_verbs[CLI_VERB_COUNT];

enum { CLI_ARGUMENTS_MAX = 16 };

struct cli_args {
    enum cli_verb_id verb;
    const struct cli_sub *sub;                /* NULL when none was given */
    const char *arguments[CLI_ARGUMENTS_MAX]; /* without verb and subverb */
    size_t arguments_count;
    const char *values[CLI_OPTION_COUNT]; /* NULL: not given; "" for a flag */
};

/* TC_OK; or TC_E_UNKNOWN, TC_E_FORMAT, TC_E_RANGE with INFO saying what is wrong and what was
 * probably meant (exit 2). --help anywhere, and no word at all, give the verb help with TC_OK.
 * Borrows from ARGV. */
enum tc_err cli_parse(int argc, const char *const *argv, struct cli_args *ret,
                      struct tc_errinfo *info) TC_MUST_USE;
/* The verb with this name or alias, CLI_VERB_COUNT when there is none. */
enum cli_verb_id cli_verb_find(const char *name);

static inline bool cli_given(const struct cli_args *a, enum cli_option_id id)
{
    return a->values[id] != NULL;
}

/* The option's duration, unchanged when it was not given. TC_E_FORMAT or TC_E_RANGE with INFO. */
enum tc_err cli_number(const struct cli_args *a, enum cli_option_id id, uint64_t min, uint64_t max,
                       uint64_t *ret, struct tc_errinfo *info) TC_MUST_USE;
enum tc_err cli_duration(const struct cli_args *a, enum cli_option_id id, int64_t *ret_ns,
                         struct tc_errinfo *info) TC_MUST_USE;
/* RFC 3339, "@1795349109" (seconds, perhaps with decimals), "now", or "-10m" before NOW. */
enum tc_err cli_time(const char *text, struct tc_wall now, struct tc_wall *ret) TC_MUST_USE;

/* Help for everything, or for one verb. */
void cli_help_all(struct tc_buf *out);
void cli_help_verb(enum cli_verb_id verb, struct tc_buf *out);
/* The man page as troff. */
void cli_manual(struct tc_buf *out);
/* A completion script. TC_E_UNKNOWN for a shell other than bash, zsh, fish. */
enum tc_err cli_completion(const char *shell, struct tc_buf *out) TC_MUST_USE;
