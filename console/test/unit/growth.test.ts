// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { beginOf, Growth } from "../../src/model/growth.ts";
import { parseMicros } from "../../src/lib/time.ts";

const T = "2026-11-22T13:41:41.632086Z";

test("growth: the first answer is the time line, fragments as they are", () => {
    const growth = new Growth();
    assert.equal(growth.wanted, null);
    assert.ok(growth.answer(parseMicros(T)));
    assert.deepEqual([0, 2, 4].map((at) => growth.place(at)), [0, 0, 0]);
    assert.equal(growth.wanted, "2026-11-22T13:41:45.632086Z");
});

test("growth: a later answer is moved onto it, whole, and the next goes on from its newest fragment", () => {
    const growth = new Growth();
    growth.answer(parseMicros(T));
    [0, 2, 4].forEach((at) => growth.place(at));
    assert.ok(growth.answer(parseMicros("2026-11-22T13:41:43.632086Z")));
    assert.deepEqual([0, 2, 4, 6].map((at) => growth.place(at)), [2, 2, 2, 2]);
    assert.equal(growth.wanted, "2026-11-22T13:41:49.632086Z");
});

test("growth: an answer that does not say its time cannot follow another, nor be followed", () => {
    const growth = new Growth();
    growth.answer(parseMicros(T));
    growth.place(0);
    assert.equal(growth.answer(Number.NaN), false);
    const blind = new Growth();
    assert.ok(blind.answer(beginOf(null)));
    assert.equal(blind.place(0), 0);
    assert.equal(blind.wanted, null);
    assert.ok(blind.answer(Number.NaN), "the whole clip once more");
});

test("growth: the header is read, and anything else is no time", () => {
    assert.equal(beginOf(JSON.stringify({ from: T })), parseMicros(T));
    for (const header of [null, "", "{", "null", "{}", "{\"from\":7}", "{\"from\":\"soon\"}"]) {
        assert.ok(Number.isNaN(beginOf(header)), String(header));
    }
});
