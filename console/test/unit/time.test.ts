// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, dateClock, duration, formatMicros, isRepeated, parseMicros, siteTime, step } from "../../src/lib/time.ts";

test("time: the site's clock and date, not the browser's", () => {
    assert.deepEqual(siteTime(Date.parse("2026-01-31T23:30:05Z"), "Europe/Berlin"),
        { date: "2026-02-01", time: "00:30:05", zone: "CET" });
    assert.equal(dateClock("2026-07-01T12:00:00.250000Z", "America/New_York", 3), "2026-07-01 08:00:00.250");
    assert.equal(clock("2026-07-01T12:00:00.999999Z", "Asia/Kolkata"), "17:30:00");
});

test("time: both passes through a repeated hour carry their offset", () => {
    assert.equal(clock("2026-10-25T00:30:00Z", "Europe/Berlin"), "02:30:00 +02:00");
    assert.equal(clock("2026-10-25T01:30:00Z", "Europe/Berlin"), "02:30:00 +01:00");
    assert.equal(clock("2026-10-25T02:30:00Z", "Europe/Berlin"), "03:30:00");
});

test("time: the hour that a clock change leaves out is no repetition", () => {
    assert.equal(isRepeated(Date.parse("2026-03-29T01:30:00Z"), "Europe/Berlin"), false);
    assert.equal(clock("2026-03-29T00:59:59Z", "Europe/Berlin"), "01:59:59");
    assert.equal(clock("2026-03-29T01:00:00Z", "Europe/Berlin"), "03:00:00");
});

test("time: a half-hour change is seen too", () => {
    assert.equal(isRepeated(Date.parse("2026-04-04T14:45:00Z"), "Australia/Lord_Howe"), true);
});

test("time: nothing in, nothing out", () => {
    assert.equal(clock(null, "UTC"), "");
    assert.equal(clock("yesterday", "UTC"), "");
    assert.equal(dateClock(undefined, "UTC"), "");
});

test("time: microseconds survive both ways", () => {
    for (const text of ["2026-11-22T13:41:57.462229Z", "2026-01-01T00:00:00.000001Z", "2026-12-31T23:59:59.999999Z"]) {
        assert.equal(formatMicros(parseMicros(text)), text);
    }
    assert.equal(parseMicros("2026-11-22T13:41:57.5Z") - parseMicros("2026-11-22T13:41:57Z"), 500_000);
    assert.ok(Number.isNaN(parseMicros(null)));
});

test("time: ages and steps", () => {
    assert.equal(duration(7_900), "00:00:07");
    assert.equal(duration(-5), "00:00:00");
    assert.equal(duration(90_061_000), "1d 01:01:01");
    assert.equal(step(1000, 1012), "+0.012 s");
    assert.equal(step(1000, 920), "−0.080 s");
    assert.equal(step(0, 125_000), "+00:02:05");
});
