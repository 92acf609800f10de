/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "config/words.h"

const struct tree_node *tree_find(const struct tree_node *map, const char *key)
{
    for (const struct tree_node *n = map->first; n != NULL; n = n->next) {
        if (tc_slice_is(n->key, key))
            return n;
    }
    return NULL;
}

bool tree_is_empty(const struct tree_node *node)
{
    return node->kind == TREE_TEXT && node->plain &&
           (node->text.len == 0 || tc_slice_is(node->text, "~") || tc_slice_is(node->text, "null"));
}

struct config_place tree_place(const struct tree_node *node)
{
    bool block = node->kind != TREE_TEXT && node->at.line != node->key_at.line;
    bool no_text = node->kind == TREE_TEXT && node->plain && node->text.len == 0;
    return node->key_at.line > 0 && (block || no_text) ? node->key_at : node->at;
}

static size_t position_in_parent(const struct tree_node *node)
{
    size_t position = 0;
    for (const struct tree_node *n = node->parent->first; n != node; n = n->next)
        position++;
    return position;
}

void tree_path(const struct tree_node *node, char *out, size_t size)
{
    const struct tree_node *chain[TREE_DEPTH_MAX + 1];
    size_t count = 0;
    for (; node->parent != NULL; node = node->parent) {
        TC_ASSERT(count < TC_COUNT(chain));
        chain[count++] = node;
    }
    out[0] = 0;
    size_t used = 0;
    while (count > 0 && used + 1 < size) {
        node = chain[--count];
        int len = 0;
        if (node->parent->kind == TREE_LIST)
            len = snprintf(out + used, size - used, "[%zu]", position_in_parent(node));
        else
            len = snprintf(out + used, size - used, "%s%s", used > 0 ? "." : "",
                           config_shown(node->key).s);
        used += len > 0 ? (size_t)len : 0;
    }
}
