#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A journal that cannot be committed means no answer to the panel at all: no_commit.py TOCSIN SHIM VERIFIER

The disk fails its syncs, then takes no more writes. While it does, not one byte goes to the panel, the console's
process goes on answering and says that it is not well, the log names the journal. When the disk is good again the
same signal is acknowledged, without anybody's help.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, Panel, fail, frame, listed, verify, wait_for  # noqa: E402

SILENT_S = 4
SITE = """site: { id: test }
console: { listen: "127.0.0.1:{console}" }
receivers:
  - { protocol: sia-dc09, listen: "127.0.0.1:{receiver}" }
panels:
  main: { account: "1234", points: { 12: { zone: yard, type: intrusion.motion } } }
"""


def breaks(daemon, panel, flag):
    """The disk breaks; the panel's next signal stays without an answer; the disk is good again."""
    panel.number += 1
    path = os.path.join(daemon.state, flag)
    open(path, "w", encoding="utf-8").close()
    said_before = len(daemon.log_text())
    deadline, unwell = time.monotonic() + SILENT_S, False
    while time.monotonic() < deadline:
        try:
            panel.connect()
            panel.conn.sendall(frame(panel.body("Nri1/BA12")))
            answer = panel.read(0.5)
        except OSError:
            answer = b""
            time.sleep(0.2)
        if answer:
            fail(f"{flag}: the panel was answered {answer!r} while nothing could be made durable", daemon)
        unwell = unwell or daemon.health()["status"] != "ok"
    if not unwell:
        fail(f"{flag}: /healthz called it well all the time", daemon)
    log = daemon.log_text()[said_before:]
    if "journal" not in log:
        fail(f"{flag}: the log does not name the journal", daemon)
    os.unlink(path)
    panel.close()
    wait_for("the signal is acknowledged again", lambda: panel.try_once("Nri1/BA12"), 25, daemon)
    panel.acked.append(panel.number)


def main():
    tocsin, shim, verifier = sys.argv[1:]
    daemon = Daemon(tocsin, SITE, env={"LD_PRELOAD": os.path.abspath(shim)}).start()
    panel = Panel(daemon.receiver, "1234")
    panel.send("Nri1/BA12")
    breaks(daemon, panel, "break-sync")
    daemon.wait_healthy()
    breaks(daemon, panel, "break-write")
    daemon.wait_healthy()
    panel.send("Nri1/BA12")
    daemon.stop()
    verify(daemon, verifier)
    in_journal = listed(daemon, "1234")
    if sorted(in_journal) != panel.acked:
        fail(f"the journal has {in_journal}, acknowledged were {panel.acked}", daemon)
    daemon.done()
    print(f"{len(panel.acked)} signals, acknowledged when durable and not before")


main()
