#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every acknowledged signal is in the journal, whatever is killed and when.

usage: durability.py TOCSIN VERIFIER
Starts a daemon, lets panels send signals and wait for their acknowledgements, kills core, then the whole daemon,
at random moments with SIGKILL; afterwards every signal that a panel saw acknowledged must be listed, and two
verifiers must find the journal good.
"""
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PANELS = 8
ROUNDS = 4
TOCSIN, VERIFIER = sys.argv[1], sys.argv[2]


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Panel(threading.Thread):
    """Sends one signal after the other; repeats one until it is acknowledged."""

    def __init__(self, account, port, stop):
        super().__init__(daemon=True)
        self.account, self.port, self.stop = account, port, stop
        self.acked, self.number, self.conn = [], 1, None

    def exchange(self, body):
        if self.conn is None:
            self.conn = socket.create_connection(("127.0.0.1", self.port), timeout=2)
        self.conn.sendall(b"\n%04X%04X" % (crc16(body), len(body)) + body + b"\r")
        answer = b""
        while not answer.endswith(b"\r"):
            part = self.conn.recv(256)
            if not part:
                raise OSError("closed")
            answer += part
        return b'"ACK"%04d' % self.number in answer

    def run(self):
        while not self.stop.is_set() and self.number <= 9999:
            body = b'"SIA-DCS"%04dL0#%s[#%s|Nri1/BA12]' % (self.number, self.account, self.account)
            try:
                if self.exchange(body):
                    self.acked.append(self.number)
                    self.number += 1
                    continue
            except OSError:
                pass
            if self.conn is not None:
                self.conn.close()
            self.conn = None
            time.sleep(0.05)


class Daemon:
    def __init__(self, folder, port):
        self.folder = folder
        panels = "".join(f'  p{i}: {{ account: "{1000 + i}", points: {{ 12: {{ zone: yard }} }} }}\n'
                         for i in range(PANELS))
        with open(f"{folder}/site.yaml", "w") as f:
            f.write(f'site: {{ id: test }}\nconsole: {{ listen: "127.0.0.1:{free_port()}" }}\n'
                    f'receivers:\n  - {{ protocol: sia-dc09, listen: "127.0.0.1:{port}" }}\n'
                    f"zones: {{ yard: {{ name: Yard }} }}\npanels:\n{panels}")
        self.args = ["-c", f"{folder}/site.yaml", "--state", f"{folder}/state"]
        self.start()

    def start(self):
        self.log = open(f"{self.folder}/log", "a+")
        self.log.seek(0, 2)
        self.seen = self.log.tell()
        self.process = subprocess.Popen([TOCSIN, "run", *self.args], stdout=self.log, stderr=self.log)
        self.core_pid()

    def core_pid(self):
        """The pid of the core that became ready last; waits for one newer than the last asked for."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with open(f"{self.folder}/log") as f:
                f.seek(self.seen)
                found = re.findall(r"core is ready \(pid (\d+)\)", f.read())
            if found:
                return int(found[-1])
            time.sleep(0.02)
        sys.exit("core does not become ready:\n" + open(f"{self.folder}/log").read())

    def kill_core(self):
        pid = self.core_pid()
        self.seen = os.path.getsize(f"{self.folder}/log")
        os.kill(pid, signal.SIGKILL)
        self.core_pid()

    def kill_all(self):
        self.process.kill()  # its children die with it
        self.process.wait()
        time.sleep(0.3)
        self.start()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit("the daemon does not stop:\n" + open(f"{self.folder}/log").read())

    def ask(self, *args):
        done = subprocess.run([TOCSIN, *args, *self.args], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{args}: exit {done.returncode}: {done.stderr}")
        return done.stdout


def listed_signals(daemon):
    found = {}
    for line in daemon.ask("signals", "--json", "-n", "1000000").splitlines():
        row = json.loads(line)
        found.setdefault(row["account"], []).append((row["sequence"], row["duplicate_of"]))
    return found


def check_verbs(daemon):
    """The lists of a stopped daemon say the same thing in each of their forms."""
    incidents = [json.loads(line) for line in daemon.ask("incidents", "--json").splitlines()]
    yard = [i for i in incidents if i["zone"] == "yard"]
    if not yard or yard[0]["zone_name"] != "Yard" or yard[0]["phases"]["durable"] is None:
        sys.exit(f"no incident of zone yard as it should be: {incidents}")
    shown = daemon.ask("incidents", "show", str(yard[0]["id"]))
    for word in ("phases", "durable", "alarms", "intrusion"):
        if word not in shown:
            sys.exit(f"incidents show says nothing of {word}:\n{shown}")
    alarms = [json.loads(line) for line in daemon.ask("alarms", "--json", "--zone", "yard").splitlines()]
    if sum(a["count"] for a in alarms) != sum(i["signal_count"] for i in yard):
        sys.exit(f"alarms and incidents count differently: {alarms} {yard}")
    if len(daemon.ask("events", "--type", "intrusion.*", "-n", "7").splitlines()) != 7:
        sys.exit("events -n 7 does not print 7 lines")
    for args, code in ((["events", "--type", "fire.smok"], 2), (["incidents", "show", "99999"], 1), (["verify"], 2)):
        done = subprocess.run([TOCSIN, *args, *daemon.args], capture_output=True, text=True)
        if done.returncode != code or "tocsin: " not in done.stderr:
            sys.exit(f"{args}: exit {done.returncode}, not {code}: {done.stderr}")


def check_tampering(daemon, path):
    db = sqlite3.connect(path)
    (body,) = db.execute("SELECT body FROM entry WHERE seq = 100").fetchone()
    db.execute("UPDATE entry SET body = ? WHERE seq = 100", (body[:-1] + bytes([body[-1] ^ 1]),))
    db.commit()
    db.close()
    done = subprocess.run([TOCSIN, "verify", "--journal", *daemon.args], capture_output=True, text=True)
    if done.returncode != 1 or "record 100:" not in done.stderr:
        sys.exit(f"verify does not name record 100: {done.returncode} {done.stdout} {done.stderr}")


def main():
    folder, port, stop = tempfile.mkdtemp(prefix="tocsin-e2e-"), free_port(), threading.Event()
    os.chmod(folder, 0o755)
    random.seed(7)
    daemon = Daemon(folder, port)
    panels = [Panel(b"%d" % (1000 + i), port, stop) for i in range(PANELS)]
    for p in panels:
        p.start()
    for i in range(ROUNDS):
        time.sleep(random.uniform(0.2, 0.9))
        daemon.kill_core() if i % 2 == 0 else daemon.kill_all()
    time.sleep(0.5)
    stop.set()
    for p in panels:
        p.join(5)
    live = listed_signals(daemon)  # beside the running daemon
    daemon.stop()
    stopped = listed_signals(daemon)
    if live != stopped:
        sys.exit("the list of the stopped journal differs from the running one's")
    acked = 0
    for p in panels:
        first = {seq for seq, duplicate_of in stopped.get(p.account.decode(), []) if duplicate_of is None}
        missing = [n for n in p.acked if n not in first]
        if missing:
            sys.exit(f"account {p.account.decode()}: acknowledged but not in the journal: {missing[:10]}")
        acked += len(p.acked)
    if acked < 10 * PANELS:
        sys.exit(f"only {acked} signals were acknowledged: this proves nothing\n" + open(f"{folder}/log").read())
    proof = json.loads(daemon.ask("verify", "--journal", "--json"))
    apart = subprocess.run(["python3", VERIFIER, f"{folder}/state/journal.db"], capture_output=True, text=True)
    if apart.returncode != 0 or proof["last_hash"] not in apart.stdout:
        sys.exit(f"the verifiers disagree: {proof} {apart.stdout}")
    check_verbs(daemon)
    check_tampering(daemon, f"{folder}/state/journal.db")
    print(f"{acked} acknowledged signals, {proof['records']} records, {ROUNDS} kills")
    shutil.rmtree(folder)


main()
