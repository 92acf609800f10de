/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test starts with: cmocka in the order it wants, and our own slices and errors. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "base/slice.h"

/* The slice holds exactly the bytes of TEXT. Prints both when not. */
#define assert_slice_is(slice, text) tc_test_slice_is((slice), (text), __FILE__, __LINE__)
/* CALL succeeds; prints the error's name and INFO's words (a struct tc_errinfo *) when not. */
#define assert_ok(call, info) tc_test_ok((call), (info), #call, __FILE__, __LINE__)

static inline void tc_test_slice_is(struct tc_slice got, const char *text, const char *file,
                                    int line)
{
    if (tc_slice_is(got, text))
        return;
    print_error("got  \"%.*s\"\nwant \"%s\"\n", TC_FMT(got), text);
    _fail(file, line);
}

static inline void tc_test_ok(enum tc_err err, const struct tc_errinfo *info, const char *call,
                              const char *file, int line)
{
    if (err == TC_OK)
        return;
    print_error("%s: %s %s\n", call, tc_err_name(err), info == NULL ? "" : info->text);
    _fail(file, line);
}
