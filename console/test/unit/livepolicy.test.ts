// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { advise, TARGET_S } from "../../src/model/livepolicy.ts";

const fine = { silentMs: 50, lagMs: 100 };

test("live: at the edge nothing is done", () => {
    const advice = advise({ ...fine, ranges: [{ start: 100, end: 110 }], at: 109.6 });
    assert.deepEqual([advice.rate, advice.seek, advice.trimBefore, advice.state], [1, null, null, "live"]);
});

test("live: a little behind is nudged, far behind jumps to the edge", () => {
    assert.equal(advise({ ...fine, ranges: [{ start: 100, end: 110 }], at: 108.5 }).rate, 1.1);
    const far = advise({ ...fine, ranges: [{ start: 100, end: 110 }], at: 106 });
    assert.deepEqual([far.rate, far.seek], [1, 110 - TARGET_S]);
});

test("live: starting begins at the edge, inside what is buffered", () => {
    assert.equal(advise({ ...fine, ranges: [{ start: 100, end: 102 }], at: 0, starting: true }).seek, 102 - TARGET_S);
    assert.equal(advise({ ...fine, ranges: [{ start: 100, end: 100.1 }], at: 0, starting: true }).seek, 100);
});

test("live: a hole left by dropped groups is stepped over", () => {
    const advice = advise({ ...fine, ranges: [{ start: 100, end: 105 }, { start: 107, end: 107.5 }], at: 105 });
    assert.equal(advice.seek, 107);
});

test("live: what was played long ago goes", () => {
    assert.equal(advise({ ...fine, ranges: [{ start: 0, end: 60 }], at: 59.8 }).trimBefore, 51.8);
});

test("live: late pictures are delayed, no pictures are silent, and each says so", () => {
    assert.equal(advise({ silentMs: 10, lagMs: 4000, ranges: [{ start: 0, end: 10 }], at: 9.8 }).state, "delayed");
    assert.equal(advise({ silentMs: 3100, lagMs: 0, ranges: [{ start: 0, end: 10 }], at: 10 }).state, "silent");
    assert.equal(advise({ silentMs: 5000, lagMs: 0, ranges: [], at: 0 }).state, "silent");
});

test("live: a player ahead of its media comes back", () => {
    const advice = advise({ ...fine, ranges: [{ start: 0, end: 10 }], at: 500 });
    assert.equal(advice.seek, 10 - TARGET_S);
});
