// SPDX-License-Identifier: Apache-2.0
// A small server for developing the console without the program: the HTTP API over a made-up site, and the
// built console (or, with --watch, its sources through Vite). Listens on 127.0.0.1 only.
//   node dev/serve.mjs [--watch] [--port N] [--quiet-site]
// POST /mock/raise {priority, zone}, /mock/flood {n}, /mock/drop {}, /mock/notify {} drive it from tests.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { FPS, frameAt, makePicture } from "./picture.mjs";
import { Site } from "./site.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
};
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
export const PASSWORD = "correct horse";

function send(res, status, body, headers = {}) {
    const type = status >= 400 ? "application/problem+json" : "application/json";
    res.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
    res.end(body === undefined ? "" : JSON.stringify(body));
}

async function bodyOf(req) {
    const parts = [];
    for await (const part of req) {
        parts.push(part);
    }
    return parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString() || "{}");
}

function page(items, url) {
    const from = Number(url.searchParams.get("after") ?? 0);
    const limit = Number(url.searchParams.get("limit") ?? 50);
    const part = items.slice(from, from + limit);
    return { items: part, next: from + limit < items.length ? from + limit : null };
}

function clipBytes(picture, incident, until) {
    const count = Math.max(1, Math.floor((until - (incident.at - 9_400)) / (1000 / FPS)));
    const whole = count - count % FPS;
    const frames = Array.from({ length: Math.max(whole, FPS) }, (_, i) => frameAt(picture, i, 0).bytes);
    return Buffer.concat([picture.init, ...frames]);
}

function sendClip(req, res, site, picture, incident) {
    const clip = site.clip(incident);
    const bytes = clipBytes(picture, incident, Date.parse(clip.to));
    const headers = { "content-type": "video/mp4", "x-tocsin-clip": JSON.stringify(clip) };
    if (clip.state === "recording") {
        res.writeHead(200, { ...headers, "cache-control": "no-store" });
        res.end(bytes);
        return;
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? "");
    if (!range) {
        res.writeHead(200, { ...headers, "accept-ranges": "bytes", "content-length": bytes.length });
        res.end(bytes);
        return;
    }
    const from = Number(range[1]);
    const to = Math.min(range[2] === "" ? bytes.length - 1 : Number(range[2]), bytes.length - 1);
    res.writeHead(206, {
        ...headers, "accept-ranges": "bytes", "content-length": to - from + 1,
        "content-range": `bytes ${from}-${to}/${bytes.length}`,
    });
    res.end(bytes.subarray(from, to + 1));
}

/** Any interval of a camera: here of the newest incident that it covers, its times counted from its own beginning. */
function sendRecording(res, url, camera, { site, picture }) {
    const incident = [...site.incidents.values()].reverse().find((row) => row.cameras.some((one) => one.id === camera));
    if (!incident) {
        return send(res, 404, { title: "Nothing recorded", status: 404 });
    }
    const base = incident.at - 9_400;
    const indexOf = (name) => Math.max(0, Math.floor((Date.parse(url.searchParams.get(name)) - base) / (1000 / FPS)));
    const first = indexOf("from") - indexOf("from") % FPS;
    const frames = [];
    for (let i = first; i < Math.max(indexOf("to"), first + 1); i += 1) {
        frames.push(frameAt(picture, i, first).bytes);
    }
    const from = new Date(base + first * (1000 / FPS)).toISOString();
    res.writeHead(200, { "content-type": "video/mp4", "cache-control": "no-store", "x-tocsin-clip": JSON.stringify({ from }) });
    return res.end(Buffer.concat([picture.init, ...frames]));
}

const HEALTH = ["supervisor", "intake", "core", "reader", "capture", "archive", "web"];

