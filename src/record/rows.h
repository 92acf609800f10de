/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of lists and changes that an entry is by itself, as the API shows them: core prints them as
 * they happen, the lists and a resumed stream print them again from the journal, and they are the
 * same. Alarms and incidents are not among them: they are states that many entries make. */
#pragma once

#include "base/json_out.h"
#include "model/site.h"
#include "record/entry.h"

/* The change that an entry of this kind is: "signal", "event", "bookmark", "note", "notify",
 * "camera", "process"; NULL for every other kind. Static. */
const char *record_row_name(uint16_t kind);
/* The row of such an entry (asserted) as one object. SITE gives names, may be NULL. A signal's
 * durable_at is null: it is known later than the entry. */
void record_row_to_json(const struct record_entry *e, const struct site *site, struct tc_json *j);
