// SPDX-License-Identifier: Apache-2.0
// What the browser tests share: Debian's Chromium, a page on which any error fails the test, axe, and words
// to ask a video what it really shows.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../console/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export function launch() {
    return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: FLAGS });
}

/** Answers that are part of the conversation: who is not signed in is told so. */
const EXPECTED = [
    { status: 401, path: /^\/api\/v1\/session$/ },
];

/** A page in a context of its own. `faults` collects everything that must not happen; see noFaults. */
export async function openPage(browser, address, { scheme = "dark", width = 1600, height = 1000, expect = [] } = {}) {
    const context = await browser.newContext({
        colorScheme: scheme, viewport: { width, height }, ignoreHTTPSErrors: true, reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const faults = [];
    const allowed = [...EXPECTED, ...expect];
    const host = new URL(address).host;
    page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !isExpected(message, allowed)) {
            faults.push(`console: ${message.text()} ${message.location().url}`);
        }
    });
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol !== "blob:" && url.host !== host) {
            faults.push(`foreign host: ${request.url()}`);
        }
    });
    return { page, context, faults, address };
}

function isExpected(message, allowed) {
    const status = /status of (\d+)/.exec(message.text());
    const url = message.location().url;
    const path = url === "" ? "" : new URL(url).pathname;
    return allowed.some((row) => (row.status === undefined || Number(status?.[1]) === row.status)
        && row.path.test(path) && (row.text === undefined || row.text.test(message.text())));
}

export function noFaults({ faults }) {
    assert.deepEqual(faults, []);
}

export async function signIn({ page, address }, user, password, path = "/") {
    await page.goto(address + path);
    await page.getByLabel("User name").fill(user);
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
    await page.locator("main#main").waitFor();
    await page.getByText("Live", { exact: true }).first().waitFor();
}

/** No finding of the WCAG A and AA rules on what is on the screen now. */
export async function noAxeFindings(page, where) {
    await page.evaluate(AXE);
    const result = await page.evaluate(() => globalThis.axe.run(document, {
        runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
    }));
    const findings = result.violations.map((row) =>
        `${row.id}: ${row.nodes.map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).join("; ")}`);
    assert.deepEqual(findings, [], where);
}

function look(video) {
    const quality = video.getVideoPlaybackQuality();
    return { at: video.currentTime, frames: quality.totalVideoFrames, dropped: quality.droppedVideoFrames, paused: video.paused };
}

/** The video shows decoded frames and its time goes on; says how long the first frame took. */
export async function plays(locator, what, limitMs = 8000) {
    await locator.waitFor();
    const begin = Date.now();
    let first = await locator.evaluate(look);
    while (first.frames === 0 || first.at === 0) {
        assert.ok(Date.now() - begin < limitMs, `${what}: no frame within ${limitMs} ms: ${JSON.stringify(first)}`);
        await new Promise((done) => setTimeout(done, 50));
        first = await locator.evaluate(look);
    }
    for (;;) {
        const now = await locator.evaluate(look);
        if (now.at > first.at + 0.5 && now.frames > first.frames) {
            return;
        }
        assert.ok(Date.now() - begin < limitMs + 4000, `${what} stands still: ${JSON.stringify(first)} ${JSON.stringify(now)}`);
        await new Promise((done) => setTimeout(done, 50));
    }
}

/** Waits until `probe` gives something true and returns it. */
export async function until(probe, what, limitMs = 8000) {
    const begin = Date.now();
    for (;;) {
        const value = await probe();
        if (value) {
            return value;
        }
        assert.ok(Date.now() - begin < limitMs, `not within ${limitMs} ms: ${what}`);
        await new Promise((done) => setTimeout(done, 50));
    }
}

/** The performance marks of one incident, name to milliseconds. */
export function marksOf(page, incident) {
    return page.evaluate((id) => Object.fromEntries(performance.getEntriesByType("mark")
        .filter((mark) => mark.detail?.incident === id).map((mark) => [mark.name, mark.startTime])), incident);
}
