// SPDX-License-Identifier: Apache-2.0
// What a screen reader hears: one polite summary at most every 5 seconds, and one assertive line for each
// new Critical. Never one line per row.

import type { Incident, Priority } from "../api/types.ts";

export const SUMMARY_MS = 5_000;

export interface Summary {
    fresh: number;
    critical: number;
}

export class Announcer {
    #waiting: Priority[] = [];
    #lastMs = -Infinity;

    /** True when this incident is to be said at once. */
    arrived(incident: Incident): boolean {
        this.#waiting.push(incident.priority);
        return incident.priority === 1;
    }

    due(nowMs: number): Summary | null {
        if (this.#waiting.length === 0 || nowMs - this.#lastMs < SUMMARY_MS) {
            return null;
        }
        const fresh = this.#waiting.length;
        const critical = this.#waiting.filter((priority) => priority === 1).length;
        this.#waiting = [];
        this.#lastMs = nowMs;
        return { fresh, critical };
    }
}
