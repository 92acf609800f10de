#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the tree that no compiler knows: tidy.py [--root DIR] [RULE...]; without RULE all of them.

Each rule is a function that yields findings (path, line, name, value, text). A finding may be excused by a line
`rule path[:name] value` in tests/tidy/allow.txt; such a line must still be needed and exact, so the list can only
get shorter. CONTRIBUTING.md states the rules for people.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

LINE_MAX = 120
SCRIPT_LINE_MAX = 170  # markup
FUNCTION_MAX = 70
FILE_MAX = 1000
FILE_LONG = 600

Finding = collections.namedtuple("Finding", "path line name value text")

SPDX = "SPDX-License-Identifier: Apache-2.0"
SOURCE_ENDINGS = (".c", ".h", ".py", ".sh", ".cmake", ".ts", ".mjs", ".js", ".svelte", ".css")
SOURCE_NAMES = ("Makefile", "CMakeLists.txt")
CODE_ENDINGS = SOURCE_ENDINGS + (".in",)

BANNED = ("strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll atof sscanf gets system popen alloca "
          "rand srand random gmtime localtime ctime asctime mktemp tmpnam").split()
# What a pure room may take from outside the tree: nothing that reaches a socket, file, clock or log.
PURE_HEADERS = set("assert.h ctype.h errno.h inttypes.h limits.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h "
                   "string.h arpa/inet.h openssl/crypto.h openssl/evp.h yaml.h".split())
PURE_BANNED = ("printf puts fopen fread fwrite open openat read write socket connect send recv time clock_gettime "
               "gettimeofday getrandom getenv sleep usleep nanosleep fork exit").split()


class Tree:
    """The files under version control, read once."""

    def __init__(self, root):
        self.root = root
        names = ask_git(root)
        if names is None:  # a source archive, or no git
            names = walk(root)
        self.names = sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))
        self.texts = {}

    def text(self, name):
        if name not in self.texts:
            with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as f:
                self.texts[name] = f.read()
        return self.texts[name]

    def lines(self, name):
        return self.text(name).split("\n")

    def sources(self, *endings):
        return [n for n in self.names if not n.startswith("tests/golden/")
                and (n.endswith(endings or SOURCE_ENDINGS) or (not endings and os.path.basename(n) in SOURCE_NAMES))]


def ask_git(root):
    try:
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return [n for n in listed.stdout.decode().split("\0") if n] if listed.returncode == 0 else None


def walk(root):
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d not in ("node_modules", ".tools", ".git", "dist") and not d.startswith("build")]
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), root)


def blank_comments(text, strings=True):
    """The same text with comments (and string contents) as blanks, so that offsets and lines stay."""
    pattern = r'/\*.*?\*/|//[^\n]*' + (r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'' if strings else "")
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# --- the include law ------------------------------------------------------------------------------------------------

def read_law(tree):
    """The table of ARCHITECTURE.md between the marks `include law`: room -> (may include, is pure)."""
    if "ARCHITECTURE.md" not in tree.names:
        return {}
    text = tree.text("ARCHITECTURE.md")
    part = re.search(r"<!-- include law -->(.*?)<!-- end of include law -->", text, re.S)
    law = {}
    for row in (part.group(1) if part else "").split("\n"):
        cells = [c.strip() for c in row.strip().strip("|").split("|")]
        rooms = re.findall(r"`src/(\w+)/`", cells[0])
        if len(cells) != 4 or not rooms:
            continue
        for room in rooms:
            law[room] = (set(re.findall(r"`(\w+)`", cells[3])), cells[1] == "pure")
    return law


