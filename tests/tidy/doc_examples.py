#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every whole site.yaml in README.md, docs/guide/ and examples/ passes `tocsin check`: doc_examples.py TOCSIN"""
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks():
    for path in [os.path.join(TOP, "README.md")] + sorted(glob.glob(os.path.join(TOP, "docs/guide/*.md"))):
        with open(path, encoding="utf-8") as f:
            for text in re.findall(r"```yaml\n(# site\.yaml\n.*?)```", f.read(), re.S):
                yield os.path.relpath(path, TOP), text
    for path in sorted(glob.glob(os.path.join(TOP, "examples/*.yaml"))):
        with open(path, encoding="utf-8") as f:
            yield os.path.relpath(path, TOP), f.read()


def main():
    checked = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        site = os.path.join(folder, "site.yaml")
        for source, text in blocks():
            with open(site, "w", encoding="utf-8") as f:
                f.write(text)
            done = subprocess.run([sys.argv[1], "check", site], capture_output=True, text=True, timeout=20, check=False)
            checked += 1
            if done.returncode != 0:
                bad += 1
                print(f"{source}:\n{done.stdout}{done.stderr}")
    print(f"{checked} checked, {bad} bad")
    return 0 if checked >= 4 and bad == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
