# SPDX-License-Identifier: Apache-2.0
"""The real program on loopback, for scenario tests: a daemon in a folder of its own, panels that speak DC-09 (with a
CRC of this file's own), the local socket. Everything is bounded in time; what a test started ends with it."""
import atexit
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

READY_WITHIN_S = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(body):
    return b"\n%04X%04X" % (crc16(body), len(body)) + body + b"\r"


def fail(text, daemon=None):
    sys.exit(f"{text}\n--- the daemon's log\n{daemon.log_text()}" if daemon else text)


def wait_for(what, check, seconds, daemon=None):
    """The first true value of CHECK within SECONDS; an exception of it counts as not yet."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            value = check()
            if value:
                return value
        except (OSError, http.client.HTTPException, ValueError, KeyError) as e:
            last = e
        time.sleep(0.05)
    return fail(f"not within {seconds} s: {what}" + (f" ({last!r})" if last else ""), daemon)


class LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Daemon:
    """tocsin run on the site text SITE, in which {console} and {receiver} become free ports."""

    def __init__(self, tocsin, site, env=None, user=None):
        self.tocsin, self.user = tocsin, user
        self.folder = tempfile.mkdtemp(prefix="tocsin-scenario-")
        os.chmod(self.folder, 0o755)
        self.console, self.receiver = free_port(), free_port()
        self.site = os.path.join(self.folder, "site.yaml")
        self.state = os.path.join(self.folder, "state")
        text = site.replace("{console}", str(self.console)).replace("{receiver}", str(self.receiver))
        with open(self.site, "w", encoding="utf-8") as f:
            f.write(text)
        self.args = ["-c", self.site, "--state", self.state]
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.log_path = os.path.join(self.folder, "log")
        open(self.log_path, "w", encoding="utf-8").close()
        if user is not None:  # who may not be able to reach the program where it was built
            self.tocsin = shutil.copy(tocsin, self.folder)
            os.chown(self.folder, user, user)
        atexit.register(self.kill)

    def become(self):
        """How a child becomes the user the daemon shall run as; None: it stays who we are."""
        if self.user is None:
            return None
        user = self.user

        def drop():
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        return drop

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()[-6000:]

    def run(self):
        log = open(self.log_path, "a", encoding="utf-8")
        self.log_from = os.path.getsize(self.log_path)
        self.process = subprocess.Popen([self.tocsin, "run", *self.args], stdout=log, stderr=log, env=self.env,
                                        preexec_fn=self.become())
        log.close()

    def start(self):
        self.run()
        wait_for("the daemon says ready", self.is_ready, READY_WITHIN_S, self)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            fail(f"the daemon ended with status {self.process.returncode}", self)
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            f.seek(self.log_from)
            return re.search(r"^ready https://", f.read(), re.M)

    def stop(self):
        self.process.terminate()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            fail("the daemon does not stop within 20 s", self)
        if status != 0:
            fail(f"the daemon stopped with status {status}", self)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def done(self):
        """After success only: a failed test leaves its folder for people."""
        self.kill()
        shutil.rmtree(self.folder)

    # --- asking ---

    def request(self, method, path, body=None, headers=None):
        c = LocalConnection(os.path.join(self.state, "tocsin.sock"))
        try:
            data = None if body is None else json.dumps(body)
            fields = {"Content-Type": "application/json"} if data else {}
            c.request(method, path, data, {**fields, **(headers or {})})
            answer = c.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            c.close()

    def get(self, path):
        status, _, body = self.request("GET", path)
        if status != 200:
            raise ValueError(f"GET {path}: {status} {body[:300]!r}")
        return json.loads(body)

    def items(self, path):
        return self.get(path)["items"]

    def health(self):
        return json.loads(self.request("GET", "/healthz")[2])

    def row(self, name):
        """What /healthz says of a process; a web that has just started was not told of the others yet."""
        return wait_for(f"/healthz lists {name}", lambda: next(
            (p for p in self.health()["processes"] if p["name"] == name), None), 10, self)

    def verb(self, *args, status=0, **more):
        done = subprocess.run([self.tocsin, *args, *self.args], capture_output=True, text=True, timeout=60,
                              preexec_fn=self.become(), check=False, **more)
        if done.returncode != status:
            fail(f"tocsin {' '.join(args)}: exit {done.returncode}, not {status}: {done.stdout}{done.stderr}", self)
        return done.stdout

    def kill_process(self, name):
        """SIGKILL for one process; returns how often it was restarted before."""
        row = self.row(name)
        os.kill(row["pid"], signal.SIGKILL)
        return row["restarts"]

    def is_healthy(self):
        health = self.health()
        return health["status"] == "ok" and health["processes"]

    def wait_healthy(self, seconds=20):
        wait_for("every process is ready", self.is_healthy, seconds, self)


class Panel:
    """One panel's connection. It repeats what is not acknowledged, as panels do."""

    def __init__(self, port, account):
        self.port, self.account, self.number, self.conn = port, account, 0, None
        self.acked = []

    def connect(self):
        if self.conn is None:
            self.conn = socket.create_connection(("127.0.0.1", self.port), timeout=3)

    def close(self):
        if self.conn is not None:
            self.conn.close()
        self.conn = None

    def read(self, seconds):
        """What comes within SECONDS, up to the end of one frame; b"" when nothing does."""
        self.conn.settimeout(seconds)
        answer = b""
        try:
            while not answer.endswith(b"\r"):
                part = self.conn.recv(256)
                if not part:
                    self.close()
                    break
                answer += part
        except TimeoutError:
            pass
        except OSError:
            self.close()
        return answer

    def body(self, data):
        account = self.account.encode()
        return b'"SIA-DCS"%04dL0#%s[#%s|%s]' % (self.number, account, account, data.encode())

    def try_once(self, data, seconds=3):
        """Sends the message of the present number; True when it was acknowledged."""
        try:
            self.connect()
            self.conn.sendall(frame(self.body(data)))
            answer = self.read(seconds)
        except OSError:
            self.close()
            return False
        return b'"ACK"%04dL0#%s[]' % (self.number, self.account.encode()) in answer

    def send(self, data, seconds=20):
        """The next message, until it is acknowledged."""
        self.number = self.number % 9999 + 1
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.try_once(data):
                self.acked.append(self.number)
                return
            self.close()
            time.sleep(0.1)
        fail(f"signal {self.number} of account {self.account} was not acknowledged within {seconds} s")


