/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events become the tree. libyaml reads the bytes; its words for what is wrong are put
 * into ours. */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/check.h"
#include "config/source.h"
#include "config/tree.h"
#include "config/words.h"

enum { BLOCK_BYTES = 32 * 1024 };

struct tree_block {
    struct tree_block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) uint8_t bytes[];
};

/* Zeroed memory that lives as long as the tree, or NULL. */
static void *tree_alloc(struct tree *t, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    struct tree_block *b = t->blocks;
    if (b == NULL || b->size - b->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        b = calloc(1, sizeof *b + room);
        if (b == NULL)
            return NULL;
        b->size = room;
        b->next = t->blocks;
        t->blocks = b;
    }
    void *at = b->bytes + b->used;
    b->used += size;
    return at;
}

void tree_done(struct tree *t)
{
    while (t->blocks != NULL) {
        struct tree_block *next = t->blocks->next;
        free(t->blocks);
        t->blocks = next;
    }
    *t = (struct tree){0};
}

struct reading {
    struct tree *tree;
    struct config_report *report;
    struct tree_node *open; /* the map or list being filled; NULL outside the document's content */
    struct tc_slice key;    /* of the next child, when OPEN is a map and has_key */
    struct config_place key_at;
    bool has_key;
    bool stop; /* an error was reported from which nothing sensible follows */
    unsigned documents;
};

static struct config_place place_of(const yaml_mark_t *start, const yaml_mark_t *end)
{
    return (struct config_place){(uint32_t)start->line + 1, (uint32_t)start->column + 1,
                                 (uint32_t)end->line + 1, (uint32_t)end->column + 1};
}

static struct config_diag *refuse(struct reading *r, const char *code, struct config_place at,
                                  const char *text, const char *fix)
{
    r->stop = true;
    struct config_diag *d = config_report_add(r->report, CONFIG_ERROR, code, at, "%s", text);
    tc_slice_to_str_cut(tc_slice_str(fix), d->fix, sizeof d->fix);
    return d;
}

static enum tc_err copy_text(struct tree *t, const yaml_event_t *e, struct tc_slice *ret)
{
    size_t len = e->data.scalar.length;
    uint8_t *bytes = tree_alloc(t, len + 1);
    if (bytes == NULL)
        return TC_E_NOMEM;
    memcpy(bytes, e->data.scalar.value, len);
    *ret = tc_slice(bytes, len);
    return TC_OK;
}

/* A new node as the next child of what is open, or as the root. NULL in *RET when it was refused.
 */
static enum tc_err add_node(struct reading *r, enum tree_kind kind, struct config_place at,
                            struct tree_node **ret)
{
    *ret = NULL;
    uint32_t depth = r->open == NULL ? 0 : r->open->depth + 1;
    if (depth > TREE_DEPTH_MAX || r->tree->nodes >= TREE_NODES_MAX) {
        (void)refuse(r, "too-large", at,
                     depth > TREE_DEPTH_MAX ? "more than 12 levels inside each other"
                                            : "more than 200000 values in one file",
                     "");
        return TC_OK;
    }
    struct tree_node *n = tree_alloc(r->tree, sizeof *n);
    if (n == NULL)
        return TC_E_NOMEM;
    *n = (struct tree_node){.kind = kind, .at = at, .parent = r->open, .depth = depth};
    r->tree->nodes++;
    if (r->has_key) {
        n->key = r->key;
        n->key_at = r->key_at;
        r->has_key = false;
    }
    if (r->open == NULL)
        r->tree->root = n;
    else if (r->open->last == NULL)
        r->open->first = n;
    else
        r->open->last->next = n;
    if (r->open != NULL) {
        r->open->last = n;
        r->open->count++;
    }
    *ret = n;
    return TC_OK;
}

static bool refused_extras(struct reading *r, struct config_place at, const yaml_char_t *anchor,
                           const yaml_char_t *tag)
{
    if (anchor != NULL)
        (void)refuse(r, "yaml-subset", at, "anchors (&name) are not used in this file",
                     "write the value at each place");
    else if (tag != NULL)
        (void)refuse(r, "yaml-subset", at, "type tags (!name) are not used in this file",
                     "remove the tag; a text that looks like a number may stand in quotes");
    return r->stop;
}

static enum tc_err on_scalar(struct reading *r, const yaml_event_t *e, struct config_place at)
{
    if (refused_extras(r, at, e->data.scalar.anchor, e->data.scalar.tag))
        return TC_OK;
    struct tc_slice text = {0};
    TC_TRY(copy_text(r->tree, e, &text));
    if (r->open != NULL && r->open->kind == TREE_MAP && !r->has_key) {
        r->key = text;
        r->key_at = at;
        r->has_key = true;
        return TC_OK;
    }
    struct tree_node *n = NULL;
    TC_TRY(add_node(r, TREE_TEXT, at, &n));
    if (n == NULL)
        return TC_OK;
    n->text = text;
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return TC_OK;
}