def rule_includes(tree):
    """What a room includes is what ARCHITECTURE.md's table of rooms allows."""
    law = read_law(tree)
    if not law:
        yield Finding("ARCHITECTURE.md", 1, "", 0, "has no table between `<!-- include law -->` marks")
        return
    rooms = {n.split("/")[1] for n in tree.sources(".c", ".h") if n.startswith("src/") and n.count("/") >= 2}
    for room in sorted(rooms - set(law)):
        yield Finding("ARCHITECTURE.md", 1, room, 0, f"the table of rooms has no row for src/{room}/")
    for room in sorted(set(law) - rooms):
        yield Finding("ARCHITECTURE.md", 1, room, 0, f"the table of rooms has a row for src/{room}/, which has no code")
    for name in tree.sources(".c", ".h"):
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3 or parts[1] not in law:
            continue
        may, pure = law[parts[1]]
        for number, line in enumerate(tree.lines(name), 1):
            ours = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            theirs = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if ours:
                to = ours.group(1).split("/")[0]
                if "/" not in ours.group(1):
                    yield Finding(name, number, ours.group(1), 0, f'write the room too: "{parts[1]}/{ours.group(1)}"')
                elif to != parts[1] and to not in may:
                    yield Finding(name, number, to, 0, f"src/{parts[1]}/ may not include src/{to}/ (ARCHITECTURE.md)")
            if theirs and pure and theirs.group(1) not in PURE_HEADERS:
                yield Finding(name, number, theirs.group(1), 0,
                              f"src/{parts[1]}/ is a pure room: <{theirs.group(1)}> is not among its headers")


# --- sizes ----------------------------------------------------------------------------------------------------------

def rule_function_length(tree):
    for name in tree.sources(".c", ".h"):
        start, title = None, ""
        lines = blank_comments(tree.text(name)).split("\n")
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
                head = next((b for b in reversed(lines[:number - 1]) if re.match(r"\w", b)), "")
                title = (re.search(r"(\w+)\s*\(", head) or re.search(r"(\w+)", head or "x")).group(1)
            elif line == "}" and start is not None:
                length = number - start - 1
                if length > FUNCTION_MAX:
                    yield Finding(name, start, title, length, f"{title} has {length} lines (at most {FUNCTION_MAX})")
                start = None


def rule_file_length(tree):
    for name in tree.sources():
        length = len(tree.lines(name)) - 1
        if length > FILE_MAX:
            yield Finding(name, 1, "", length, f"{length} lines (at most {FILE_MAX})")
        elif length > FILE_LONG:
            print(f"note: {name} has {length} lines: is it still one subject?")


def rule_line_length(tree):
    for name in tree.sources():
        most = SCRIPT_LINE_MAX if name.endswith((".ts", ".mjs", ".svelte", ".css")) else LINE_MAX
        for number, line in enumerate(tree.lines(name), 1):
            if len(line) > most:
                yield Finding(name, number, "", len(line), f"{len(line)} columns (at most {most})")


# --- words ----------------------------------------------------------------------------------------------------------

def calls(tree, name, banned):
    text = blank_comments(tree.text(name))
    for m in re.finditer(r"(?<![\w.>])(" + "|".join(banned) + r")\s*\(", text):
        line = text[text.rfind("\n", 0, m.start()) + 1:m.start()]
        if re.search(r"\b(define|struct|enum)\s*$", line):
            continue
        yield line_of(text, m.start()), m.group(1)


def rule_banned_calls(tree):
    """Calls with a better one in src/base, or with none at all in a daemon."""
    law = read_law(tree)
    for name in tree.sources(".c", ".h"):
        if not name.startswith("src/"):
            continue
        for line, call in calls(tree, name, BANNED):
            yield Finding(name, line, call, 0, f"{call}() is banned (CONTRIBUTING.md, rules of code)")
        room = name.split("/")[1] if name.startswith("src/") else ""
        if law.get(room, (set(), False))[1]:
            for line, call in calls(tree, name, PURE_BANNED):
                yield Finding(name, line, call, 0, f"{call}() in the pure room src/{room}/")


def rule_spdx(tree):
    for name in tree.sources():
        head = tree.lines(name)[:2]
        if SPDX not in head[0] and not (head[0].startswith("#!") and SPDX in head[1]):
            yield Finding(name, 1, "", 0, f"the first line must say {SPDX}")


def rule_todo(tree):
    """A note for later names its issue, as in `TODO(#12)`."""
    word = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
    for name in tree.sources():
        if name == "tests/tidy/tidy.py" or name == "tests/tidy/test_tidy.py":
            continue
        for number, line in enumerate(tree.lines(name), 1):
            m = word.search(line)
            if m:
                yield Finding(name, number, m.group(1), 0, f"{m.group(1)} without an issue: write {m.group(1)}(#N)")