function route(req, res, url, body, context) {
    const { site, picture } = context;
    const path = url.pathname;
    if (path === "/healthz") {
        const since = new Date(context.started).toISOString();
        return send(res, 200, {
            status: "ok", version: "0.1.0",
            processes: HEALTH.map((name, i) => ({ name, state: "up", pid: 4000 + i, restarts: i === 4 ? 1 : 0, since })),
        });
    }
    if (path === "/api/v1/session" && req.method === "POST") {
        if (body.password !== PASSWORD) {
            return send(res, 401, { title: "User name or password is wrong", status: 401 });
        }
        context.cookies.add("s1");
        return send(res, 200, site.user, { "set-cookie": "tocsin_session=s1; HttpOnly; SameSite=Strict; Path=/" });
    }
    if (!signedIn(req, context)) {
        return send(res, 401, { title: "Sign in first", status: 401 });
    }
    if (path === "/api/v1/session" && req.method === "DELETE") {
        context.cookies.clear();
        return send(res, 204);
    }
    const incident = /^\/api\/v1\/incidents\/(\d+)(?:\/([\w.]+))?$/.exec(path);
    if (incident) {
        return routeIncident(req, res, body, context, site.incidents.get(Number(incident[1])), incident[2]);
    }
    const recording = /^\/api\/v1\/cameras\/([\w-]+)\/clip\.mp4$/.exec(path);
    if (recording) {
        return sendRecording(res, url, recording[1], context);
    }
    const lists = {
        "/api/v1/session": () => site.session(),
        "/api/v1/incidents": () => page([...site.incidents.values()].filter((row) =>
            (url.searchParams.get("state") === "open") === (row.state !== "closed")).map((row) => site.list(row)).reverse(), url),
        "/api/v1/cameras": () => page(site.cameras, url),
        "/api/v1/signals": () => page(site.signals, url),
    };
    const list = lists[path];
    void picture;
    return list ? send(res, 200, list()) : send(res, 404, { title: "No such address", status: 404 });
}

function routeIncident(req, res, body, { site, picture }, incident, verb) {
    if (!incident) {
        return send(res, 404, { title: "No such incident", status: 404 });
    }
    if (verb === "clip.mp4") {
        return sendClip(req, res, site, picture, incident);
    }
    if (req.method === "POST" && verb) {
        const answer = site.act(incident, verb, body);
        return send(res, answer.status, answer.body);
    }
    return send(res, 200, site.detail(incident));
}

function signedIn(req, context) {
    return context.cookies.has(/tocsin_session=(\w+)/.exec(req.headers.cookie ?? "")?.[1]);
}

function mock(path, body, context) {
    const { site } = context;
    if (path === "/mock/raise") {
        return { id: site.raise(body) };
    }
    if (path === "/mock/flood") {
        for (let i = 0; i < (body.n ?? 50); i += 1) {
            site.raise({ priority: 1 + i % 5, zone: ["fence-4", "dock-3", "server-room", "roof"][i % 4], age: (i * 37_000) % 900_000 });
        }
    }
    if (path === "/mock/drop") {
        context.deafUntil = Date.now() + (body.ms ?? 0);
        context.sockets.forEach((socket) => socket.terminate());
    }
    if (path === "/mock/notify") {
        site.push("notify", { text: body.text ?? "Gate 2: person at the fence", priority: 2, incident: 1, to: null });
    }
    return {};
}

