// SPDX-License-Identifier: Apache-2.0
// The alarm sound's state as the top line shows it, and the beat that makes it play.

import type { Priority } from "../api/types.ts";
import { Sound } from "../lib/sound.ts";
import { PATTERNS, SILENCE_MS, SoundPlan } from "./soundplan.ts";

export class Alarmist {
    state = $state<"on" | "silenced" | "blocked" | "elsewhere">("blocked");
    /** Seconds of silence left. */
    silentS = $state(0);
    #silencedUntilMs = 0;
    readonly #sound = new Sound();
    readonly #plan = new SoundPlan();
    #saidNotLive = false;
    #sounding = false;

    /** Several times a second: plays what is due. A lost connection is told once with the trouble sound. */
    beat(worst: Priority | null, live: boolean): void {
        const nowMs = Date.now();
        this.#setState(nowMs);
        if (!live && !this.#saidNotLive) {
            this.#sound.play(PATTERNS[4], 0);
        }
        this.#saidNotLive = !live;
        if (this.#sound.isBlocked) {
            return; // the plan starts when sound can be heard
        }
        const due = this.#plan.due({ worst, nowMs, silencedUntilMs: this.#silencedUntilMs });
        if (due) {
            this.#sound.play(due.pattern, due.db);
        } else if (worst === null && this.#sounding) {
            this.#sound.stop();
        }
        this.#sounding = worst !== null;
    }

    /** The F9 key and the button: unblocks sound, else silences it for a minute, else ends the silence. */
    async press(): Promise<void> {
        const nowMs = Date.now();
        if (this.#sound.isBlocked) {
            await this.#sound.unlock();
        } else if (this.#silencedUntilMs > nowMs) {
            this.#silencedUntilMs = 0;
        } else {
            this.#silencedUntilMs = nowMs + SILENCE_MS;
            this.#sound.stop();
        }
        this.#setState(nowMs);
    }

    /** Any press of a key or button may unblock. */
    async gesture(test: boolean): Promise<void> {
        if (this.#sound.isBlocked) {
            await this.#sound.unlock();
        }
        if (test) {
            this.#sound.play(PATTERNS[5], -6);
        }
        this.#setState(Date.now());
    }

    silent(): void {
        this.#sound.stop();
    }

    #setState(nowMs: number): void {
        this.silentS = Math.max(0, Math.ceil((this.#silencedUntilMs - nowMs) / 1000));
        if (this.#sound.isBlocked) {
            this.state = "blocked";
        } else if (!this.#sound.isLeader) {
            this.state = "elsewhere";
        } else {
            this.state = this.silentS > 0 ? "silenced" : "on";
        }
    }
}
