#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An alarm's clip from a camera that was not written here: clip_gst.py TOCSIN GST_RTSP_SERVER

GStreamer's RTSP server (with Digest) is the camera, a DC-09 panel raises and ends an alarm. The incident's clip plays
while it is still growing, and afterwards: whole pre-roll, decodable to the last frame, byte ranges, the same bytes by
the verb; what was asked and got is said.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from daemon import Daemon, Panel, Program, fail, wait_for  # noqa: E402

PRE_S, POST_S, FPS = 3, 2, 15
SITE = """site: { id: test }
console: { listen: "127.0.0.1:{console}" }
receivers:
  - { protocol: sia-dc09, listen: "127.0.0.1:{receiver}" }
panels:
  main: { account: "1234", points: { 12: { zone: yard, type: intrusion.motion } } }
cameras:
  yard:
    driver: rtsp
    url: rtsp://127.0.0.1:{camera}/main
    login: secret:cameras
    covers: { yard: {} }
    record: { mode: full, pre: 3s, post: 2s }
"""


def probe(path):
    """Seconds, frames and the decoder's complaints of a file, as ffmpeg sees it."""
    shown = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                            "stream=nb_read_frames,codec_name:format=duration", "-of", "json", path],
                           capture_output=True, text=True, timeout=60, check=False)
    if shown.returncode != 0 or shown.stderr.strip():
        fail(f"ffprobe {path}: {shown.stdout}{shown.stderr}")
    facts = json.loads(shown.stdout)
    decoded = subprocess.run(["ffmpeg", "-v", "warning", "-xerror", "-i", path, "-fps_mode", "passthrough",
                              "-enc_time_base", "-1", "-f", "null", "-"],
                             capture_output=True, text=True, timeout=60, check=False)
    if decoded.returncode != 0 or decoded.stderr.strip():
        fail(f"ffmpeg {path}: {decoded.stderr}")
    return float(facts["format"]["duration"]), int(facts["streams"][0]["nb_read_frames"])


def clip(daemon, incident, headers=None):
    status, fields, body = daemon.request("GET", f"/api/v1/incidents/{incident}/clip.mp4?camera=yard", headers=headers)
    return status, fields, body


def save(daemon, name, body):
    path = os.path.join(daemon.folder, name)
    with open(path, "wb") as f:
        f.write(body)
    return path


def check_growing(daemon, incident):
    status, fields, body = clip(daemon, incident)
    if status != 200 or "no-store" not in fields.get("cache-control", ""):
        fail(f"a growing clip: {status} {fields}", daemon)
    seconds, frames = probe(save(daemon, "growing.mp4", body))
    if seconds < PRE_S - 0.5 or frames < FPS * (PRE_S - 0.5):
        fail(f"the growing clip has {seconds} s and {frames} frames: where is what came before the alarm?", daemon)


def check_closed(daemon, incident, said):
    status, fields, body = clip(daemon, incident)
    if status != 200 or "etag" not in fields:
        fail(f"a complete clip: {status} {fields}", daemon)
    path = save(daemon, "closed.mp4", body)
    seconds, frames = probe(path)
    told = json.loads(fields["x-tocsin-clip"])
    if told["pre_asked_ns"] != PRE_S * 10**9 or told["pre_got_ns"] < told["pre_asked_ns"] or told["gaps"]:
        fail(f"the clip's own account is not as asked: {told}", daemon)
    if not PRE_S + POST_S <= seconds <= PRE_S + POST_S + 8 or abs(frames - seconds * FPS) > FPS:
        fail(f"the clip has {seconds} s and {frames} frames", daemon)
    # exactly, down to the tenth that is whole
    tenths = told["pre_got_ns"] // 10**8
    text = f"asked {PRE_S}.0 s, got {tenths // 10}.{tenths % 10} s"
    if said["clip"]["text"] != text or any(said["clip"][k] != told[k] for k in ("from", "to", "pre_got_ns")):
        fail(f"the incident states something else: {said['clip']} {told}", daemon)
    check_ranges(daemon, incident, fields["etag"], body)
    return seconds, frames


def check_ranges(daemon, incident, etag, body):
    middle = len(body) // 2
    for asked, want in ((f"bytes={middle}-{middle + 99}", body[middle:middle + 100]), ("bytes=-10", body[-10:])):
        status, fields, part = clip(daemon, incident, {"Range": asked})
        if status != 206 or part != want:
            fail(f"Range {asked}: {status} {fields}", daemon)
    status, _, _ = clip(daemon, incident, {"Range": f"bytes={len(body)}-"})
    if status != 416:
        fail(f"a range behind the end: {status}", daemon)
    status, _, _ = clip(daemon, incident, {"If-None-Match": etag})
    if status != 304:
        fail(f"If-None-Match with its ETag: {status}", daemon)


def check_verb(daemon, said):
    out = os.path.join(daemon.folder, "verb.mp4")
    daemon.verb("clip", "yard", "--from", said["clip"]["asked_from"], "--to", said["clip"]["asked_to"], "-o", out)
    seconds, _ = probe(out)
    if seconds < PRE_S + POST_S:
        fail(f"tocsin clip wrote {seconds} s", daemon)


def camera_of(daemon, incident):
    return daemon.get(f"/api/v1/incidents/{incident}")["cameras"][0]


def main():
    tocsin, server = sys.argv[1:]
    camera = Program(server, "viewer", "s3cret", ready=r"^port (\d+)$")
    daemon = Daemon(tocsin, SITE.replace("{camera}", camera.match.group(1)))
    daemon.verb("secret", "set", "cameras", "--file", "-", input="viewer:s3cret\n")
    daemon.start()
    panel = Panel(daemon.receiver, "1234")
    wait_for("the camera is up", lambda: daemon.items("/api/v1/cameras")[0]["state"] == "up", 20, daemon)
    wait_for("the pre-roll is recorded", lambda: recorded_s(daemon) >= PRE_S + 1, 30, daemon)
    panel.send("Nri1/BA12")
    opened = wait_for("an incident", lambda: daemon.items("/api/v1/incidents"), 5, daemon)
    incident = opened[0]["id"]
    wait_for("the clip grows", lambda: camera_of(daemon, incident)["clip"]["state"] == "recording", 10, daemon)
    check_growing(daemon, incident)
    panel.send("Nri1/BR12")
    wait_for("the clip is complete", lambda: camera_of(daemon, incident)["clip"]["state"] == "complete",
             POST_S + 15, daemon)
    said = camera_of(daemon, incident)
    seconds, frames = check_closed(daemon, incident, said)
    check_verb(daemon, said)
    phases = daemon.get(f"/api/v1/incidents/{incident}")["phases"]
    missing = [p for p in ("received", "durable", "correlated", "commanded", "confirmed") if not phases[p]]
    if missing:
        fail(f"the incident's phases lack {missing}: {phases}", daemon)
    daemon.stop()
    daemon.done()
    print(f"{said['clip']['text']}; {frames} frames in {seconds:.1f} s")


def recorded_s(daemon):
    import datetime
    now = datetime.datetime.now(datetime.timezone.utc)
    ago = (now - datetime.timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    spans = daemon.get(f"/api/v1/cameras/yard/timeline?from={ago}&to={now.strftime('%Y-%m-%dT%H:%M:%SZ')}")["spans"]
    total = 0
    for s in spans:
        begin, end = (datetime.datetime.fromisoformat(s[k].replace("Z", "+00:00")) for k in ("from", "to"))
        total += (end - begin).total_seconds()
    return total


main()
