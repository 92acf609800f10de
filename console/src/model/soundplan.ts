// SPDX-License-Identifier: Apache-2.0
// Which alarm sound is due. Only the highest severity that nobody has picked up sounds; a flood does not
// start it again, it goes on at its own pace.

import type { Priority } from "../api/types.ts";

export interface Pattern {
    /** Pulses, each a base pitch in Hz and a start in seconds from the beginning of the burst. */
    pulses: readonly { hz: number; at: number }[];
    pulseS: number;
    repeatS: number | null;
    times: number;
    /** Louder by this after so long without a pick-up. */
    boost: { afterS: number; db: number } | null;
}

function pulses(hz: number, starts: readonly number[]): Pattern["pulses"] {
    return starts.map((at) => ({ hz, at }));
}

export const PATTERNS: Record<Priority, Pattern> = {
    1: { pulses: pulses(880, [0, 0.25, 0.5, 1.0, 1.25]), pulseS: 0.15, repeatS: 5, times: Infinity,
        boost: { afterS: 30, db: 3 } },
    2: { pulses: pulses(660, [0, 0.3, 0.6]), pulseS: 0.15, repeatS: 10, times: Infinity, boost: null },
    3: { pulses: pulses(520, [0, 0.3]), pulseS: 0.15, repeatS: 30, times: 3, boost: null },
    4: { pulses: [{ hz: 350, at: 0 }, { hz: 262, at: 0.3 }], pulseS: 0.2, repeatS: 60, times: Infinity, boost: null },
    5: { pulses: pulses(440, [0]), pulseS: 0.15, repeatS: null, times: 1, boost: null },
};

export const SILENCE_MS = 60_000;

export interface SoundNow {
    /** Highest severity of the incidents nobody has picked up. */
    worst: Priority | null;
    nowMs: number;
    silencedUntilMs: number;
}

export class SoundPlan {
    #playing: { priority: Priority; sinceMs: number; count: number; lastMs: number } | null = null;

    /** The burst to play now, with its gain in dB; null for silence. Called as often as one likes. */
    due(now: SoundNow): { pattern: Pattern; db: number } | null {
        if (now.worst === null) {
            this.#playing = null;
            return null;
        }
        if (this.#playing === null || this.#playing.priority !== now.worst) {
            const fell = this.#playing !== null && now.worst > this.#playing.priority;
            this.#playing = { priority: now.worst, sinceMs: now.nowMs, count: 0, lastMs: fell ? now.nowMs : -Infinity };
        }
        const playing = this.#playing;
        const pattern = PATTERNS[playing.priority];
        if (now.nowMs < now.silencedUntilMs || playing.count >= pattern.times) {
            return null;
        }
        if (now.nowMs - playing.lastMs < (pattern.repeatS ?? Infinity) * 1000) {
            return null;
        }
        playing.count += 1;
        playing.lastMs = now.nowMs;
        const boost = pattern.boost;
        const louder = boost !== null && now.nowMs - playing.sinceMs >= boost.afterS * 1000;
        return { pattern, db: louder ? boost.db : 0 };
    }
}
