// SPDX-License-Identifier: Apache-2.0
// No component holds a word of its own, and no text of the catalogue is unused or of the wrong form.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "svelte/compiler";
import { catalogue, t, whatOf } from "../../src/lib/texts.ts";

const SOURCES = ["src", "src/api", "src/lib", "src/model", "src/views", "src/widgets"].flatMap((folder) =>
    readdirSync(join(process.cwd(), folder)).filter((name) => /\.(svelte|ts)$/.test(name)).map((name) => join(folder, name)));
const SPOKEN = new Set(["title", "aria-label", "placeholder", "alt", "label", "aria-valuetext"]);
/** Marks and units that are the same in every language. */
const SAME = /^[\s\d.,:;()×·+−/-]*(s)?[\s\d.,:;()×·+−/-]*$/;

interface Node {
    type?: string;
    name?: string;
    data?: string;
    [key: string]: unknown;
}

function literals(node: unknown, inside: string | null, out: string[]): void {
    if (Array.isArray(node)) {
        node.forEach((child) => literals(child, inside, out));
        return;
    }
    if (typeof node !== "object" || node === null) {
        return;
    }
    const it = node as Node;
    if (it.type === "Attribute") {
        inside = SPOKEN.has(it.name ?? "") ? "text" : "attribute";
    }
    if (it.type === "StyleDirective") {
        inside = "attribute";
    }
    if (it.type === "Text" && inside !== "attribute" && !SAME.test(it.data ?? "")) {
        out.push(String(it.data).trim());
    }
    for (const [key, child] of Object.entries(it)) {
        if (!["loc", "start", "end", "parent", "instance", "module", "css"].includes(key)) {
            literals(child, inside, out);
        }
    }
}

test("texts: no literal in a component", () => {
    for (const file of SOURCES.filter((name) => name.endsWith(".svelte"))) {
        const out: string[] = [];
        literals(parse(readFileSync(join(process.cwd(), file), "utf8"), { modern: true }).fragment, null, out);
        assert.deepEqual(out, [], file);
    }
});

test("texts: every text is used", () => {
    const all = SOURCES.filter((name) => !name.endsWith("texts.ts"))
        .map((name) => readFileSync(join(process.cwd(), name), "utf8")).join("\n");
    const built = [...all.matchAll(/t\(`([\w.-]+)\.\$\{/g), ...all.matchAll(/tOr\("([\w.-]+)"/g)].map((match) => `${match[1]}.`);
    const unused = Object.keys(catalogue).filter((key) => !key.startsWith("type.") &&
        !all.includes(`"${key}"`) && !built.some((prefix) => key.startsWith(prefix)));
    assert.deepEqual(unused, []);
});

test("texts: values are filled in, forms follow the number", () => {
    assert.equal(t("queue.alarms", { n: 1 }), "1 alarm");
    assert.equal(t("queue.alarms", { n: 4 }), "4 alarms");
    assert.equal(t("clip.got", { asked: "10.0", got: "9.4" }), "asked 10.0 s before the alarm, got 9.4 s");
    assert.equal(t("incident.number", {}), "Incident {id}");
});

test("texts: every event type of the program has its words, and no other", () => {
    const header = readFileSync(join(process.cwd(), "..", "src", "model", "event_type.h"), "utf8");
    const types = [...header.matchAll(/X\(\d+, \w+, "(\w+\.\w+)"/g)].map((match) => match[1]);
    assert.ok(types.length > 80);
    const words = Object.keys(catalogue).filter((key) => key.startsWith("type.")).map((key) => key.slice(5));
    assert.deepEqual([...words].sort(), [...types].sort());
});

test("texts: an own text stands, the program's plain one gives way to words", () => {
    assert.equal(whatOf("fire.smoke", "fire.smoke in Server room"), "Smoke");
    assert.equal(whatOf("fire.smoke", null), "Smoke");
    assert.equal(whatOf("fire.smoke", "Smoke behind rack 4"), "Smoke behind rack 4");
    assert.equal(whatOf("own.thing", null), "own.thing");
});