static enum tc_err on_start(struct reading *r, enum tree_kind kind, struct config_place at,
                            const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (refused_extras(r, at, anchor, tag))
        return TC_OK;
    if (r->open != NULL && r->open->kind == TREE_MAP && !r->has_key) {
        (void)refuse(r, "yaml-subset", at, "a key must be a text, not a list or a map",
                     "write `name: value`; a text that begins with { or [ needs quotes");
        return TC_OK;
    }
    struct tree_node *n = NULL;
    TC_TRY(add_node(r, kind, at, &n));
    if (n != NULL)
        r->open = n;
    return TC_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const struct tree_node *x = *(const struct tree_node *const *)a;
    const struct tree_node *y = *(const struct tree_node *const *)b;
    size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = len > 0 ? memcmp(x->key.ptr, y->key.ptr, len) : 0;
    if (order != 0)
        return order;
    if (x->key.len != y->key.len)
        return x->key.len < y->key.len ? -1 : 1;
    if (x->key_at.line != y->key_at.line)
        return x->key_at.line < y->key_at.line ? -1 : 1;
    return x->key_at.column < y->key_at.column ? -1 : 1;
}

static void unlink_child(struct tree_node *map, struct tree_node *child)
{
    struct tree_node *before = NULL;
    for (struct tree_node *n = map->first; n != child; n = n->next)
        before = n;
    TC_ASSERT(before != NULL); /* the first of two equal keys stays, so there is one before */
    before->next = child->next;
    if (map->last == child)
        map->last = before;
    map->count--;
}

/* A key that stands twice is an error; only the first is kept, so that nothing follows from the
 * second. */
static enum tc_err check_duplicates(struct reading *r, struct tree_node *map)
{
    if (map->count < 2)
        return TC_OK;
    size_t count = map->count;
    struct tree_node **sorted = calloc(count, sizeof *sorted);
    if (sorted == NULL)
        return TC_E_NOMEM;
    size_t used = 0;
    for (struct tree_node *n = map->first; n != NULL; n = n->next)
        sorted[used++] = n;
    qsort(sorted, count, sizeof *sorted, compare_keys);
    const struct tree_node *first = sorted[0];
    for (size_t i = 1; i < count; i++) {
        if (!tc_slice_eq(first->key, sorted[i]->key)) {
            first = sorted[i];
            continue;
        }
        struct config_diag *d =
            config_report_add(r->report, CONFIG_ERROR, "duplicate-key", sorted[i]->key_at,
                              "the key \"%s\" stands twice", config_shown(first->key).s);
        d->other = first->key_at;
        tree_path(sorted[i], d->path, sizeof d->path);
        if (config_word_is_secret(first->key))
            config_report_mask(r->report, sorted[i]->at);
        if (r->report->errors <= CONFIG_DIAGS_MAX)
            unlink_child(map, sorted[i]);
    }
    free(sorted);
    return TC_OK;
}

static enum tc_err on_end(struct reading *r, struct config_place at)
{
    struct tree_node *n = r->open;
    TC_ASSERT(n != NULL);
    n->at.end_line = at.end_line;
    n->at.end_column = at.end_column;
    r->open = n->parent;
    r->has_key = false;
    return n->kind == TREE_MAP ? check_duplicates(r, n) : TC_OK;
}

static enum tc_err on_event(struct reading *r, const yaml_event_t *e)
{
    struct config_place at = place_of(&e->start_mark, &e->end_mark);
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e, at);
    case YAML_MAPPING_START_EVENT:
        return on_start(r, TREE_MAP, at, e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(r, TREE_LIST, at, e->data.sequence_start.anchor,
                        e->data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return on_end(r, at);
    case YAML_ALIAS_EVENT:
        (void)refuse(r, "yaml-subset", at, "aliases (*name) are not used in this file",
                     "write the value at each place; a text that begins with * needs quotes");
        return TC_OK;
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > 1)
            (void)refuse(r, "yaml-subset", at, "a second document (---) in one file",
                         "remove the line");
        return TC_OK;
    default:
        return TC_OK;
    }
}

