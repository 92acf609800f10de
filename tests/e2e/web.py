#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP surface of a running daemon: who may do what, hostile requests, streams over a restart of core, live video
beside a viewer that stops reading.

usage: web.py TOCSIN [unmeasured]      (unmeasured: memory may grow, a sanitizer is in it)
The matrix of routes and roles is walked from the daemon's own OpenAPI, so that a new route is in it by itself. The
HTTP and WebSocket clients are this file's own or Python's, so that a fault of the program's cannot hide behind itself.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

TOCSIN = sys.argv[1]
ROLES = ["viewer", "operator", "supervisor", "administrator", "auditor"]
MAY = {
    "everybody": set(ROLES) | {None},
    "this machine; others signed in": set(ROLES) | {None},
    "signed in": set(ROLES),
    "viewer and up": set(ROLES),
    "operator and up": {"operator", "supervisor", "administrator"},
    "operator and up, auditor": {"operator", "supervisor", "administrator", "auditor"},
    "auditor or administrator": {"auditor", "administrator"},
    "administrator": {"administrator"},
}
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE
GROWTH_MAX = 4 << 20  # of web's memory while a viewer stalls; the video of that time is more than twice as much


def fail(text):
    sys.exit("web: " + text)


def expect(what, got, want):
    if got != want:
        fail(f"{what}: got {got!r}, want {want!r}")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Daemon:
    def __init__(self, folder):
        self.folder = folder
        self.port, signals, camera = free_ports(3)
        with open(f"{folder}/site.yaml", "w") as f:
            f.write(f"""site: {{ id: test, name: Test }}
console: {{ listen: "127.0.0.1:{self.port}" }}
receivers: [ {{ protocol: sia-dc09, listen: "127.0.0.1:{signals}" }} ]
panels: {{ main: {{ account: "1234", points: {{ 12: {{ zone: yard, type: intrusion.motion }} }} }} }}
zones: {{ yard: {{ name: Yard }} }}
cameras: {{ gate: {{ driver: rtsp, url: "rtsp://127.0.0.1:{camera}/gate1", covers: {{ yard: {{}} }} }} }}
archive: {{ volumes: [ {{ path: "{folder}/video", keep_free: 100 MB }} ] }}
users: {{ {", ".join(f"{role}: {{ role: {role} }}" for role in ROLES)} }}
""")
        os.mkdir(f"{folder}/video")
        os.mkdir(f"{folder}/state", 0o700)
        self.signals = signals
        for role in ROLES:
            with open(f"{folder}/password", "w") as f:
                f.write(f"password of {role}\n")
            subprocess.run([TOCSIN, "user", "password", role, "-c", f"{folder}/site.yaml", "--state",
                            f"{folder}/state", "--file", f"{folder}/password", "-q"], check=True)
        self.log = open(f"{folder}/log", "w")
        self.camera = subprocess.Popen([TOCSIN, "simulate", "camera", "gate", "--cameras", "1", "--port", str(camera),
                                        "--bitrate", "8000", "--for", "5m"], stdout=self.log, stderr=self.log)
        self.process = subprocess.Popen([TOCSIN, "run", "-c", f"{folder}/site.yaml", "--state", f"{folder}/state"],
                                        stdout=self.log, stderr=self.log)
        self.wait_for("\nready https://", "gate: video")

    def text(self):
        return open(f"{self.folder}/log").read()

    def wait_for(self, *words):
        for _ in range(600):
            if all(word in self.text() for word in words):
                return
            time.sleep(0.05)
        text = self.text()
        self.process.kill()
        self.camera.kill()
        fail("the daemon does not become ready:\n" + text)

    def pid_of(self, name):
        return int(re.findall(rf"{name} is ready \(pid (\d+)\)", self.text())[-1])

    def stop(self):
        for process in (self.process, self.camera):
            process.terminate()
            process.wait(20)

    def ask(self, method, path, body=None, headers=None, connection=None):
        c = connection or http.client.HTTPSConnection("127.0.0.1", self.port, context=CONTEXT, timeout=15)
        fields = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body)
            fields.setdefault("Content-Type", "application/json")
        c.request(method, path, data, fields)
        r = c.getresponse()
        return r.status, r.read() if r.getheader("Content-Type") != "text/event-stream" else b"", r

    def sign_in(self, role, password=None):
        status, body, r = self.ask("POST", "/api/v1/session",
                                   {"user": role, "password": password or f"password of {role}"})
        if status != 200:
            return status, body
        cookie = r.getheader("Set-Cookie")
        for word in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
            if word not in cookie:
                fail(f"the session cookie lacks {word}: {cookie}")
        return status, cookie.split(";")[0]

    def ours(self, cookie):
        return {"Cookie": cookie, "Origin": f"https://127.0.0.1:{self.port}"}


