// SPDX-License-Identifier: Apache-2.0
// The rows of the HTTP API as the console reads them. Times are RFC 3339 text in UTC.

export type Id = number;
export type Priority = 1 | 2 | 3 | 4 | 5;

export const ROLES = ["viewer", "operator", "supervisor", "administrator", "auditor", "installer"] as const;
export type Role = (typeof ROLES)[number];

export interface Site {
    id: string;
    name: string;
    timezone: string;
}

export interface Session {
    user: string;
    name: string;
    role: Role;
    site: Site;
    version: string;
    now: string;
}

export type Condition = "active" | "normal";
export type Handling = "new" | "picked_up" | "parked" | "resolved" | "closed";
export const OUTCOMES = ["genuine", "false", "nuisance", "test", "no_action"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const PHASES = [
    "sensed", "received", "durable", "correlated", "commanded", "confirmed",
    "shown", "picked_up", "viewed", "decided", "closed",
] as const;
export type Phase = (typeof PHASES)[number];

export interface Gap {
    from: string;
    to: string;
    cause?: string | null;
}

export interface ClipInfo {
    state: "recording" | "complete" | "failed" | "none";
    asked_from?: string | null;
    asked_to?: string | null;
    from?: string | null;
    to?: string | null;
    pre_asked_ns?: number | null;
    pre_got_ns?: number | null;
    bytes?: number | null;
    gaps?: Gap[];
    text?: string | null;
}

export interface IncidentCamera {
    id: string;
    name: string;
    clip?: ClipInfo | null;
}

/** The list form; every change of an incident brings one of these whole. */
export interface Incident {
    id: Id;
    state: Handling;
    priority: Priority;
    class: string;
    type: string;
    /** May be missing on the wire; then the type stands in. */
    title: string;
    zone: string | null;
    zone_name: string | null;
    area: string | null;
    opened_at: string;
    owner: string | null;
    owner_name: string | null;
    outcome: Outcome | null;
    reason: string | null;
    condition: Condition;
    alarm_count: number;
    signal_count: number;
    phases: Partial<Record<Phase, string | null>>;
    cameras: IncidentCamera[];
}

export interface Action {
    id: Id;
    verb: string;
    target: string | null;
    state: "commanded" | "confirmed" | "failed";
    commanded_at: string | null;
    confirmed_at: string | null;
    text: string | null;
}

export interface Note {
    at: string;
    user: string;
    text: string;
}

export interface IncidentDetail extends Incident {
    alarms: Alarm[];
    actions: Action[];
    notes: Note[];
    events: EventRow[];
}

export interface Alarm {
    id: Id;
    type: string;
    class: string;
    priority: Priority;
    zone: string | null;
    zone_name: string | null;
    point: string | number | null;
    panel: string | null;
    condition: Condition;
    count: number;
    raised_at: string;
    last_at: string;
    normal_at: string | null;
    incident: Id | null;
    text: string | null;
}

export interface EventRow {
    id: Id;
    at: string;
    received_at: string;
    type: string;
    state: "active" | "restored" | "instant";
    zone: string | null;
    area: string | null;
    point: string | number | null;
    panel: string | null;
    code: string | null;
    text: string | null;
    user: string | null;
    signal: Id | null;
    priority: Priority;
    unmapped?: boolean;
    camera?: string | null;
}

export interface Signal {
    id: Id;
    at: string;
    received_at: string;
    durable_at: string | null;
    protocol: string;
    panel: string | null;
    account: string | null;
    peer: string | null;
    token: string | null;
    sequence: string | number | null;
    device_at: string | null;
    raw: string;
    duplicate_of: Id | null;
}

export interface Camera {
    id: string;
    name: string;
    zones: string[];
    state: "up" | "down" | "connecting";
    since: string | null;
    cause: string | null;
    width: number | null;
    height: number | null;
    codec: string | null;
    fps: number | null;
    mode: string;
    recording: boolean;
    last_frame_at: string | null;
}

export interface Process {
    name: string;
    state: string;
    pid: number | null;
    restarts: number;
    since: string | null;
}

export interface Health {
    status: "ok" | "degraded";
    processes: Process[];
    version: string;
}

export interface Notify {
    text: string;
    priority: Priority;
    incident: Id | null;
    to?: string | null;
}

export interface Page<T> {
    items: T[];
    next: string | number | null;
}

/** What rides on a change, by its kind. A kind that is not here is passed over. */
export interface ChangeRows {
    signal: Signal;
    event: EventRow;
    alarm: Alarm;
    incident: Incident;
    camera: Camera;
    process: Process;
    note: Note & { incident?: Id };
    bookmark: { id: Id };
    notify: Notify;
}
export type ChangeKind = keyof ChangeRows;
export type Change = { [K in ChangeKind]: { seq: number; kind: K; data: ChangeRows[K] } }[ChangeKind];
