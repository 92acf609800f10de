/* SPDX-License-Identifier: Apache-2.0 */
/* The one error type of the program, and the context that travels with it.
 *
 * Every function that can fail returns enum tc_err and is must-use; nothing returns -1 and no errno
 * crosses a room. Details that a person needs (which device, which field, which byte) travel in
 * struct tc_errinfo, which a function fills only when it fails. Formatted once, where it is shown.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* name, sentence */
#define TC_ERR_LIST(X)                                                                             \
    X(OK, "no error")                                                                              \
    X(NOMEM, "out of memory")                                                                      \
    X(LIMIT, "a stated limit was exceeded")                                                        \
    X(FORMAT, "the bytes are not of the expected form")                                            \
    X(CHECKSUM, "the checksum does not match")                                                     \
    X(RANGE, "a value is outside its range")                                                       \
    X(UNKNOWN, "the name is not known")                                                            \
    X(UNSUPPORTED, "not supported")                                                                \
    X(EXISTS, "it exists already")                                                                 \
    X(NOT_FOUND, "not found")                                                                      \
    X(DENIED, "not permitted")                                                                     \
    X(BUSY, "busy, try again")                                                                     \
    X(CLOSED, "the other side closed")                                                             \
    X(TIMEOUT, "no answer in time")                                                                \
    X(NO_SPACE, "no space left")                                                                   \
    X(IO, "input or output failed")                                                                \
    X(CORRUPT, "stored data is damaged")                                                           \
    X(CONFLICT, "the state does not allow it")                                                     \
    X(CONFIG, "the configuration has errors")                                                      \
    X(CRYPTO, "a cryptographic operation failed")

enum tc_err {
#define X(name, text) TC_E_##name,
    TC_ERR_LIST(X)
#undef X
        TC_ERR_COUNT
};

#define TC_OK                            TC_E_OK
#define TC_MUST_USE                      __attribute__((warn_unused_result))
#define TC_PRINTF(fmt_index, args_index) __attribute__((format(printf, fmt_index, args_index)))

/* Returns the error at once when EXPR fails; the only macro that hides a return. */
#define TC_TRY(expr)                                                                               \
    do {                                                                                           \
        enum tc_err tc_try_err_ = (expr);                                                          \
        if (tc_try_err_ != TC_OK)                                                                  \
            return tc_try_err_;                                                                    \
    } while (0)

enum { TC_ERRINFO_TEXT_BYTES = 384 };

/* What failed, for a person. Zeroed is valid and means "nothing recorded". */
struct tc_errinfo {
    enum tc_err err;
    int64_t offset; /* byte offset in the input, -1 when there is none */
    char text[TC_ERRINFO_TEXT_BYTES];
};

/* The error's short name ("checksum") and sentence. Static; never NULL, also for values out of
 * range. */
const char *tc_err_name(enum tc_err err);
const char *tc_err_text(enum tc_err err);

/* Records ERR and a formatted sentence in INFO (which may be NULL) and returns ERR, so that a
 * failing function ends in `return tc_fail(info, TC_E_RANGE, "...")`. Truncates the text, never
 * fails. */
enum tc_err tc_fail(struct tc_errinfo *info, enum tc_err err, const char *fmt, ...) TC_PRINTF(3, 4);
/* The same with the byte offset at which the input went wrong. */
enum tc_err tc_fail_at(struct tc_errinfo *info, enum tc_err err, int64_t offset, const char *fmt,
                       ...) TC_PRINTF(4, 5);
/* The same with the system's own words for ERRNUM appended; maps ENOSPC, EACCES, ENOENT and so on.
 */
enum tc_err tc_fail_errno(struct tc_errinfo *info, int errnum, const char *fmt, ...)
    TC_PRINTF(3, 4);
/* Puts "WHAT: " in front of INFO's text, for callers that know the device or the file. */
void tc_errinfo_prefix(struct tc_errinfo *info, const char *fmt, ...) TC_PRINTF(2, 3);
