// SPDX-License-Identifier: Apache-2.0
// The console against the real program: `tocsin demo`, its simulated panel and cameras, the whole way from a
// panel's signal to a closed incident. TOCSIN names the program.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { launch, marksOf, noAxeFindings, noFaults, openPage, plays, signIn, until } from "./browser.mjs";

let demo;
let browser;
let seat;

async function startDemo(program) {
    const child = spawn(program, ["demo", "--for", "150s"], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    child.stderr.on("data", (text) => (said += text));
    await until(() => /password \S+/.test(said) || child.exitCode !== null, "the demo's address and password", 20_000);
    const [, address] = /ready (https:\S+?)\/?\s/.exec(said) ?? [];
    const [, user, password] = /Sign in\s+(\S+), password (\S+)/.exec(said) ?? [];
    assert.ok(address && user && password, said);
    return { child, address, user, password, said: () => said };
}

before(async () => {
    demo = await startDemo(process.env["TOCSIN"]);
    browser = await launch();
    seat = await openPage(browser, demo.address);
});

after(async () => {
    await browser?.close();
    if (demo && demo.child.exitCode === null) {
        const gone = once(demo.child, "exit");
        demo.child.kill("SIGTERM");
        await gone;
    }
});

/** Asks the API as the signed-in person. */
function ask(path) {
    return seat.page.evaluate(async (address) => (await fetch(address)).json(), path);
}

test("sign in with the one-time password; the site is there and the line is live", async () => {
    await signIn(seat, demo.user, demo.password);
    await seat.page.getByText("Demo warehouse").waitFor();
    noFaults(seat);
});

test("an alarm of the panel arrives live and its incident opens", async () => {
    await seat.page.locator("main [data-incident]").first().waitFor({ timeout: 25_000 });
    await seat.page.getByRole("heading", { level: 1 }).waitFor();
    const { items } = await ask("/api/v1/incidents?state=all");
    assert.equal(items.length, 1);
    await seat.page.locator(`#row-${items[0].id}`).waitFor();
    noFaults(seat);
});

test("its clip plays from before the alarm, says what it got, and grows", async () => {
    const clip = seat.page.getByTestId("clip");
    await plays(clip, "clip");
    assert.match(await seat.page.getByTestId("clip-got").textContent(), /^asked 10\.0 s before the alarm, got \d+\.\d s$/);
    const end = () => clip.evaluate((video) => video.buffered.end(video.buffered.length - 1));
    const first = await end();
    await seat.page.getByRole("button", { name: "Newest" }).click();
    await until(async () => await end() > first + 2, "the clip has grown", 15_000);
    assert.equal(await clip.evaluate((video) => video.buffered.length), 1, "what came later joins without a hole");
    noFaults(seat);
});

test("the live picture of the nearest camera plays beside it", async () => {
    const tile = seat.page.getByTestId("tile");
    await plays(tile.locator("video"), "live tile");
    await seat.page.locator("[data-testid=tile][data-state=live]").waitFor();
    noFaults(seat);
});

test("the way from signal to operator is in the phase ledger; its figures are printed", async () => {
    const row = await until(async () => {
        const [first] = (await ask("/api/v1/incidents?state=all")).items;
        return first.phases.shown && first.phases.viewed ? first : null;
    }, "shown and viewed are recorded");
    const at = (name) => Date.parse(row.phases[name]);
    assert.ok(at("received") <= at("durable") && at("durable") <= at("shown") && at("shown") <= at("viewed"), JSON.stringify(row.phases));
    const marks = await marksOf(seat.page, row.id);
    const spent = (name) => Math.round(marks[name] - marks["alarm:rx"]);
    const figures = `received to shown ${at("shown") - at("received")} ms; after the message: paint ${spent("alarm:paint")} ms, `
        + `clip ${spent("alarm:clip")} ms, live ${spent("alarm:live")} ms`;
    process.stdout.write(`# ${figures}\n`);
    // The budgets of the design are for a bench; a machine busy with other tests is only held to these.
    assert.ok(spent("alarm:paint") < 5000 && spent("alarm:clip") < 8000 && spent("alarm:live") < 8000, figures);
    await seat.page.getByRole("row", { name: /^Video seen \d\d:\d\d:\d\d\.\d{3}/ }).waitFor();
});

test("no axe finding on the incident and on every other screen", async () => {
    await noAxeFindings(seat.page, "incident");
    for (const screen of ["signals", "cameras", "health"]) {
        await seat.page.getByRole("navigation").getByRole("link", { name: new RegExp(screen, "i") }).click();
        await seat.page.getByRole("heading", { level: 1, name: new RegExp(screen, "i") }).waitFor();
        await seat.page.waitForTimeout(500); // the screen has asked and drawn
        await noAxeFindings(seat.page, screen);
    }
    noFaults(seat);
});

test("signals, cameras and health show what the site has", async () => {
    const { page } = seat;
    await page.goto(`${demo.address}/#/signals`);
    await page.getByRole("row", { name: /SIA-DCS/ }).first().waitFor();
    await page.goto(`${demo.address}/#/cameras`);
    const { items } = await ask("/api/v1/cameras");
    assert.equal(await page.getByTestId("tile").count(), items.length);
    for (const camera of items) {
        await plays(page.getByTestId("tile").filter({ hasText: camera.name }).locator("video"), camera.name);
    }
    await page.goto(`${demo.address}/#/health`);
    await page.getByText("All processes run.").waitFor();
    for (const name of ["core", "intake", "capture", "archive", "reader", "web"]) {
        await page.getByRole("rowheader", { name: new RegExp(`^${name}`) }).first().waitFor();
    }
    noFaults(seat);
});

test("the web process dies: the console says so, comes back by itself, and plays on", async () => {
    const { page } = seat;
    const [row] = (await ask("/api/v1/incidents?state=all")).items.filter((one) => one.cameras.length > 0);
    await page.goto(`${demo.address}/#/alarms/${row.id}`);
    await page.locator("[data-testid=tile][data-state=live]").waitFor();
    const web = (await ask("/healthz")).processes.find((one) => one.name === "web");
    const before = seat.faults.length;
    process.kill(web.pid, "SIGKILL");
    await page.getByText(/Not live since \d\d:\d\d:\d\d\. /).waitFor({ timeout: 5000 });
    await page.getByText("Live", { exact: true }).first().waitFor({ timeout: 20_000 });
    await page.getByText(/while away/).waitFor();
    await page.locator("[data-testid=tile][data-state=live]").waitFor({ timeout: 15_000 });
    const lost = /WebSocket connection|ERR_CONNECTION|Failed to load resource: net::/;
    seat.faults.splice(before, Infinity, ...seat.faults.slice(before).filter((fault) => !lost.test(fault)));
    const open = (await ask("/api/v1/incidents?state=open")).items;
    for (const { id } of open) {
        await page.locator(`#row-${id}`).waitFor();
        assert.equal(await page.locator(`#row-${id}`).count(), 1);
    }
    noFaults(seat);
});

test("pick up, note and close from the keyboard", async () => {
    const { page } = seat;
    const row = (await ask("/api/v1/incidents?state=all")).items.find((one) => one.cameras.length > 0);
    await page.goto(`${demo.address}/#/alarms/${row.id}`);
    await page.locator(`[data-incident="${row.id}"].body`).waitFor();
    await page.locator("#incident").focus();
    await page.keyboard.press("a");
    await until(async () => (await ask(`/api/v1/incidents/${row.id}`)).state === "picked_up", "picked up");
    await page.keyboard.press("t");
    await page.keyboard.type("Guard sent to the yard.");
    await page.keyboard.press("Enter");
    await page.getByText("Guard sent to the yard.").and(page.locator("li p")).waitFor();
    await page.keyboard.press("Escape");
    await until(async () => (await ask(`/api/v1/incidents/${row.id}`)).condition === "normal", "back to normal", 60_000);
    await page.keyboard.press("d");
    await page.keyboard.press("4");
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    const closed = await ask(`/api/v1/incidents/${row.id}`);
    assert.deepEqual([closed.state, closed.outcome, closed.owner], ["closed", "test", demo.user]);
    assert.deepEqual(closed.notes.map((note) => note.text), ["Guard sent to the yard."]);
    await page.locator(`#row-${row.id}`).waitFor({ state: "detached" });
    noFaults(seat);
});

test("the complete clip of the closed incident plays from its address and seeks by byte ranges", async () => {
    const { page } = seat;
    const row = await until(async () => (await ask("/api/v1/incidents?state=closed")).items
        .find((one) => one.cameras[0]?.clip.state === "complete"), "the clip is complete", 60_000);
    await page.goto(`${demo.address}/#/health`);
    await page.getByText("Process id").waitFor();
    await page.goto(`${demo.address}/#/alarms/${row.id}`);
    const clip = page.getByTestId("clip");
    await plays(clip, "complete clip");
    assert.match(await clip.evaluate((video) => video.currentSrc), /\/clip\.mp4\?camera=/);
    const length = await clip.evaluate((video) => video.duration);
    assert.ok(Math.abs(length - (Date.parse(row.cameras[0].clip.to) - Date.parse(row.cameras[0].clip.from)) / 1000) < 2.5, String(length));
    await page.getByRole("button", { name: "Newest" }).click();
    await until(() => clip.evaluate((video) => !video.seeking && video.currentTime > video.duration - 2), "at the end");
    await page.getByText("Closed as Test").waitFor();
    noFaults(seat);
});

test("signing out ends the session", async () => {
    await seat.page.getByRole("button", { name: "Sign out" }).click();
    await seat.page.getByLabel("Password").waitFor();
    const status = await seat.page.evaluate(async () => (await fetch("/api/v1/session")).status);
    assert.equal(status, 401);
    noFaults(seat);
});
