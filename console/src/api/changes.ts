// SPDX-License-Identifier: Apache-2.0
// The changes socket: keeps one connection, resumes where the log stands, tells at once when it is not
// live. A line that is silent for a while is probed, because a browser does not see WebSocket pings.

import type { Change } from "./types.ts";
import { api, ApiError, socketAddress } from "./http.ts";
import { backoffMs } from "../model/backoff.ts";
import { ChangeLog, parseMessage, type Away } from "../model/changelog.ts";

const SILENT_MS = 2_500;
const PROBE_LIMIT_MS = 2_000;
const CONNECT_LIMIT_MS = 5_000;

export interface ChangesHandler {
    change(change: Change): void;
    isKnown(incident: number): boolean;
    live(serverNow: string | undefined): void;
    notLive(sinceMs: number, retryAtMs: number | null): void;
    away(away: Away): void;
    reset(): void;
    signedOut(): void;
}

export class Changes {
    readonly #log: ChangeLog;
    readonly #handler: ChangesHandler;
    #socket: WebSocket | null = null;
    #attempt = 0;
    #heardMs = 0;
    #lostMs: number | null = null;
    #timer: number | undefined;
    #limit: number | undefined;
    #watch: number | undefined;
    #probing = false;

    constructor(handler: ChangesHandler) {
        this.#handler = handler;
        this.#log = new ChangeLog((id) => handler.isKnown(id));
    }

    open(): void {
        this.#watch = window.setInterval(() => void this.#probe(), 500);
        addEventListener("offline", this.#offline);
        addEventListener("online", this.#online);
        this.#connect();
    }

    close(): void {
        clearInterval(this.#watch);
        clearTimeout(this.#timer);
        clearTimeout(this.#limit);
        removeEventListener("offline", this.#offline);
        removeEventListener("online", this.#online);
        this.#drop();
    }

    /** Tries now instead of at the end of the wait. */
    retry(): void {
        if (this.#socket === null) {
            clearTimeout(this.#timer);
            this.#connect();
        }
    }

    readonly #offline = (): void => this.#lost();
    readonly #online = (): void => this.retry();

    #connect(): void {
        const after = this.#log.resumeAfter;
        const socket = new WebSocket(socketAddress(`/api/v1/changes${after === null ? "" : `?after=${after}`}`));
        this.#socket = socket;
        this.#limit = window.setTimeout(() => this.#lost(), CONNECT_LIMIT_MS);
        socket.onmessage = (event: MessageEvent<unknown>) => this.#message(event.data);
        socket.onclose = () => this.#lost();
        if (this.#lostMs !== null) {
            this.#handler.notLive(this.#lostMs, null);
        }
    }

    #message(data: unknown): void {
        this.#heardMs = performance.now();
        const message = typeof data === "string" ? parseMessage(data) : null;
        if (message === null || message.kind === "beat") {
            return;
        }
        if (message.kind === "hello") {
            this.#hello(this.#log.hello(message), message.now);
        } else if (message.kind === "reset") {
            this.#log.begin(message.seq);
            this.#handler.reset();
        } else if (this.#log.take(message) === "apply") {
            this.#handler.change(message);
        }
        const away = this.#log.summary();
        if (away !== null) {
            this.#handler.away(away);
        }
    }

    #hello(verdict: "apply" | "double" | "reset", now: string | undefined): void {
        clearTimeout(this.#limit);
        this.#attempt = 0;
        this.#lostMs = null;
        this.#handler.live(now);
        if (verdict === "reset") {
            this.#handler.reset();
        }
    }

    #drop(): void {
        const socket = this.#socket;
        this.#socket = null;
        if (socket) {
            socket.onmessage = null;
            socket.onclose = null;
            socket.close();
        }
    }

    #lost(): void {
        clearTimeout(this.#limit);
        clearTimeout(this.#timer);
        this.#drop();
        this.#lostMs ??= Date.now();
        const wait = backoffMs(this.#attempt, Math.random());
        this.#attempt += 1;
        this.#handler.notLive(this.#lostMs, Date.now() + wait);
        this.#timer = window.setTimeout(() => this.#connect(), wait);
        if (this.#attempt > 1) {
            void this.#askSession();
        }
    }

    /** A refused upgrade has no reason a page may see; the session route tells an ended session apart. */
    async #askSession(): Promise<void> {
        try {
            await api.session(PROBE_LIMIT_MS);
        } catch (error) {
            if (error instanceof ApiError && error.status === 401) {
                this.#handler.signedOut();
            }
        }
    }

    async #probe(): Promise<void> {
        const open = this.#socket?.readyState === WebSocket.OPEN && this.#lostMs === null;
        if (!open || this.#probing || performance.now() - this.#heardMs < SILENT_MS) {
            return;
        }
        this.#probing = true;
        const socket = this.#socket;
        try {
            await api.session(PROBE_LIMIT_MS);
            this.#heardMs = performance.now();
        } catch (error) {
            const answered = error instanceof ApiError && error.status !== 0;
            if (!answered && this.#socket === socket) {
                this.#lost();
            }
        } finally {
            this.#probing = false;
        }
    }
}
