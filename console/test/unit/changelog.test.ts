// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../../src/api/types.ts";
import { ChangeLog, parseMessage } from "../../src/model/changelog.ts";
import { change, incident, numbers } from "./rows.ts";

test("changelog: begins at the server's place without a summary", () => {
    const log = new ChangeLog((id) => id === 7);
    assert.equal(log.resumeAfter, null);
    assert.equal(log.hello({ kind: "hello", seq: 40 }), "apply");
    assert.equal(log.last, 40);
    assert.equal(log.summary(), null);
});

test("changelog: two changes of one seq are both taken, each once", () => {
    const log = new ChangeLog((id) => id === 7);
    log.hello({ kind: "hello", seq: 40 });
    assert.equal(log.take(change(41, incident(1))), "apply");
    assert.equal(log.take(change(41, incident(2))), "apply");
    assert.equal(log.take(change(41, incident(2))), "double");
    assert.equal(log.take(change(40, incident(2))), "double");
    assert.equal(log.resumeAfter, 40);
});

test("changelog: after a reconnection one summary, when caught up and not before", () => {
    const log = new ChangeLog((id) => id === 7);
    log.hello({ kind: "hello", seq: 40 });
    log.take(change(41, incident(1)));
    assert.equal(log.hello({ kind: "hello", seq: 44 }), "apply");
    assert.equal(log.take(change(41, incident(1))), "double");
    log.take(change(42, incident(2, { priority: 1 })));
    log.take(change(43, incident(2, { priority: 1, state: "picked_up" })));
    log.take(change(43, incident(7, { priority: 1, alarm_count: 2 }))); // a repeat of one that was there
    assert.equal(log.summary(), null);
    log.take(change(44, incident(3)));
    assert.deepEqual(log.summary(), { changes: 4, incidents: 2, critical: 1 });
    assert.equal(log.summary(), null);
});

test("changelog: a journal that ends before what was seen is another journal", () => {
    const log = new ChangeLog((id) => id === 7);
    log.hello({ kind: "hello", seq: 400 });
    assert.equal(log.hello({ kind: "hello", seq: 12 }), "reset");
    assert.equal(log.take(change(13, incident(1))), "apply");
});

test("changelog: what cannot be told is begun anew behind its seq, without a summary", () => {
    const log = new ChangeLog(() => false);
    log.hello({ kind: "hello", seq: 40 });
    log.hello({ kind: "hello", seq: 90 });
    assert.deepEqual(parseMessage("{\"seq\":90,\"kind\":\"reset\",\"data\":{}}"), { seq: 90, kind: "reset", data: {} });
    log.begin(90);
    assert.equal(log.summary(), null);
    assert.equal(log.take(change(89, incident(1))), "double");
    assert.equal(log.take(change(91, incident(1))), "apply");
});

test("changelog: broken at any place, any number of times, the shown set is the sent set", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
        const random = numbers(seed);
        const sent: Change[] = [];
        for (let seq = 1; seq <= 120; seq += 1) {
            for (let i = 0; i <= Math.floor(random() * 3); i += 1) {
                sent.push(change(seq, incident(seq * 10 + i)));
            }
        }
        const log = new ChangeLog((id) => id === 7);
        log.hello({ kind: "hello", seq: 0 });
        const shown: number[] = [];
        for (let guard = 0; shown.length < sent.length && guard < 1000; guard += 1) {
            const after = log.resumeAfter ?? 0;
            const rest = sent.filter((row) => row.seq > after);
            const part = rest.slice(0, 3 + Math.floor(random() * 20));
            log.hello({ kind: "hello", seq: 120 });
            for (const row of part) {
                if (log.take(row) === "apply") {
                    shown.push((row.data as { id: number }).id);
                }
            }
        }
        assert.deepEqual(shown, sent.map((row) => (row.data as { id: number }).id), `seed ${seed}`);
    }
});

test("changelog: messages that are no changes are passed over", () => {
    for (const text of ["", "null", "[]", "{", "{\"kind\":\"incident\"}", "{\"kind\":7,\"seq\":1,\"data\":{}}",
        "{\"kind\":\"incident\",\"seq\":1.5,\"data\":{}}", "{\"kind\":\"incident\",\"seq\":1,\"data\":null}"]) {
        assert.equal(parseMessage(text), null, text);
    }
    assert.deepEqual(parseMessage("{\"kind\":\"hello\",\"seq\":3}"), { kind: "hello", seq: 3 });
    assert.deepEqual(parseMessage("{\"kind\":\"beat\",\"now\":\"x\"}"), { kind: "beat" });
});
