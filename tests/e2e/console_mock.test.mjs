// SPDX-License-Identifier: Apache-2.0
// The console against its development server: what a real site seldom does on demand. Floods, a broken line,
// two people at one incident, cameras that fail, every screen in both themes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PASSWORD, serve } from "../../console/dev/serve.mjs";
import { launch, marksOf, noAxeFindings, noFaults, openPage, plays, signIn, until } from "./browser.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** A fresh site and a signed-in page for BODY; every fault of the page fails the test. */
async function onSite(body, options = {}, start = () => undefined) {
    const server = await serve();
    start(server.site);
    const seat = await openPage(browser, server.address, options);
    try {
        await signIn(seat, "khan", PASSWORD, options.path);
        await body({ ...seat, server, site: server.site });
        noFaults(seat);
    } finally {
        await seat.context.close();
        server.close();
    }
}

const DROPPED = { path: /./, text: /^WebSocket connection to \S+\/api\/v1\/(changes|video)\S* failed/ };

test("sign-in: a wrong password is told, the right one signs in", async () => {
    const server = await serve();
    const seat = await openPage(browser, server.address);
    const { page } = seat;
    await page.goto(server.address);
    await page.getByLabel("User name").fill("khan");
    await page.getByLabel("Password").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("User name or password is wrong.").waitFor();
    await noAxeFindings(page, "sign-in with an error");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByText("No open incidents.").waitFor();
    noFaults(seat);
    await seat.context.close();
    server.close();
});

test("an alarm arrives: text at once, clip and live play, shown and viewed are reported", () => onSite(async ({ page, site }) => {
    const id = site.raise({ priority: 2, zone: "fence-4" });
    await page.getByRole("heading", { name: "Perimeter breach" }).waitFor();
    await plays(page.getByTestId("clip"), "clip");
    await plays(page.getByTestId("tile").locator("video"), "live tile");
    assert.equal(await page.getByTestId("tile").getAttribute("data-state"), "live");
    assert.equal(await page.getByTestId("clip-got").textContent(), "asked 10.0 s before the alarm, got 9.4 s");
    const marks = await marksOf(page, id);
    assert.deepEqual(Object.keys(marks).sort(), ["alarm:clip", "alarm:live", "alarm:paint", "alarm:rx"]);
    assert.ok(marks["alarm:paint"] - marks["alarm:rx"] < 1000, JSON.stringify(marks));
    const { phases } = site.incidents.get(id);
    assert.ok(phases.shown && phases.viewed && phases.shown <= phases.viewed, JSON.stringify(phases));
}));

test("a growing clip goes on past what there was when it was opened", () => onSite(async ({ page, site }) => {
    site.raise({ priority: 2, zone: "dock-3" });
    const clip = page.getByTestId("clip");
    await plays(clip, "clip");
    const end = () => clip.evaluate((video) => video.buffered.end(0));
    const first = await end();
    await page.getByRole("button", { name: "Newest" }).click();
    await until(async () => await end() > first + 3 && await clip.evaluate((video) => video.currentTime) > first + 1,
        "the clip has grown and played on", 12_000);
}));

test("keyboard only: F8, pick up, close with a digit, on to the next", () => onSite(async ({ page, site }) => {
    await page.keyboard.press("F8");
    await page.locator("#incident:focus").waitFor();
    await page.getByRole("heading", { name: "Smoke" }).waitFor();
    await page.keyboard.press("a");
    await until(() => site.incidents.get(1).state === "picked_up", "picked up");
    await page.getByRole("button", { name: /^Pick up/ }).waitFor({ state: "detached" });
    await page.keyboard.press("d");
    await page.locator("dialog[open]").waitFor();
    await noAxeFindings(page, "close dialog");
    await page.keyboard.press("2");
    await page.keyboard.press("Enter");
    await until(() => site.incidents.get(1).state === "closed", "closed");
    assert.equal(site.incidents.get(1).outcome, "false");
    await page.getByRole("heading", { name: "Door forced" }).waitFor();
    await page.locator("#incident:focus").waitFor();
}, {}, (site) => {
    site.raise({ priority: 1, zone: "server-room", age: 60_000 });
    site.raise({ priority: 3, zone: "dock-3", age: 50_000 });
}));

