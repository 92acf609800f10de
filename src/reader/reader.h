/* SPDX-License-Identifier: Apache-2.0 */
/* The process that answers lists, searches and what a stream missed, out of the journal, which it
 * can only read.
 *
 * Core has checked the session and says who asks (QUERY); the answer goes to web on reader's own
 * link. One query at a time, each in one read transaction of at most READER_BUDGET_MS: a long one
 * would keep the journal's WAL from starting over. */
#pragma once

enum { READER_BUDGET_MS = 100 };

/* `tocsin worker reader`; returns the exit status. */
int reader_main(void);
