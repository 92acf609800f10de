// SPDX-License-Identifier: Apache-2.0
// One time policy for every screen: UTC comes in, site-local time with its zone goes out, 24 hours, ISO
// dates. In the hour that a clock change repeats, the offset is printed.

export interface SiteTime {
    date: string;
    time: string;
    zone: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, name: "short" | "longOffset"): Intl.DateTimeFormat {
    const key = `${zone} ${name}`;
    let found = formats.get(key);
    if (!found) {
        found = new Intl.DateTimeFormat("en-GB", {
            timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
            hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: name,
        });
        formats.set(key, found);
    }
    return found;
}

function parts(ms: number, zone: string, name: "short" | "longOffset"): Record<string, string> {
    return Object.fromEntries(format(zone, name).formatToParts(ms).map((part) => [part.type, part.value]));
}

function offsetOf(ms: number, zone: string): string {
    const text = (parts(ms, zone, "longOffset")["timeZoneName"] ?? "").replace("GMT", "");
    return text === "" ? "+00:00" : text;
}

const HOUR_MS = 3_600_000;

/** Does the wall clock show this time twice? True for both passes through the repeated hour. */
export function isRepeated(ms: number, zone: string): boolean {
    const wall = (at: number): string => {
        const p = parts(at, zone, "short");
        return `${p["day"]} ${p["hour"]}:${p["minute"]}:${p["second"]}`;
    };
    const here = wall(ms);
    return [-1, -0.5, 0.5, 1].some((hours) => wall(ms + hours * HOUR_MS) === here);
}

export function siteTime(ms: number, zone: string): SiteTime {
    const p = parts(ms, zone, "short");
    const name = p["timeZoneName"] ?? zone;
    return {
        date: `${p["year"]}-${p["month"]}-${p["day"]}`,
        time: `${p["hour"]}:${p["minute"]}:${p["second"]}`,
        zone: isRepeated(ms, zone) ? `${name} ${offsetOf(ms, zone)}` : name,
    };
}

/** Milliseconds since 1970 of an RFC 3339 time; NaN for anything else. */
export function parseTime(text: string | null | undefined): number {
    return text ? Date.parse(text) : Number.NaN;
}

/** Microseconds since 1970 of an RFC 3339 time, whose digits beyond the third Date.parse drops; NaN for anything else. */
export function parseMicros(text: string | null | undefined): number {
    const fraction = /\.(\d+)/.exec(text ?? "")?.[1] ?? "";
    return Math.floor(parseTime((text ?? "").replace(/\.\d+/, "")) * 1000) + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** RFC 3339 in UTC with microseconds. */
export function formatMicros(us: number): string {
    const second = Math.floor(us / 1e6);
    return `${new Date(second * 1000).toISOString().slice(0, 19)}.${String(Math.round(us - second * 1e6)).padStart(6, "0")}Z`;
}

/** "06:41:09.123", the site's wall clock; the repeated hour carries its offset. */
export function clock(text: string | null | undefined, zone: string, digits: 0 | 3 = 0): string {
    const ms = parseTime(text);
    if (Number.isNaN(ms)) {
        return "";
    }
    const t = siteTime(ms, zone);
    const fraction = digits === 0 ? "" : `.${String(((ms % 1000) + 1000) % 1000).padStart(3, "0")}`;
    return t.time + fraction + (isRepeated(ms, zone) ? ` ${offsetOf(ms, zone)}` : "");
}

export function dateClock(text: string | null | undefined, zone: string, digits: 0 | 3 = 0): string {
    const ms = parseTime(text);
    return Number.isNaN(ms) ? "" : `${siteTime(ms, zone).date} ${clock(text, zone, digits)}`;
}

/** An age or a length as "00:00:07"; days in front when there are any. Never negative. */
export function duration(ms: number): string {
    const total = Math.max(0, Math.floor(ms / 1000));
    const two = (n: number): string => String(n).padStart(2, "0");
    const days = Math.floor(total / 86_400);
    const rest = `${two(Math.floor(total / 3600) % 24)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}`;
    return days > 0 ? `${days}d ${rest}` : rest;
}

/** A signed step between two moments as "+0.012 s"; minutes and up as "+00:01:12". */
export function step(fromMs: number, toMs: number): string {
    const ms = toMs - fromMs;
    const sign = ms < 0 ? "−" : "+";
    const size = Math.abs(ms);
    return size < 60_000 ? `${sign}${(size / 1000).toFixed(3)} s` : `${sign}${duration(size)}`;
}
