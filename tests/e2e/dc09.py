#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIA DC-09 on the wire: what panels send, published vectors among it, through the whole program and into the lists.

usage: dc09.py TOCSIN
Frames are made and answers are read here, with a CRC of this file's own, so that a fault of the program's codec
cannot hide behind itself.
"""
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

TOCSIN = sys.argv[1]

# Published frames without a time stamp; those with one are of years ago and rightly refused for it.
VECTORS = [
    (b'\nF4D20029"SIA-DCS"0001RF3L77#1234[#1234|NRR|Atest]\r', b'"ACK"0001RF3L77#1234[]'),
    (b'\n96ED0016"SIA-DCS"0001L0#1234[]\r', b'"ACK"0001L0#1234[]'),
    (b'\n3BAC0029"SIA-DCS"0002#0123[#0123|Nti20:50:26RP99]\r', b'"ACK"0002#0123[]'),
    (b'\n1EF20013"NULL"0000L0#1234[]\r', b'"ACK"0000L0#1234[]'),
]
OLD_VECTORS = [
    b'\n9337003A"SIA-DCS"1706L0#0000[#0000|Nri1/NP501]_13:36:04,12-22-2021\r',
    b'\n9618004D"SIA-DCS"7960L0#123456[#123456|Nri1CL0^VX FRONTE       ^]_22:40:48,04-11-2021\r',
    b'\n5670004D"SIA-DCS"8070L0#123456[#123456|Nri0KR1^TAST.  001      ^]_13:49:12,04-13-2021\r',
]
NAK = re.compile(rb'"NAK"0000R0L0A0\[\]_(\d\d):(\d\d):(\d\d),(\d\d)-(\d\d)-(\d{4})')


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(body, crc_error=0):
    return b"\n%04X%04X" % (crc16(body) ^ crc_error, len(body)) + body + b"\r"


def stamp(seconds=0):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("_%H:%M:%S,%m-%d-%Y").encode()


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


class Panel:
    def __init__(self, port):
        self.conn = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.rest = b""

    def send(self, data):
        self.conn.sendall(data)

    def answer(self, timeout=5.0):
        """The next answer's body, checked; None when none comes."""
        self.conn.settimeout(timeout)
        while b"\r" not in self.rest:
            try:
                part = self.conn.recv(4096)
            except TimeoutError:
                return None
            if not part:
                sys.exit("the receiver closed the connection")
            self.rest += part
        one, self.rest = self.rest.split(b"\r", 1)
        body = one[9:]
        expect("answer's head", one[:9], b"\n%04X%04X" % (crc16(body), len(body)))
        return body

    def exchange(self, data):
        self.send(data)
        return self.answer()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def start(folder):
    port, console = free_ports(2)
    with open(f"{folder}/site.yaml", "w") as f:
        f.write(f"""site: {{ id: test }}
console: {{ listen: "127.0.0.1:{console}" }}
receivers:
  - {{ protocol: sia-dc09, listen: "127.0.0.1:{port}" }}
zones: {{ yard: {{ name: Yard }}, lab: {{ name: Lab }} }}
panels:
  main:
    account: "1234"
    points: {{ 12: {{ zone: yard, type: intrusion.motion }}, 31: {{ zone: lab, type: fire.smoke }} }}
  second: {{ account: "0123" }}
  third: {{ account: "0000" }}
  fourth: {{ account: "123456" }}
  long: {{ account: "FFFFFF0123456789" }}
""")
    log = open(f"{folder}/log", "w")
    process = subprocess.Popen([TOCSIN, "run", "-c", f"{folder}/site.yaml", "--state", f"{folder}/state"],
                               stdout=log, stderr=log)
    for _ in range(400):
        text = open(f"{folder}/log").read()
        if "intake is ready" in text and "core is ready" in text:
            return process, port
        time.sleep(0.05)
    sys.exit("the daemon does not become ready:\n" + text)


def check_vectors(port):
    panel = Panel(port)
    for sent, answer in VECTORS:
        expect(sent, panel.exchange(sent), answer)
    for sent in OLD_VECTORS:
        match = NAK.fullmatch(panel.exchange(sent) or b"")
        if match is None:
            sys.exit(f"{sent}: no NAK")
        hour, minute, second, month, day, year = (int(x) for x in match.groups())
        told = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        if abs((datetime.now(timezone.utc) - told).total_seconds()) > 5:
            sys.exit(f"{sent}: the NAK's time is {told}")


