// SPDX-License-Identifier: Apache-2.0
// How a live player stays live: nudge the rate when a little behind, jump when far behind, step over
// holes left by dropped groups of pictures, throw away what was played, and name the state honestly.

export interface Range {
    start: number;
    end: number;
}

export interface PlayerNow {
    /** Buffered media, in seconds, ordered. */
    ranges: readonly Range[];
    at: number;
    /** Milliseconds since the last fragment came. */
    silentMs: number;
    /** How old the newest frame was when it arrived, by the server's clock; 0 when not known. */
    lagMs: number;
    /** Nothing has been played yet: begin at the edge, not at the key frame the server began with. */
    starting?: boolean;
}

export interface Advice {
    rate: number;
    seek: number | null;
    /** Media before this second may go; null when there is too little to be worth it. */
    trimBefore: number | null;
    state: "live" | "delayed" | "silent";
    behindMs: number;
}

/** Distance to the live edge that a healthy player keeps: enough for one late fragment. */
export const TARGET_S = 0.35;
const NUDGE_S = 0.8;
const JUMP_S = 3;
const KEEP_S = 8;
const TRIM_S = 20;
const SILENT_MS = 3_000;
const DELAYED_MS = 2_500;

export function advise(now: PlayerNow): Advice {
    const last = now.ranges[now.ranges.length - 1];
    if (!last) {
        const state = now.silentMs > SILENT_MS ? "silent" : "live";
        return { rate: 1, seek: null, trimBefore: null, state, behindMs: now.silentMs };
    }
    const behind = last.end - now.at;
    const behindMs = Math.max(0, behind * 1000) + now.lagMs;
    const seek = seekTo(now, last, behind);
    return {
        rate: seek === null && behind > NUDGE_S ? 1.1 : 1,
        seek,
        trimBefore: trimPoint(now),
        state: now.silentMs > SILENT_MS ? "silent" : behindMs > DELAYED_MS && seek === null ? "delayed" : "live",
        behindMs,
    };
}

function seekTo(now: PlayerNow, last: Range, behind: number): number | null {
    const far = now.starting === true ? NUDGE_S : JUMP_S;
    if (behind > far || now.at > last.end + JUMP_S) {
        return Math.max(last.start, last.end - TARGET_S);
    }
    const inside = now.ranges.some((range) => now.at >= range.start - 0.05 && now.at < range.end - 0.01);
    if (inside) {
        return null;
    }
    const next = now.ranges.find((range) => range.start > now.at);
    return next ? next.start : null;
}

function trimPoint(now: PlayerNow): number | null {
    const first = now.ranges[0];
    return first && now.at - first.start > TRIM_S ? now.at - KEEP_S : null;
}
