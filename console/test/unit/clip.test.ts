// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClipInfo } from "../../src/api/types.ts";
import { Announcer } from "../../src/model/announcer.ts";
import { firstClip, fromAlarm, gotOf, overHole, seconds, wantsMore } from "../../src/model/clip.ts";
import { incident } from "./rows.ts";

const clip: ClipInfo = { state: "recording", from: "2026-03-01T09:59:50.600000Z", pre_asked_ns: 10e9, pre_got_ns: 9_480_000_000 };

test("clip: says what was asked and got, never more than it has", () => {
    assert.deepEqual(gotOf(clip), { asked: "10.0", got: "9.4" });
    assert.equal(seconds(9_999_999_999), "9.9");
    assert.equal(gotOf({ state: "recording" }), null);
});

test("clip: a position is told from the alarm's arrival", () => {
    const row = incident(1, { phases: { received: "2026-03-01T10:00:00.000000Z" } });
    assert.ok(Math.abs(fromAlarm(clip, row, 0) + 9.4) < 1e-6);
    assert.ok(Math.abs(fromAlarm(clip, row, 12) - 2.6) < 1e-6);
    assert.ok(Number.isNaN(fromAlarm({ state: "none" }, row, 0)));
});

test("clip: the first camera that has one", () => {
    const none = { id: "a", name: "A", clip: { state: "none" as const } };
    const has = { id: "b", name: "B", clip };
    assert.equal(firstClip([none, has])?.id, "b");
    assert.equal(firstClip([none])?.id, "a");
    assert.equal(firstClip([]), null);
});

test("clip: a hole is stepped over, the end is not", () => {
    const ranges = [{ start: 0, end: 10 }, { start: 14, end: 20 }];
    assert.equal(overHole(ranges, 5), null);
    assert.equal(overHole(ranges, 9.99), 14);
    assert.equal(overHole(ranges, 12), 14);
    assert.equal(overHole(ranges, 20), null);
    assert.equal(overHole([{ start: 3, end: 9 }], 0), 3);
});

test("clip: read again only while it grows, when little is left, and not too often", () => {
    assert.equal(wantsMore(true, 3, true, 2000), true);
    assert.equal(wantsMore(true, 3, true, 500), false);
    assert.equal(wantsMore(true, 30, true, 60_000), false);
    assert.equal(wantsMore(true, 0, false, 700), true);
    assert.equal(wantsMore(false, 0, true, 60_000), false);
});

test("announcer: one line per critical, one summary in five seconds for the rest", () => {
    const announcer = new Announcer();
    let assertive = 0;
    let polite = 0;
    for (let i = 0; i < 200; i += 1) {
        assertive += announcer.arrived(incident(i, { priority: i % 40 === 0 ? 1 : 3 })) ? 1 : 0;
        polite += announcer.due(i * 50) ? 1 : 0;
    }
    assert.equal(assertive, 5);
    assert.equal(polite, 2);
    assert.deepEqual(announcer.due(60_000)?.fresh, 99);
});
