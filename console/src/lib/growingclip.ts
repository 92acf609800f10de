// SPDX-License-Identifier: Apache-2.0
// Plays a clip that is still being recorded: reads what exists now, and again later, and appends only the
// fragments that are new. The file it reads is the same one that anybody can download.

import { codecOf, Splitter } from "../model/mp4.ts";
import { SourceQueue } from "./sourcequeue.ts";

export interface ClipReport {
    failed(text: string): void;
    unplayable(codec: string): void;
    loaded(): void;
}

export class GrowingClip {
    readonly #video: HTMLVideoElement;
    readonly #address: string;
    readonly #report: ClipReport;
    #queue: SourceQueue | null = null;
    #upTo = -1;
    #busy = false;
    #stopped: AbortController | null = null;
    #closed = false;

    constructor(video: HTMLVideoElement, address: string, report: ClipReport) {
        this.#video = video;
        this.#address = address;
        this.#report = report;
    }

    /** Reads the clip as it is now. `final`: nothing comes after this. Resolves when all of it is appended. */
    async load(final: boolean): Promise<void> {
        if (this.#busy || this.#closed) {
            return;
        }
        this.#busy = true;
        this.#stopped = new AbortController();
        try {
            await this.#read(this.#stopped.signal);
            if (final) {
                this.#queue?.end();
            }
            this.#report.loaded();
        } catch (error) {
            if (!this.#closed) {
                this.#report.failed(error instanceof Error ? error.message : String(error));
            }
        } finally {
            this.#busy = false;
        }
    }

    get start(): number {
        return this.#queue?.ranges[0]?.start ?? 0;
    }

    get end(): number {
        const ranges = this.#queue?.ranges ?? [];
        return ranges[ranges.length - 1]?.end ?? 0;
    }

    close(): void {
        this.#closed = true;
        this.#stopped?.abort();
        this.#queue?.close(this.#video);
    }

    async #read(signal: AbortSignal): Promise<void> {
        const response = await fetch(this.#address, { signal, cache: "no-store" });
        if (!response.ok || !response.body) {
            throw new Error(`HTTP ${response.status}`);
        }
        const splitter = new Splitter();
        const reader = response.body.getReader();
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                return;
            }
            for (const piece of splitter.push(value)) {
                this.#piece(piece.kind, piece.bytes, piece.time);
            }
        }
    }

    #piece(kind: "init" | "media", bytes: Uint8Array<ArrayBuffer>, time: number): void {
        if (kind === "media" && this.#queue && time > this.#upTo) {
            this.#upTo = time;
            this.#queue.append(bytes);
        }
        if (kind === "init" && !this.#queue) {
            const codec = codecOf(bytes) ?? "unknown";
            if (!SourceQueue.canPlay(codec)) {
                this.#report.unplayable(codec);
                return;
            }
            this.#queue = new SourceQueue(this.#video, codec, bytes, Infinity,
                (text) => this.#report.failed(text));
        }
    }
}