/* libyaml's words, and what a person should do. */
static const struct {
    const char *problem, *text, *fix;
} syntax_words[] = {
    {"found character that cannot start any token", "this character cannot begin a value",
     "indent with spaces, never with tabs; a text that begins with %, @ or ` needs quotes"},
    {"mapping values are not allowed in this context", "a \":\" where no key can stand",
     "put each key on a line of its own with the same indentation as its neighbours; a text that "
     "holds \": \" needs quotes"},
    {"did not find expected key", "a key was expected here",
     "give every key of one map the same indentation"},
    {"could not find expected ':'", "this line has no \":\"", "write `key: value`"},
    {"did not find expected ',' or '}'", "a \",\" or \"}\" was expected here",
     "close the { with a }, and put a comma between its entries"},
    {"did not find expected ',' or ']'", "a \",\" or \"]\" was expected here",
     "close the [ with a ], and put a comma between its entries"},
    {"found unexpected end of stream", "a quote is opened and not closed", "close the quote"},
    {"found unexpected ':'", "a \":\" where no key can stand",
     "a text inside { } or [ ] that ends in \":\" needs quotes"},
    {"found undefined tag handle", "type tags (!name) are not used in this file", "remove the tag"},
    {"did not find expected '-' indicator", "a list entry (-) was expected here",
     "give every \"-\" of one list the same indentation"},
    {"block sequence entries are not allowed in this context", "a list cannot begin here",
     "put the \"-\" on a line of its own"},
    {"did not find expected <document start>", "a second value beside the file's map",
     "give every key of the file the same indentation, at the start of its line"},
    {"did not find expected node content", "a value was expected here", ""},
    {"found unknown escape character", "an escape that YAML does not know",
     "write \\\\ for a backslash in double quotes, or use single quotes"},
};

/* The place lies inside the file: libyaml may stand one line behind its end. */
static struct config_place inside(struct tc_slice source, size_t line, size_t column)
{
    struct config_place at = {(uint32_t)line + 1, (uint32_t)column + 1, 0, 0};
    while (at.line > 1 && config_source_line(source, at.line).ptr == NULL)
        at = (struct config_place){at.line - 1, UINT32_MAX, 0, 0};
    struct tc_slice text = config_source_line(source, at.line);
    uint32_t columns = 1;
    for (size_t i = 0; i < text.len; i++)
        columns += (text.ptr[i] & 0xC0) != 0x80;
    at.column = at.column < columns ? at.column : columns;
    at.end_line = at.line;
    at.end_column = at.column + 1;
    return at;
}

static void on_syntax_error(struct reading *r, const yaml_parser_t *p, struct tc_slice source)
{
    const char *problem = p->problem == NULL ? "it cannot be read" : p->problem;
    const yaml_mark_t *mark = &p->problem_mark;
    if (strcmp(problem, "found unexpected end of stream") == 0 ||
        strcmp(problem, "could not find expected ':'") == 0)
        mark = &p->context_mark; /* where the quote or the key begins */
    struct config_place at = inside(source, mark->line, mark->column);
    for (size_t i = 0; i < TC_COUNT(syntax_words); i++) {
        if (strcmp(problem, syntax_words[i].problem) == 0) {
            struct config_diag *d =
                refuse(r, "yaml-syntax", at, syntax_words[i].text, syntax_words[i].fix);
            if (strncmp(problem, "did not find expected ','", 25) == 0)
                d->other = inside(source, p->context_mark.line, p->context_mark.column);
            return;
        }
    }
    r->stop = true;
    (void)config_report_add(r->report, CONFIG_ERROR, "yaml-syntax", at, "not valid YAML: %s",
                            problem);
}

static enum tc_err read_events(struct reading *r, yaml_parser_t *parser, struct tc_slice source)
{
    bool ended = false;
    while (!ended && !r->stop) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            if (parser->error == YAML_MEMORY_ERROR)
                return TC_E_NOMEM;
            on_syntax_error(r, parser, source);
            return TC_OK;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        enum tc_err err = on_event(r, &event);
        yaml_event_delete(&event);
        TC_TRY(err);
    }
    return TC_OK;
}

enum tc_err tree_read(struct tc_slice source, struct tree *ret, struct config_report *report)
{
    *ret = (struct tree){0};
    struct reading r = {.tree = ret, .report = report};
    const struct config_place whole = {0};
    if (source.len > TREE_BYTES_MAX) {
        (void)refuse(&r, "too-large", whole, "the file is larger than 2 MiB", "");
        return TC_OK;
    }
    if (!config_source_check(source, report))
        return TC_OK;
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return TC_E_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, source.len > 0 ? source.ptr : (const uint8_t *)"",
                                 source.len);
    enum tc_err err = read_events(&r, &parser, source);
    yaml_parser_delete(&parser);
    if (err == TC_OK && r.stop)
        ret->root = NULL;
    else if (err == TC_OK)
        report->is_yaml = true;
    return err;
}
