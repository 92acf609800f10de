/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the tree along the table. What a value of a simple type must look like is in read_value.c,
 * what becomes of named things in read_things.c. */
#include "config/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/nearest.h"
#include "config/words.h"

TC_PRINTF(6, 0)
static struct config_diag *report_at(struct cfg_reader *r, enum config_severity severity,
                                     const struct tree_node *node, struct config_place at,
                                     const char *code, const char *fmt, va_list args)
{
    char text[sizeof((struct config_diag *)0)->text];
    (void)vsnprintf(text, sizeof text, fmt, args);
    struct config_diag *d = config_report_add(r->report, severity, code, at, "%s", text);
    tree_path(node, d->path, sizeof d->path);
    return d;
}

struct config_diag *cfg_report(struct cfg_reader *r, enum config_severity severity,
                               const struct tree_node *node, const char *code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct config_diag *d = report_at(r, severity, node, tree_place(node), code, fmt, args);
    va_end(args);
    return d;
}

struct config_diag *cfg_report_key(struct cfg_reader *r, enum config_severity severity,
                                   const struct tree_node *node, const char *code, const char *fmt,
                                   ...)
{
    va_list args;
    va_start(args, fmt);
    struct config_place at = node->key_at.line > 0 ? node->key_at : node->at;
    struct config_diag *d = report_at(r, severity, node, at, code, fmt, args);
    va_end(args);
    return d;
}

void cfg_fix(struct config_diag *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(d->fix, sizeof d->fix, fmt, args);
    va_end(args);
}

void cfg_near(struct config_diag *d, struct tc_slice name, const char *const *list, size_t count)
{
    const char *best = tc_nearest(name, list, count);
    if (best == NULL)
        return;
    tc_slice_to_str_cut(tc_slice_str(best), d->near, sizeof d->near);
    cfg_fix(d, "write \"%s\"", d->near);
}

/* What a message calls the thing that a map describes: camera "gate", the site, the third volume.
 */
static struct config_shown thing_name(const struct cfg_object *o, const struct tree_node *map)
{
    struct config_shown name = {{0}};
    bool named = map->parent != NULL && map->parent->parent != NULL && map->key.len > 0 &&
                 map->parent->kind == TREE_MAP && strcmp(o->what, "recording") != 0;
    if (named)
        (void)snprintf(name.s, sizeof name.s, "%s \"%.*s\"", o->what,
                       (int)(map->key.len < 48 ? map->key.len : 48), (const char *)map->key.ptr);
    else
        (void)snprintf(name.s, sizeof name.s, "the %s", o->what);
    return name;
}

static void list_known_keys(const struct cfg_object *o, struct config_diag *d)
{
    size_t used = (size_t)snprintf(d->fix, sizeof d->fix, "known here: ");
    bool first = true;
    for (size_t i = 0; i < o->keys_count; i++) {
        if (o->keys[i].type == CFG_LATER || used + 40 > sizeof d->fix)
            continue;
        used += (size_t)snprintf(d->fix + used, sizeof d->fix - used, "%s%s", first ? "" : ", ",
                                 o->keys[i].name);
        first = false;
    }
}

static void report_unknown_key(struct cfg_reader *r, const struct cfg_object *o,
                               const struct tree_node *child)
{
    const char *names[64];
    TC_ASSERT(o->keys_count <= TC_COUNT(names));
    for (size_t i = 0; i < o->keys_count; i++)
        names[i] = o->keys[i].name;
    struct config_diag *d =
        cfg_report_key(r, CONFIG_ERROR, child, "unknown-key", "unknown key \"%s\" in the %s",
                       config_shown(child->key).s, o->what);
    cfg_near(d, child->key, names, o->keys_count);
    if (d->near[0] == 0)
        list_known_keys(o, d);
    bool secret = config_word_is_secret(child->key) ||
                  (d->near[0] != 0 && config_word_is_secret(tc_slice_str(d->near)));
    if (secret)
        config_report_mask(r->report, child->at);
}

static void report_later(struct cfg_reader *r, const struct tree_node *child)
{
    struct config_diag *d = cfg_report_key(r, CONFIG_ERROR, child, "not-yet",
                                           "\"%s\" is documented but not part of this version",
                                           config_shown(child->key).s);
    cfg_fix(d, "remove it");
    if (config_word_is_secret(child->key) && !tc_slice_starts(child->text, "secret:"))
        config_report_mask(r->report, child->at);
}

/* Was the key written, but misspelt? That is reported already. */
static bool is_misspelt(const struct cfg_object *o, const struct cfg_key *key,
                        const struct tree_node *map)
{
    for (const struct tree_node *n = map->first; n != NULL; n = n->next) {
        if (cfg_key_find(o, n->key) == NULL && tc_nearest(n->key, &key->name, 1) != NULL)
            return true;
    }
    return false;
}

static void report_missing(struct cfg_reader *r, const struct cfg_object *o,
                           const struct cfg_key *key, const struct tree_node *map)
{
    if (is_misspelt(o, key, map))
        return;
    struct config_diag *d = cfg_report_key(r, CONFIG_ERROR, map, "missing-key", "%s has no \"%s\"",
                                           thing_name(o, map).s, key->name);
    cfg_fix(d, "add %s: %s", key->name, key->example);
    if (map->parent == NULL) /* the whole file has no key of its own to point at */
        d->at = (struct config_place){d->at.line, d->at.column, d->at.line, d->at.column + 1};
}

