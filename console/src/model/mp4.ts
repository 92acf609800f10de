// SPDX-License-Identifier: Apache-2.0
// Just enough of the MP4 box structure (ISO/IEC 14496-12) to play a clip that is still growing: cut a byte
// stream into the init segment and whole fragments, tell where a fragment lies in time so that one that is
// already there is passed over, and name the codec for the media source.

export interface Piece {
    kind: "init" | "media";
    bytes: Uint8Array<ArrayBuffer>;
    /** Base decode time of a fragment's first track, in the track's ticks; 0 for the init segment. */
    time: number;
}

/** A box larger than this is not believed. */
export const MAX_BOX_BYTES = 256 * 1024 * 1024;

/** Takes bytes in any portions and gives out whole pieces. Throws on a size that cannot be. */
export class Splitter {
    #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    #open: Uint8Array<ArrayBuffer>[] = [];

    push(bytes: Uint8Array): Piece[] {
        this.#rest = join([this.#rest, bytes]);
        const out: Piece[] = [];
        for (;;) {
            const box = boxAt(this.#rest, 0, this.#rest.length);
            if (!box || box.end > this.#rest.length) {
                return out;
            }
            const whole = this.#rest.slice(0, box.end);
            this.#rest = this.#rest.subarray(box.end);
            const piece = this.#add(box.type, whole);
            if (piece) {
                out.push(piece);
            }
        }
    }

    #add(type: string, whole: Uint8Array<ArrayBuffer>): Piece | null {
        this.#open.push(whole);
        if (type !== "moov" && type !== "mdat") {
            return null;
        }
        const bytes = join(this.#open);
        this.#open = [];
        return type === "moov"
            ? { kind: "init", bytes, time: 0 }
            : { kind: "media", bytes, time: decodeTime(bytes) };
    }
}

interface Box {
    type: string;
    body: number;
    end: number;
}

function boxAt(bytes: Uint8Array, at: number, limit: number): Box | null {
    if (limit - at < 8) {
        return null;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let size = view.getUint32(at);
    let body = at + 8;
    if (size === 1) {
        if (limit - at < 16) {
            return null;
        }
        size = Number(view.getBigUint64(at + 8));
        body = at + 16;
    }
    if (size < body - at || size > MAX_BOX_BYTES) {
        throw new Error("a box of the clip has an impossible size");
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    return { type, body, end: at + size };
}

/** The first box of a path such as moof/traf/tfdt; null when one of them is not there. */
function find(bytes: Uint8Array, path: readonly string[]): Box | null {
    let from = 0;
    let limit = bytes.length;
    let found: Box | null = null;
    for (const type of path) {
        found = null;
        for (let at = from; !found;) {
            const box = boxAt(bytes, at, limit);
            if (!box || box.end > limit) {
                return null;
            }
            found = box.type === type ? box : null;
            at = box.end;
        }
        from = found.body;
        limit = found.end;
    }
    return found;
}

function decodeTime(bytes: Uint8Array): number {
    const box = find(bytes, ["moof", "traf", "tfdt"]);
    if (!box || box.end - box.body < 8) {
        return 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const wide = view.getUint8(box.body) === 1 && box.end - box.body >= 12;
    return wide ? Number(view.getBigUint64(box.body + 4)) : view.getUint32(box.body + 4);
}

/** Ticks per second of an init segment's first track; 1 when it does not say. */
export function ticksPerSecond(init: Uint8Array): number {
    const box = find(init, ["moov", "trak", "mdia", "mdhd"]);
    const at = box ? box.body + (init[box.body] === 1 ? 20 : 12) : 0;
    if (!box || box.end - at < 4) {
        return 1;
    }
    return new DataView(init.buffer, init.byteOffset, init.byteLength).getUint32(at) || 1;
}

/** The RFC 6381 name of the first H.264 track of an init segment; null when it has none. */
export function codecOf(init: Uint8Array): string | null {
    for (let at = 0; at + 8 <= init.length; at += 1) {
        // avcC: type, then version 1, profile, constraints, level
        if (init[at] === 0x61 && init[at + 1] === 0x76 && init[at + 2] === 0x63 && init[at + 3] === 0x43
            && init[at + 4] === 1) {
            return `avc1.${[5, 6, 7].map((i) => (init[at + i] ?? 0).toString(16).padStart(2, "0")).join("")}`;
        }
    }
    return null;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        out.set(part, at);
        at += part.length;
    }
    return out;
}