# ---- who may do what ----

EXAMPLES = {"from": "@1700000000", "to": "@1700000001", "camera": "gate"}
BODIES = {
    "incident_close": {"outcome": "test"},
    "incident_note": {"text": "a note"},
}
WEBSOCKET = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def operations(api):
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            target = path.replace("{id}", "gate" if "/cameras/" in path else "999999")
            query = [f"{p['name']}={EXAMPLES[p['name']]}" for p in operation["parameters"]
                     if p["in"] == "query" and p["required"]]
            yield method.upper(), target + ("?" + "&".join(query) if query else ""), operation


def websocket_verdict(daemon, path, headers):
    """401 and 403 of a WebSocket come as its close code 1008, once core has answered."""
    try:
        w = WebSocket(daemon, path, headers)
    except PermissionError as refusal:
        return int(str(refusal))
    if "/video" in path:  # whose session is no good is cut, others stay
        w.socket.settimeout(1)
    try:
        kind, payload = w.receive()
    except TimeoutError:
        return 200
    if kind == 8 and struct.unpack(">H", payload[:2])[0] == 1008:
        return 401
    return 200


def check_matrix(daemon):
    api = json.loads(daemon.ask("GET", "/api/v1/openapi.json")[1])
    cookies = {role: daemon.sign_in(role)[1] for role in ROLES}
    cells = 0
    for method, path, operation in operations(api):
        may = MAY[operation["x-tocsin-policy"]]
        name = operation["operationId"]
        if name in ("session_create", "session_delete"):
            continue  # check_sessions
        for who in ROLES + [None, "forged"]:
            headers = {} if who is None else daemon.ours("tocsin_session=" + "A" * 43 if who == "forged" else
                                                         cookies[who])
            if "WebSocket" in operation["responses"].get("101", {}).get("description", ""):
                status = websocket_verdict(daemon, path, headers)
            else:
                body = BODIES.get(name, {}) if method == "POST" else None
                status = daemon.ask(method, path, body, headers)[0]
            cells += 1
            allowed = (who if who in ROLES else None) in may
            if allowed and status in (401, 403):
                fail(f"{name} by {who}: {status}, but {operation['x-tocsin-policy']} may")
            elif not allowed and status != (403 if who in ROLES else 401):
                fail(f"{name} by {who}: {status}, but only {operation['x-tocsin-policy']} may")
    print(f"matrix: {cells} cells of {len(api['paths'])} addresses")
    return cookies


