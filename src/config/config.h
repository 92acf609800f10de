/* SPDX-License-Identifier: Apache-2.0 */
/* site.yaml into struct site. Pure: the caller reads the file.
 *
 * A configuration with an error gives no site: nothing ever runs on half of a file. Warnings do not
 * stop it. */
#pragma once

#include "base/buf.h"
#include "config/report.h"
#include "model/site.h"

/* Reads SOURCE (the bytes of the file called NAME). Fills REPORT (initialised here; the caller is
 * done with it in any case) with everything found, sorted by place. On TC_OK *RET is a sealed site
 * that the caller owns. TC_E_CONFIG: there are errors; TC_E_NOMEM. Then *RET is empty and needs no
 * done. */
enum tc_err config_load(struct tc_slice source, const char *name, struct site *ret,
                        struct config_report *report) TC_MUST_USE;

/* The same for a process that is given a file which the supervisor has read already: no report, but
 * a sentence in INFO should it fail all the same. */
enum tc_err config_take(struct tc_slice source, const char *name, struct site *ret,
                        struct tc_errinfo *info) TC_MUST_USE;

/* Where the value at PATH ("archive.volumes[0].path", "cameras.gate.login") stands in SOURCE, for
 * findings about the machine that the pure reader cannot make. Line 0 when it is not there. */
struct config_place config_find(struct tc_slice source, const char *path);

/* The JSON Schema (2020-12) of the file, from the same table that reads it. */
void config_schema_json(struct tc_buf *out);
/* The page docs/reference/configuration.md, from the same table. */
void config_reference_md(struct tc_buf *out);
