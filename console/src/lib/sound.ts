// SPDX-License-Identifier: Apache-2.0
// Plays the alarm sounds, made in the browser. One window is the sound leader (it holds a lock that the
// browser hands on when the window goes). A context that may not play yet is reported, never hidden.

import type { Pattern } from "../model/soundplan.ts";

const ATTACK_S = 0.025;
const LEVEL = 0.25;

export class Sound {
    #context: AudioContext | null = null;
    #wave: PeriodicWave | null = null;
    #leader = false;
    #nodes: OscillatorNode[] = [];

    constructor() {
        if ("locks" in navigator) {
            void navigator.locks.request("tocsin-sound", () => {
                this.#leader = true;
                return new Promise<void>(() => undefined); // held until this window closes
            });
        } else {
            this.#leader = true;
        }
    }

    get isLeader(): boolean {
        return this.#leader;
    }

    get isBlocked(): boolean {
        return this.#context === null || this.#context.state !== "running";
    }

    /** Call from a key press or a click: browsers allow sound only after one. */
    async unlock(): Promise<void> {
        this.#context ??= new AudioContext();
        this.#wave ??= this.#context.createPeriodicWave([0, 0, 0, 0, 0], [0, 1, 0.5, 0.3, 0.15]);
        if (this.#context.state === "suspended") {
            await this.#context.resume();
        }
    }

    play(pattern: Pattern, db: number): void {
        if (this.isBlocked || !this.#leader) {
            return;
        }
        for (const pulse of pattern.pulses) {
            this.#pulse(pulse.hz, pulse.at, pattern.pulseS, LEVEL * 10 ** (db / 20));
        }
    }

    stop(): void {
        for (const node of this.#nodes) {
            node.stop();
        }
        this.#nodes = [];
    }

    #pulse(hz: number, at: number, length: number, level: number): void {
        const context = this.#context;
        if (!context || !this.#wave) {
            return;
        }
        const begin = context.currentTime + 0.02 + at;
        const gain = context.createGain();
        gain.gain.setValueAtTime(0, begin);
        gain.gain.linearRampToValueAtTime(level, begin + ATTACK_S);
        gain.gain.setValueAtTime(level, begin + length - ATTACK_S);
        gain.gain.linearRampToValueAtTime(0, begin + length);
        const node = context.createOscillator();
        node.setPeriodicWave(this.#wave);
        node.frequency.value = hz;
        node.connect(gain).connect(context.destination);
        node.start(begin);
        node.stop(begin + length);
        node.onended = () => {
            this.#nodes = this.#nodes.filter((other) => other !== node);
            gain.disconnect();
        };
        this.#nodes.push(node);
    }
}
