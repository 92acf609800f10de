/* SPDX-License-Identifier: Apache-2.0 */
/* Text for engineers, one line on stderr: time, process, level, text. What people must see is an
 * event in the journal, not a log line. Control characters in texts are escaped, so that no name
 * can forge a line. Only system and process rooms log. */
#pragma once

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* NAME stands in every line from now on; copied. LEVEL and above are written. */
void log_start(const char *name, enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) TC_PRINTF(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
