// SPDX-License-Identifier: Apache-2.0
// Messages of the video socket: a fixed header of 16 bytes, big-endian, before each run of MP4.
//   0 u8 version (1) | 1 u8 kind (0 init, 1 media) | 2 u16 stream | 4 u32 generation | 8 i64 wall time, us

export const HEADER_BYTES = 16;
export const VERSION = 1;

export interface VideoMessage {
    kind: "init" | "media";
    stream: number;
    generation: number;
    /** Wall time of the first frame, milliseconds since 1970 (with a fraction). */
    wallMs: number;
    body: Uint8Array<ArrayBuffer>;
}

/** Reads one binary message; null when it is not one this console understands. */
export function parseVideo(buffer: ArrayBuffer): VideoMessage | null {
    if (buffer.byteLength <= HEADER_BYTES) {
        return null;
    }
    const view = new DataView(buffer);
    const kind = view.getUint8(1);
    if (view.getUint8(0) !== VERSION || kind > 1) {
        return null;
    }
    return {
        kind: kind === 0 ? "init" : "media",
        stream: view.getUint16(2),
        generation: view.getUint32(4),
        wallMs: Number(view.getBigInt64(8)) / 1000,
        body: new Uint8Array(buffer, HEADER_BYTES),
    };
}

export type VideoText =
    | { op: "init"; stream: number; codec: string; width: number; height: number; generation: number }
    | { op: "state"; stream: number; state: "live" | "waiting" | "lost" | "denied" | "unknown"; text?: string }
    | { op: "dropped"; stream: number; gops: number };

export function parseVideoText(text: string): VideoText | null {
    try {
        const value = JSON.parse(text) as Partial<VideoText> | null;
        const known = value?.op === "init" || value?.op === "state" || value?.op === "dropped";
        return known && typeof value.stream === "number" ? (value as VideoText) : null;
    } catch {
        return null;
    }
}
