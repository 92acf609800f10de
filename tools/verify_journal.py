#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves a stopped (or copied) journal.db without any part of Tocsin, from docs/reference/journal.md alone.

usage: verify_journal.py journal.db
Prints the number of records and the last hash (compare it with one kept elsewhere); exits 1 and names
the first record that is wrong.
"""
import hashlib
import sqlite3
import struct
import sys

HEADER = struct.Struct(">BHQqqIQH")
I64, TEXT, BYTES = 1, 2, 3


class Wrong(Exception):
    pass


def check_fields(body, at, count):
    last = 0
    for _ in range(count):
        if len(body) < at + 3:
            raise Wrong("ends inside a field")
        tag, kind = struct.unpack_from(">HB", body, at)
        at += 3
        if tag <= last:
            raise Wrong(f"field {tag} not in increasing order")
        last = tag
        if kind == I64:
            at += 8
        elif kind in (TEXT, BYTES):
            if len(body) < at + 4:
                raise Wrong("ends inside a field")
            (length,) = struct.unpack_from(">I", body, at)
            if length == 0:
                raise Wrong(f"field {tag} is empty")
            at += 4 + length
        else:
            raise Wrong(f"field {tag} of type {kind}")
        if at > len(body):
            raise Wrong("ends inside a field")
    if at != len(body):
        raise Wrong("bytes behind the last field")


def check_record(row, expected, chain):
    seq, kind, at, cause, body, stored = row
    if seq != expected:
        raise Wrong(f"missing, record {seq} is in its place")
    if len(body) < HEADER.size:
        raise Wrong("shorter than a header")
    version, b_kind, b_seq, b_at, _mono, _boot, b_cause, count = HEADER.unpack_from(body)
    if version != 1:
        raise Wrong(f"version {version}")
    if b_seq != seq:
        raise Wrong(f"says that it is record {b_seq}")
    if b_cause >= b_seq:
        raise Wrong("its cause comes later")
    if (b_kind, b_at, b_cause) != (kind, at, cause):
        raise Wrong("a column differs from its bytes")
    check_fields(body, HEADER.size, count)
    digest = hashlib.sha256(chain + body).digest()
    if digest != stored:
        raise Wrong("its hash does not follow from its bytes and the record before")
    return digest


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    chain, expected = bytes(32), 1
    query = "SELECT seq, kind, at, cause, body, hash FROM entry ORDER BY seq"
    try:
        for row in db.execute(query):
            chain = check_record(row, expected, chain)
            expected += 1
    except Wrong as wrong:
        print(f"record {expected}: {wrong}")
        return 1
    print(f"{expected - 1} records, last hash {chain.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
