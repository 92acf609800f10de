// SPDX-License-Identifier: Apache-2.0
// A made-up site for the development server: a journal of changes, incidents that can be worked, cameras
// that can fail. The shapes are those of the HTTP API.

const ZONES = [
    { id: "fence-4", name: "Fence zone 4", area: "perimeter", cameras: ["gate-02", "yard-01"] },
    { id: "dock-3", name: "Loading dock 3", area: "warehouse", cameras: ["dock-03"] },
    { id: "server-room", name: "Server room", area: "office", cameras: ["hall-07"] },
    { id: "roof", name: "Roof hatch", area: "office", cameras: [] },
];
const KINDS = [
    { type: "fire.smoke", class: "fire", priority: 1, title: "Smoke" },
    { type: "intrusion.perimeter", class: "intrusion", priority: 2, title: "Perimeter breach" },
    { type: "access.forced", class: "access", priority: 3, title: "Door forced" },
    { type: "supervision.ac_loss", class: "supervision", priority: 4, title: "Mains power lost" },
    { type: "env.humidity", class: "env", priority: 5, title: "Humidity high" },
];
const RECORD_MS = 14_000;

const iso = (ms) => new Date(ms).toISOString().replace("Z", "000Z");

export class Site {
    seq = 100;
    changes = [];
    incidents = new Map();
    signals = [];
    listeners = new Set();
    user = { user: "khan", name: "A. Khan", role: "supervisor" };
    nextIncident = 1;

    constructor() {
        const since = iso(Date.now() - 3_600_000);
        this.cameras = ["gate-02", "yard-01", "dock-03", "hall-07", "lot-05", "old-09"].map((id, i) => ({
            id, name: ["Gate 2", "Yard west", "Dock 3", "Hall, server room", "Car park", "Old camera (H.265)"][i],
            zones: ZONES.filter((zone) => zone.cameras.includes(id)).map((zone) => zone.id),
            state: i === 4 ? "down" : "up", since, cause: i === 4 ? "no answer on port 554" : null,
            width: 640, height: 360, codec: i === 5 ? "H.265" : "H.264", fps: 10, mode: "full",
            recording: i !== 4, last_frame_at: since,
        }));
    }

    session() {
        return {
            ...this.user, site: { id: "north", name: "North depot", timezone: "Europe/Berlin" },
            version: "0.1.0", now: iso(Date.now()),
        };
    }

    push(kind, data) {
        this.seq += 1;
        const change = { seq: this.seq, kind, data };
        this.changes.push(change);
        this.listeners.forEach((listener) => listener(change));
        return this.seq;
    }

    raise({ priority = 2, zone = "fence-4", age = 0, count = 1 } = {}) {
        const kind = KINDS.find((row) => row.priority === Number(priority)) ?? KINDS[1];
        const place = ZONES.find((row) => row.id === zone) ?? ZONES[0];
        const at = Date.now() - age;
        const signal = this.signal(place, at);
        const id = this.nextIncident++;
        const incident = {
            id, state: "new", ...kind, zone: place.id, zone_name: place.name, area: place.area,
            opened_at: iso(at), owner: null, owner_name: null, outcome: null, reason: null, condition: "active",
            alarm_count: count, signal_count: count,
            phases: {
                sensed: iso(at - 80), received: iso(at), durable: iso(at + 1), correlated: iso(at + 2),
                commanded: iso(at + 3), confirmed: iso(at + 30), shown: null, picked_up: null, viewed: null,
                decided: null, closed: null,
            },
            cameras: place.cameras.map((camera) => ({ id: camera, name: this.cameras.find((c) => c.id === camera).name })),
            at, notes: [], alarmIds: [{ id: this.seq, count }], signal,
        };
        this.incidents.set(id, incident);
        this.push("alarm", this.alarms(incident)[0]);
        this.push("incident", this.list(incident));
        setTimeout(() => this.touch(incident), 1000).unref();
        setTimeout(() => {
            incident.condition = "normal";
            this.touch(incident);
        }, RECORD_MS - 4000 - age > 0 ? RECORD_MS - 4000 - age : 10).unref();
        setTimeout(() => this.touch(incident), Math.max(20, RECORD_MS - age + 200)).unref();
        return id;
    }

