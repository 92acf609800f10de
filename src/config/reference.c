/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/configuration.md from the table, so that the page cannot say less or more than the
 * reader takes. */
#include <stdio.h>

#include "config/config.h"
#include "config/schema.h"

static const char *kind_of(const struct cfg_key *key)
{
    switch (key->type) {
    case CFG_MAP:
        return key->object != NULL ? "map of names" : "map of names to lists";
    case CFG_LIST:
        return key->one_or_list ? "list, or one text" : "list";
    case CFG_OBJECT:
        return "map of keys";
    case CFG_WORD:
    case CFG_WORDS:
        return NULL;
    default:
        return cfg_type_takes(key->type);
    }
}

static void add_words(struct tc_buf *out, const struct cfg_key *key)
{
    tc_buf_add_str(out, key->type == CFG_WORDS ? "list of " : "");
    bool first = true;
    for (size_t i = 0; i < key->words_count; i++) {
        if (key->words[i].later)
            continue;
        tc_buf_add_fmt(out, "%s`%s`", first ? "" : ", ", key->words[i].word);
        first = false;
    }
}

/* The sentence with its "|" escaped for a table's cell. */
static void add_cell(struct tc_buf *out, const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        if (*c == '|')
            tc_buf_add_u8(out, '\\');
        tc_buf_add_u8(out, (uint8_t)*c);
    }
}

static void add_range(struct tc_buf *out, const struct cfg_key *key)
{
    char low[TC_TIME_TEXT_BYTES];
    char high[TC_TIME_TEXT_BYTES];
    if (key->type == CFG_DURATION)
        tc_buf_add_fmt(out, ", %s to %s", tc_duration_format(key->min, low),
                       tc_duration_format(key->max, high));
    else if (key->type == CFG_TEXT)
        tc_buf_add_fmt(out, " of at most %zu bytes", key->size - 1);
}

static void add_row(struct tc_buf *out, const struct cfg_key *key)
{
    tc_buf_add_fmt(out, "| `%s`%s | ", key->name, key->required ? ", required" : "");
    const char *kind = kind_of(key);
    if (kind == NULL)
        add_words(out, key);
    else
        add_cell(out, kind);
    add_range(out, key);
    tc_buf_add_fmt(out, " | %s%s%s | ", key->fallback == NULL ? "" : "`",
                   key->fallback == NULL ? "" : key->fallback, key->fallback == NULL ? "" : "`");
    add_cell(out, key->help);
    tc_buf_add_str(out, " |\n");
}

static void add_object(struct tc_buf *out, const struct cfg_object *o, const char *path)
{
    tc_buf_add_fmt(out, "\n## %s\n\n| key | takes | default | meaning |\n|---|---|---|---|\n",
                   path);
    for (size_t i = 0; i < o->keys_count; i++) {
        if (o->keys[i].type != CFG_LATER)
            add_row(out, &o->keys[i]);
    }
    bool any = false;
    for (size_t i = 0; i < o->keys_count; i++) {
        if (o->keys[i].type != CFG_LATER)
            continue;
        tc_buf_add_fmt(out, "%s`%s`",
                       any ? ", " : "\nDocumented, not part of this version: ", o->keys[i].name);
        any = true;
    }
    tc_buf_add_str(out, any ? "\n" : "");
    for (size_t i = 0; i < o->keys_count; i++) {
        const struct cfg_key *key = &o->keys[i];
        char deeper[128];
        if (key->object == NULL)
            continue;
        (void)snprintf(deeper, sizeof deeper, "%s%s%s%s", o == &cfg_root ? "" : path,
                       o == &cfg_root ? "" : ".", key->name,
                       key->type == CFG_MAP    ? ".NAME"
                       : key->type == CFG_LIST ? "[]"
                                               : "");
        add_object(out, key->object, deeper);
    }
}

static const char page_start[] =
    "# site.yaml\n"
    "\n"
    "The one file that says what a site is. This page is made from the table that reads the file\n"
    "(`src/config/schema.c`); `tocsin check` reports everything that is wrong with a file at "
    "once,\n"
    "and `tocsin schema` prints the same table as JSON Schema for editors. Worked examples:\n"
    "`examples/minimal.yaml`, `examples/warehouse.yaml`.\n"
    "\n"
    "## Form\n"
    "\n"
    "YAML in UTF-8, one map, at most 2 MiB. Every value is a text whose key says how it is read, "
    "so\n"
    "`no` and `0123` are what they look like; quotes are needed where YAML needs them. Not used:\n"
    "anchors, aliases, tags, a second document. A key that stands twice is an error.\n"
    "\n"
    "- **ids** (what a map of names calls its entries) have 1 to 48 of `a-z 0-9 - _`, the first a\n"
    "  letter or digit;\n"
    "- **durations** have a unit: `50ms`, `10s`, `5m`, `2h`, `30d`;\n"
    "- **sizes** have a unit: `500 MB`, `50 GB`, `2 TB` (thousands), `2 GiB` (1024);\n"
    "- **distances** have a unit: `12m`, `80 cm`, `350 mm`, `40 ft`;\n"
    "- **secrets** are references, `secret:NAME`, to what `tocsin secret set NAME` stored. A "
    "camera's\n"
    "  is `user:password` in one line. A password in the file is an error, and no message shows "
    "it.\n"
    "\n"
    "A **zone** is there as soon as `zones`, an area or a point names it; what only refers to one\n"
    "(`covers`, `adjacent`, rules) must name one that is there. A name that looks like a "
    "misspelling\n"
    "of another is an error until `zones` lists it.\n"
    "\n"
    "## Rules\n"
    "\n"
    "```\n"
    "when    = pattern [ \"in\" ( \"zone:\" ID | \"area:\" ID ) ]\n"
    "pattern = \"*\" | CLASS \".*\" | TYPE              intrusion.*   fire.smoke\n"
    "action  = \"record\" [ \"full\" ] [ \"for\" DURATION ]     1s to 24h\n"
    "        | \"bookmark\"\n"
    "        | \"notify\" ( \"role:\" ROLE | USER )\n"
    "```\n";

void config_reference_md(struct tc_buf *out)
{
    tc_buf_add_str(out, page_start);
    add_object(out, &cfg_root, "The file");
}
