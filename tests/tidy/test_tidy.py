#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tidiness rules against small trees: each must find what it is for, and nothing in a clean tree."""
import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n"
LAW = """<!-- include law -->
| room | kind | what | includes |
|---|---|---|---|
| `src/base/` | pure | words | |
| `src/proto/` | pure | codecs | `base` |
| `src/web/` `src/core/` | process | | `base` `proto` |
<!-- end of include law -->
"""
CLEAN = {
    "ARCHITECTURE.md": LAW,
    "src/base/a.h": HEAD + "/* What it does. */\nint a_make(int x);\n",
    "src/proto/p.c": HEAD + '#include <string.h>\n#include "base/a.h"\n',
    "src/web/w.c": HEAD + '#include <sys/socket.h>\n#include "proto/p.h"\n',
    "src/core/c.c": HEAD + "int f(void)\n{\n    return 1; /* strcpy(a, b) is only a word here */\n}\n",
}


class Rules(unittest.TestCase):
    def judge(self, changes, rule):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**CLEAN, **changes}.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                bad = tidy.judge(tidy.Tree(root), [rule])
            return bad, said.getvalue()

    def finds(self, changes, rule, word, count=1):
        bad, said = self.judge(changes, rule)
        self.assertEqual(bad, count, said)
        self.assertIn(word, said)

    def test_clean_tree__every_rule__finds_nothing(self):
        for rule in tidy.RULES:
            bad, said = self.judge({}, rule)
            self.assertEqual(bad, 0, f"{rule}: {said}")

    def test_includes__forbidden__found(self):
        self.finds({"src/proto/p.c": HEAD + '#include "web/w.h"\n'}, "includes", "src/proto/p.c:2")
        self.finds({"src/web/w.c": HEAD + '#include "core/c.h"\n'}, "includes", "may not include src/core/")
        self.finds({"src/web/w.c": HEAD + '#include "w.h"\n'}, "includes", "write the room too")
        self.finds({"src/proto/p.c": HEAD + "#include <sys/socket.h>\n"}, "includes", "pure room")
        self.finds({"src/more/m.c": HEAD}, "includes", "no row for src/more/")
        self.finds({"ARCHITECTURE.md": ""}, "includes", "no table")
        self.finds({"ARCHITECTURE.md": LAW.replace("`src/core/`", "`src/core/` `src/gone/`")}, "includes", "src/gone/")

    def test_lengths__too_long__found(self):
        body = "    x++;\n" * (tidy.FUNCTION_MAX + 1)
        long = {"src/core/c.c": HEAD + "static int\nlong_one(int x)\n{\n" + body + "}\n"}
        self.finds(long, "function-length", "long_one has 71 lines")
        self.finds({"src/core/c.c": HEAD + "\n" * tidy.FILE_MAX}, "file-length", "1001 lines")
        self.finds({"src/core/c.c": HEAD + "x" * 121 + "\n"}, "line-length", "121 columns")

    def test_words__banned__found(self):
        self.finds({"src/core/c.c": HEAD + "  strcpy(a, b);\n"}, "banned-calls", "strcpy")
        self.finds({"src/proto/p.c": HEAD + "  printf(a);\n"}, "banned-calls", "pure room src/proto/")
        self.finds({"src/core/c.c": HEAD + "  snprintf(a); p->system(1); \"gets(x)\";\n"}, "banned-calls", "", 0)
        self.finds({"src/core/c.c": "int x;\n"}, "spdx", "first line")
        self.finds({"src/core/c.c": HEAD + "/* TODO later */\n"}, "todo", "without an issue")
        self.finds({"src/core/c.c": HEAD + "/* TODO(#12) later */\n"}, "todo", "", 0)

    def test_headers__without_comment__found(self):
        self.finds({"src/base/a.h": HEAD + "\nint a_make(int x);\n"}, "header-comments", "a_make")

    def test_links__broken__found(self):
        self.finds({"README.md": "[x](docs/none.md)\n"}, "links", "docs/none.md")
        self.finds({"README.md": "see `src/web/none.c`\n"}, "links", "src/web/none.c")
        self.finds({"README.md": "[x](src/web/w.c) `src/web/` [y](https://example.com)\n"}, "links", "", 0)

    def test_allow_list__exact_or_refused(self):
        long = {"src/core/c.c": HEAD + "x" * 121 + "\n"}
        allow = "line-length src/core/c.c %d\n"
        self.finds({**long, "tests/tidy/allow.txt": allow % 121}, "line-length", "", 0)
        self.finds({**long, "tests/tidy/allow.txt": allow % 125}, "line-length", "not exact", 2)
        self.finds({"tests/tidy/allow.txt": allow % 121}, "line-length", "not needed")


if __name__ == "__main__":
    unittest.main()
