// SPDX-License-Identifier: Apache-2.0
// What the console knows, as the screens read it: one object for the signed-in window. Changes are taken
// into the queue at once and shown together, at most once per frame.

import { tick } from "svelte";
import { api, ApiError, reasonOf, whenSignedOut } from "../api/http.ts";
import { Changes } from "../api/changes.ts";
import type {
    Camera, Change, ChangeRows, Id, Incident, IncidentDetail, Notify, Outcome, Priority, Role, Session,
} from "../api/types.ts";
import { mark } from "../lib/marks.ts";
import { t, whatOf } from "../lib/texts.ts";
import { Announcer } from "./announcer.ts";
import type { Away } from "./changelog.ts";
import { Alarmist } from "./alarmist.svelte.ts";
import { isUnowned, Queue, type Counts } from "./queue.ts";

export interface Toast {
    key: number;
    text: string;
    priority: Priority | null;
    incident: Id | null;
}

export type Link = { live: true } | { live: false; sinceMs: number | null; retryAtMs: number | null };

/** Pages that show rows of their own listen here. */
export type Listener = (change: Change) => void;

const TOAST_MS = 15_000;
const DETAIL_WAIT_MS = 120;
const HANDLERS: readonly Role[] = ["operator", "supervisor", "administrator"];

class App {
    stage = $state<"starting" | "signin" | "desk">("starting");
    ended = $state(false);
    /** The server did not hear the sign-out. */
    stillIn = $state(false);
    session = $state.raw<Session | null>(null);
    link = $state.raw<Link>({ live: false, sinceMs: null, retryAtMs: null });
    /** The server's clock, ticking; milliseconds since 1970. */
    nowMs = $state(Date.now());

    rows = $state.raw<readonly Incident[]>([]);
    counts = $state.raw<Counts | null>(null);
    queueState = $state<"loading" | "ready" | "failed">("loading");
    queueFault = $state("");
    /** Where F8 goes: the next incident that nobody has picked up. */
    waiting = $state.raw<Incident | null>(null);
    lastClosed = $state.raw<Incident | null>(null);

    openId = $state<Id | null>(null);
    /** List form of the open incident; newer than `detail` when both are there. */
    head = $state.raw<Incident | null>(null);
    detail = $state.raw<IncidentDetail | null>(null);
    detailFault = $state("");
    busy = $state<"pickup" | "close" | "note" | null>(null);
    said = $state("");

    cameras = $state.raw<readonly Camera[]>([]);
    cameraFault = $state("");
    toasts = $state.raw<readonly Toast[]>([]);
    polite = $state("");
    assertive = $state("");

    readonly sound = new Alarmist();
    readonly #queue = new Queue();
    readonly #announcer = new Announcer();
    readonly #listeners = new Set<Listener>();
    /** Not yet reported as shown. */
    readonly #unseen = new Set<Id>();
    /** Reports of `shown` under way, and views that wait for theirs. */
    readonly #showing = new Map<Id, Promise<void>>();
    readonly #viewedEarly = new Map<Id, string>();
    /** Opened on this screen at least once. */
    readonly #looked = new Set<Id>();
    /** One set per request under way: incidents that a change has made newer than its answer may be. */
    readonly #touched = new Set<Set<Id>>();
    #changes: Changes | null = null;
    #offsetMs = 0;
    #flushing = false;
    #detailTimer: number | undefined;
    #toastKey = 0;
    #timer: number | undefined;

    get zone(): string {
        return this.session?.site.timezone ?? "UTC";
    }

    get mayHandle(): boolean {
        return HANDLERS.includes(this.session?.role ?? "viewer");
    }

    readonly serverNow = (): number => Date.now() + this.#offsetMs;

    // ---- session

