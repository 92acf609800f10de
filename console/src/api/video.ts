// SPDX-License-Identifier: Apache-2.0
// The video socket: one per window, every live picture a stream on it. Comes back by itself and asks again
// for all streams that are still wanted. A hidden window wants none.

import { socketAddress } from "./http.ts";
import { backoffMs } from "../model/backoff.ts";
import { parseVideo, parseVideoText, type VideoText } from "../model/videoframe.ts";

export type InitText = Extract<VideoText, { op: "init" }>;
export type StateText = Extract<VideoText, { op: "state" }>;

/** What a player takes from the socket. `link` says whether the socket stands. */
export interface VideoSink {
    link(up: boolean): void;
    init(info: InitText, segment: Uint8Array<ArrayBuffer>): void;
    media(fragment: Uint8Array<ArrayBuffer>, wallMs: number): void;
    state(state: StateText): void;
    dropped(gops: number): void;
}

export interface Watch {
    stop(): void;
    /** Asks for the stream once more, when the server gave it up. */
    again(): void;
}

interface Stream {
    camera: string;
    sink: VideoSink;
    info: InitText | null;
}

const PROTOCOL = "tocsin.video.v1";
const LINGER_MS = 2_000;
const MAX_STREAM = 65_535;

class VideoHub {
    readonly #streams = new Map<number, Stream>();
    #next = 1;
    #socket: WebSocket | null = null;
    #attempt = 0;
    #timer: number | undefined;
    #paused = false;

    constructor() {
        document.addEventListener("visibilitychange", () => this.#setPaused(document.hidden));
    }

    /** Starts a live stream into SINK. */
    watch(camera: string, sink: VideoSink): Watch {
        const stream = this.#number();
        this.#streams.set(stream, { camera, sink, info: null });
        sink.link(this.#isOpen());
        if (this.#isOpen()) {
            this.#send({ op: "start", stream, camera });
        } else {
            this.#want();
        }
        return { stop: () => this.#stop(stream), again: () => this.#again(stream) };
    }

    #number(): number {
        while (this.#streams.has(this.#next)) {
            this.#next = this.#next % MAX_STREAM + 1;
        }
        const number = this.#next;
        this.#next = this.#next % MAX_STREAM + 1;
        return number;
    }

    #again(stream: number): void {
        const found = this.#streams.get(stream);
        if (found && this.#isOpen()) {
            this.#send({ op: "start", stream, camera: found.camera });
        }
    }

    #stop(stream: number): void {
        if (this.#streams.delete(stream) && this.#isOpen()) {
            this.#send({ op: "stop", stream });
        }
        if (this.#streams.size === 0) {
            window.setTimeout(() => this.#streams.size === 0 && this.#drop(), LINGER_MS);
        }
    }

    #setPaused(paused: boolean): void {
        this.#paused = paused;
        if (paused) {
            this.#drop();
        } else {
            this.#attempt = 0;
            this.#want();
        }
    }

    #isOpen(): boolean {
        return this.#socket?.readyState === WebSocket.OPEN;
    }

    #send(message: Record<string, string | number>): void {
        this.#socket?.send(JSON.stringify(message));
    }

    #want(): void {
        if (this.#socket !== null || this.#paused || this.#streams.size === 0) {
            return;
        }
        clearTimeout(this.#timer);
        const socket = new WebSocket(socketAddress("/api/v1/video"), PROTOCOL);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => this.#opened();
        socket.onclose = () => this.#lost();
        socket.onmessage = (event: MessageEvent<unknown>) => this.#message(event.data);
        this.#socket = socket;
    }

    #opened(): void {
        this.#attempt = 0;
        for (const [stream, { camera, sink }] of this.#streams) {
            sink.link(true);
            this.#send({ op: "start", stream, camera });
        }
    }

    #drop(): void {
        const socket = this.#socket;
        this.#socket = null;
        clearTimeout(this.#timer);
        if (socket) {
            socket.onclose = null;
            socket.onmessage = null;
            socket.close();
            this.#streams.forEach(({ sink }) => sink.link(false));
        }
    }

    #lost(): void {
        this.#drop();
        this.#timer = window.setTimeout(() => this.#want(), backoffMs(this.#attempt, Math.random()));
        this.#attempt += 1;
    }

    #message(data: unknown): void {
        if (data instanceof ArrayBuffer) {
            this.#binary(data);
        } else if (typeof data === "string") {
            this.#text(data);
        }
    }

    #text(data: string): void {
        const message = parseVideoText(data);
        const stream = message ? this.#streams.get(message.stream) : undefined;
        if (!message || !stream) {
            return;
        }
        if (message.op === "init") {
            stream.info = message;
        } else if (message.op === "state") {
            stream.sink.state(message);
        } else {
            stream.sink.dropped(message.gops);
        }
    }

    #binary(data: ArrayBuffer): void {
        const message = parseVideo(data);
        const stream = message ? this.#streams.get(message.stream) : undefined;
        if (!message || !stream || !stream.info || stream.info.generation !== message.generation) {
            return;
        }
        if (message.kind === "init") {
            stream.sink.init(stream.info, message.body);
        } else {
            stream.sink.media(message.body, message.wallMs);
        }
    }
}

let hub: VideoHub | null = null;

export function videoHub(): VideoHub {
    hub ??= new VideoHub();
    return hub;
}