def check_events(port):
    """Every way to send an event; what became of it is looked up afterwards."""
    panel = Panel(port)
    numbers = iter(range(100, 200))

    def signal(token, data, account=b"1234", time_stamp=b""):
        number = next(numbers)
        body = b'"%s"%04dL0#%s[#%s|%s]' % (token, number, account, account, data) + (time_stamp or stamp())
        expect(body, panel.exchange(frame(body)), b'"ACK"%04dL0#%s[]' % (number, account))

    signal(b"SIA-DCS", b"Nri1/BA12")
    signal(b"SIA-DCS", b"Nri1/BR12")
    signal(b"SIA-DCS", b"NFA31/TA12/AT0")
    signal(b"SIA-DCS", b"NBA12^T\xfcr^")
    signal(b"ADM-CID", b"1110 01 031")
    signal(b"ADM-CID", b"3110 01 031")
    signal(b"SIA-DCS", b"NQX7")
    signal(b"SIA-DCS", b"NFA1", account=b"FFFFFF0123456789")
    signal(b"SIA-DCS", b"NRP", time_stamp=stamp(-35))
    signal(b"SIA-DCS", b"NRP", time_stamp=stamp(15))


def check_stream(port):
    """Split, joined, damaged and foreign bytes on one connection."""
    panel = Panel(port)
    null = frame(b'"NULL"0000L0#1234[]')
    for byte in null:
        panel.send(bytes([byte]))
    expect("split", panel.answer(), b'"ACK"0000L0#1234[]')
    joined = b"".join(frame(b'"SIA-DCS"%04dL0#1234[#1234|NRP%d]' % (n, n)) for n in range(300, 320))
    panel.send(joined)
    for n in range(300, 320):
        expect("joined", panel.answer(), b'"ACK"%04dL0#1234[]' % n)
    silent = [frame(b'"NULL"0000L0#1234[]', crc_error=1), b'\n1EF20099"NULL"0000L0#1234[]\r', b"GET / HTTP/1.1\r\n\r\n",
              frame(b'"NULL"0000L0#9999[]'), frame(b'"*SIA-DCS"0001L0#1234[0123456789ABCDEF')]
    for data in silent:
        panel.send(data)
    expect("damaged", panel.answer(timeout=0.3), None)
    expect("other class", panel.exchange(frame(b'"SIA-PUD"0007L0#1234[]')), b'"DUH"0007L0#1234[]')
    expect("good after all", panel.exchange(null), b'"ACK"0000L0#1234[]')


def check_retransmission(port):
    """The same bytes again, on another connection: acknowledged, and one event."""
    sent = frame(b'"SIA-DCS"0400L0#1234[#1234|NHA12]' + stamp())
    for _ in range(3):
        expect("again", Panel(port).exchange(sent), b'"ACK"0400L0#1234[]')


def ask(folder, *args):
    done = subprocess.run([TOCSIN, *args, "-c", f"{folder}/site.yaml", "--state", f"{folder}/state", "--json"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{args}: exit {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_lists(folder):
    events = ask(folder, "events", "-n", "1000")
    seen = [(e["code"], e["type"], e["state"], e["zone"]) for e in events]
    wanted = [("BA", "intrusion.motion", "active", "yard"), ("BR", "intrusion.motion", "restored", "yard"),
              ("FA", "fire.smoke", "active", "lab"), ("TA", "supervision.tamper", "active", "yard"),
              ("AT", "supervision.ac_loss", "active", None), ("1110", "fire.smoke", "active", "lab"),
              ("3110", "fire.smoke", "restored", "lab"), ("HA", "duress.holdup", "active", "yard")]
    for one in wanted:
        if one not in [(c, t, s, z or None) for c, t, s, z in seen]:
            sys.exit(f"no event {one} in {seen}")
    expect("hold-ups", sum(e["code"] == "HA" for e in events), 1)
    expect("unmapped", [e["unmapped"] for e in events if e["code"] == "QX"], [True])
    texts = [e["text"] for e in events if e["code"] == "BA"]
    if "Burglary alarm: T\u00fcr" not in texts:
        sys.exit(f"the panel's text is not among {texts}")
    signals = ask(folder, "signals", "-n", "1000")
    raw = {s["raw"] for s in signals}
    for sent, _ in VECTORS:
        if sent.decode().replace("\n", "\\x0a").replace("\r", "\\x0d") not in raw:
            sys.exit(f"the bytes {sent} are not kept")
    expect("retransmissions", sum(s["sequence"] == 400 and s["duplicate_of"] is not None for s in signals), 2)
    faults = " ".join(e["text"] or "" for e in events)
    for word in ("9999", "encrypted", "CRC", "clock"):
        if word not in faults:
            sys.exit(f"nobody is told of: {word}")


def main():
    folder = tempfile.mkdtemp(prefix="tocsin-dc09-", dir="/var/tmp")
    process, port = start(folder)
    try:
        for check in (check_vectors, check_events, check_stream, check_retransmission):
            check(port)
        time.sleep(1.2)  # faults leave once a second
    finally:
        process.terminate()
        process.wait(20)
    check_lists(folder)
    shutil.rmtree(folder)
    print("ok")


main()
