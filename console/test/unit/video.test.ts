// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVideo, parseVideoText } from "../../src/model/videoframe.ts";

function message(version: number, kind: number, body: readonly number[]): ArrayBuffer {
    const buffer = new ArrayBuffer(16 + body.length);
    const view = new DataView(buffer);
    view.setUint8(0, version);
    view.setUint8(1, kind);
    view.setUint16(2, 513);
    view.setUint32(4, 70_000);
    view.setBigInt64(8, 1_700_000_000_123_456n);
    new Uint8Array(buffer, 16).set(body);
    return buffer;
}

test("video: the header is read in network order, the body is what follows", () => {
    const got = parseVideo(message(1, 1, [1, 2, 3]));
    assert.ok(got);
    assert.deepEqual([got.kind, got.stream, got.generation, got.wallMs], ["media", 513, 70_000, 1_700_000_000_123.456]);
    assert.deepEqual([...got.body], [1, 2, 3]);
});

test("video: short messages, other versions and other kinds are refused", () => {
    assert.equal(parseVideo(new ArrayBuffer(0)), null);
    assert.equal(parseVideo(message(1, 1, [])), null);
    assert.equal(parseVideo(message(2, 1, [1])), null);
    assert.equal(parseVideo(message(1, 2, [1])), null);
});

test("video: only known text messages with a stream", () => {
    assert.equal(parseVideoText("{"), null);
    assert.equal(parseVideoText("null"), null);
    assert.equal(parseVideoText("{\"op\":\"state\"}"), null);
    assert.equal(parseVideoText("{\"op\":\"what\",\"stream\":1}"), null);
    assert.deepEqual(parseVideoText("{\"op\":\"dropped\",\"stream\":1,\"gops\":2}"), { op: "dropped", stream: 1, gops: 2 });
});
