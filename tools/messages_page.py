#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference/messages.md from src/runtime/messages.h; --check fails when the page is not current."""
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SOURCE = os.path.join(TOP, "src/runtime/messages.h")
PAGE = os.path.join(TOP, "docs/reference/messages.md")

HEAD = """# Messages between the processes

Made by `tools/messages_page.py` from `src/runtime/messages.h`; do not edit.

A message is one SOCK_SEQPACKET datagram: a head (magic, version, type, sizes), a body of fixed size, a tail of
bytes, and descriptors where the row says so. `src/runtime/channel.c` refuses a message whose sender, sizes, number of
descriptors or texts are not as its row says: the link is closed, and the supervisor makes a new one when the process
that closed it asks. The supervisor kills a process that sends it such a message.

"""


def roles_of(expression, workers):
    if expression.strip() == "MSG_BY_WORKERS":
        return "every process"
    names = [n.lower() for n in re.findall(r"MSG_BY\((\w+)\)", expression)]
    return ", ".join("`%s`" % n for n in names) if set(names) != workers else "every process"


def split_arguments(text):
    parts, depth, at = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(text[at:i].strip())
            at = i + 1
    return parts + [text[at:].strip()]


def constants(text):
    values = {m.group(1): m.group(2) for m in re.finditer(r"\b(MSG_\w+) = (\d+),", text)}
    return lambda word: str(eval(re.sub(r"MSG_\w+", lambda m: values[m.group(0)], word), {"__builtins__": {}}))


def structs(text):
    """name -> (comment before it, its fields as written)"""
    found = {}
    for m in re.finditer(r"(?:/\*((?:[^*]|\*(?!/))*)\*/\n)?struct (msg_\w+) \{\n(.*?)\n\};", text, re.S):
        comment = " ".join(line.strip().lstrip("*").strip() for line in (m.group(1) or "").split("\n")).strip()
        found[m.group(2)] = (comment, m.group(3))
    return found


def rows(text):
    table = re.search(r"#define MSG_LIST\(X\)(.*?)\n\n", text, re.S).group(1).replace("\\\n", "\n")
    for m in re.finditer(r"/\*(.*?)\*/|X\(((?:[^()]|\([^()]*\))*)\)", table, re.S):
        yield ("title", m.group(1).strip()) if m.group(1) else ("row", split_arguments(" ".join(m.group(2).split())))


def page(text):
    number = constants(text)
    bodies = structs(text)
    workers = {n.lower() for n in re.findall(r"MSG_BY\((\w+)\)", text.split("MSG_BY_WORKERS", 1)[1].split("\n\n")[0])}
    out, used = [HEAD], []
    for what, row in rows(text):
        if what == "title":
            out.append(f"\n## {row[0].upper()}{row[1:]}\n\n"
                       "| message | no. | from | to | body | tail, at most | descriptors |\n"
                       "|---|---|---|---|---|---|---|\n")
            continue
        name, no, source, to, body, tail, fds = row
        linked = "" if body == "msg_none" else f"[`{body}`](#{body})"
        out.append(f"| `{name}` | {no} | {roles_of(source, workers)} | {roles_of(to, workers)} | {linked} | "
                   f"{number(tail)} | {number(fds)} |\n")
        if body not in used and body != "msg_none":
            used.append(body)
    out.append("\n## Bodies\n")
    for body in used:
        comment, fields = bodies[body]
        out.append(f"\n### {body}\n\n")
        if comment:
            out.append(comment[0].upper() + comment[1:] + ("" if comment[-1] in ".!?" else ".") + "\n\n")
        out.append("```c\n" + "\n".join(f[4:] if f.startswith("    ") else f for f in fields.split("\n")) + "\n```\n")
    return "".join(out)


def main():
    with open(SOURCE, encoding="utf-8") as f:
        made = page(f.read())
    if sys.argv[1:] == ["--check"]:
        try:
            with open(PAGE, encoding="utf-8") as f:
                current = f.read() == made
        except FileNotFoundError:
            current = False
        if not current:
            print("docs/reference/messages.md is not current: run tools/messages_page.py")
        return 0 if current else 1
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
