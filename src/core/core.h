/* SPDX-License-Identifier: Apache-2.0 */
/* The core process: journal, decisions, effects, people's rights. See internal.h for how it works.
 */
#pragma once

/* The process's main; returns its exit status. */
int core_main(void);
