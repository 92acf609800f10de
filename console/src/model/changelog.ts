// SPDX-License-Identifier: Apache-2.0
// The console's place in the journal: what has been taken in, where to resume, and what came in while
// away. Nothing twice, nothing lost, whatever the connection does.
//
// Several changes may carry the same seq (one journal transaction can change an alarm and its incident).
// The connection may break between them, so the console resumes one seq earlier than the last it saw and
// passes over those of the last seq which it already holds.

import type { Change, Incident } from "../api/types.ts";

export interface Hello {
    kind: "hello";
    seq: number;
    now?: string;
}

export interface Away {
    incidents: number;
    critical: number;
    changes: number;
}

/** What was missed cannot be told one by one: the lists are to be read anew, the log goes on behind `seq`. */
export interface Reset {
    kind: "reset";
    seq: number;
}

/** What to do with a message: apply it, pass it over, or start again because the journal is another one. */
export type Verdict = "apply" | "double" | "reset";

export class ChangeLog {
    #last: number | null = null;
    readonly #held = new Set<string>();
    #head = 0;
    #away: { changes: number; incidents: Set<number>; critical: Set<number> } | null = null;
    readonly #isKnown: (incident: number) => boolean;

    /** `isKnown`: was this incident on the screens before? Only one that was not counts as new while away. */
    constructor(isKnown: (incident: number) => boolean) {
        this.#isKnown = isKnown;
    }

    /** The query value of the next connection; null when nothing has been taken in yet. */
    get resumeAfter(): number | null {
        return this.#last === null ? null : Math.max(0, this.#last - 1);
    }

    get last(): number | null {
        return this.#last;
    }

    /** First message of a connection. "reset" when the journal ends before what this console already saw. */
    hello(hello: Hello): Verdict {
        const first = this.#last === null;
        const known = this.#last ?? hello.seq;
        this.#last ??= hello.seq;
        this.#head = hello.seq;
        if (hello.seq < known) {
            this.begin(hello.seq);
            return "reset";
        }
        if (!first && hello.seq > known) {
            this.#away = { changes: 0, incidents: new Set(), critical: new Set() };
        }
        return "apply";
    }

    take(change: Change): Verdict {
        const last = this.#last ?? 0;
        if (change.seq < last) {
            return "double";
        }
        if (change.seq > last) {
            this.#last = change.seq;
            this.#held.clear();
        }
        const mark = `${change.kind} ${JSON.stringify(change.data)}`;
        if (this.#held.has(mark)) {
            return "double";
        }
        this.#held.add(mark);
        this.#count(change);
        return "apply";
    }

    /** The summary of a reconnection, once, when the log has caught up; null otherwise. */
    summary(): Away | null {
        const away = this.#away;
        if (away === null || (this.#last ?? 0) < this.#head) {
            return null;
        }
        this.#away = null;
        return { changes: away.changes, incidents: away.incidents.size, critical: away.critical.size };
    }

    /** Starts anew behind `seq`. */
    begin(seq: number): void {
        this.#last = seq;
        this.#held.clear();
        this.#away = null;
    }

    #count(change: Change): void {
        const away = this.#away;
        if (away === null || change.seq > this.#head) {
            return;
        }
        away.changes += 1;
        if (change.kind === "incident" && isFresh(change.data) && !this.#isKnown(change.data.id)) {
            away.incidents.add(change.data.id);
            if (change.data.priority === 1) {
                away.critical.add(change.data.id);
            }
        }
    }
}

function isFresh(incident: Incident): boolean {
    return incident.state === "new";
}

/** Reads one text message of the changes socket; null for what this console does not know. */
export function parseMessage(text: string): Hello | Reset | Change | { kind: "beat" } | null {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        return null;
    }
    if (typeof value !== "object" || value === null) {
        return null;
    }
    const row = value as { kind?: unknown; seq?: unknown; data?: unknown };
    if (row.kind === "beat") {
        return { kind: "beat" };
    }
    if (typeof row.kind !== "string" || typeof row.seq !== "number" || !Number.isSafeInteger(row.seq)) {
        return null;
    }
    if (row.kind === "hello" || row.kind === "reset") {
        return value as Hello | Reset;
    }
    if (typeof row.data !== "object" || row.data === null) {
        return null;
    }
    return value as Change;
}
