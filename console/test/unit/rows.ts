// SPDX-License-Identifier: Apache-2.0
// Rows for the tests, complete but for what a test sets itself.
import type { Change, Incident } from "../../src/api/types.ts";

export function incident(id: number, more: Partial<Incident> = {}): Incident {
    return {
        id, state: "new", priority: 3, class: "intrusion", type: "intrusion.motion", title: "Motion", zone: "z1",
        zone_name: "Zone 1", area: "a1", opened_at: `2026-03-01T10:00:${String(id % 60).padStart(2, "0")}.000000Z`,
        owner: null, owner_name: null, outcome: null, reason: null, condition: "active", alarm_count: 1,
        signal_count: 1, phases: {}, cameras: [], ...more,
    };
}

export function change(seq: number, row: Incident): Change {
    return { seq, kind: "incident", data: row };
}

/** A small repeatable source of numbers in [0, 1). */
export function numbers(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}
