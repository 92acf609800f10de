/* SPDX-License-Identifier: Apache-2.0 */
/* What control panels' codes mean here: SIA two-letter codes (DC-03) and Contact ID events (DC-05)
 * into our event types.
 *
 * What has no type of its own (a programming session, a printer's paper) is a supervision.notice
 * with its text. A code in no table is `known == false` and EV_NONE: kept, shown as unmapped, and
 * never refused, since a panel that is refused may block its queue. A point of the site's
 * configuration may replace the type by a finer one (panel_type_at_point).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "model/event_type.h"

/* What the number behind a code counts. */
enum panel_address {
    PANEL_NOTHING, /* the code has none, or one that means nothing to us */
    PANEL_ZONE,
    PANEL_USER,
    PANEL_AREA,
    PANEL_DOOR,
    PANEL_DEVICE, /* expander, receiver, relay, line, printer */
};

struct panel_meaning {
    bool known;
    enum ev_type type;
    enum ev_state state;
    enum panel_address address;
    const char *text; /* static, for a person; "" when not known */
};

/* CODE: two capitals, "BA". */
struct panel_meaning panel_code_sia(struct tc_slice code);

/* QUALIFIER '1' new or opening, '3' restored or closing, '6' still present (any other reads as not
 * known); EVENT: three digits, "130". */
struct panel_meaning panel_code_cid(uint8_t qualifier, struct tc_slice event);

/* The type of an event that a code calls BY_CODE at a point that the configuration calls BY_POINT
 * (EV_NONE: not stated). The point's type takes the place of an alarm's, never of a trouble's, a
 * test's or an opening's, and never makes a fire or a hold-up less urgent. */
enum ev_type panel_type_at_point(enum ev_type by_code, enum ev_type by_point);

/* The codes of each table in order, for documents and tests; NULL behind the last. Static. */
const char *panel_code_sia_at(size_t index);
const char *panel_code_cid_at(size_t index);
