// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Priority } from "../../src/api/types.ts";
import { PATTERNS, SoundPlan } from "../../src/model/soundplan.ts";

/** The times in seconds at which something sounds, asked four times a second. */
function run(plan: SoundPlan, fromS: number, toS: number, worst: Priority | null, silencedUntilS = 0): number[] {
    const out: number[] = [];
    for (let ms = fromS * 1000; ms < toS * 1000; ms += 250) {
        if (plan.due({ worst, nowMs: ms, silencedUntilMs: silencedUntilS * 1000 })) {
            out.push(ms / 1000);
        }
    }
    return out;
}

test("sound: each severity at its own pace", () => {
    assert.deepEqual(run(new SoundPlan(), 0, 16, 1), [0, 5, 10, 15]);
    assert.deepEqual(run(new SoundPlan(), 0, 21, 2), [0, 10, 20]);
    assert.deepEqual(run(new SoundPlan(), 0, 300, 3), [0, 30, 60]);
    assert.deepEqual(run(new SoundPlan(), 0, 130, 4), [0, 60, 120]);
    assert.deepEqual(run(new SoundPlan(), 0, 300, 5), [0]);
});

test("sound: critical is louder after 30 s, high is not", () => {
    const plan = new SoundPlan();
    assert.equal(plan.due({ worst: 1, nowMs: 0, silencedUntilMs: 0 })?.db, 0);
    assert.equal(plan.due({ worst: 1, nowMs: 31_000, silencedUntilMs: 0 })?.db, 3);
});

test("sound: a flood does not restart it; a higher severity sounds at once", () => {
    const plan = new SoundPlan();
    assert.deepEqual(run(plan, 0, 4, 2), [0]);
    assert.deepEqual(run(plan, 4, 9, 2), []);
    assert.deepEqual(run(plan, 9, 10, 1), [9]);
});

test("sound: when the highest was picked up, the next waits its turn", () => {
    const plan = new SoundPlan();
    run(plan, 0, 1, 1);
    assert.deepEqual(run(plan, 1, 12, 2), [11]);
});

test("sound: silence holds the sound, not the alarm, and ends", () => {
    const plan = new SoundPlan();
    assert.deepEqual(run(plan, 0, 60, 1, 60), []);
    assert.deepEqual(run(plan, 60, 66, 1, 60), [60, 65]);
    assert.deepEqual(run(plan, 66, 100, null), []);
});

test("sound: patterns are three plus two, three, two, falling two, one", () => {
    assert.deepEqual(([1, 2, 3, 4, 5] as const).map((p) => PATTERNS[p].pulses.length), [5, 3, 2, 2, 1]);
    const [high, low] = PATTERNS[4].pulses;
    assert.ok(high && low && low.hz < high.hz);
});
