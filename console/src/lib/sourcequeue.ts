// SPDX-License-Identifier: Apache-2.0
// A media source with one track, and the order of its appends: a source buffer takes one operation at a
// time. Shared by the live player and the growing clip.

import type { Range } from "../model/livepolicy.ts";

/** For live pictures: more than this waiting means that the decoder is not keeping up; the newest are kept. */
export const LIVE_WAITING = 240;

interface Append {
    bytes: Uint8Array<ArrayBuffer>;
    /** Seconds added to the times inside. */
    offset: number;
}

export class SourceQueue {
    readonly #source = new MediaSource();
    readonly #address: string;
    #buffer: SourceBuffer | null = null;
    #waiting: Append[] = [];
    #removeBefore: number | null = null;
    #ended = false;
    readonly #limit: number;
    #failed: (text: string) => void;

    static canPlay(codec: string): boolean {
        return MediaSource.isTypeSupported(mimeOf(codec));
    }

    constructor(video: HTMLVideoElement, codec: string, init: Uint8Array<ArrayBuffer>, limit: number,
        failed: (text: string) => void) {
        this.#limit = limit;
        this.#failed = failed;
        this.#waiting.push({ bytes: init, offset: 0 });
        this.#address = URL.createObjectURL(this.#source);
        this.#source.addEventListener("sourceopen", () => this.#opened(codec), { once: true });
        video.src = this.#address;
    }

    append(bytes: Uint8Array<ArrayBuffer>, offset = 0): void {
        this.#ended = false;
        this.#waiting.push({ bytes, offset });
        if (this.#waiting.length > this.#limit) {
            this.#waiting.splice(1, this.#waiting.length - this.#limit);
        }
        this.#pump();
    }

    /** Nothing more will come for now; the element then knows its length and can end. */
    end(): void {
        this.#ended = true;
        this.#pump();
    }

    trim(before: number): void {
        this.#removeBefore = before;
        this.#pump();
    }

    get ranges(): Range[] {
        const buffered = this.#buffer && this.#source.readyState !== "closed" ? this.#buffer.buffered : null;
        return buffered === null ? [] : Array.from({ length: buffered.length }, (_, i) => ({
            start: buffered.start(i), end: buffered.end(i),
        }));
    }

    close(video: HTMLVideoElement): void {
        this.#failed = () => undefined;
        this.#buffer = null;
        this.#waiting = [];
        URL.revokeObjectURL(this.#address);
        video.removeAttribute("src");
        video.load();
    }

    #opened(codec: string): void {
        try {
            this.#buffer = this.#source.addSourceBuffer(mimeOf(codec));
        } catch (error) {
            this.#failed(String(error));
            return;
        }
        this.#buffer.addEventListener("updateend", () => this.#pump());
        this.#buffer.addEventListener("error", () => this.#failed("decode"));
        this.#pump();
    }

    #pump(): void {
        const buffer = this.#buffer;
        if (!buffer || buffer.updating || this.#source.readyState === "closed") {
            return;
        }
        try {
            this.#step(buffer);
        } catch (error) {
            if (error instanceof DOMException && error.name === "QuotaExceededError") {
                this.#makeRoom(buffer);
            } else {
                this.#failed(String(error));
            }
        }
    }

    #step(buffer: SourceBuffer): void {
        if (this.#removeBefore !== null) {
            const before = this.#removeBefore;
            this.#removeBefore = null;
            buffer.remove(0, before);
            return;
        }
        const next = this.#waiting[0];
        if (next) {
            if (buffer.timestampOffset !== next.offset) {
                buffer.timestampOffset = next.offset;
            }
            buffer.appendBuffer(next.bytes);
            this.#waiting.shift();
        } else if (this.#ended && this.#source.readyState === "open") {
            this.#source.endOfStream();
        }
    }

    #makeRoom(buffer: SourceBuffer): void {
        const first = buffer.buffered.length > 0 ? buffer.buffered.start(0) : null;
        if (first !== null) {
            buffer.remove(first, first + 10);
        }
    }
}

function mimeOf(codec: string): string {
    return `video/mp4; codecs="${codec}"`;
}
