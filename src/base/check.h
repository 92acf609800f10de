/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions that stay on. For our own invariants only, one condition each; never for bytes from
 * outside. */
#pragma once

#define TC_ASSERT(cond)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0))                                                          \
            tc_assert_failed(#cond, __FILE__, __LINE__);                                           \
    } while (0)

/* Writes the condition and its place to stderr and aborts; the supervisor restarts the process. */
_Noreturn void tc_assert_failed(const char *cond, const char *file, int line);

/* Runs FN on the variable when it leaves its scope: TC_CLEANUP(tc_buf_done) struct tc_buf b = ...;
 */
#define TC_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define TC_UNUSED       __attribute__((unused))
#define TC_COUNT(array) (sizeof(array) / sizeof((array)[0]))
