/* SPDX-License-Identifier: Apache-2.0 */
/* The table as JSON Schema 2020-12, for editors. Sections that are documented but not part of this
 * version are left out, so that an editor marks them as `tocsin check` does. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json_out.h"
#include "config/config.h"
#include "config/schema.h"

#define ID_PATTERN "^[a-z0-9][a-z0-9_-]{0,47}$"

/* What a text of the type must match; NULL where the schema has no pattern for it. Wider than the
 * reader where a regular expression cannot say it (ranges of durations, dates, addresses). */
static const char *const patterns[CFG_TYPE_COUNT] = {
    [CFG_ACCOUNT] = "^[0-9A-Fa-f]{3,16}$",
    [CFG_TIMEZONE] = "^[A-Za-z0-9][A-Za-z0-9_+/-]*$",
    [CFG_PATH] = "^/",
    [CFG_ID] = ID_PATTERN,
    [CFG_SECRET] = "^secret:[a-z0-9][a-z0-9_-]{0,47}$",
    [CFG_DURATION] = "^(0|[0-9]+ *(us|ms|s|m|h|d))$",
    [CFG_BYTES] = "^(0|[0-9]+(\\.[0-9]{1,3})? *([KkMmGgTt]([Ii]?))?[Bb])$",
    [CFG_DISTANCE] = "^[0-9]+(\\.[0-9]{1,3})? *(m|cm|mm|ft)$",
    [CFG_LISTEN] = "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
    [CFG_URL] = "^[Rr][Tt][Ss][Pp][Ss]?://[^@/]+(/.*)?$",
    [CFG_ZONE] = ID_PATTERN,
};

static void add_object(struct tc_json *j, const struct cfg_object *o);

static void add_event_types(struct tc_json *j)
{
    tc_json_kv_str(j, "type", "string");
    tc_json_key(j, "enum");
    tc_json_arr(j);
    for (size_t i = 0; i < ev_type_count(); i++)
        tc_json_str(j, tc_slice_str(ev_type_name(ev_type_at(i))));
    tc_json_arr_end(j);
}

static void add_words(struct tc_json *j, const struct cfg_key *key)
{
    tc_json_key(j, "enum");
    tc_json_arr(j);
    for (size_t i = 0; i < key->words_count; i++) {
        if (!key->words[i].later)
            tc_json_str(j, tc_slice_str(key->words[i].word));
    }
    tc_json_arr_end(j);
}

static void add_text(struct tc_json *j, const struct cfg_key *key)
{
    /* YAML gives 1234 and 0 as numbers where the reader takes texts. */
    if (key->type == CFG_ACCOUNT || key->type == CFG_DURATION || key->type == CFG_BYTES) {
        tc_json_key(j, "type");
        tc_json_arr(j);
        tc_json_str(j, tc_slice_str("string"));
        tc_json_str(j, tc_slice_str("integer"));
        tc_json_arr_end(j);
    } else {
        tc_json_kv_str(j, "type", "string");
    }
    if (patterns[key->type] != NULL)
        tc_json_kv_str(j, "pattern", patterns[key->type]);
    if (key->type == CFG_TEXT) {
        tc_json_kv_u64(j, "minLength", 1);
        tc_json_kv_u64(j, "maxLength", key->size - 1);
    }
}

/* The form of what a list or a map with a putter holds. */
static void add_put_items(struct tc_json *j, const struct cfg_key *key)
{
    tc_json_obj(j);
    if (key->type == CFG_MAP) {
        tc_json_kv_str(j, "type", "array");
        tc_json_key(j, "items");
        tc_json_obj(j);
        tc_json_kv_str(j, "type", "string");
        tc_json_obj_end(j);
    } else {
        tc_json_kv_str(j, "type", "string");
    }
    tc_json_obj_end(j);
}

static void add_items(struct tc_json *j, const struct cfg_key *key)
{
    if (key->object == NULL) {
        add_put_items(j, key);
        return;
    }
    tc_json_obj(j);
    add_object(j, key->object);
    tc_json_obj_end(j);
}

