// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { BINDINGS, isLetter, lookup, type KeyPress, type Place } from "../../src/model/keys.ts";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress =>
    ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more });
const place = (more: Partial<Place> = {}): Place => ({ scopes: [], inTextField: false, lettersOn: true, ...more });

test("keys: function keys act everywhere, also in a text field and with letters off", () => {
    assert.equal(lookup(press("F8"), place({ inTextField: true, lettersOn: false })), "next-fresh");
    assert.equal(lookup(press("F8", { shiftKey: true }), place()), "previous-fresh");
    assert.equal(lookup(press("F9"), place({ scopes: ["incident"], inTextField: true })), "silence");
});

test("keys: no bound letter acts in a text field, in any scope", () => {
    for (const { key } of BINDINGS.filter((row) => isLetter(row.key))) {
        for (const scope of ["queue", "incident"] as const) {
            for (const typed of [key, key.toUpperCase()]) {
                assert.equal(lookup(press(typed), place({ scopes: [scope], inTextField: true })), null, typed);
            }
        }
    }
});

test("keys: arrows, Home, End and Enter belong to the text field they are pressed in", () => {
    for (const key of ["ArrowDown", "ArrowUp", "Home", "End", "Enter"]) {
        assert.equal(lookup(press(key), place({ scopes: ["queue"], inTextField: true })), null, key);
    }
});

test("keys: letters act in their region only and can be switched off", () => {
    assert.equal(lookup(press("d"), place({ scopes: ["incident"] })), "close");
    assert.equal(lookup(press("D", { shiftKey: true }), place({ scopes: ["incident"] })), "close");
    assert.equal(lookup(press("d"), place({ scopes: ["queue"] })), null);
    assert.equal(lookup(press("d"), place()), null);
    assert.equal(lookup(press("d"), place({ scopes: ["incident"], lettersOn: false })), null);
});

test("keys: combinations of the browser are left alone", () => {
    for (const hold of ["ctrlKey", "altKey", "metaKey"] as const) {
        assert.equal(lookup(press("d", { [hold]: true }), place({ scopes: ["incident"] })), null);
        assert.equal(lookup(press("F8", { [hold]: true }), place()), null);
    }
});

test("keys: one key means one thing in one scope; a key that moves in the queue changes nothing beside it", () => {
    const seen = new Set<string>();
    for (const row of BINDINGS) {
        const name = `${row.scope} ${row.key} ${row.shift ?? false}`;
        assert.ok(!seen.has(name), name);
        seen.add(name);
    }
    const moves = BINDINGS.filter((row) => row.scope === "queue" && ["down", "up", "home", "end", "open"].includes(row.command));
    for (const row of moves) {
        assert.ok(!BINDINGS.some((other) => other.scope === "incident" && other.key === row.key), row.key);
    }
});
