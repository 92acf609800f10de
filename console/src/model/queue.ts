// SPDX-License-Identifier: Apache-2.0
// The alarm queue: priority first, then the oldest. Kept sorted by insertion, so that one change among a
// thousand incidents costs a search and a splice.

import type { Incident, Priority } from "../api/types.ts";

export function compareIncidents(a: Incident, b: Incident): number {
    return a.priority - b.priority || compareText(a.opened_at, b.opened_at) || a.id - b.id;
}

function compareText(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

export type Counts = Record<Priority, { open: number; fresh: number }>;

export function isUnowned(incident: Incident): boolean {
    return incident.state === "new";
}

export class Queue {
    readonly #rows: Incident[] = [];
    readonly #byId = new Map<number, Incident>();

    get rows(): readonly Incident[] {
        return this.#rows;
    }

    get(id: number): Incident | undefined {
        return this.#byId.get(id);
    }

    /** Takes the new form of an incident in; a closed one leaves. Says what it was before. */
    put(incident: Incident): Incident | undefined {
        const before = this.#byId.get(incident.id);
        if (before) {
            this.#rows.splice(this.indexOf(before), 1);
            this.#byId.delete(incident.id);
        }
        if (incident.state !== "closed") {
            this.#rows.splice(this.#place(incident), 0, incident);
            this.#byId.set(incident.id, incident);
        }
        return before;
    }

    clear(): void {
        this.#rows.length = 0;
        this.#byId.clear();
    }

    indexOf(incident: Incident): number {
        const at = this.#place(incident);
        return this.#rows[at]?.id === incident.id ? at : this.#rows.findIndex((row) => row.id === incident.id);
    }

    counts(): Counts {
        const counts: Counts = {
            1: { open: 0, fresh: 0 }, 2: { open: 0, fresh: 0 }, 3: { open: 0, fresh: 0 },
            4: { open: 0, fresh: 0 }, 5: { open: 0, fresh: 0 },
        };
        for (const row of this.#rows) {
            counts[row.priority].open += 1;
            counts[row.priority].fresh += isUnowned(row) ? 1 : 0;
        }
        return counts;
    }

    /** The next incident nobody has picked up: the most urgent that was never looked at, then on in queue
     * order from `from`, around the end. Backwards only in queue order. */
    nextFresh(from: number | null, step: 1 | -1, looked: ReadonlySet<number>): Incident | undefined {
        const fresh = this.#rows.filter((row) => isUnowned(row) || row.id === from);
        const unseen = fresh.find((row) => row.id !== from && !looked.has(row.id));
        if (step > 0 && unseen) {
            return unseen;
        }
        const at = fresh.findIndex((row) => row.id === from);
        const next = at < 0 ? fresh.at(step > 0 ? 0 : -1) : fresh[(at + step + fresh.length) % fresh.length];
        return next && next.id !== from ? next : undefined;
    }

    #place(incident: Incident): number {
        let low = 0;
        let high = this.#rows.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            const row = this.#rows[middle];
            if (row && compareIncidents(row, incident) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
