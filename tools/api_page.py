#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of routes in docs/reference/api.md from src/web/routes.c; --check fails when it is not current."""
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SOURCE = os.path.join(TOP, "src/web/routes.c")
POLICIES = os.path.join(TOP, "src/web/routes.h")
PAGE = os.path.join(TOP, "docs/reference/api.md")
BEGIN, END = "<!-- routes -->\n", "<!-- end of routes -->\n"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def arguments(text, at):
    """The arguments of the macro call whose opening bracket is at AT."""
    parts, depth, quoted, start, i = [], 0, False, at + 1, at
    while True:
        c = text[i]
        if quoted:
            i += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "()":
            depth += 1 if c == "(" else -1
        if not quoted and ((c == "," and depth == 1) or depth == 0):
            parts.append(text[start:i].strip())
            start = i + 1
            if depth == 0:
                return parts
        i += 1


def string(expression):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', expression.replace("V ", '"/api/v1" ', 1)))


def params(expression, macros):
    named = []
    for m in re.finditer(r"\b(P|[A-Z_]+)\b(\()?", expression):
        if m.group(1) == "P" and m.group(2):
            p = arguments(expression, m.end(1))
            named.append((string(p[0]), p[1], p[3] == "true", p[6]))
        elif m.group(1) == "FILTER":
            named.append((string(arguments(expression, m.end(1))[0]), "QUERY", False, "NULL"))
        elif m.group(1) in macros:
            named += params(macros[m.group(1)], macros)
    return named


def table(text, policies):
    macros = {m.group(1): m.group(2) for m in re.finditer(
        r"#define (ID_NUMBER|ID_NAME|PAGE|SPAN|INTERVAL)\s+((?:.*\\\n)*.*)\n", text)}
    out = ["| route | who | parameters | answer | what |\n|---|---|---|---|---|\n"]
    body = text.split("routes[] = {", 1)[1]
    for m in re.finditer(r"\bROUTE\(", body):
        a = arguments(body, m.end() - 1)
        said = []
        for name, place, required, words in params(",".join(a[8:]), macros):
            if place == "PATH":
                continue
            text_of = f"`{name}`" + (" (" + string(words).replace("|", ", ") + ")" if words != "NULL" else "")
            said.append(text_of + ("" if required else "?"))
        out.append(f"| `{a[1]} {string(a[2])}` | {policies[a[3]]} | {', '.join(said)} | {a[5]}: {string(a[6])} | "
                   f"{string(a[7])} |\n")
    return "".join(out)


def main():
    policies = dict(re.findall(r'X\((\w+), "([^"]*)"\)', read(POLICIES)))
    page = read(PAGE)
    head, rest = page.split(BEGIN, 1)
    made = head + BEGIN + table(read(SOURCE), policies) + END + rest.split(END, 1)[1]
    if sys.argv[1:] == ["--check"]:
        if made != page:
            print("docs/reference/api.md is not current: run tools/api_page.py")
        return 0 if made == page else 1
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