def rule_header_comments(tree):
    """Every function of a room's public header stands in a paragraph with a comment."""
    declares = re.compile(r"^(?!_Static_assert)[A-Za-z_][^={}#]*?\b(\w+)\([^{}]*\)[^{};]*;", re.M)
    for name in tree.sources(".h"):
        if not name.startswith("src/") or re.search(r"(internal|impl)\w*\.h$", name):
            continue
        line = 1
        for paragraph in re.split(r"(\n\s*\n)", tree.text(name)):
            bare = blank_comments(paragraph)
            found = declares.search(bare)
            if found and "typedef" not in found.group(0) and "/*" not in paragraph:
                yield Finding(name, line + bare.count("\n", 0, found.start(1)), found.group(1), 0,
                              f"{found.group(1)} has no comment: what, units, who owns, errors")
            line += paragraph.count("\n")


# --- documents ------------------------------------------------------------------------------------------------------

def rule_links(tree):
    """A document's links and the source paths it names exist."""
    known = set(tree.names)
    folders = {os.path.dirname(n) for n in known}
    for folder in list(folders):
        while folder:
            folders.add(folder)
            folder = os.path.dirname(folder)
    for name in tree.sources(".md"):
        text = tree.text(name)
        for m in re.finditer(r"\]\(([^)\s]+)\)", text):
            target = m.group(1).split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(name), target))
            if path not in known and path not in folders:
                yield Finding(name, line_of(text, m.start()), target, 0, f"the link to {target} leads nowhere")
        for m in re.finditer(r"`((?:src|tests|tools|fuzz|bench|docs|examples|packaging|console)/[\w./-]*)`", text):
            path = m.group(1).rstrip("/")
            made = path.startswith("console/dist") or re.search(r"/(fz_)?[A-Z]{4,}", path)  # built, or a placeholder
            beside = os.path.normpath(os.path.join(os.path.dirname(name), path))
            if not made and all(p not in known and p not in folders for p in (path, beside)):
                yield Finding(name, line_of(text, m.start()), path, 0, f"there is no {m.group(1)}")


RULES = {
    "includes": rule_includes,
    "function-length": rule_function_length,
    "file-length": rule_file_length,
    "line-length": rule_line_length,
    "banned-calls": rule_banned_calls,
    "spdx": rule_spdx,
    "todo": rule_todo,
    "header-comments": rule_header_comments,
    "links": rule_links,
}


def read_allowed(tree):
    allowed = {}
    name = "tests/tidy/allow.txt"
    for number, line in enumerate(tree.lines(name) if name in tree.names else [], 1):
        words = line.split("#")[0].split()
        if words:
            allowed[(words[0], words[1])] = [int(words[2]) if len(words) > 2 else 0, number, False]
    return allowed


def judge(tree, rules):
    """Prints the findings that are not excused and the excuses that are not needed; returns how many."""
    allowed = read_allowed(tree)
    bad = 0
    for rule in rules:
        for f in RULES[rule](tree):
            excuse = allowed.get((rule, f"{f.path}:{f.name}" if f.name else f.path))
            if excuse and excuse[0] == f.value:
                excuse[2] = True
                continue
            bad += 1
            print(f"{f.path}:{f.line}: {rule}: {f.text}")
    for (rule, where), (value, number, used) in allowed.items():
        if rule in rules and not used:
            bad += 1
            print(f"tests/tidy/allow.txt:{number}: {rule} {where} {value} is not needed, or not exact: "
                  "take it out, or lower its number")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("rules", nargs="*", default=[])
    args = parser.parse_args()
    unknown = [r for r in args.rules if r not in RULES]
    if unknown:
        parser.error(f"no rule {unknown[0]}; there are {', '.join(RULES)}")
    bad = judge(Tree(os.path.abspath(args.root)), args.rules or list(RULES))
    if bad:
        print(f"{bad} finding{'s' if bad > 1 else ''}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
