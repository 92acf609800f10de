#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cannot work is refused with words that name the thing and the remedy: refusals.py TOCSIN"""
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, fail, wait_for  # noqa: E402

NOBODY = 65534
SITE = """site: { id: test }
console: { listen: "127.0.0.1:{console}" }
receivers:
  - { protocol: sia-dc09, listen: "127.0.0.1:{receiver}" }
panels:
  main: { account: "1234", points: { 12: { zone: yard, type: intrusion.motion } } }
users:
  anna: { role: operator }
"""


def refused(daemon, *words):
    """The daemon ends by itself, soon, with status 1 and these words, never ready."""
    daemon.run()
    try:
        status = daemon.process.wait(15)
    except subprocess.TimeoutExpired:
        fail(f"it should have refused: {words}", daemon)
    text = daemon.log_text()
    missing = [w for w in words if w not in text]
    if status != 1 or missing or "ready https" in text:
        fail(f"refused with status {status}, without the words {missing}", daemon)
    daemon.done()


def port_in_use(tocsin):
    for which in ("console", "receiver"):
        daemon = Daemon(tocsin, SITE)
        port = getattr(daemon, which)
        with socket.socket() as other:
            other.bind(("127.0.0.1", port))
            other.listen()
            refused(daemon, "127.0.0.1", str(port), "another program listens there", "choose another port")


def state_directory(tocsin):
    user = NOBODY if os.getuid() == 0 else None
    daemon = Daemon(tocsin, SITE, user=user)
    os.mkdir(daemon.state)
    os.chmod(daemon.state, 0o500)
    if user is not None:  # somebody else's, readable
        os.chmod(daemon.state, 0o555)
    refused(daemon, daemon.state)
    daemon = Daemon(tocsin, SITE)
    with open(daemon.state, "w", encoding="utf-8") as f:
        f.write("a file where a directory should be\n")
    refused(daemon, daemon.state)


def second_daemon(tocsin):
    first = Daemon(tocsin, SITE).start()
    second = Daemon(tocsin, SITE)
    own, second.state = second.state, first.state
    second.args = ["-c", second.site, "--state", first.state]
    refused(second, first.state, "in use by another daemon", "--state")
    assert not os.path.exists(own)
    first.wait_healthy()
    first.stop()
    first.done()


def bad_site(tocsin):
    for text, words in (
            ("site: { id: test\n", ["site.yaml:", "error", "^"]),
            ("\x00\x01\x02 this is no YAML", ["site.yaml:", "error"]),
            ("site: { id: test }\nrecievers: []\n", ["site.yaml:2:1", "recievers", "receivers"]),
            ("site: { id: test }\ncameras: { a: { driver: rtsp, url: rtsp://anna:pw@h/x } }\n", ["secret:", "^"])):
        daemon = Daemon(tocsin, text)
        if "pw@" in text:
            daemon.run()
            daemon.process.wait(15)
            if "anna:pw" in daemon.log_text():
                fail("a password from site.yaml stands in the log", daemon)
        refused(daemon, *words)
    daemon = Daemon(tocsin, SITE)
    os.unlink(daemon.site)
    refused(daemon, "site.yaml")


def sign_in(daemon, password, tries=1):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    answer = None
    for _ in range(tries):
        c = http.client.HTTPSConnection("127.0.0.1", daemon.console, timeout=15, context=context)
        c.request("POST", "/api/v1/session", json.dumps({"user": "anna", "password": password}),
                  {"Content-Type": "application/json", "Origin": f"https://127.0.0.1:{daemon.console}"})
        got = c.getresponse()
        answer = got.status, dict((k.lower(), v) for k, v in got.getheaders()), got.read()
        c.close()
        if answer[0] == 429:
            break
    return answer


def wrong_password(tocsin):
    daemon = Daemon(tocsin, SITE)
    daemon.verb("user", "password", "anna", "--file", "-", input="correct horse battery\n")
    daemon.start()
    status, fields, body = sign_in(daemon, "wrong horse battery")
    problem = json.loads(body)
    if status != 401 or fields["content-type"] != "application/problem+json" or "set-cookie" in fields:
        fail(f"a wrong password: {status} {fields} {body!r}", daemon)
    if problem["status"] != 401 or "wrong horse" in body.decode():
        fail(f"a wrong password's problem: {problem}", daemon)
    status, fields, _ = sign_in(daemon, "correct horse battery")
    if status != 200 or not all(w in fields["set-cookie"] for w in ("HttpOnly", "Secure", "SameSite=Strict")):
        fail(f"the right password: {status} {fields}", daemon)
    said = json.dumps(daemon.items("/api/v1/audit"))
    if "anna" not in said or "horse" in said:
        fail(f"the audit record of it: {said}", daemon)
    status, fields, _ = sign_in(daemon, "wrong horse battery", tries=40)
    if status != 429:
        fail(f"40 wrong passwords in a row end with {status}, not 429", daemon)
    if "horse" in daemon.log_text():
        fail("a password stands in the log", daemon)
    daemon.stop()
    daemon.done()


def session(daemon, cookie):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    c = http.client.HTTPSConnection("127.0.0.1", daemon.console, timeout=15, context=context)
    c.request("GET", "/api/v1/session", headers={"Cookie": cookie})
    status = c.getresponse().status
    c.close()
    return status


def changed_password(tocsin):
    """A password that changes while the daemon runs counts at once and ends the sessions of the old one."""
    daemon = Daemon(tocsin, SITE)
    daemon.verb("user", "password", "anna", "--file", "-", input="correct horse battery\n")
    daemon.start()
    status, fields, _ = sign_in(daemon, "correct horse battery")
    cookie = fields["set-cookie"].split(";")[0]
    if status != 200 or session(daemon, cookie) != 200:
        fail(f"signing in before the change: {status}", daemon)
    daemon.verb("user", "password", "anna", "--file", "-", input="another horse battery\n")
    wait_for("the old session has ended", lambda: session(daemon, cookie) == 401, 10, daemon)
    if sign_in(daemon, "correct horse battery")[0] != 401:
        fail("the old password still signs in", daemon)
    status, fields, _ = sign_in(daemon, "another horse battery")
    if status != 200:
        fail(f"the new password: {status}", daemon)
    cookie = fields["set-cookie"].split(";")[0]
    daemon.verb("user", "lock", "anna")
    wait_for("locking ends the session", lambda: session(daemon, cookie) == 401, 10, daemon)
    daemon.stop()
    daemon.done()


def write_twice(tocsin):
    """One Idempotency-Key, one note; another key, another note."""
    daemon = Daemon(tocsin, SITE).start()
    daemon.wait_healthy()
    daemon.kill_process("reader")  # its death is an incident
    wait_for("the incident", lambda: daemon.get("/api/v1/incidents")["items"], 10, daemon)
    path = f"/api/v1/incidents/{daemon.get('/api/v1/incidents')['items'][0]['id']}"
    for key, notes in (("one", 1), ("one", 1), ("two", 2)):
        status, _, body = daemon.request("POST", f"{path}/note", {"text": "seen"},
                                         {"Content-Type": "application/json", "Idempotency-Key": key})[:3]
        if status != 201 or len(daemon.get(path)["notes"]) != notes:
            fail(f"a note with key {key}: {status} {body!r}, {daemon.get(path)['notes']}", daemon)
    daemon.stop()
    daemon.done()


def main():
    for case in (port_in_use, state_directory, second_daemon, bad_site, wrong_password, changed_password,
                 write_twice):
        case(sys.argv[1])
        print(case.__name__, "ok", flush=True)


main()