test("an active alarm: closing asks for force and a reason", () => onSite(async ({ page, site }) => {
    const id = site.raise({ priority: 2 });
    await page.getByRole("heading", { name: "Perimeter breach" }).waitFor();
    await page.getByRole("button", { name: /^Close/ }).click();
    await page.keyboard.press("4");
    const button = page.getByRole("button", { name: "Close incident" });
    assert.equal(await button.isDisabled(), true);
    await page.getByLabel("Close although an alarm is still active").check();
    await page.getByLabel("Reason").fill("walk test");
    await button.click();
    await until(() => site.incidents.get(id).state === "closed", "closed");
    assert.equal(site.incidents.get(id).reason, "walk test");
}));

test("focus is never stolen: a note stays whole while a hundred alarms arrive", () => onSite(async ({ page, site }) => {
    site.raise({ priority: 3, zone: "dock-3" });
    await page.getByRole("heading", { name: "Door forced" }).waitFor();
    const note = page.getByLabel("New note");
    await note.focus();
    const text = "Guard is on the way, a j k d t r ? and gate 2 stays shut. ".repeat(3);
    for (const [i, letter] of [...text].entries()) {
        if (i % 2 === 0) {
            site.raise({ priority: 1 + i % 5, zone: "roof" });
        }
        await page.keyboard.type(letter);
    }
    assert.equal(await note.inputValue(), text);
    assert.equal(await note.evaluate((field) => field === document.activeElement && field.selectionStart), text.length);
    assert.equal(site.incidents.get(1).state, "new");
    await page.keyboard.press("Enter");
    await until(() => site.incidents.get(1).notes.length === 1, "the note is stored");
}));

test("the focused row does not move when others arrive above it, and a pill counts them", () => onSite(async ({ page, site }) => {
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    const row = page.locator(".row.focused");
    const before = await row.boundingBox();
    const id = await row.getAttribute("id");
    for (let i = 0; i < 5; i += 1) {
        site.raise({ priority: 1, zone: "roof" });
    }
    await page.getByRole("button", { name: "5 more above" }).waitFor();
    assert.equal(await row.getAttribute("id"), id);
    assert.ok(Math.abs((await row.boundingBox()).y - before.y) < 1);
    await page.getByRole("button", { name: "5 more above" }).click();
    assert.ok((await row.boundingBox()).y <= before.y);
    assert.match(await page.locator(".row").first().getAttribute("class"), /critical/);
}, {}, (site) => [4, 3, 2].forEach((priority) => site.raise({ priority, zone: "roof", age: 100_000 }))));

test("a thousand incidents: sorted, few nodes, and the last is reachable by key", () => onSite(async ({ page, site }) => {
    await page.getByText("1000 open incidents").waitFor();
    assert.ok(await page.locator(".queue *").count() < 600);
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.locator(".row.focused[aria-rowindex='1001']").waitFor();
    const last = [...site.incidents.values()].sort((a, b) =>
        a.priority - b.priority || (a.opened_at < b.opened_at ? -1 : 1)).at(-1);
    assert.equal(await page.locator(".row.focused").getAttribute("id"), `row-${last.id}`);
    assert.equal(await page.getByRole("grid").getAttribute("aria-activedescendant"), `row-${last.id}`);
}, {}, (site) => {
    for (let i = 0; i < 1000; i += 1) {
        site.raise({ priority: 1 + i % 5, zone: ["roof", "dock-3"][i % 2], age: 60_000 + i * 777 });
    }
}));

test("the line breaks and comes back: told within 5 s, nothing lost, nothing twice, one summary", () => onSite(async ({ page, site, server }) => {
    const post = (path, body) => fetch(server.address + path, { method: "POST", body: JSON.stringify(body) });
    await page.getByText("2 open incidents").waitFor();
    await post("/mock/drop", { ms: 2500 });
    await page.getByText(/Not live since \d\d:\d\d:\d\d\. /).waitFor({ timeout: 5000 });
    const sent = [];
    for (let i = 0; i < 14; i += 1) {
        sent.push(site.raise({ priority: i < 2 ? 1 : 3, zone: "roof" }));
    }
    await page.keyboard.press("F8");
    await page.keyboard.press("a");
    await page.getByText("Not live: this cannot be sent now.").waitFor();
    await page.getByText("14 new incidents while away, 2 critical").waitFor({ timeout: 12_000 });
    assert.equal(await page.getByText(/while away/).count(), 1);
    await page.getByText("16 open incidents").waitFor();
    for (const id of sent) {
        assert.equal(await page.locator(`#row-${id}`).count(), 1, `incident ${id}`);
    }
    assert.ok([...site.incidents.values()].every((row) => row.state === "new"), "nothing was sent while away");
}, { expect: [DROPPED] }, (site) => [3, 2].forEach((priority) => site.raise({ priority, zone: "roof", age: 90_000 }))));

