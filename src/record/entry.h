/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of the journal: in memory, as canonical bytes, and as JSON for a person.
 *
 * Canonical means that one entry has exactly one byte form, because the bytes are what is hashed:
 * numbers big-endian and of fixed width, fields in increasing tag order, no tag twice, no empty
 * text (an empty text is an absent field), nothing behind the last field. docs/reference/journal.md
 * states the form so that a stranger can write a verifier. Kinds and tags that this build does not
 * know decode as well (their type stands in the bytes); a known tag of another type is refused.
 *
 * In memory an entry is a header and a sorted array of at most ENTRY_FIELDS_MAX fields. TEXT and
 * BYTES are borrowed slices: whoever filled them in keeps the bytes alive as long as the entry is
 * used. Nothing here allocates, except what the caller's tc_buf grows by. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/json_out.h"
#include "base/time.h"
#include "record/kinds.h"

enum {
    ENTRY_VERSION = 1,
    ENTRY_HEADER_BYTES = 41,
    ENTRY_FIELDS_MAX = 32,
    ENTRY_TEXT_MAX = 8192,    /* each TEXT field, and each BYTES field but BODY */
    ENTRY_BODY_MAX = 1 << 20, /* RF_BODY: a whole configuration file */
    ENTRY_BYTES_MAX = (1 << 20) + (1 << 18),
};

enum entry_type { ENTRY_TYPE_I64 = 1, ENTRY_TYPE_TEXT = 2, ENTRY_TYPE_BYTES = 3 };

struct entry_field {
    uint16_t tag;
    uint8_t type;
    union {
        int64_t num;
        struct tc_slice bytes;
    };
};

struct record_entry {
    uint16_t kind; /* enum record_kind, or a number this build does not know */
    uint16_t count;
    uint32_t boot;     /* counts the core's starts, from 1 */
    uint64_t seq;      /* position in the journal, from 1, without gaps */
    uint64_t cause;    /* seq of the input that this decision follows from; 0 for inputs */
    struct tc_wall at; /* when core took it in */
    struct tc_mono mono;
    struct entry_field fields[ENTRY_FIELDS_MAX];
};

/* An entry of KIND without seq, times and fields; the array behind count is not written. */
void entry_init(struct record_entry *e, enum record_kind kind);

/* Set one field, over an older value of the same tag. The type must be the tag's own, and an entry
 * has at most ENTRY_FIELDS_MAX fields (both asserted: our own code names the tag). An empty slice
 * removes the field. A text over ENTRY_TEXT_MAX is cut at a character's edge: a peer's long text
 * must not stop the journal. Bytes are never cut; entry_encode refuses what is too long. */
void entry_i64(struct record_entry *e, enum record_field tag, int64_t v);
void entry_text(struct record_entry *e, enum record_field tag, struct tc_slice text);
void entry_str(struct record_entry *e, enum record_field tag, const char *text);
void entry_bytes(struct record_entry *e, enum record_field tag, struct tc_slice bytes);

bool entry_has(const struct record_entry *e, enum record_field tag);
int64_t entry_get_i64(const struct record_entry *e, enum record_field tag, int64_t absent);
/* Empty when absent. Borrowed from where the entry's bytes live. */
struct tc_slice entry_get_text(const struct record_entry *e, enum record_field tag);
struct tc_slice entry_get_bytes(const struct record_entry *e, enum record_field tag);

/* Appends the canonical bytes to OUT. TC_E_LIMIT when a field or the whole is too long, else OUT's
 * own error; OUT's length is then unchanged. */
enum tc_err entry_encode(const struct record_entry *e, struct tc_buf *out) TC_MUST_USE;

/* Reads one entry that fills BYTES exactly; its slices point into BYTES. TC_E_FORMAT for anything
 * that is not the canonical form, TC_E_UNSUPPORTED for another version, TC_E_LIMIT. *E is then
 * undefined. */
enum tc_err entry_decode(struct tc_slice bytes, struct record_entry *e,
                         struct tc_errinfo *info) TC_MUST_USE;

/* One object: seq, kind, at, boot, cause and the fields by their JSON names; times as RFC 3339,
 * bytes as text with \xNN as raw_to_json writes them, unknown tags as
 * "field_NNN". */
void entry_to_json(const struct record_entry *e, struct tc_json *j);
/* "SIGNAL" or NULL; "signal" in words or NULL. Static. */
const char *record_kind_name(uint16_t kind);
const char *record_kind_text(uint16_t kind);
/* An input, as against a decision? Unknown kinds are none. */
bool record_kind_is_input(uint16_t kind);
/* The field's JSON name or NULL, its type or 0. */
const char *record_field_name(uint16_t tag);
unsigned record_field_type(uint16_t tag);
