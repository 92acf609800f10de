/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets of a site: one file each, mode 0600, in secrets/ under the state directory (mode
 * 0700).
 *
 * Names: an id ("cameras", what site.yaml calls secret:cameras), "password/USER" (that user's
 * Argon2id string), "tls.key" and "tls.crt". Nothing else, so that no name leaves the directory. A
 * write is whole or not at all: a new file, synced, renamed over the old, the directory synced. A
 * file that others may read is refused, not used: whoever copied it there must be told. Values: 1
 * to SECRET_BYTES_MAX bytes, any bytes. Errors never hold a value. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { SECRET_BYTES_MAX = 8192, SECRET_NAME_BYTES = 64 };

/* An id (site_id_valid), password/ID, tls.key or tls.crt. */
bool secret_name_valid(struct tc_slice name);

/* Opens secrets/ in the directory STATE_FD, making it when CREATE. The caller closes *RET_FD.
 * TC_E_NOT_FOUND when there is none and CREATE is false; TC_E_DENIED when others may enter it. */
enum tc_err secrets_open(int state_fd, bool create, int *ret_fd,
                         struct tc_errinfo *info) TC_MUST_USE;
/* Replaces or makes. TC_E_FORMAT for a bad name, TC_E_RANGE for an empty or too long value. On an
 * error the old value stays. */
enum tc_err secret_set(int dir_fd, const char *name, struct tc_slice value,
                       struct tc_errinfo *info) TC_MUST_USE;
/* Appends the value to OUT. TC_E_NOT_FOUND; TC_E_DENIED when the file is not 0600 or no plain file.
 * Wipe OUT with secret_wipe. */
enum tc_err secret_get(int dir_fd, const char *name, struct tc_buf *out,
                       struct tc_errinfo *info) TC_MUST_USE;
/* TC_E_NOT_FOUND when it was not there. */
enum tc_err secret_remove(int dir_fd, const char *name, struct tc_errinfo *info) TC_MUST_USE;

/* Calls FN with every name, in alphabetical order; stops at an error of FN and returns it. */
typedef enum tc_err secret_name_fn(void *ctx, const char *name);
enum tc_err secrets_list(int dir_fd, secret_name_fn *fn, void *ctx,
                         struct tc_errinfo *info) TC_MUST_USE;

/* Overwrites the bytes of B and frees it. */
void secret_wipe(struct tc_buf *b);
