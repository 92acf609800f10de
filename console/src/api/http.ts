// SPDX-License-Identifier: Apache-2.0
// The HTTP side of the API. Every failure becomes an ApiError that says what happened in one line.

import { t } from "../lib/texts.ts";
import type {
    Camera, Health, Id, Incident, IncidentDetail, Outcome, Page, Session, Signal,
} from "./types.ts";

export class ApiError extends Error {
    /** HTTP status; 0 when no answer came. */
    readonly status: number;
    readonly problem: Readonly<Record<string, unknown>>;

    constructor(status: number, message: string, problem: Record<string, unknown> = {}) {
        super(message);
        this.status = status;
        this.problem = problem;
    }
}

let onSignedOut: () => void = () => undefined;

/** What to do when the server says that the session has ended. */
export function whenSignedOut(action: () => void): void {
    onSignedOut = action;
}

const LIMIT_MS = 10_000;

async function call<T>(method: string, path: string, body?: unknown, limitMs = LIMIT_MS): Promise<T> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(limitMs), headers: headers(method, body) };
    if (body !== undefined) {
        init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
        response = await fetch(path, init);
    } catch {
        throw new ApiError(0, t("error.network"));
    }
    const isReport = path === HEALTH && response.status === 503; // a degraded system still says how it is
    if (!response.ok && !isReport) {
        throw await problemOf(response, path);
    }
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
}

function headers(method: string, body: unknown): Record<string, string> {
    const out: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) {
        out["content-type"] = "application/json";
    }
    if (method !== "GET") {
        out["idempotency-key"] = crypto.randomUUID();
    }
    return out;
}

async function problemOf(response: Response, path: string): Promise<ApiError> {
    let problem: Record<string, unknown> = {};
    try {
        problem = (await response.json()) as Record<string, unknown>;
    } catch {
        // not every error has a body; the status says enough
    }
    if (response.status === 401 && path !== SESSION) {
        onSignedOut();
    }
    const said = [problem["detail"], problem["title"]].find((text) => typeof text === "string" && text !== "");
    return new ApiError(response.status, String(said ?? t("error.status", { status: response.status })), problem);
}

const SESSION = "/api/v1/session";
const HEALTH = "/healthz";

function query(params: Record<string, string | number | null | undefined>): string {
    const pairs = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
    return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)])).toString()}`;
}

export const api = {
    signIn: (user: string, password: string) => call<Partial<Session>>("POST", SESSION, { user, password }),
    session: (limitMs?: number) => call<Session>("GET", SESSION, undefined, limitMs),
    signOut: () => call<void>("DELETE", SESSION),
    incidents: (state: "open" | "closed" | "all", after: string | number | null = null, limit = 200) =>
        call<Page<Incident>>("GET", `/api/v1/incidents${query({ state, after, limit })}`),
    incident: (id: Id) => call<IncidentDetail>("GET", `/api/v1/incidents/${id}`),
    pickUp: (id: Id) => call<Incident>("POST", `/api/v1/incidents/${id}/pickup`, {}),
    close: (id: Id, outcome: Outcome, reason: string, force: boolean) =>
        call<Incident>("POST", `/api/v1/incidents/${id}/close`, {
            outcome, ...(reason === "" ? {} : { reason }), ...(force ? { force } : {}),
        }),
    note: (id: Id, text: string) => call<void>("POST", `/api/v1/incidents/${id}/note`, { text }),
    shown: (id: Id) => call<void>("POST", `/api/v1/incidents/${id}/shown`, {}),
    viewed: (id: Id, camera: string) => call<void>("POST", `/api/v1/incidents/${id}/viewed`, { camera }),
    cameras: () => call<Page<Camera>>("GET", "/api/v1/cameras?limit=200"),
    signals: (after: string | number | null = null) =>
        call<Page<Signal>>("GET", `/api/v1/signals${query({ after, limit: 100 })}`),
    health: () => call<Health>("GET", HEALTH),
};

export function clipAddress(id: Id, camera: string): string {
    return `/api/v1/incidents/${id}/clip.mp4?camera=${encodeURIComponent(camera)}`;
}

export function recordingAddress(camera: string, from: string, to: string): string {
    return `/api/v1/cameras/${encodeURIComponent(camera)}/clip.mp4${query({ from, to })}`;
}

export function socketAddress(path: string): string {
    return `${location.protocol === "http:" ? "ws" : "wss"}://${location.host}${path}`;
}

export function reasonOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
