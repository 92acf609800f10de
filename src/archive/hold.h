/* SPDX-License-Identifier: Apache-2.0 */
/* Holds: hard links under holds/<incident>/ on the recording's own volume. Whatever happens to the
 * first name, a mistake of ours included, the bytes stay as long as the link does. */
#pragma once

#include "archive/volume.h"

/* Links the file of S, marks its row and writes the hold's row. Doing it again is fine. Errors name
 * the volume and the remedy; the link is what counts: a row that could not be written is an error
 * too, but the file is safe. */
enum tc_err hold_segment(struct archive_db *db, struct volume *v, uint64_t incident,
                         struct archive_segment *s, struct tc_errinfo *info) TC_MUST_USE;