test("somebody else was first: the name is shown, the incident is theirs", () => onSite(async ({ page, site }) => {
    site.raise({ priority: 2 });
    await page.getByRole("heading", { name: "Perimeter breach" }).waitFor();
    const act = site.act.bind(site);
    site.act = (incident, verb, body) => { // M. Roy's request came a moment earlier
        const first = { state: "picked_up", owner: "roy", owner_name: "M. Roy" };
        Object.assign(incident, verb === "pickup" ? first : {});
        return act(incident, verb, body);
    };
    await page.getByRole("button", { name: /^Pick up/ }).click();
    await page.getByText("M. Roy has picked this up.").waitFor();
}, { expect: [{ status: 409, path: /pickup$/ }] }));

test("cameras: one lives, one is down, one has a codec that cannot be played, and each says so", () => onSite(async ({ page }) => {
    const tile = (name) => page.getByTestId("tile").filter({ hasText: name });
    await plays(tile("Gate 2").locator("video"), "Gate 2");
    await tile("Car park").getByText("No picture from this camera").waitFor();
    await tile("Old camera").getByText(/cannot be played in this browser/).waitFor();
    assert.equal(await tile("Old camera").getAttribute("data-state"), "codec");
}, { path: "/#/cameras" }));

test("single letters can be switched off; function keys stay", () => onSite(async ({ page, site }) => {
    const id = site.raise({ priority: 3, zone: "dock-3" });
    await page.keyboard.press("F8");
    await page.keyboard.press("?");
    await page.getByLabel("Single-letter keys").uncheck();
    await page.getByRole("button", { name: "Close help" }).click();
    await page.locator("#incident").focus();
    await page.keyboard.press("a");
    await page.keyboard.press("?");
    assert.equal(await page.locator("dialog[open]").count(), 0);
    assert.equal(site.incidents.get(id).state, "new");
    await page.keyboard.press("F9");
    await page.getByText(/Silenced \d+ s/).waitFor();
}));

test("notices and a session that ends", () => onSite(async ({ page, site, server }) => {
    site.raise({ priority: 2 });
    await fetch(`${server.address}/mock/notify`, { method: "POST", body: JSON.stringify({ text: "Person at gate 2" }) });
    await page.getByText("Person at gate 2").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Password").waitFor();
}));

const ROUTES = ["alarms", "signals", "cameras", "health", "nowhere"];

for (const scheme of ["dark", "light"]) {
    for (const loaded of [false, true]) {
        test(`axe, ${scheme}, ${loaded ? "loaded" : "empty"}: no finding on any screen`, () => onSite(async ({ page, address }) => {
            for (const route of ROUTES) {
                await page.goto(`${address}/#/${route}`);
                await page.waitForTimeout(400); // every screen has asked and drawn
                await noAxeFindings(page, `${route} ${scheme}`);
            }
            if (loaded) {
                await page.goto(`${address}/#/alarms`);
                await page.keyboard.press("F8");
                await page.getByRole("heading", { level: 1 }).waitFor();
                await plays(page.getByTestId("clip"), "clip");
                await noAxeFindings(page, `incident ${scheme}`);
                await page.keyboard.press("?");
                await page.locator("dialog[open]").waitFor();
                await noAxeFindings(page, `help ${scheme}`);
            }
        }, { scheme }, (site) => {
            for (let i = 0; loaded && i < 12; i += 1) {
                site.raise({ priority: 1 + i % 5, zone: ["fence-4", "dock-3", "server-room", "roof"][i % 4], age: 20_000 + i * 61_000, count: 1 + i % 3 });
            }
        }));
    }
}

test("narrow screens: no sideways scrolling at 320 pixels", () => onSite(async ({ page, address, site }) => {
    site.raise({ priority: 2 });
    for (const route of ROUTES) {
        await page.goto(`${address}/#/${route}`);
        await page.waitForTimeout(300);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 320, route);
    }
}, { width: 320, height: 800 }));
