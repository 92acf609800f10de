/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs read from this machine: the configuration, the state directory, values from a file
 * or from the terminal. */
#pragma once

#include "cli/options.h"
#include "config/config.h"

enum { CLI_PATH_BYTES = 4096 };

/* A configuration that was read, with what a message about it needs. */
struct cli_site {
    char path[CLI_PATH_BYTES];
    struct tc_buf source;
    struct config_report report;
    struct site site; /* only when the load succeeded */
    bool loaded;
};

/* The name of the configuration: FILE, or what -c names, or the first of /etc/tocsin/site.yaml and
 * ./site.yaml. TC_E_NOT_FOUND when neither of these is there. */
enum tc_err cli_site_path(const struct cli_args *args, const char *file, char path[CLI_PATH_BYTES],
                          struct tc_errinfo *info) TC_MUST_USE;
/* Reads FILE, or what -c names, or the first of /etc/tocsin/site.yaml and ./site.yaml. TC_E_CONFIG:
 * read, and S->report tells what is wrong. Other errors: INFO. cli_site_done in any case. */
enum tc_err cli_site_read(const struct cli_args *args, const char *file, struct cli_site *s,
                          struct tc_errinfo *info) TC_MUST_USE;
/* The same for verbs that need a whole site: prints what is wrong on stderr. */
enum tc_err cli_site_load(const struct cli_args *args, struct cli_site *s) TC_MUST_USE;
void cli_site_done(struct cli_site *s);

/* --state, or the default. Static or borrowed from argv. */
const char *cli_state_path(const struct cli_args *args);
/* Opens the state directory, making it (mode 0700) when CREATE. */
enum tc_err cli_state_open(const struct cli_args *args, bool create, int *ret_fd,
                           struct tc_errinfo *info) TC_MUST_USE;

/* Appends the whole file ("-": standard input), at most MAX bytes. */
enum tc_err cli_file_read(const char *path, size_t max, struct tc_buf *out,
                          struct tc_errinfo *info) TC_MUST_USE;
/* A secret from --file (one line end at its end is dropped), or asked for on the terminal without
 * echo, twice when AGAIN. TC_E_CONFLICT when the two differ, TC_E_CLOSED when there is no terminal.
 * OUT by secret_wipe. */
enum tc_err cli_secret_read(const struct cli_args *args, const char *prompt, bool again,
                            struct tc_buf *out, struct tc_errinfo *info) TC_MUST_USE;

/* "tocsin: TEXT" on stderr; returns CLI_EXIT_FAILED. */
int cli_failed(const struct tc_errinfo *info);
/* All of B on stdout; CLI_EXIT_FAILED with a message when that fails or B is in error. */
int cli_print(struct tc_buf *b);
