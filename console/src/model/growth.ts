// SPDX-License-Identifier: Apache-2.0
// How a growing clip is put together from answers that overlap: the first is the clip, each later one the
// camera's recording from where the player stands. Each answer's media times count from its own beginning,
// which its X-Tocsin-Clip header tells; here they are brought onto the clip's time line.

import { formatMicros, parseMicros } from "../lib/time.ts";

/** Beginning of an answer's media in microseconds since 1970, from its header; NaN when it does not say. */
export function beginOf(header: string | null): number {
    try {
        const clip = JSON.parse(header ?? "") as { from?: unknown } | null;
        return typeof clip?.from === "string" ? parseMicros(clip.from) : Number.NaN;
    } catch {
        return Number.NaN;
    }
}

export class Growth {
    #originUs: number | null = null;
    #offset = 0;
    #last = -1;

    /** A new answer begins at this time. False when it cannot be placed on the time line. */
    answer(beginUs: number): boolean {
        if (this.#originUs === null || Number.isNaN(this.#originUs)) { // one without a time is read whole each time
            this.#originUs = beginUs;
            return true;
        }
        this.#offset = (beginUs - this.#originUs) / 1e6;
        return !Number.isNaN(this.#offset);
    }

    /** Takes note of a fragment of this answer and says the offset to append it with. All of an answer is appended,
     * also what is there already: it begins with a key frame, without which what follows could not be decoded, and
     * where its fragments are cut differs from answer to answer. */
    place(startS: number): number {
        this.#last = Math.max(this.#last, startS + this.#offset);
        return this.#offset;
    }

    /** From when on the recording is wanted next; null before the first answer, or when it did not say its time. */
    get wanted(): string | null {
        return this.#originUs === null || Number.isNaN(this.#originUs) || this.#last < 0
            ? null : formatMicros(this.#originUs + Math.floor(this.#last * 1e6));
    }
}
