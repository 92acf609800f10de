// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiddenAbove, hold, reveal, visibleRows } from "../../src/model/window.ts";

const ROW = 44;

test("window: draws what is seen and a little more, whatever the length", () => {
    assert.deepEqual(visibleRows(0, 0, 440, ROW, 3), { first: 0, last: 3 });
    assert.deepEqual(visibleRows(0, 0, 440, ROW, 10_000), { first: 0, last: 14 });
    const middle = visibleRows(5000 * ROW, 0, 440, ROW, 10_000);
    assert.deepEqual(middle, { first: 4996, last: 5014 });
    assert.deepEqual(visibleRows(900 * ROW, 0, 440, ROW, 2), { first: 2, last: 2 });
});

test("window: a held row keeps its place on the screen when rows come and go above it", () => {
    const y = (anchor: { scrollTop: number; pad: number }, index: number): number =>
        anchor.pad + index * ROW - anchor.scrollTop;
    for (const [scrollTop, pad, from, to] of [[0, 0, 2, 9], [440, 0, 12, 3], [0, 0, 5, 0], [0, 88, 1, 4], [44, 0, 3, 2]] as const) {
        const before = { scrollTop, pad };
        const after = hold(before, from, to, ROW);
        assert.equal(y(after, to), y(before, from));
        assert.ok(after.scrollTop >= 0 && after.pad >= 0);
    }
});

test("window: what came above is counted", () => {
    const after = hold({ scrollTop: 0, pad: 0 }, 0, 7, ROW);
    assert.equal(hiddenAbove(after, ROW), 7);
    assert.equal(hiddenAbove({ scrollTop: 0, pad: 0 }, ROW), 0);
});

test("window: the active row is brought into view, and no further", () => {
    const at = { scrollTop: 440, pad: 0 };
    assert.equal(reveal(at, 12, 440, ROW), 440);
    assert.equal(reveal(at, 2, 440, ROW), 88);
    assert.equal(reveal(at, 30, 440, ROW), 31 * ROW - 440);
});
