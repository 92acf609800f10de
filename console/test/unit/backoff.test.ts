// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, FIRST_MS, LAST_MS } from "../../src/model/backoff.ts";

test("backoff: from half a second to ten, growing, never outside, and spread", () => {
    for (let attempt = 0; attempt < 40; attempt += 1) {
        for (const random of [0, 0.3, 0.999]) {
            const wait = backoffMs(attempt, random);
            assert.ok(wait >= FIRST_MS && wait <= LAST_MS, `${attempt} ${random} ${wait}`);
        }
    }
    assert.equal(backoffMs(0, 0), 500);
    assert.equal(backoffMs(3, 0.999), 3998);
    assert.ok(backoffMs(30, 0.9) > 9000);
    assert.notEqual(backoffMs(5, 0.1), backoffMs(5, 0.9));
});
