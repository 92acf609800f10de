// SPDX-License-Identifier: Apache-2.0
// One live picture: takes a camera's stream from the video socket into a <video> element, keeps it at the
// live edge, and says in which state it is. All judgement is in model/livepolicy.ts.

import type { InitText, StateText, VideoSink, Watch } from "../api/video.ts";
import { videoHub } from "../api/video.ts";
import { advise } from "../model/livepolicy.ts";
import { LIVE_WAITING, SourceQueue } from "./sourcequeue.ts";

export type TileState =
    | { name: "connecting" | "live" | "waiting" | "denied" | "unknown" }
    | { name: "delayed"; seconds: number }
    | { name: "reconnecting" | "lost"; lastMs: number | null }
    | { name: "codec"; codec: string };

export interface LiveReport {
    state(state: TileState): void;
    firstFrame(): void;
    dropped(gops: number): void;
}

const TICK_MS = 250;
/** A stream that the server calls lost for so long is asked for once more: it may have been given up. */
const AGAIN_MS = 5_000;

export class LivePlayer implements VideoSink {
    readonly #video: HTMLVideoElement;
    readonly #report: LiveReport;
    readonly #serverNow: () => number;
    readonly #watch: Watch;
    readonly #timer: number;
    #queue: SourceQueue | null = null;
    #linked = false;
    #wasLinked = false;
    #said: StateText["state"] | null = null;
    #saidMs = 0;
    #badCodec: string | null = null;
    #playing = false;
    #arrivedMs = 0;
    #lastWallMs: number | null = null;
    #lagMs = 0;
    #first = true;
    #closed = false;

    constructor(video: HTMLVideoElement, camera: string, serverNow: () => number, report: LiveReport) {
        this.#video = video;
        this.#report = report;
        this.#serverNow = serverNow;
        video.muted = true;
        this.#watch = videoHub().watch(camera, this);
        this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
        this.#tick();
    }

    close(): void {
        this.#closed = true;
        this.#watch.stop();
        clearInterval(this.#timer);
        this.#queue?.close(this.#video);
    }

    link(up: boolean): void {
        this.#linked = up;
        this.#wasLinked ||= up;
        this.#said = null;
    }

    init(info: InitText, segment: Uint8Array<ArrayBuffer>): void {
        this.#queue?.close(this.#video);
        this.#queue = null;
        this.#badCodec = SourceQueue.canPlay(info.codec) ? null : info.codec;
        if (this.#badCodec === null) {
            this.#first = true;
            this.#queue = new SourceQueue(this.#video, info.codec, segment, LIVE_WAITING,
                () => this.#restart(info, segment));
            this.#video.requestVideoFrameCallback(() => this.#frame());
        }
        this.#tick();
    }

    media(fragment: Uint8Array<ArrayBuffer>, wallMs: number): void {
        this.#arrivedMs = performance.now();
        this.#lastWallMs = wallMs;
        this.#lagMs = Math.max(0, this.#serverNow() - wallMs);
        this.#said = null;
        this.#queue?.append(fragment);
        if (this.#first) {
            this.#tick();
        }
    }

    state(state: StateText): void {
        this.#said = state.state === "live" ? null : state.state;
        this.#saidMs = performance.now();
        this.#tick();
    }

    dropped(gops: number): void {
        this.#report.dropped(gops);
    }

    /** The decoder gave up on something; the next key frame starts a fresh source with the same init. */
    #restart(info: InitText, segment: Uint8Array<ArrayBuffer>): void {
        window.setTimeout(() => {
            if (!this.#closed) {
                this.init(info, segment);
            }
        }, 1000);
    }

    #frame(): void {
        if (this.#closed) {
            return;
        }
        if (!this.#playing) {
            this.#playing = true;
            this.#report.firstFrame();
        }
        this.#tick();
    }

    #tick(): void {
        if (this.#closed) {
            return;
        }
        if (this.#said === "lost" && performance.now() - this.#saidMs > AGAIN_MS) {
            this.#saidMs = performance.now();
            this.#watch.again();
        }
        this.#report.state(this.#judge());
    }

    #judge(): TileState {
        if (this.#badCodec !== null) {
            return { name: "codec", codec: this.#badCodec };
        }
        if (this.#said === "denied" || this.#said === "unknown") {
            return { name: this.#said };
        }
        if (!this.#linked) {
            return this.#wasLinked ? { name: "reconnecting", lastMs: this.#lastWallMs } : { name: "connecting" };
        }
        if (this.#said === "lost") {
            return { name: "lost", lastMs: this.#lastWallMs };
        }
        if (this.#said === "waiting" && !this.#playing) {
            return { name: "waiting" };
        }
        return this.#steer();
    }

    #steer(): TileState {
        const video = this.#video;
        const ranges = this.#queue?.ranges ?? [];
        const silentMs = performance.now() - this.#arrivedMs;
        const advice = advise({ ranges, at: video.currentTime, silentMs, lagMs: this.#lagMs, starting: this.#first });
        if (ranges.length > 0) {
            this.#first = false;
            if (advice.seek !== null) {
                video.currentTime = advice.seek;
            }
            if (video.playbackRate !== advice.rate) {
                video.playbackRate = advice.rate;
            }
            if (video.paused) {
                video.play().catch(() => undefined); // a later tick tries again
            }
        }
        if (advice.trimBefore !== null) {
            this.#queue?.trim(advice.trimBefore);
        }
        if (!this.#playing) {
            return { name: "connecting" };
        }
        if (advice.state === "live") {
            return { name: "live" };
        }
        const late = advice.state === "silent" ? Math.max(silentMs, advice.behindMs) : advice.behindMs;
        return { name: "delayed", seconds: Math.round(late / 1000) };
    }
}