def check_hostile(daemon, cookies):
    cookie = cookies["operator"]
    for headers in ({"Cookie": cookie}, {"Cookie": cookie, "Origin": "https://evil.example"},
                    {"Cookie": cookie, "Origin": "null"}):
        expect(f"note with {headers}", daemon.ask("POST", "/api/v1/incidents/1/note", {"text": "x"}, headers)[0], 403)
    expect("foreign Host", daemon.ask("GET", "/api/v1/zones", None, {"Host": "evil.example", "Cookie": cookie})[0], 421)
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/../../etc/passwd", "//etc/passwd"):
        expect(path, daemon.ask("GET", path)[0], 404)
    for value in ("-1", "0", "1e9", "%00", "[]", "{}", "null", "18446744073709551616", "1;drop"):
        expect(f"incident {value}", daemon.ask("GET", f"/api/v1/incidents/{value}", None, {"Cookie": cookie})[0], 400)
    for body in ([], "x", 1, None, {"text": []}, {"text": {"a": 1}}, {"text": "x", "role": "administrator"}, {}):
        status = daemon.ask("POST", "/api/v1/incidents/1/note", body if body is not None else {"text": None},
                            daemon.ours(cookie))[0]
        expect(f"note {body!r}", status, 400)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    warnings.simplefilter("ignore", DeprecationWarning)  # old on purpose
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    try:
        old.wrap_socket(socket.create_connection(("127.0.0.1", daemon.port)))
        fail("TLS 1.1 was taken")
    except ssl.SSLError:
        pass
    # plain HTTP on the TLS port, and bytes that are neither
    for junk in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 3000):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=15) as s:
            s.sendall(junk)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    expect("still alive", daemon.ask("GET", "/healthz")[0], 200)


def check_sessions(daemon):
    _, cookie = daemon.sign_in("viewer")
    expect("signed in", daemon.ask("GET", "/api/v1/session", None, {"Cookie": cookie})[0], 200)
    expect("as bearer", daemon.ask("GET", "/api/v1/session", None,
                                   {"Authorization": "Bearer " + cookie.split("=", 1)[1]})[0], 200)
    expect("twice", daemon.ask("GET", "/api/v1/session", None,
                               {"Cookie": cookie + "; tocsin_session=other"})[0], 400)
    stream = Stream(daemon, cookie)
    status, _, r = daemon.ask("DELETE", "/api/v1/session", None, daemon.ours(cookie))
    expect("sign out", status, 204)
    if "Max-Age=0" not in r.getheader("Set-Cookie"):
        fail("signing out leaves the cookie")
    expect("replayed", daemon.ask("GET", "/api/v1/session", None, {"Cookie": cookie})[0], 401)
    if stream.until(lambda e: e["event"] == "cut") is None:
        fail("the stream of a session that has ended goes on")
    seen = set()
    for _ in range(30):
        seen.add(daemon.sign_in("auditor", "wrong")[0])
    expect("answers to wrong passwords", seen, {401, 429})


# ---- streams ----

class Stream:
    """Server-sent events, read in the background."""

    def __init__(self, daemon, cookie, last=None):
        headers = {"Cookie": cookie}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection = http.client.HTTPSConnection("127.0.0.1", daemon.port, context=CONTEXT, timeout=30)
        _, _, self.answer = daemon.ask("GET", "/api/v1/stream", None, headers, self.connection)
        expect("stream", self.answer.status, 200)
        self.events = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        event = {}
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif "event" in event:
                    self.events.append(event)
                    event = {}
        except Exception:  # the end of a stream that was cut is no news
            pass

    def until(self, wanted, seconds=10):
        for _ in range(seconds * 20):
            for e in list(self.events):
                if wanted(e):
                    return e
            time.sleep(0.05)
        return None


def send_alarm(daemon, word="BA 12"):
    subprocess.run([TOCSIN, "simulate", "panel", word, "--port", str(daemon.signals), "--account", "1234", "-q"],
                   check=True, stdout=daemon.log, stderr=daemon.log)


