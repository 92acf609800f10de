// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt to connect: doubling from FIRST_MS to LAST_MS, each wait
// spread over its upper half so that many consoles do not come back in the same instant.

export const FIRST_MS = 500;
export const LAST_MS = 10_000;

/** The wait before attempt N (0 is the first retry). `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
    const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
    return Math.max(FIRST_MS, Math.round(full * (0.5 + random / 2)));
}
