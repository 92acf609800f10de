#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every process dies once, in the middle of the work: kills.py TOCSIN VERIFIER

A panel never stops sending, a camera never stops playing, an alarm's clip is being recorded. One process after the
other gets SIGKILL, another is stopped (hangs), all die at once, one dies while the supervisor has no descriptor left to
start it again; each must be back, each time a new signal must get through to the lists
and the camera's picture onto the disk. At the end every acknowledged signal is in the journal exactly once, the journal
is good, and the clip is complete, with its gaps said.
"""
import datetime
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, Panel, Program, Traffic, fail, free_port, listed, verify, wait_for  # noqa: E402

PROCESSES = ("intake", "core", "reader", "capture-0", "archive", "web")
HANGS = "reader"
SITE = """site: { id: test }
console: { listen: "127.0.0.1:{console}" }
receivers:
  - { protocol: sia-dc09, listen: "127.0.0.1:{receiver}" }
panels:
  busy: { account: "1000", points: { 12: { zone: yard, type: intrusion.motion } } }
  other: { account: "2000", points: { 12: { zone: gate, type: intrusion.motion } } }
zones: { yard: {}, gate: {} }
cameras:
  yard:
    driver: rtsp
    url: rtsp://127.0.0.1:{camera}/yard
    covers: { gate: {} }
    record: { mode: full, pre: 2s, post: 2s }
"""


def utc(s):
    return datetime.datetime.fromisoformat(s.replace("Z", "+00:00"))


def recorded_until(daemon):
    """The end of what is recorded now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = ((now + datetime.timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in (-600, 5))
    return max(utc(s["to"]) for s in daemon.get(f"/api/v1/cameras/yard/timeline?from={begin}&to={end}")["spans"])


def check_works(daemon, panel):
    """A new signal gets through to the lists, a new picture to the disk."""
    panel.send("Nri1/BT12")
    wait_for("the new signal is listed", lambda: any(
        r["sequence"] == panel.number for r in daemon.items("/api/v1/signals?account=2000&limit=5")), 10, daemon)
    since = datetime.datetime.now(datetime.timezone.utc)
    wait_for("the camera is recorded on", lambda: recorded_until(daemon) > since, 20, daemon)


def kill_each(daemon, panel):
    for name in PROCESSES:
        restarts = daemon.kill_process(name)
        wait_for(f"{name} is started again", lambda: daemon.row(name)["restarts"] > restarts, 15, daemon)
        daemon.wait_healthy()
        check_works(daemon, panel)


def hang_one(daemon):
    row = daemon.row(HANGS)
    os.kill(row["pid"], signal.SIGSTOP)
    wait_for(f"{HANGS}, which hangs, is replaced", lambda: daemon.row(HANGS)["restarts"] > row["restarts"], 15, daemon)
    daemon.wait_healthy()


def open_files(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def kill_all(daemon, panel):
    """All at once, twice; and nothing is left open by it."""
    before = open_files(daemon)
    for _ in range(2):
        rows = {p["name"]: p for p in daemon.health()["processes"] if p["name"] != "supervisor"}
        for row in rows.values():
            os.kill(row["pid"], signal.SIGKILL)
        for name, row in rows.items():
            wait_for(f"{name} is started again", lambda name=name, row=row:
                     daemon.row(name)["restarts"] > row["restarts"], 20, daemon)
        daemon.wait_healthy(30)
        check_works(daemon, panel)
    if open_files(daemon) > before:
        fail(f"the supervisor had {before} files open before the kills, {open_files(daemon)} after", daemon)


def start_without_files(daemon):
    """The start itself fails; it is tried until it goes."""
    pid = daemon.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    restarts = daemon.kill_process(HANGS)
    wait_for("the start is said to fail", lambda: "making a message link" in daemon.log_text(), 20, daemon)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_for(f"{HANGS} is started after all", lambda: daemon.row(HANGS)["restarts"] > restarts, 30, daemon)
    daemon.wait_healthy()


def main():
    tocsin, verifier = sys.argv[1:]
    port = free_port()
    camera = Program(tocsin, "simulate", "camera", "yard", "--port", str(port), "--bitrate", "800", ready="^rtsp://")
    daemon = Daemon(tocsin, SITE.replace("{camera}", str(port))).start()
    wait_for("the camera is up", lambda: daemon.items("/api/v1/cameras")[0]["state"] == "up", 20, daemon)
    busy = Traffic(Panel(daemon.receiver, "1000"), "Nri1/BA12")
    other = Panel(daemon.receiver, "2000")
    busy.start()
    other.send("Nri1/BA12")
    incident = wait_for("the incident in zone gate", lambda: [
        i for i in daemon.items("/api/v1/incidents") if i["zone"] == "gate"], 5, daemon)[0]["id"]
    kill_each(daemon, other)
    hang_one(daemon)
    start_without_files(daemon)
    kill_all(daemon, other)
    other.send("Nri1/BR12")
    clip = wait_for("the clip is complete after all that", lambda: [
        c for c in daemon.get(f"/api/v1/incidents/{incident}")["cameras"] if c["clip"]["state"] == "complete"],
        20, daemon)[0]["clip"]
    if not clip["gaps"] or not clip["text"]:
        fail(f"capture was killed, and the clip says nothing of a gap: {clip}", daemon)
    acked = {"1000": busy.finish(), "2000": other.acked}
    daemon.stop()
    camera.end()
    verify(daemon, verifier)
    for account, numbers in acked.items():
        in_journal = listed(daemon, account)
        if sorted(set(in_journal)) != sorted(in_journal):
            fail(f"account {account}: a signal is in the journal twice, and not called a duplicate", daemon)
        missing = set(numbers) - set(in_journal)
        if missing:
            fail(f"account {account}: acknowledged and not in the journal: {sorted(missing)[:10]}", daemon)
    daemon.done()
    print(f"{3 * len(PROCESSES) + 1} kills and a hang, {sum(map(len, acked.values()))} acknowledged signals")


main()