    async start(): Promise<void> {
        whenSignedOut(() => this.#toSignIn(true));
        try {
            await this.#enter(await api.session());
        } catch {
            this.stage = "signin";
        }
    }

    async signIn(user: string, password: string): Promise<void> {
        await api.signIn(user, password);
        await this.#enter(await api.session());
    }

    async signOut(): Promise<void> {
        this.#toSignIn(false); // first, so that nothing is asked of a session that has gone
        try {
            await api.signOut();
        } catch {
            this.stillIn = true;
        }
    }

    async #enter(session: Session): Promise<void> {
        this.session = session;
        this.ended = this.stillIn = false;
        this.#setClock(session.now);
        this.stage = "desk";
        this.#timer = window.setInterval(() => this.#second(), 500);
        this.#changes = new Changes({
            change: (change) => this.#take(change),
            isKnown: (id) => this.#queue.get(id) !== undefined,
            live: (now) => this.#live(now),
            notLive: (sinceMs, retryAtMs) => this.#notLive(sinceMs, retryAtMs),
            away: (away) => this.#away(away),
            reset: () => this.#reset(),
            signedOut: () => this.#toSignIn(true),
        });
        this.#changes.open();
        await this.load();
    }

    #toSignIn(ended: boolean): void {
        if (this.stage !== "desk") {
            this.stage = "signin";
            return;
        }
        this.#changes?.close();
        this.#changes = null;
        clearInterval(this.#timer);
        clearTimeout(this.#detailTimer);
        this.sound.silent();
        this.#queue.clear();
        this.#looked.clear();
        this.#unseen.clear();
        this.openId = null;
        this.head = this.detail = null;
        this.toasts = [];
        this.queueState = "loading";
        this.ended = ended;
        this.stage = "signin";
        this.#flush();
    }

    #setClock(now: string | undefined): void {
        const ms = now ? Date.parse(now) : Number.NaN;
        if (!Number.isNaN(ms)) {
            this.#offsetMs = ms - Date.now();
            this.nowMs = this.serverNow();
        }
    }

    #second(): void {
        this.nowMs = this.serverNow();
        const summary = this.#announcer.due(performance.now());
        if (summary) {
            this.polite = t("say.summary", { n: summary.fresh, critical: summary.critical });
        }
        this.sound.beat(this.#worst(), this.link.live || this.link.sinceMs === null);
    }

    #worst(): Priority | null {
        return this.#queue.rows.find(isUnowned)?.priority ?? null;
    }

    // ---- lists

    async load(): Promise<void> {
        const touched = this.#watchTouched();
        try {
            let after: string | number | null = null;
            do {
                const page: Awaited<ReturnType<typeof api.incidents>> = await api.incidents("open", after);
                page.items.filter((row) => !touched.has(row.id)).forEach((row) => this.#put(row, false));
                after = page.next;
            } while (after !== null);
            this.queueState = "ready";
        } catch (error) {
            this.queueState = "failed";
            this.queueFault = reasonOf(error);
        }
        this.#touched.delete(touched);
        this.#flush();
        await Promise.all([this.#loadLastClosed(), this.#loadCameras()]);
    }

    #watchTouched(): Set<Id> {
        const touched = new Set<Id>();
        this.#touched.add(touched);
        return touched;
    }

    async #loadLastClosed(): Promise<void> {
        try {
            this.lastClosed = (await api.incidents("closed", null, 1)).items[0] ?? this.lastClosed;
        } catch {
            // only the sentence of an empty queue is poorer
        }
    }

    async #loadCameras(): Promise<void> {
        try {
            this.cameras = (await api.cameras()).items;
            this.cameraFault = "";
        } catch (error) {
            this.cameraFault = reasonOf(error);
        }
    }

    // ---- changes

    listen(listener: Listener): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    retryLink(): void {
        this.#changes?.retry();
    }

    #live(now: string | undefined): void {
        this.#setClock(now);
        this.link = { live: true };
    }

    #notLive(sinceMs: number, retryAtMs: number | null): void {
        this.link = {
            live: false,
            sinceMs: sinceMs + this.#offsetMs,
            retryAtMs: retryAtMs === null ? null : retryAtMs + this.#offsetMs,
        };
    }

    #away(away: Away): void {
        const text = away.incidents > 0
            ? t("away.summary", { n: away.incidents, critical: away.critical }) : t("away.nothing");
        this.toast(text, null, null);
    }

    #reset(): void {
        this.#queue.clear();
        this.toast(t("away.reset"), null, null);
        void this.load();
    }

    readonly #takers: { [K in keyof ChangeRows]?: (row: ChangeRows[K]) => void } = {
        incident: (row) => this.#takeIncident(row),
        alarm: (row) => this.#detailSoon(row.incident),
        event: () => this.#detailSoon(this.openId),
        note: (row) => this.#detailSoon(row.incident ?? this.openId),
        camera: (row) => this.#takeCamera(row),
        notify: (row) => this.#takeNotify(row),
    };

    #take(change: Change): void {
        const taker = this.#takers[change.kind] as ((row: unknown) => void) | undefined;
        taker?.(change.data);
        this.#listeners.forEach((listener) => listener(change));
    }

    #takeIncident(row: Incident): void {
        this.#touched.forEach((touched) => touched.add(row.id));
        this.#put(row, true);
        this.#detailSoon(row.id);
        this.#flushSoon();
    }

    #put(row: Incident, arrived: boolean): void {
        row.title ??= row.type;
        const before = this.#queue.put(row);
        if (arrived && !before && isUnowned(row)) {
            mark("alarm:rx", row.id);
            if (this.#announcer.arrived(row)) {
                this.assertive = t("say.critical", { title: whatOf(row.type, row.title), where: row.zone_name ?? "" });
            }
            this.sound.beat(this.#worst(), true);
            if (this.openId === null && !this.#isTyping()) {
                this.open(row.id);
            }
        }
        if (row.state === "closed") {
            this.lastClosed = row;
        }
        if (!row.phases.shown && row.state !== "closed") {
            this.#unseen.add(row.id);
        }
        if (row.id === this.openId) {
            this.head = row;
        }
    }

    #takeCamera(row: Camera): void {
        const known = this.cameras.some((camera) => camera.id === row.id);
        this.cameras = known
            ? this.cameras.map((camera) => (camera.id === row.id ? row : camera)) : [...this.cameras, row];
    }

    #takeNotify(row: Notify): void {
        this.toast(row.text, row.priority, row.incident);
    }

    #isTyping(): boolean {
        return document.activeElement?.matches("input, textarea, select, [contenteditable]") ?? false;
    }

    // ---- drawing

    #flushSoon(): void {
        if (this.#flushing) {
            return;
        }
        this.#flushing = true;
        const run = (): void => {
            this.#flushing = false;
            this.#flush();
        };
        if (document.hidden) {
            window.setTimeout(run, 100);
        } else {
            requestAnimationFrame(run);
        }
    }

    #flush(): void {
        this.rows = [...this.#queue.rows];
        this.counts = this.#queue.counts();
        this.waiting = this.#queue.nextFresh(this.openId, 1, this.#looked) ?? null;
        void this.painted();
    }

    /** After the next paint: reports as shown what is really on the screen. */
    async painted(): Promise<void> {
        if (this.#unseen.size === 0 || document.hidden) {
            return;
        }
        await tick();
        requestAnimationFrame(() => window.setTimeout(() => this.#reportShown(), 0));
    }

    #reportShown(): void {
        for (const element of document.querySelectorAll<HTMLElement>("[data-incident]")) {
            const id = Number(element.dataset["incident"]);
            if (this.#unseen.delete(id)) {
                mark("alarm:paint", id);
                if (this.mayHandle) {
                    this.#tellShown(id);
                }
            }
        }
    }

    #tellShown(id: Id): void {
        const told = api.shown(id).catch(() => void this.#unseen.add(id)).finally(() => this.#showing.delete(id));
        this.#showing.set(id, told);
        const camera = this.#viewedEarly.get(id);
        if (camera !== undefined) {
            this.viewed(id, camera);
        }
    }

    // ---- the open incident

    open(id: Id): void {
        if (this.openId !== id) {
            this.openId = id;
            this.head = this.#queue.get(id) ?? null;
            this.detail = null;
            this.detailFault = "";
            this.said = "";
        }
        this.#looked.add(id);
        this.waiting = this.#queue.nextFresh(id, 1, this.#looked) ?? null;
        void this.#loadDetail();
        void this.painted();
    }

    leave(): void {
        this.openId = null;
        this.head = this.detail = null;
    }

    openFresh(step: 1 | -1): Incident | undefined {
        const next = this.#queue.nextFresh(this.openId, step, this.#looked);
        if (next) {
            this.open(next.id);
        }
        return next;
    }

    #detailSoon(id: Id | null): void {
        if (id === null || id !== this.openId) {
            return;
        }
        clearTimeout(this.#detailTimer);
        this.#detailTimer = window.setTimeout(() => void this.#loadDetail(), DETAIL_WAIT_MS);
    }

    async #loadDetail(): Promise<void> {
        const id = this.openId;
        if (id === null) {
            return;
        }
        try {
            const detail = await api.incident(id);
            if (this.openId === id) {
                this.detail = detail;
                this.head = this.#queue.get(id) ?? detail;
                this.detailFault = "";
            }
        } catch (error) {
            if (this.openId === id) {
                this.detailFault = reasonOf(error);
            }
        }
    }

    // ---- acts

    async pickUp(id: Id): Promise<boolean> {
        return this.#act("pickup", t("act.pickup"), () => this.#answer(() => api.pickUp(id)));
    }

    async close(id: Id, outcome: Outcome, reason: string, force: boolean): Promise<boolean> {
        return this.#act("close", t("act.close"),
            () => this.#answer(() => api.close(id, outcome, reason, force)));
    }

    async addNote(id: Id, text: string): Promise<boolean> {
        return this.#act("note", t("act.note"), async () => {
            await api.note(id, text);
            await this.#loadDetail();
        });
    }

    async #act(name: "pickup" | "close" | "note", what: string, run: () => Promise<void>): Promise<boolean> {
        if (!this.link.live) {
            this.said = t("act.offline");
            return false;
        }
        if (this.busy !== null) {
            return false;
        }
        this.busy = name;
        this.said = "";
        try {
            await run();
            return true;
        } catch (error) {
            const owner = error instanceof ApiError ? error.problem["owner"] : undefined;
            this.said = typeof owner === "string"
                ? t("act.taken", { who: owner }) : t("act.failed", { what, cause: reasonOf(error) });
            void this.#loadDetail();
            return false;
        } finally {
            this.busy = null;
        }
    }

    /** Takes the answer to our own act, unless a change came meanwhile: changes come in order, answers do not. */
    async #answer(ask: () => Promise<Incident>): Promise<void> {
        const touched = this.#watchTouched();
        try {
            const row = await ask();
            if (!touched.has(row.id)) {
                this.#put(row, false);
                this.#flush();
            }
            this.#detailSoon(row.id);
        } finally {
            this.#touched.delete(touched);
        }
    }

    /** The first frame of video is on the screen. Told after `shown`, also when the picture was quicker. */
    viewed(id: Id, camera: string): void {
        if (!this.mayHandle || this.head?.phases.viewed) {
            return;
        }
        if (this.#unseen.has(id)) {
            this.#viewedEarly.set(id, camera);
            return;
        }
        this.#viewedEarly.delete(id);
        void (this.#showing.get(id) ?? Promise.resolve()).then(() => api.viewed(id, camera)).catch(() => undefined);
    }

    // ---- notices

    toast(text: string, priority: Priority | null, incident: Id | null): void {
        this.#toastKey += 1;
        const key = this.#toastKey;
        this.toasts = [...this.toasts.slice(-3), { key, text, priority, incident }];
        window.setTimeout(() => this.dismiss(key), TOAST_MS);
    }

    dismiss(key: number): void {
        this.toasts = this.toasts.filter((toast) => toast.key !== key);
    }
}

export const app = new App();
