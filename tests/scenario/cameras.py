#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cameras that misbehave, beside one that does not: cameras.py TOCSIN

One answers with garbage, one refuses the login, one stops sending, one is not there. Each is told by its own word, the
good one is recorded all the time, no process dies; the one that stopped sending is recorded again when it sends.
"""
import os
import random
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, Panel, Program, fail, free_port, wait_for  # noqa: E402

SITE_HEAD = """site: { id: test }
console: { listen: "127.0.0.1:{console}" }
receivers:
  - { protocol: sia-dc09, listen: "127.0.0.1:{receiver}" }
panels:
  main: { account: "1234", points: { 12: { zone: yard, type: intrusion.motion } } }
cameras:
"""
CAMERA = """  %s:
    driver: rtsp
    url: rtsp://127.0.0.1:%d/%s
    covers: { yard: {} }
    record: { mode: full, pre: 1s, post: 1s }
%s"""


class Garbage(threading.Thread):
    """Speaks on an RTSP port, but nothing that RTSP allows: another thing each time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.random, self.served = self.listener.getsockname()[1], random.Random(7), 0

    def words(self):
        yield self.random.randbytes(4096)
        yield b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 99999999999\r\n\r\n"
        yield (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 12\r\n\r\n"
               b"v=0\r\nm=video ")
        yield b"HTTP/1.1 200 OK\r\n\r\n<html>"
        while True:
            yield b"A" * 100000

    def run(self):
        for words in self.words():
            peer, _ = self.listener.accept()
            try:
                peer.recv(4096)
                peer.sendall(words)
                peer.settimeout(2)
                peer.recv(4096)
            except OSError:
                pass
            peer.close()
            self.served += 1


def state(daemon, name):
    return next(c for c in daemon.items("/api/v1/cameras") if c["id"] == name)


def wait_down(daemon, name, causes, seconds):
    row = wait_for(f"{name} is called down", lambda: (lambda c: c if c["state"] == "down" and c["cause"] else None)(
        state(daemon, name)), seconds, daemon)
    if row["cause"] not in causes:
        fail(f"{name} is down because of {row['cause']}, not {causes}", daemon)


def main():
    tocsin = sys.argv[1]
    garbage = Garbage()
    garbage.start()
    ports = {name: free_port() for name in ("good", "locked", "stalls", "absent")}
    site = SITE_HEAD
    for name in (*ports, "garbage"):
        login = "    login: secret:cameras\n" if name == "locked" else ""
        site += CAMERA % (name, ports.get(name, garbage.port), name, login)
    daemon = Daemon(tocsin, site)
    login = os.path.join(daemon.folder, "login")
    with open(login, "w", encoding="utf-8") as f:
        f.write("viewer:right\n")
    daemon.verb("secret", "set", "cameras", "--file", "-", input="viewer:wrong\n")

    def camera(name, *more):
        return Program(tocsin, "simulate", "camera", name, "--port", str(ports[name]), "--bitrate", "500", *more,
                       ready="^rtsp://")
    camera("good")
    camera("locked", "--login", login)
    stalls = camera("stalls", "--fault", "stall", "--after", "6s")
    daemon.start()
    wait_for("two cameras are up", lambda: [c["state"] for c in daemon.items("/api/v1/cameras")].count("up") == 2,
             20, daemon)
    wait_down(daemon, "locked", ("unauthorized",), 20)
    wait_down(daemon, "absent", ("unreachable",), 20)
    wait_down(daemon, "garbage", ("garbage",), 20)
    wait_down(daemon, "stalls", ("stalled",), 40)
    stalls.end()
    camera("stalls")
    wait_for("it is up again", lambda: state(daemon, "stalls")["state"] == "up", 40, daemon)
    wait_for("garbage was asked again and again", lambda: garbage.served >= 3, 20, daemon)
    panel = Panel(daemon.receiver, "1234")
    panel.send("Nri1/BA12")
    panel.send("Nri1/BR12")
    check_clips(daemon)
    if daemon.health()["status"] != "ok" or any(p["restarts"] for p in daemon.health()["processes"]):
        fail(f"a process died of a camera: {daemon.health()}", daemon)
    if "right" in daemon.log_text() or "viewer:wrong" in daemon.log_text():
        fail("a login stands in the log", daemon)
    daemon.stop()
    daemon.done()
    print(f"garbage was served {garbage.served} times")


def check_clips(daemon):
    """The alarm's clips: whole of the good camera, failed and said so of those that deliver nothing."""
    def settled():
        intruder = next(i for i in daemon.items("/api/v1/incidents") if i["type"] == "intrusion.motion")
        cameras = daemon.get(f"/api/v1/incidents/{intruder['id']}")["cameras"]
        done = all(c["clip"]["state"] in ("complete", "failed") for c in cameras)
        return cameras if len(cameras) == 5 and done else None
    for c in wait_for("five clips are settled", settled, 30, daemon):
        want = "complete" if c["id"] in ("good", "stalls") else "failed"
        if c["clip"]["state"] != want or not c["clip"]["text"]:
            fail(f"the clip of {c['id']}: {c['clip']}", daemon)


main()
