#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is recorded stays, whatever is killed: with real processes, a real disk and a camera over RTSP.

usage: archive.py TOCSIN
1. archive is killed with SIGKILL while it records: its successor goes on from the ring, without a hole.
2. The whole daemon is killed: what was there plays up to a GOP and a sync before the end, the next run goes on.
3. The index is deleted: the next run makes it again from the files, and the same clip comes out.
"""
import glob
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

TOCSIN = sys.argv[1]
GOP_S, FPS = 1, 15


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Site:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tocsin-e2e-")
        os.chmod(self.folder, 0o755)
        self.camera_port = free_port()
        with open(f"{self.folder}/site.yaml", "w") as f:
            f.write(f'site: {{ id: test }}\nconsole: {{ listen: "127.0.0.1:{free_port()}" }}\n'
                    f'receivers:\n  - {{ protocol: sia-dc09, listen: "127.0.0.1:{free_port()}" }}\n'
                    "zones: { yard: {} }\ncameras:\n"
                    "  gate:\n    driver: rtsp\n    covers: { yard: {} }\n"
                    f'    url: "rtsp://127.0.0.1:{self.camera_port}/gate"\n')
        self.args = ["-c", f"{self.folder}/site.yaml", "--state", f"{self.folder}/state"]
        self.log = open(f"{self.folder}/log", "a+")
        self.camera = subprocess.Popen(
            [TOCSIN, "simulate", "camera", "gate", "--port", str(self.camera_port), "--fps", str(FPS),
             "--gop", str(GOP_S * FPS), "--bitrate", "1000"], stdout=self.log, stderr=self.log)

    def fail(self, text):
        with open(f"{self.folder}/log") as f:
            sys.exit(f"{text}\n{f.read()}")

    def await_archive(self, seen):
        """The pid of the archive process that became ready after byte SEEN of the log."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(f"{self.folder}/log") as f:
                f.seek(seen)
                found = re.findall(r"archive is ready \(pid (\d+)\)", f.read())
            if found:
                return int(found[-1])
            time.sleep(0.02)
        self.fail("archive does not become ready")

    def start(self):
        seen = os.path.getsize(f"{self.folder}/log")
        self.daemon = subprocess.Popen([TOCSIN, "run", *self.args], stdout=self.log, stderr=self.log)
        self.archive = self.await_archive(seen)

    def stop(self):
        self.daemon.terminate()
        try:
            self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.fail("the daemon does not stop")

    def kill_archive(self):
        seen = os.path.getsize(f"{self.folder}/log")
        os.kill(self.archive, signal.SIGKILL)
        self.archive = self.await_archive(seen)

    def kill_all(self):
        self.daemon.kill()
        self.daemon.wait()
        time.sleep(0.5)
        return time.time() - 0.5

    def rows(self):
        """(start, end, open) of every recording in the index, in seconds since 1970."""
        db = sqlite3.connect(f"file:{self.folder}/state/archive.db?mode=ro", uri=True)
        rows = db.execute("SELECT start_ns / 1e9, end_ns / 1e9, open FROM segment ORDER BY start_ns").fetchall()
        db.close()
        return rows

    def clip(self, begin, end):
        """Times of the pictures of a clip, from its beginning, as another program reads them."""
        path = f"{self.folder}/clip.mp4"
        done = subprocess.run([TOCSIN, "clip", "gate", "--from", f"@{begin:.3f}", "--to", f"@{end:.3f}", "-o", path,
                               *self.args], capture_output=True, text=True)
        if done.returncode != 0:
            self.fail(f"clip: exit {done.returncode}: {done.stderr}")
        if shutil.which("ffprobe") is None:
            return None, open(path, "rb").read()
        probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path],
                               capture_output=True, text=True)
        if probe.returncode != 0 or probe.stderr:
            self.fail(f"ffprobe: {probe.stderr}")
        return [float(x.strip(",")) for x in probe.stdout.split()], open(path, "rb").read()


def await_recording(site, seconds):
    """Until a recording of that length has been written."""
    begin = time.monotonic()
    while not glob.glob(f"{site.folder}/state/archive/gate/*/*/*/*/*.mp4"):
        if time.monotonic() - begin > 20:
            site.fail("nothing is recorded")
        time.sleep(0.1)
    time.sleep(seconds)


def check_no_hole(site, times, what):
    steps = [b - a for a, b in zip(times, times[1:])]
    if not steps or max(steps) > 0.4:
        site.fail(f"{what}: a hole of {max(steps, default=0):.2f} s")


def archive_killed(site):
    site.start()
    await_recording(site, 4)
    site.kill_archive()
    time.sleep(4)
    site.kill_archive()
    time.sleep(3)
    site.stop()
    rows = site.rows()
    if any(row[2] for row in rows) or len(rows) < 3:
        site.fail(f"not three closed recordings: {rows}")
    begin, end = rows[0][0], rows[-1][1]
    if end - begin < 10:
        site.fail(f"only {end - begin:.1f} s are recorded")
    times, _ = site.clip(begin, end + 1)
    if times is not None:
        check_no_hole(site, times, "archive was killed twice")
        if len(times) < (end - begin) * FPS * 0.95:
            site.fail(f"{len(times)} pictures in {end - begin:.1f} s")
    return begin, end


def daemon_killed(site):
    before = len(site.rows())
    site.start()
    time.sleep(6)
    killed_at = site.kill_all()
    site.start()
    time.sleep(4)
    site.stop()
    rows = site.rows()[before:]
    if any(row[2] for row in rows) or len(rows) < 2:
        site.fail(f"not two closed recordings: {rows}")
    ends = [end for _, end, _ in rows if end <= killed_at + 0.5]
    if not ends or killed_at - max(ends) > GOP_S + 1.5:
        site.fail(f"killed at {killed_at:.1f}, recorded to {max(ends, default=0):.1f}")
    times, _ = site.clip(rows[0][0], max(ends))
    if times is not None:
        check_no_hole(site, times, "before the daemon was killed")


def index_deleted(site, begin, end):
    before, clip = site.rows(), site.clip(begin, end)[1]
    for path in glob.glob(f"{site.folder}/state/archive.db*"):
        os.unlink(path)
    site.start()
    time.sleep(2)
    site.stop()
    rows = site.rows()
    if rows[:len(before)] != before:
        site.fail(f"the index made again differs: {before} {rows}")
    if site.clip(begin, end)[1] != clip:
        site.fail("the same clip has other bytes")


def main():
    site = Site()
    try:
        begin, end = archive_killed(site)
        daemon_killed(site)
        index_deleted(site, begin, end)
    finally:
        site.camera.terminate()
    shutil.rmtree(site.folder)
    print(f"{end - begin:.1f} s without a hole over two kills of archive; the rest as promised")


main()
