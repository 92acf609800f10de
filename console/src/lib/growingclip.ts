// SPDX-License-Identifier: Apache-2.0
// Plays a clip that is still being recorded: reads what exists now, later only what came since, and puts the
// two together in one media source. What the answers hold and where they lie is model/growth.ts.

import { codecOf, Splitter, ticksPerSecond, type Piece } from "../model/mp4.ts";
import { beginOf, Growth } from "../model/growth.ts";
import { SourceQueue } from "./sourcequeue.ts";
import type { Range } from "../model/livepolicy.ts";

export interface ClipReport {
    failed(text: string): void;
    unplayable(codec: string): void;
    loaded(): void;
}

export interface ClipAddresses {
    whole: string;
    /** The camera's recording from then on; null when the clip ends before. */
    since(from: string): string | null;
}

export class GrowingClip {
    readonly #video: HTMLVideoElement;
    readonly #addresses: ClipAddresses;
    readonly #report: ClipReport;
    readonly #growth = new Growth();
    #queue: SourceQueue | null = null;
    #ticks = 1;
    #busy = false;
    #stopped: AbortController | null = null;
    #closed = false;

    constructor(video: HTMLVideoElement, addresses: ClipAddresses, report: ClipReport) {
        this.#video = video;
        this.#addresses = addresses;
        this.#report = report;
    }

    /** Reads what there is now. `final`: nothing comes after this. False when a reading is under way already. */
    load(final: boolean): boolean {
        if (this.#busy || this.#closed) {
            return false;
        }
        this.#busy = true;
        void this.#load(final).finally(() => (this.#busy = false));
        return true;
    }

    get ranges(): Range[] {
        return this.#queue?.ranges ?? [];
    }

    close(): void {
        this.#closed = true;
        this.#stopped?.abort();
        this.#queue?.close(this.#video);
    }

    async #load(final: boolean): Promise<void> {
        const wanted = this.#growth.wanted;
        this.#stopped = new AbortController();
        try {
            const address = wanted === null ? this.#addresses.whole : this.#addresses.since(wanted);
            if (address !== null) {
                await this.#read(address, this.#stopped.signal);
            }
            if (final) {
                this.#queue?.end();
            }
            this.#report.loaded();
        } catch (error) {
            if (!this.#closed) {
                this.#report.failed(error instanceof Error ? error.message : String(error));
            }
        }
    }

    async #read(address: string, signal: AbortSignal): Promise<void> {
        const response = await fetch(address, { signal, cache: "no-store" });
        if (!response.ok || !response.body) {
            throw new Error(`HTTP ${response.status}`);
        }
        if (!this.#growth.answer(beginOf(response.headers.get("x-tocsin-clip")))) {
            throw new Error("X-Tocsin-Clip");
        }
        const splitter = new Splitter();
        const reader = response.body.getReader();
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                return;
            }
            splitter.push(value).forEach((piece) => this.#piece(piece));
        }
    }

    #piece(piece: Piece): void {
        if (piece.kind === "init") {
            this.#init(piece.bytes);
            return;
        }
        this.#queue?.append(piece.bytes, this.#growth.place(piece.time / this.#ticks));
    }

    #init(bytes: Uint8Array<ArrayBuffer>): void {
        this.#ticks = ticksPerSecond(bytes);
        if (this.#queue) {
            return;
        }
        const codec = codecOf(bytes) ?? "unknown";
        if (!SourceQueue.canPlay(codec)) {
            this.#report.unplayable(codec);
            return;
        }
        this.#queue = new SourceQueue(this.#video, codec, bytes, Infinity, (text) => this.#report.failed(text));
    }
}