def check_streams(daemon):
    _, cookie = daemon.sign_in("operator")
    stream = Stream(daemon, cookie)
    viewers = Stream(daemon, daemon.sign_in("viewer")[1])
    send_alarm(daemon)
    event = stream.until(lambda e: e["event"] == "incident" and '"zone":"yard"' in e["data"])
    if event is None:
        fail("an alarm makes no change on the stream")
    incident = json.loads(event["data"])["id"]
    last = stream.events[-1]["id"]
    if stream.until(lambda e: e["event"] == "signal") is None:
        fail("an operator's stream tells no signals")
    if viewers.until(lambda e: e["event"] == "incident") is None or viewers.until(lambda e: e["event"] == "signal", 1):
        fail("a viewer's stream tells signals, or nothing")

    os.kill(daemon.pid_of("core"), signal.SIGKILL)
    if stream.until(lambda e: e["event"] == "cut") is None:
        fail("the stream is silent about core's end")
    for _ in range(200):
        if daemon.ask("GET", "/healthz")[0] == 200 and daemon.text().count("core is ready") == 2:
            break
        time.sleep(0.05)
    _, cookie = daemon.sign_in("operator")
    status = daemon.ask("POST", f"/api/v1/incidents/{incident}/note", {"text": "after"}, daemon.ours(cookie))[0]
    expect("a note after the restart", status, 201)
    resumed = Stream(daemon, cookie, last)
    if resumed.until(lambda e: e["event"] == "note" and '"after"' in e["data"]) is None:
        fail("a resumed stream does not tell what happened meanwhile")
    ids = [tuple(int(x) for x in e["id"].split(".")) for e in resumed.events]
    if ids != sorted(ids) or len(set(ids)) != len(ids):
        fail(f"a resumed stream is out of order or tells twice: {ids}")
    if ids[0][0] < int(last.split(".")[0]):
        fail(f"a resumed stream begins at {ids[0]}, asked was what is behind {last}")
    print(f"stream: resumed at {last} over a killed core, {len(ids)} changes")
    return cookie


# ---- live video ----

