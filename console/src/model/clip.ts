// SPDX-License-Identifier: Apache-2.0
// What a clip says about itself, and where its media lies against the alarm.

import type { ClipInfo, Incident, IncidentCamera } from "../api/types.ts";
import { parseTime } from "../lib/time.ts";

/** Seconds with one digit, cut and not rounded up: a clip never claims more than it has. */
export function seconds(ns: number): string {
    return (Math.floor(ns / 1e8) / 10).toFixed(1);
}

export type Got = {
    asked: string;
    got: string;
};

export function gotOf(clip: ClipInfo): Got | null {
    const asked = clip.pre_asked_ns;
    const got = clip.pre_got_ns;
    return typeof asked === "number" && typeof got === "number" ? { asked: seconds(asked), got: seconds(got) } : null;
}

/** The moment of the alarm: when its signal came in. */
export function alarmMs(incident: Incident): number {
    const received = parseTime(incident.phases.received);
    return Number.isNaN(received) ? parseTime(incident.opened_at) : received;
}

/** Seconds from the alarm to a position of the player; NaN when the clip does not say where it begins. */
export function fromAlarm(clip: ClipInfo, incident: Incident, positionS: number): number {
    return (parseTime(clip.from) - alarmMs(incident)) / 1000 + positionS;
}

/** Which camera's clip to show: the first that has one, else the first. */
export function firstClip(cameras: readonly IncidentCamera[]): IncidentCamera | null {
    const has = cameras.find((camera) => camera.clip?.state === "recording" || camera.clip?.state === "complete");
    return has ?? cameras[0] ?? null;
}

/** Where to go on when the player stands in a hole between two runs of pictures; null when it does not. */
export function overHole(ranges: readonly { start: number; end: number }[], at: number): number | null {
    if (ranges.some((range) => at >= range.start - 0.05 && at < range.end - 0.05)) {
        return null;
    }
    return ranges.find((range) => range.start > at)?.start ?? null;
}

/** Should a growing clip be read again? When little is left to play, or nothing came yet. */
export function wantsMore(recording: boolean, leftS: number, hasMedia: boolean, sinceReadMs: number): boolean {
    return recording && sinceReadMs >= (hasMedia ? 1500 : 600) && (!hasMedia || leftS < 4);
}
