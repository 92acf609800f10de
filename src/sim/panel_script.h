/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated panel is told to send, as a person writes it: one step a text.
 *
 *   BA 12              a SIA code and its address (none: "RP")
 *   BA 12 1            with the area, sent as ri
 *   BA 12 1 Back door  with a text, sent between carets
 *   1130 01 012        Contact ID: qualifier and event, group, zone or user ("cid " may come first)
 *   null               a supervision message
 *   wait 5s            a pause
 *   raw Nri1/BA12      SIA-DCS data behind "#account|", as it stands */
#pragma once

#include "base/buf.h"
#include "base/slice.h"
#include "proto/dc09.h"

enum { PANEL_DATA_BYTES = 512 };

struct panel_step {
    enum dc09_kind kind;         /* DC09_SIA_DCS, DC09_ADM_CID, DC09_NULL_; DC09_OTHER: a pause */
    int64_t wait_ns;             /* of a pause */
    char data[PANEL_DATA_BYTES]; /* behind "#account|" */
};

/* TC_E_FORMAT with what is wrong in INFO. */
enum tc_err panel_step_parse(struct tc_slice text, struct panel_step *ret,
                             struct tc_errinfo *info) TC_MUST_USE;

/* The account of panel INDEX of many: BASE counted up by INDEX, in decimal when BASE is all digits,
 * else in hex; as wide as BASE. OUT holds DC09_ACCOUNT_BYTES_MAX + 1. TC_E_RANGE when it needs more
 * digits than BASE has, TC_E_FORMAT when BASE is no account. */
enum tc_err panel_account(const char *base, unsigned index, char *out) TC_MUST_USE;
