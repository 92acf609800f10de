/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "runtime/clock.h"

static char log_name[48] = "tocsin";
static enum log_level log_most = LOG_LEVEL_INFO;

void log_start(const char *name, enum log_level level)
{
    tc_slice_to_str_cut(tc_slice_str(name), log_name, sizeof log_name);
    log_most = level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    if (level > log_most)
        return;
    char text[1024];
    char time_text[TC_TIME_TEXT_BYTES];
    char line[1400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (char *c = text; *c != 0; c++) {
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    }
    int len = snprintf(line, sizeof line, "%s %s %s: %s\n", tc_wall_format(clock_wall(), time_text),
                       log_name, words[level], text);
    if (len > (int)sizeof line - 1)
        len = (int)sizeof line - 1;
    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        return; /* nobody reads our stderr: there is nowhere to say so */
}
