/* SPDX-License-Identifier: Apache-2.0 */
/* The form of site.yaml as one table: which keys there are, what each takes, where it goes in
 * struct site. Reading, the JSON Schema and the reference page are made from it. */
#pragma once

#include "config/tree.h"
#include "model/site.h"

struct cfg_reader;
struct cfg_object;

enum cfg_type {
    CFG_TEXT,       /* char[]; UTF-8 without controls */
    CFG_ACCOUNT,    /* char[SITE_ACCOUNT_BYTES] */
    CFG_TIMEZONE,   /* char[SITE_TIMEZONE_BYTES] */
    CFG_PATH,       /* char[SITE_PATH_BYTES] */
    CFG_ID,         /* char[SITE_ID_BYTES] */
    CFG_SECRET,     /* char[SITE_ID_BYTES]: the NAME of secret:NAME */
    CFG_DURATION,   /* int64_t ns, min..max */
    CFG_BYTES,      /* uint64_t, min..max */
    CFG_DISTANCE,   /* uint32_t mm */
    CFG_LISTEN,     /* struct site_addr */
    CFG_URL,        /* struct site_url */
    CFG_EVENT_TYPE, /* enum ev_type */
    CFG_NUMBER,     /* int64_t, min..max */
    CFG_WORD,       /* an enum, by words */
    CFG_WORDS,      /* uint32_t, words' values or-ed */
    CFG_ZONE,       /* uint32_t index; names a zone, and makes it when no other place does */
    CFG_OBJECT,     /* a struct inside: its keys */
    CFG_MAP,        /* names to objects, or to entries that put takes */
    CFG_LIST,       /* objects, or entries that put takes */
    CFG_WHEN,       /* struct rule: its pattern */
    CFG_LATER,      /* documented; not part of this version */
    CFG_TYPE_COUNT
};

struct cfg_word {
    const char *word;
    int value;
    bool later; /* documented; not part of this version */
};

/* Makes the element of a map or list that ENTRY stands for, in OWNER; *RET is the struct its keys
 * fill. On a fault reports it and leaves *RET NULL. TC_E_LIMIT: there are too many (reported by the
 * caller). */
typedef enum tc_err cfg_add_fn(struct cfg_reader *r, void *owner, const struct tree_node *entry,
                               void **ret);
/* Takes an entry that is no object: a text of a list, or a list behind a name. Errors as above. */
typedef enum tc_err cfg_put_fn(struct cfg_reader *r, void *owner, const struct tree_node *entry);

struct cfg_key {
    const char *name;
    enum cfg_type type;
    bool required;
    size_t offset, size; /* where in the struct, and the field's size */
    int64_t min, max;
    const char
        *fallback; /* what holds when it is not given, as it would be written; NULL for none */
    const char *example; /* for the fix of "missing", and for the schema */
    const char *help;    /* one sentence without a full stop */
    const struct cfg_word *words;
    size_t words_count;
    const struct cfg_object *object;
    cfg_add_fn *add;
    cfg_put_fn *put;
    const char *one;       /* CFG_WORDS: what one of them is called */
    bool one_or_list;      /* a list of one may be written without the list */
    const char *name_form; /* CFG_MAP: regular expression of its names, for the JSON Schema */
};

struct cfg_object {
    const char *what; /* "camera" */
    const struct cfg_key *keys;
    size_t keys_count;
};

extern const struct cfg_object cfg_root;

/* "a duration such as 10s", for messages. */
const char *cfg_type_takes(enum cfg_type type);
const struct cfg_key *cfg_key_find(const struct cfg_object *o, struct tc_slice name);
