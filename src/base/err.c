/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const err_names[TC_ERR_COUNT] = {
#define X(name, text) [TC_E_##name] = #name,
    TC_ERR_LIST(X)
#undef X
};

static const char *const err_texts[TC_ERR_COUNT] = {
#define X(name, text) [TC_E_##name] = text,
    TC_ERR_LIST(X)
#undef X
};

const char *tc_err_name(enum tc_err err)
{
    return (unsigned)err < TC_ERR_COUNT ? err_names[err] : "INVALID";
}

const char *tc_err_text(enum tc_err err)
{
    return (unsigned)err < TC_ERR_COUNT ? err_texts[err] : "an error without a name";
}

TC_PRINTF(4, 0)
static enum tc_err fail_v(struct tc_errinfo *info, enum tc_err err, int64_t offset, const char *fmt,
                          va_list args)
{
    if (info == NULL)
        return err;
    info->err = err;
    info->offset = offset;
    (void)vsnprintf(info->text, sizeof info->text, fmt, args);
    return err;
}

enum tc_err tc_fail(struct tc_errinfo *info, enum tc_err err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fail_v(info, err, -1, fmt, args);
    va_end(args);
    return err;
}

enum tc_err tc_fail_at(struct tc_errinfo *info, enum tc_err err, int64_t offset, const char *fmt,
                       ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fail_v(info, err, offset, fmt, args);
    va_end(args);
    return err;
}

static enum tc_err err_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return TC_E_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return TC_E_DENIED;
    case ENOENT:
        return TC_E_NOT_FOUND;
    case EEXIST:
        return TC_E_EXISTS;
    case ENOMEM:
        return TC_E_NOMEM;
    case EADDRINUSE:
        return TC_E_BUSY;
    case ETIMEDOUT:
        return TC_E_TIMEOUT;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
        return TC_E_CLOSED;
    default:
        return TC_E_IO;
    }
}

enum tc_err tc_fail_errno(struct tc_errinfo *info, int errnum, const char *fmt, ...)
{
    enum tc_err err = err_of_errno(errnum);
    if (info == NULL)
        return err;
    va_list args;
    va_start(args, fmt);
    (void)fail_v(info, err, -1, fmt, args);
    va_end(args);
    char reason[96];
    const char *said = strerror_r(errnum, reason, sizeof reason);
    size_t used = strlen(info->text);
    (void)snprintf(info->text + used, sizeof info->text - used, ": %s", said);
    return err;
}

void tc_errinfo_prefix(struct tc_errinfo *info, const char *fmt, ...)
{
    if (info == NULL)
        return;
    char old[TC_ERRINFO_TEXT_BYTES];
    memcpy(old, info->text, sizeof old);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(info->text, sizeof info->text, fmt, args);
    va_end(args);
    size_t used = strlen(info->text);
    (void)snprintf(info->text + used, sizeof info->text - used, ": %s", old);
}