class Traffic(threading.Thread):
    """A panel that goes on sending until it is told to stop; fails the test when one is never acknowledged."""

    def __init__(self, panel, data):
        super().__init__(daemon=True)
        self.panel, self.data, self.halt, self.error = panel, data, threading.Event(), None

    def run(self):
        try:
            while not self.halt.is_set() and self.panel.number < 9999:
                self.panel.send(self.data)
                time.sleep(0.005)
        except SystemExit as e:
            self.error = e.code

    def finish(self):
        self.halt.set()
        self.join(30)
        if self.error or self.is_alive():
            fail(self.error or "a panel does not come to an end")
        return self.panel.acked


class Program:
    """Another program beside the daemon, ended with the test."""

    def __init__(self, *args, ready=None, seconds=20):
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        atexit.register(self.end)
        self.said = ""
        if ready:
            self.match = self.wait_line(ready, seconds)

    def wait_line(self, pattern, seconds):
        os.set_blocking(self.process.stdout.fileno(), False)

        def look():
            part = self.process.stdout.read()
            self.said += part.decode(errors="replace") if part else ""
            return re.search(pattern, self.said, re.M)
        return wait_for(f"{self.process.args[0]} says {pattern!r}", look, seconds)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def verify(daemon, verifier):
    """The stopped daemon's journal is good, by two verifiers that share no code."""
    daemon.verb("verify", "--journal")
    done = subprocess.run([sys.executable, verifier, os.path.join(daemon.state, "journal.db")], capture_output=True,
                          text=True, timeout=60, check=False)
    if done.returncode != 0:
        fail(f"{verifier}: {done.stdout}{done.stderr}", daemon)


def listed(daemon, account):
    """The sequence numbers of an account's signals in the stopped journal, retransmissions left out."""
    rows = [json.loads(line) for line in daemon.verb("signals", "--json", "-n", "1000000").splitlines()]
    return [r["sequence"] for r in rows if r["account"] == account and r["duplicate_of"] is None]