class WebSocket:
    def __init__(self, daemon, path, headers, receive_buffer=None):
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(15)
        raw.connect(("127.0.0.1", daemon.port))
        self.socket = CONTEXT.wrap_socket(raw)
        self.rest = b""
        fields = {**headers, **WEBSOCKET, "Host": f"127.0.0.1:{daemon.port}"}
        fields.setdefault("Origin", f"https://127.0.0.1:{daemon.port}")
        text = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        self.socket.sendall(text.encode())
        while b"\r\n\r\n" not in self.rest:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError
            self.rest += part
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ")[1])
        if status != 101:
            raise PermissionError(str(status))
        key = hashlib.sha1(WEBSOCKET["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        if base64.b64encode(key.digest()) not in head:
            fail("the handshake's key is wrong")

    def need(self, count):
        while len(self.rest) < count:
            part = self.socket.recv(262144)
            if not part:
                raise EOFError
            self.rest += part

    def receive(self):
        self.need(2)
        kind, size, at = self.rest[0] & 15, self.rest[1] & 127, 2
        if size > 125:
            width = 2 if size == 126 else 8
            self.need(2 + width)
            size, at = int.from_bytes(self.rest[2:2 + width], "big"), 2 + width
        self.need(at + size)
        payload, self.rest = self.rest[at:at + size], self.rest[at + size:]
        return kind, payload

    def send(self, value):
        data = json.dumps(value).encode()
        mask = os.urandom(4)
        self.socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask +
                            bytes(b ^ mask[i % 4] for i, b in enumerate(data)))


def memory_bytes(pid):
    """Its own memory: the camera's ring is shared, and is there without any viewer."""
    return int(re.search(r"RssAnon:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) << 10


def watch(socket_, seconds):
    """Frames and the longest wait between two, for so long; the text messages."""
    end, last, longest, frames, texts = time.monotonic() + seconds, time.monotonic(), 0.0, 0, []
    while time.monotonic() < end:
        kind, payload = socket_.receive()
        if kind == 1:
            texts.append(json.loads(payload))
        elif kind == 2:
            version, what, stream = struct.unpack(">BBH", payload[:4])
            expect("message", (version, stream), (1, 7))
            if what == 1:
                if frames:
                    longest = max(longest, time.monotonic() - last)
                last = time.monotonic()
                frames += 1
    return frames, longest, texts


def check_live(daemon, cookie):
    web = daemon.pid_of("web")
    stalled = WebSocket(daemon, "/api/v1/video", {"Cookie": cookie}, receive_buffer=4096)
    quick = WebSocket(daemon, "/api/v1/video", {"Cookie": cookie})
    for w in (stalled, quick):
        w.send({"op": "start", "stream": 7, "camera": "gate"})
    watch(quick, 1)
    before = memory_bytes(web)
    frames, longest, texts = watch(quick, 9)  # 8 Mbit/s for 9 s: the stalled one would hold 9 MB
    grown = memory_bytes(web) - before
    if frames < 100 or longest > 0.7:
        fail(f"beside a stalled viewer another got {frames} frames, with a wait of {longest:.2f} s")
    if grown > GROWTH_MAX and "unmeasured" not in sys.argv:
        fail(f"a stalled viewer made web grow by {grown} bytes")
    dropped = 0
    frames_of_stalled, _, texts = watch(stalled, 3)
    dropped = sum(t.get("gops", 0) for t in texts if t["op"] == "dropped")
    if dropped == 0:
        fail(f"the stalled viewer was not told what it lost: {texts}")
    print(f"live: {frames} frames to the one, longest wait {longest * 1e3:.0f} ms; the stalled one lost {dropped} "
          f"groups, then got {frames_of_stalled} frames; web grew by {grown >> 10} KiB")


def check_clip(daemon, cookie):
    to = time.time() - 12
    path = f"/api/v1/cameras/gate/clip.mp4?from=@{int(to) - 4}&to=@{int(to)}"
    status, whole, r = daemon.ask("GET", path, None, {"Cookie": cookie})
    expect("clip", status, 200)
    told = json.loads(r.getheader("X-Tocsin-Clip"))
    if b"ftyp" not in whole[:16] or b"moof" not in whole or not told["from"]:
        fail(f"that is no clip: {whole[:64]!r} {told}")
    size = len(whole)
    tag = r.getheader("ETag")
    for first, last in ((0, 0), (size - 1, size - 1), (1000, 200000), (100, size - 100)):
        status, part, r = daemon.ask("GET", path, None, {"Cookie": cookie, "Range": f"bytes={first}-{last}",
                                                         "If-Range": tag})
        expect(f"range {first}-{last}", (status, r.getheader("Content-Range")), (206, f"bytes {first}-{last}/{size}"))
        if part != whole[first:last + 1]:
            fail(f"range {first}-{last} has other bytes than the whole")
    expect("range behind the end", daemon.ask("GET", path, None, {"Cookie": cookie, "Range": f"bytes={size}-"})[0], 416)
    expect("known", daemon.ask("GET", path, None, {"Cookie": cookie, "If-None-Match": tag})[0], 304)
    status, body, r = daemon.ask("HEAD", path, None, {"Cookie": cookie})
    expect("head", (status, int(r.getheader("Content-Length")), body), (200, size, b""))


def timed(check, *arguments):
    begin = time.monotonic()
    result = check(*arguments)
    print(f"{check.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    return result


def main():
    folder = tempfile.mkdtemp(prefix="tocsin-http-")
    daemon = None
    try:
        daemon = Daemon(folder)
        cookies = timed(check_matrix, daemon)
        timed(check_hostile, daemon, cookies)
        timed(check_live, daemon, cookies["operator"])
        timed(check_clip, daemon, cookies["viewer"])
        timed(check_streams, daemon)
        timed(check_sessions, daemon)
        daemon.stop()
        tried = [line for line in daemon.text().splitlines() if "forbidden system call" in line]
        expect("forbidden system calls", tried, [])
    except BaseException:
        if daemon is not None:
            print(daemon.text()[-3000:], file=sys.stderr)
            daemon.process.kill()
            daemon.camera.kill()
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