    touch(incident) {
        this.push("incident", this.list(incident));
    }

    signal(place, at) {
        const n = this.signals.length + 1;
        const row = {
            id: this.seq + 1, at: iso(at), received_at: iso(at), durable_at: iso(at + 1), protocol: "sia-dc09",
            panel: "main", account: "1234", peer: "10.20.0.31:41822", token: "ADM-CID", sequence: n, device_at: iso(at - 80),
            raw: `\\x0a5A3C0044"ADM-CID"${String(n).padStart(4, "0")}L0#1234[#1234|1130 01 00${n % 10}]_${iso(at).slice(11, 19)}\\x0d`,
            duplicate_of: n % 7 === 0 ? this.seq - 3 : null,
        };
        this.signals.unshift(row);
        this.push("signal", row);
        return row.id;
    }

    clip(incident) {
        const until = Math.min(Date.now(), incident.at + RECORD_MS);
        return {
            state: Date.now() < incident.at + RECORD_MS ? "recording" : "complete",
            asked_from: iso(incident.at - 10_000), asked_to: iso(incident.at + RECORD_MS),
            from: iso(incident.at - 9_400), to: iso(until), pre_asked_ns: 10_000_000_000, pre_got_ns: 9_400_000_000,
            bytes: 1_000_000, gaps: [], text: "asked 10.0 s, got 9.4 s",
        };
    }

    list(incident) {
        const { at, notes, alarmIds, signal, ...row } = incident;
        void notes; void alarmIds; void signal; void at;
        return { ...row, cameras: row.cameras.map((camera) => ({ ...camera, clip: this.clip(incident) })) };
    }

    alarms(incident) {
        return incident.alarmIds.map(({ id, count }) => ({
            id, type: incident.type, class: incident.class, priority: incident.priority, zone: incident.zone,
            zone_name: incident.zone_name, point: 4, panel: "main", condition: incident.condition, count,
            raised_at: incident.opened_at, last_at: incident.opened_at,
            normal_at: incident.condition === "normal" ? iso(incident.at + 10_000) : null,
            incident: incident.id, text: incident.title,
        }));
    }

    detail(incident) {
        return {
            ...this.list(incident), alarms: this.alarms(incident), notes: incident.notes,
            actions: incident.cameras.map((camera, i) => ({
                id: incident.id * 100 + i, verb: "record", target: camera.id, state: "confirmed",
                commanded_at: incident.phases.commanded, confirmed_at: incident.phases.confirmed, text: camera.name,
            })),
            events: [{
                id: incident.signal, at: incident.opened_at, received_at: incident.opened_at, type: incident.type,
                state: "active", zone: incident.zone, area: incident.area, point: 4, panel: "main", code: "1130",
                text: "Burglary", user: null, signal: incident.signal, priority: incident.priority, unmapped: false, camera: null,
            }],
        };
    }

    phase(incident, name) {
        if (!incident.phases[name]) {
            incident.phases = { ...incident.phases, [name]: iso(Date.now()) };
            this.touch(incident);
        }
    }

    act(incident, verb, body) {
        if (verb === "pickup") {
            if (incident.owner && incident.owner !== this.user.user) {
                return { status: 409, body: { title: "Already picked up", status: 409, owner: incident.owner_name } };
            }
            Object.assign(incident, { state: "picked_up", owner: this.user.user, owner_name: this.user.name });
            this.phase(incident, "picked_up");
            return { status: 200, body: this.detail(incident) };
        }
        if (verb === "close") {
            if (incident.condition === "active" && !body.force) {
                return { status: 409, body: { title: "An alarm is still active", status: 409 } };
            }
            Object.assign(incident, { state: "closed", outcome: body.outcome, reason: body.reason ?? null });
            incident.owner ??= this.user.user;
            incident.owner_name ??= this.user.name;
            incident.phases = { ...incident.phases, decided: iso(Date.now()) };
            this.phase(incident, "closed");
            return { status: 200, body: this.detail(incident) };
        }
        if (verb === "note") {
            incident.notes.push({ at: iso(Date.now()), user: this.user.name, text: body.text });
            this.push("note", { incident: incident.id, ...incident.notes[incident.notes.length - 1] });
            return { status: 201, body: {} };
        }
        this.phase(incident, verb);
        return { status: 204 };
    }
}