static void wrong_kind(struct cfg_reader *r, const struct tree_node *node, const char *takes)
{
    static const char *const kinds[] = {
        [TREE_TEXT] = "a text", [TREE_MAP] = "a map", [TREE_LIST] = "a list"};
    const char *got = kinds[node->kind];
    if (node->key.len > 0 && tree_is_empty(node))
        (void)cfg_report(r, CONFIG_ERROR, node, "no-value", "\"%s\" has no value; it takes %s",
                         config_shown(node->key).s, takes);
    else if (node->key.len > 0)
        (void)cfg_report(r, CONFIG_ERROR, node, "wrong-kind", "\"%s\" takes %s, not %s",
                         config_shown(node->key).s, takes, got);
    else
        (void)cfg_report(r, CONFIG_ERROR, node, "wrong-kind", "%s is needed here, not %s", takes,
                         got);
}

/* Reads one entry of a map or list. TC_E_LIMIT when it is one too many. */
static enum tc_err read_entry(struct cfg_reader *r, const struct cfg_key *key,
                              const struct tree_node *entry, void *owner)
{
    if (key->put != NULL)
        return key->put(r, owner, entry);
    if (entry->kind != TREE_MAP && !tree_is_empty(entry)) {
        wrong_kind(r, entry, "a map of keys");
        return TC_OK;
    }
    void *element = NULL;
    TC_TRY(key->add(r, owner, entry, &element));
    return element == NULL ? TC_OK : cfg_read_object(r, key->object, entry, element);
}

static enum tc_err read_entries(struct cfg_reader *r, const struct cfg_key *key,
                                const struct tree_node *node, void *owner)
{
    for (const struct tree_node *n = node->first; n != NULL; n = n->next) {
        enum tc_err err = read_entry(r, key, n, owner);
        if (err == TC_E_LIMIT) {
            (void)cfg_report_key(r, CONFIG_ERROR, n, "too-many",
                                 "this is one more than \"%s\" may have", key->name);
            return TC_OK;
        }
        TC_TRY(err);
    }
    return TC_OK;
}

static enum tc_err read_map(struct cfg_reader *r, const struct cfg_key *key,
                            const struct tree_node *node, void *owner)
{
    if (node->kind != TREE_MAP && !tree_is_empty(node)) {
        wrong_kind(r, node, "a map");
        return TC_OK;
    }
    return read_entries(r, key, node, owner);
}

static enum tc_err read_list(struct cfg_reader *r, const struct cfg_key *key,
                             const struct tree_node *node, void *owner)
{
    if (node->kind == TREE_TEXT && key->one_or_list && !tree_is_empty(node))
        return key->put(r, owner, node);
    if (node->kind != TREE_LIST) {
        wrong_kind(r, node, "a list");
        return TC_OK;
    }
    return read_entries(r, key, node, owner);
}

static enum tc_err read_words(struct cfg_reader *r, const struct cfg_key *key,
                              const struct tree_node *node, void *field)
{
    uint32_t bits = 0;
    const struct tree_node *n = node->kind == TREE_LIST ? node->first : node;
    for (; n != NULL; n = node->kind == TREE_LIST ? n->next : NULL) {
        struct cfg_key one = *key;
        int value = 0;
        one.type = CFG_WORD;
        one.name = key->one;
        one.size = sizeof value;
        TC_TRY(cfg_read_value(r, &one, n, &value));
        bits |= (uint32_t)value;
    }
    if (bits != 0)
        memcpy(field, &bits, sizeof bits);
    else if (node->kind == TREE_LIST && node->count == 0)
        (void)cfg_report(r, CONFIG_ERROR, node, "bad-value", "\"%s\" needs at least one word",
                         key->name);
    return TC_OK;
}

static enum tc_err read_key(struct cfg_reader *r, const struct cfg_key *key,
                            const struct tree_node *node, void *base)
{
    void *field = (uint8_t *)base + key->offset;
    switch (key->type) {
    case CFG_OBJECT:
        if (node->kind == TREE_MAP || tree_is_empty(node))
            return cfg_read_object(r, key->object, node, field);
        wrong_kind(r, node, "a map of keys");
        return TC_OK;
    case CFG_MAP:
        return read_map(r, key, node, base);
    case CFG_LIST:
        return read_list(r, key, node, base);
    case CFG_LATER:
        report_later(r, node);
        return TC_OK;
    default:
        break;
    }
    if (key->type == CFG_WORDS && node->kind != TREE_MAP)
        return read_words(r, key, node, field);
    if (node->kind != TREE_TEXT || tree_is_empty(node)) {
        if (key->type == CFG_SECRET)
            config_report_mask(r->report, node->at);
        wrong_kind(r, node, cfg_type_takes(key->type));
        return TC_OK;
    }
    if (key->type == CFG_WHEN)
        return cfg_read_when(r, node, base);
    return cfg_read_value(r, key, node, field);
}

enum tc_err cfg_read_object(struct cfg_reader *r, const struct cfg_object *o,
                            const struct tree_node *map, void *base)
{
    for (const struct tree_node *n = map->first; n != NULL; n = n->next) {
        if (cfg_key_find(o, n->key) == NULL)
            report_unknown_key(r, o, n);
    }
    for (size_t i = 0; i < o->keys_count; i++) {
        const struct cfg_key *key = &o->keys[i];
        const struct tree_node *child = tree_find(map, key->name);
        if (child != NULL)
            TC_TRY(read_key(r, key, child, base));
        else if (key->required)
            report_missing(r, o, key, map);
    }
    return TC_OK;
}