function serveFile(req, res, url) {
    const name = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
    const file = join(ROOT, "dist", name);
    if (name.includes("..") || !existsSync(file) || !statSync(file).isFile()) {
        return send(res, 404, { title: "No such address", status: 404 });
    }
    res.writeHead(200, {
        "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY,
        "cache-control": name === "/index.html" ? "no-cache" : "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    });
    return createReadStream(file).pipe(res);
}

function changesSocket(socket, url, { site }) {
    const after = url.searchParams.get("after");
    const tell = (change) => socket.send(JSON.stringify(change));
    tell({ kind: "hello", seq: site.seq, now: new Date().toISOString() });
    if (after !== null) {
        site.changes.filter((change) => change.seq > Number(after)).forEach(tell);
    }
    site.listeners.add(tell);
    socket.on("close", () => site.listeners.delete(tell));
}

function header(kind, stream, wallMs) {
    const out = Buffer.alloc(16);
    out.writeUInt8(1, 0);
    out.writeUInt8(kind, 1);
    out.writeUInt16BE(stream, 2);
    out.writeUInt32BE(1, 4);
    out.writeBigInt64BE(BigInt(Math.round(wallMs * 1000)), 8);
    return out;
}

function startStream(socket, { op, stream, camera }, context, stop) {
    void op;
    const { site, picture } = context;
    const found = site.cameras.find((row) => row.id === camera);
    const say = (message) => socket.send(JSON.stringify({ stream, ...message }));
    if (!found || found.state !== "up") {
        say({ op: "state", state: found ? "lost" : "unknown", text: "" });
        return;
    }
    const codec = found.codec === "H.265" ? "hvc1.1.6.L93.B0" : picture.codec;
    say({ op: "init", codec, width: 640, height: 360, generation: 1 });
    socket.send(Buffer.concat([header(0, stream, 0), picture.init]));
    const now = Math.floor((Date.now() - context.started) / (1000 / FPS));
    let index = now - now % FPS; // from the last key frame
    stop.set(stream, setInterval(() => {
        const due = Math.floor((Date.now() - context.started) / (1000 / FPS));
        for (; index <= due; index += 1) {
            const wallMs = context.started + index * (1000 / FPS);
            socket.send(Buffer.concat([header(1, stream, wallMs), frameAt(picture, index, 0).bytes]));
        }
    }, 1000 / FPS / 2));
}

function videoSocket(socket, context) {
    const stop = new Map();
    socket.on("message", (text) => {
        const message = JSON.parse(String(text));
        if (message.op === "start") {
            startStream(socket, message, context, stop);
        } else if (message.op === "stop") {
            clearInterval(stop.get(message.stream));
        }
    });
    socket.on("close", () => stop.forEach((timer) => clearInterval(timer)));
}

function upgrade(req, raw, head, context, sockets) {
    const url = new URL(req.url, "http://localhost");
    if (!signedIn(req, context) || Date.now() < context.deafUntil) {
        raw.destroy();
        return;
    }
    sockets.handleUpgrade(req, raw, head, (socket) => {
        context.sockets.add(socket);
        socket.on("close", () => context.sockets.delete(socket));
        if (url.pathname === "/api/v1/changes") {
            changesSocket(socket, url, context);
        } else {
            videoSocket(socket, context);
        }
    });
}

async function viteFor(server) {
    const { createServer: create } = await import("vite");
    return create({ root: ROOT, server: { middlewareMode: true, hmr: { server } }, appType: "spa" });
}

/** Starts the server; resolves to its address and a way to end it. */
export async function serve({ port = 0, watch = false } = {}) {
    const context = {
        site: new Site(), picture: makePicture(), cookies: new Set(), sockets: new Set(), started: Date.now() - 5000, deafUntil: 0,
    };
    const server = createServer();
    const vite = watch ? await viteFor(server) : null;
    server.on("request", (req, res) => void handle(req, res, context, vite));
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (all) => [...all][0] ?? false });
    server.on("upgrade", (req, raw, head) => req.url.startsWith("/api/") && upgrade(req, raw, head, context, sockets));
    await new Promise((done) => server.listen(port, "127.0.0.1", done));
    return {
        address: `http://127.0.0.1:${server.address().port}`, site: context.site,
        close: () => {
            context.sockets.forEach((socket) => socket.terminate());
            server.closeAllConnections();
            server.close();
        },
    };
}

async function handle(req, res, context, vite) {
    const url = new URL(req.url, "http://localhost");
    const isApi = url.pathname.startsWith("/api/") || url.pathname === "/healthz" || url.pathname.startsWith("/mock/");
    if (!isApi) {
        return vite ? vite.middlewares(req, res) : serveFile(req, res, url);
    }
    const body = await bodyOf(req);
    return url.pathname.startsWith("/mock/")
        ? send(res, 200, mock(url.pathname, body, context)) : route(req, res, url, body, context);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const at = process.argv.indexOf("--port");
    const { address } = await serve({ port: at > 0 ? Number(process.argv[at + 1]) : 8080, watch: process.argv.includes("--watch") });
    process.stdout.write(`${address}  user: khan  password: ${PASSWORD}\n`);
}
