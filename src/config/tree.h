/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML text as a tree of maps, lists and texts in which every node knows its place.
 *
 * The subset: one document, keys are texts, no anchors, no aliases, no tags. Every plain or quoted
 * scalar is a text; what it means is the schema's business, so that `no`, 0123 and 1:30 are never
 * guessed at. Limits: TREE_BYTES_MAX of text, TREE_DEPTH_MAX levels, TREE_NODES_MAX nodes.
 * Ownership: the tree owns its nodes and their texts. */
#pragma once

#include "config/report.h"

enum {
    TREE_BYTES_MAX = 2 * 1024 * 1024,
    TREE_DEPTH_MAX = 12,
    TREE_NODES_MAX = 200000,
};

enum tree_kind { TREE_TEXT, TREE_MAP, TREE_LIST };

struct tree_node {
    enum tree_kind kind;
    bool plain;             /* a text without quotes */
    struct tc_slice text;   /* TREE_TEXT */
    struct config_place at; /* of a map or list in block style: its first character */
    struct tc_slice key;    /* when the parent is a map */
    struct config_place key_at;
    struct tree_node *parent, *next;
    struct tree_node *first, *last; /* children in the order of the file */
    uint32_t count;
    uint32_t depth; /* 0: the root */
};

struct tree {
    struct tree_node *root; /* NULL when the text is no YAML or holds nothing */
    struct tree_block *blocks;
    size_t nodes;
};

/* Reads SOURCE. What is wrong goes to REPORT (an unreadable text gives one error and no root; a key
 * that stands twice gives an error and the first is kept). TC_E_NOMEM or TC_OK. */
enum tc_err tree_read(struct tc_slice source, struct tree *ret,
                      struct config_report *report) TC_MUST_USE;
void tree_done(struct tree *t);

/* The map's entry with this key, or NULL. */
const struct tree_node *tree_find(const struct tree_node *map, const char *key);
/* A text without quotes and without characters: `key:` and nothing behind it, or ~, or null. */
bool tree_is_empty(const struct tree_node *node);
/* Where a message about the node's value points: the value, or its key when there is no value to
 * show. */
struct config_place tree_place(const struct tree_node *node);
/* "cameras.gate.url", "receivers[0].listen"; cut to SIZE. */
void tree_path(const struct tree_node *node, char *out, size_t size);
