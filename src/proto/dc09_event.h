/* SPDX-License-Identifier: Apache-2.0 */
/* SIA DC-09, the data of a message: what SIA-DCS (DC-03 codes) and ADM-CID (DC-05 Contact ID) say
 * happened.
 *
 * SIA-DCS: "#acct|" then blocks parted by bars. A block N (new) or O (old, from the log) holds
 * modifiers (two small letters and a value: ti time, da date, id user, ri area, pi peripheral) and
 * codes (two capitals and an address); a text between carets, or a block A, belongs to the code
 * before it. Modifiers hold for all that follows in their block. ADM-CID: "#acct|Q EEE GG CCC":
 * qualifier 1 new or opening, 3 restored or closing, 6 still there; event, group (area), zone or
 * user. Nothing is refused: what does not read is counted in `odd_bytes`, and the caller keeps the
 * raw bytes. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "proto/dc09.h"

/* One thing that happened. Slices are borrowed from the message's body; an absent one has ptr NULL.
 */
struct dc09_event {
    bool is_cid;
    bool is_old;          /* sent from the panel's log, not as it happened */
    uint8_t qualifier;    /* ADM-CID: '1', '3' or '6', else 0 */
    struct tc_slice code; /* "BA"; or Contact ID's three digits "130" */
    struct tc_slice
        address; /* zone, user, door, ...: what the code says it is; leading zeros as sent */
    struct tc_slice area;       /* ri, or Contact ID's group */
    struct tc_slice user;       /* id */
    struct tc_slice peripheral; /* pi */
    struct tc_slice time;       /* ti, HH:MM or HH:MM:SS, by the panel's clock and zone */
    struct tc_slice date;       /* da, MM-DD-YY */
    struct tc_slice text;       /* as sent, mostly Windows-1252 */
};

/* Walks the events of one message: `dc09_events(&msg)`, then next until it is false. */
struct dc09_events {
    struct tc_slice rest;    /* blocks not yet walked; ptr NULL at the end */
    struct tc_slice block;   /* what is left of the block being walked */
    struct tc_slice account; /* in front of the first bar, without '#'; ptr NULL when absent */
    bool is_cid;
    bool in_events;         /* inside an N or O block */
    struct dc09_event held; /* the modifiers in force */
    size_t odd_bytes;       /* bytes of the data that were not understood */
};

/* For kinds other than SIA-DCS and ADM-CID, and for encrypted messages, there are no events. */
struct dc09_events dc09_events(const struct dc09_msg *msg);
bool dc09_events_next(struct dc09_events *it, struct dc09_event *ret);

/* Appends the text as UTF-8: bytes that are UTF-8 already as they are, others read as Windows-1252;
 * control characters become blanks. */
void dc09_add_text_utf8(struct tc_buf *out, struct tc_slice text);
