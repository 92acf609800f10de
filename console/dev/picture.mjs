// SPDX-License-Identifier: Apache-2.0
// Moving pictures for the development server: ffmpeg makes one short loop of H.264 in a temporary folder at
// start; here it is cut into fragments whose times are moved so that the loop never ends.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const FPS = 10;
export const LOOP_S = 20;

function boxes(bytes) {
    const out = [];
    for (let at = 0; at < bytes.length;) {
        const size = bytes.readUInt32BE(at);
        out.push({ type: bytes.toString("latin1", at + 4, at + 8), bytes: bytes.subarray(at, at + size) });
        at += size;
    }
    return out;
}

let made = null;

/** The loop as an init segment and fragments of one frame each; `key` marks those that start a GOP. */
export function makePicture() {
    made ??= encode();
    return made;
}

function encode() {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-console-"));
    try {
        const file = join(folder, "loop.mp4");
        execFileSync("ffmpeg", [
            "-v", "error", "-f", "lavfi", "-i", `testsrc2=size=640x360:rate=${FPS}`, "-t", String(LOOP_S),
            "-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-g", String(FPS), "-bf", "0",
            "-pix_fmt", "yuv420p", "-video_track_timescale", "90000", "-use_editlist", "0",
            "-movflags", "empty_moov+default_base_moof+frag_every_frame", file,
        ]);
        return cut(readFileSync(file));
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function cut(bytes) {
    const picture = { init: Buffer.alloc(0), frames: [], codec: "" };
    let moof = null;
    const head = [];
    for (const box of boxes(bytes)) {
        if (box.type === "ftyp" || box.type === "moov") {
            head.push(box.bytes);
        } else if (box.type === "moof") {
            moof = box.bytes;
        } else if (box.type === "mdat" && moof) {
            picture.frames.push({ bytes: Buffer.concat([moof, box.bytes]), key: picture.frames.length % FPS === 0 });
            moof = null;
        }
    }
    picture.init = Buffer.concat(head);
    const avcc = picture.init.indexOf("avcC");
    picture.codec = `avc1.${picture.init.toString("hex", avcc + 5, avcc + 8).toUpperCase()}`;
    return picture;
}

/** Frame INDEX of the endless loop, with its decode time counted from frame ZERO. */
export function frameAt(picture, index, zero) {
    const frame = picture.frames[index % picture.frames.length];
    const bytes = Buffer.from(frame.bytes);
    const tfdt = bytes.indexOf("tfdt");
    const time = BigInt(index - zero) * BigInt(90000 / FPS);
    if (bytes[tfdt + 4] === 1) {
        bytes.writeBigUInt64BE(time, tfdt + 8);
    } else {
        bytes.writeUInt32BE(Number(time), tfdt + 8);
    }
    return { bytes, key: frame.key };
}
