// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Priority } from "../../src/api/types.ts";
import { compareIncidents, Queue } from "../../src/model/queue.ts";
import { incident, numbers } from "./rows.ts";

test("queue: priority first, then the oldest, then the number", () => {
    const queue = new Queue();
    queue.put(incident(5, { priority: 3 }));
    queue.put(incident(4, { priority: 3 }));
    queue.put(incident(9, { priority: 1 }));
    queue.put(incident(64, { priority: 3 })); // same second as 4
    assert.deepEqual(queue.rows.map((row) => row.id), [9, 4, 64, 5]);
});

test("queue: thousand changes in any order leave it sorted, one row per incident", () => {
    const random = numbers(7);
    const queue = new Queue();
    const live = new Map<number, true>();
    for (let i = 0; i < 5000; i += 1) {
        const id = Math.floor(random() * 1000);
        const closed = random() < 0.2;
        queue.put(incident(id, { priority: (1 + Math.floor(random() * 5)) as Priority, state: closed ? "closed" : "new" }));
        if (closed) {
            live.delete(id);
        } else {
            live.set(id, true);
        }
    }
    assert.equal(queue.rows.length, live.size);
    assert.deepEqual([...queue.rows].sort(compareIncidents), [...queue.rows]);
    for (const row of queue.rows) {
        assert.equal(queue.indexOf(row), queue.rows.indexOf(row));
    }
});

test("queue: a changed priority moves the row and returns its former form", () => {
    const queue = new Queue();
    const first = incident(1, { priority: 4 });
    assert.equal(queue.put(first), undefined);
    queue.put(incident(2, { priority: 3 }));
    assert.equal(queue.put(incident(1, { priority: 1 })), first);
    assert.deepEqual(queue.rows.map((row) => row.id), [1, 2]);
});

test("queue: counts open and new by severity", () => {
    const queue = new Queue();
    queue.put(incident(1, { priority: 1 }));
    queue.put(incident(2, { priority: 1, state: "picked_up" }));
    assert.deepEqual(queue.counts()[1], { open: 2, fresh: 1 });
    assert.deepEqual(queue.counts()[2], { open: 0, fresh: 0 });
});

test("queue: F8 goes to the most urgent never looked at, then around, and skips what is owned", () => {
    const queue = new Queue();
    queue.put(incident(1, { priority: 3 }));
    queue.put(incident(2, { priority: 3 }));
    queue.put(incident(3, { priority: 2, state: "picked_up" }));
    assert.equal(queue.nextFresh(null, 1, new Set())?.id, 1);
    assert.equal(queue.nextFresh(1, 1, new Set([1]))?.id, 2);
    queue.put(incident(9, { priority: 1 })); // arrives while 2 is open
    assert.equal(queue.nextFresh(2, 1, new Set([1, 2]))?.id, 9);
    assert.equal(queue.nextFresh(9, 1, new Set([1, 2, 9]))?.id, 1);
    assert.equal(queue.nextFresh(9, -1, new Set([1, 2, 9]))?.id, 2);
});

test("queue: F8 with nothing left to pick up goes nowhere", () => {
    const queue = new Queue();
    queue.put(incident(1));
    assert.equal(queue.nextFresh(1, 1, new Set([1])), undefined);
    assert.equal(new Queue().nextFresh(null, 1, new Set()), undefined);
});
