// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { codecOf, Splitter, ticksPerSecond } from "../../src/model/mp4.ts";
import { numbers } from "./rows.ts";

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + body.length, 0);
    head.write(type, 4, "latin1");
    return Buffer.concat([head, body]);
}

function tfdt(time: number, version: 0 | 1): Uint8Array {
    const body = Buffer.alloc(version === 1 ? 12 : 8);
    body.writeUInt8(version, 0);
    if (version === 1) {
        body.writeBigUInt64BE(BigInt(time), 4);
    } else {
        body.writeUInt32BE(time, 4);
    }
    return box("tfdt", body);
}

function fragment(time: number, version: 0 | 1 = 1): Uint8Array {
    return Buffer.concat([
        box("moof", box("mfhd", Buffer.alloc(8)), box("traf", box("tfhd", Buffer.alloc(8)), tfdt(time, version))),
        box("mdat", Buffer.alloc(50, 7)),
    ]);
}

const AVCC = box("avcC", Buffer.from([1, 0x42, 0xc0, 0x1f, 0xff]));
const init = Buffer.concat([box("ftyp", Buffer.from("isom")), box("moov", box("mvhd", Buffer.alloc(4)), AVCC)]);

test("mp4: an init segment and fragments come out whole, in any portions", () => {
    const file = Buffer.concat([init, fragment(0), box("styp", Buffer.alloc(4)), fragment(90_000, 0), fragment(5_000_000_000)]);
    for (let seed = 1; seed <= 30; seed += 1) {
        const random = numbers(seed);
        const splitter = new Splitter();
        const pieces = [];
        for (let at = 0; at < file.length;) {
            const size = 1 + Math.floor(random() * 60);
            pieces.push(...splitter.push(file.subarray(at, at + size)));
            at += size;
        }
        assert.deepEqual(pieces.map((piece) => [piece.kind, piece.time]),
            [["init", 0], ["media", 0], ["media", 90_000], ["media", 5_000_000_000]]);
        assert.deepEqual(Buffer.concat(pieces.map((piece) => piece.bytes)), file);
    }
});

test("mp4: half a fragment is not given out", () => {
    const splitter = new Splitter();
    const file = Buffer.concat([init, fragment(0)]);
    assert.equal(splitter.push(file.subarray(0, file.length - 1)).length, 1);
    assert.equal(splitter.push(file.subarray(file.length - 1)).length, 1);
});

test("mp4: a box of an impossible size ends the reading", () => {
    assert.throws(() => new Splitter().push(Buffer.from([0, 0, 0, 4, 0x6d, 0x6f, 0x6f, 0x66])));
    assert.throws(() => new Splitter().push(Buffer.from([0xff, 0, 0, 0, 0x6d, 0x64, 0x61, 0x74])));
});

test("mp4: a fragment without a time, or with a box that runs past its parent, counts as zero", () => {
    const bad = Buffer.concat([box("moof", Buffer.from([0, 0, 1, 0, 0x74, 0x72, 0x61, 0x66])), box("mdat", Buffer.alloc(1))]);
    assert.deepEqual(new Splitter().push(bad).map((piece) => piece.time), [0]);
});

test("mp4: the time scale comes from the first track, in both forms of its box", () => {
    const mdhd = (version: number): Uint8Array => {
        const body = Buffer.alloc(version === 1 ? 32 : 20);
        body.writeUInt8(version, 0);
        body.writeUInt32BE(90_000, version === 1 ? 20 : 12);
        return box("moov", box("mvhd", Buffer.alloc(4)), box("trak", box("mdia", box("mdhd", body))));
    };
    assert.equal(ticksPerSecond(mdhd(0)), 90_000);
    assert.equal(ticksPerSecond(mdhd(1)), 90_000);
    assert.equal(ticksPerSecond(init), 1);
    assert.equal(ticksPerSecond(box("moov", box("trak", box("mdia", box("mdhd", Buffer.alloc(6)))))), 1);
});

test("mp4: the codec's name comes from the decoder configuration", () => {
    assert.equal(codecOf(init), "avc1.42c01f");
    assert.equal(codecOf(box("ftyp", Buffer.alloc(4))), null);
});