static void add_list(struct tc_json *j, const struct cfg_key *key)
{
    if (key->one_or_list) {
        tc_json_key(j, "type");
        tc_json_arr(j);
        tc_json_str(j, tc_slice_str("array"));
        tc_json_str(j, tc_slice_str("string"));
        tc_json_arr_end(j);
    } else {
        tc_json_kv_str(j, "type", "array");
    }
    tc_json_key(j, "items");
    if (key->type != CFG_WORDS) {
        add_items(j, key);
        return;
    }
    tc_json_obj(j);
    add_words(j, key);
    tc_json_obj_end(j);
}

static void add_map(struct tc_json *j, const struct cfg_key *key)
{
    tc_json_key(j, "type");
    tc_json_arr(j);
    tc_json_str(j, tc_slice_str("object"));
    tc_json_str(j, tc_slice_str("null"));
    tc_json_arr_end(j);
    tc_json_kv_bool(j, "additionalProperties", false);
    tc_json_key(j, "patternProperties");
    tc_json_obj(j);
    tc_json_key(j, key->name_form);
    add_items(j, key);
    tc_json_obj_end(j);
}

static void add_form(struct tc_json *j, const struct cfg_key *key)
{
    switch (key->type) {
    case CFG_OBJECT:
        add_object(j, key->object);
        return;
    case CFG_MAP:
        add_map(j, key);
        return;
    case CFG_LIST:
    case CFG_WORDS:
        add_list(j, key);
        return;
    case CFG_WORD:
        add_words(j, key);
        return;
    case CFG_EVENT_TYPE:
        add_event_types(j);
        return;
    case CFG_NUMBER:
        tc_json_kv_str(j, "type", "integer");
        tc_json_kv_i64(j, "minimum", key->min);
        tc_json_kv_i64(j, "maximum", key->max);
        return;
    default:
        add_text(j, key);
        return;
    }
}

static void add_property(struct tc_json *j, const struct cfg_key *key)
{
    tc_json_key(j, key->name);
    tc_json_obj(j);
    tc_json_kv_str(j, "description", key->help);
    add_form(j, key);
    bool is_list = key->type == CFG_WORDS;
    if (key->fallback != NULL && is_list) {
        tc_json_key(j, "default");
        tc_json_arr(j);
        tc_json_str(j, tc_slice_str(key->fallback));
        tc_json_arr_end(j);
    } else if (key->fallback != NULL) {
        tc_json_kv_str(j, "default", key->fallback);
    }
    tc_json_obj_end(j);
}

static void add_object(struct tc_json *j, const struct cfg_object *o)
{
    bool needs = false;
    for (size_t i = 0; i < o->keys_count; i++)
        needs = needs || o->keys[i].required;
    if (needs) {
        tc_json_kv_str(j, "type", "object");
        tc_json_key(j, "required");
        tc_json_arr(j);
        for (size_t i = 0; i < o->keys_count; i++) {
            if (o->keys[i].required)
                tc_json_str(j, tc_slice_str(o->keys[i].name));
        }
        tc_json_arr_end(j);
    } else {
        tc_json_key(j, "type"); /* `gate:` with nothing behind it is an object without keys */
        tc_json_arr(j);
        tc_json_str(j, tc_slice_str("object"));
        tc_json_str(j, tc_slice_str("null"));
        tc_json_arr_end(j);
    }
    tc_json_kv_bool(j, "additionalProperties", false);
    tc_json_key(j, "properties");
    tc_json_obj(j);
    for (size_t i = 0; i < o->keys_count; i++) {
        if (o->keys[i].type != CFG_LATER)
            add_property(j, &o->keys[i]);
    }
    tc_json_obj_end(j);
}

void config_schema_json(struct tc_buf *out)
{
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    tc_json_kv_str(&j, "title", "site.yaml of tocsin " TOCSIN_VERSION);
    add_object(&j, &cfg_root);
    tc_json_obj_end(&j);
}
