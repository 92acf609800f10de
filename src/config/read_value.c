/* SPDX-License-Identifier: Apache-2.0 */
/* One text of the file into one field: a row for each simple type. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/nearest.h"
#include "config/read.h"
#include "config/value.h"
#include "config/words.h"

typedef enum tc_err read_fn(struct cfg_reader *r, const struct cfg_key *key,
                            const struct tree_node *node, void *field);

/* The usual message for a value that is not of its type's form. */
static struct config_diag *bad_value(struct cfg_reader *r, const struct cfg_key *key,
                                     const struct tree_node *node)
{
    return cfg_report(r, CONFIG_ERROR, node, "bad-value", "\"%s\" takes %s, not \"%s\"", key->name,
                      cfg_type_takes(key->type), config_shown(node->text).s);
}

static enum tc_err read_text(struct cfg_reader *r, const struct cfg_key *key,
                             const struct tree_node *node, void *field)
{
    for (size_t i = 0; i < node->text.len; i++) {
        if (node->text.ptr[i] >= 32 && node->text.ptr[i] != 127)
            continue;
        (void)cfg_report(r, CONFIG_ERROR, node, "bad-value",
                         "\"%s\" holds a line break or a control character", key->name);
        return TC_OK;
    }
    if (node->text.len == 0)
        (void)cfg_report(r, CONFIG_ERROR, node, "bad-value", "\"%s\" is empty", key->name);
    else if (tc_slice_to_str(node->text, field, key->size) != TC_OK)
        (void)cfg_report(r, CONFIG_ERROR, node, "too-long", "\"%s\" has %zu bytes; it may have %zu",
                         key->name, node->text.len, key->size - 1);
    return TC_OK;
}

bool cfg_id_ok(struct cfg_reader *r, const struct tree_node *node, struct tc_slice id, bool at_key,
               const char *what)
{
    if (site_id_valid(id))
        return true;
    struct config_diag *d = (at_key ? cfg_report_key : cfg_report)(
        r, CONFIG_ERROR, node, "bad-id", "\"%s\" cannot be the id of a %s", config_shown(id).s,
        what);
    char better[SITE_ID_BYTES];
    size_t used = 0;
    for (size_t i = 0; i < id.len && used + 1 < sizeof better; i++) {
        uint8_t c = id.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + 32);
        better[used++] = (char)(c == ' ' || c == '.' ? '-' : c);
    }
    better[used] = 0;
    if (id.len >= SITE_ID_BYTES)
        cfg_fix(d, "an id has at most 48 characters");
    else if (site_id_valid(tc_slice_str(better)))
        cfg_fix(d, "write \"%s\": small letters, digits, - and _, beginning with a letter or digit",
                better);
    else
        cfg_fix(d, "use small letters a-z, digits, - and _, beginning with a letter or digit");
    return false;
}

static enum tc_err read_id(struct cfg_reader *r, const struct cfg_key *key,
                           const struct tree_node *node, void *field)
{
    if (cfg_id_ok(r, node, node->text, false, "site"))
        return read_text(r, key, node, field);
    return TC_OK;
}

static enum tc_err read_account(struct cfg_reader *r, const struct cfg_key *key,
                                const struct tree_node *node, void *field)
{
    if (!site_account_valid(node->text)) {
        (void)bad_value(r, key, node);
        return TC_OK;
    }
    TC_TRY(read_text(r, key, node, field));
    for (char *c = field; *c != 0; c++) {
        if (*c >= 'a' && *c <= 'f')
            *c = (char)(*c - 32);
    }
    return TC_OK;
}

static enum tc_err read_timezone(struct cfg_reader *r, const struct cfg_key *key,
                                 const struct tree_node *node, void *field)
{
    if (value_timezone_ok(node->text))
        return read_text(r, key, node, field);
    (void)bad_value(r, key, node);
    return TC_OK;
}

static enum tc_err read_path(struct cfg_reader *r, const struct cfg_key *key,
                             const struct tree_node *node, void *field)
{
    if (value_path_ok(node->text))
        return read_text(r, key, node, field);
    struct config_diag *d = bad_value(r, key, node);
    cfg_fix(d, "begin with /, without . or .. parts and without a / at the end");
    return TC_OK;
}

/* A secret written in the open, also behind "secret:", is hidden in every line that any message
 * shows. */
static enum tc_err read_secret(struct cfg_reader *r, const struct cfg_key *key,
                               const struct tree_node *node, void *field)
{
    struct tc_slice name = tc_slice_sub(node->text, 7, node->text.len);
    bool reference = tc_slice_starts(node->text, "secret:");
    if (reference && site_id_valid(name))
        return tc_slice_to_str(name, field, key->size);
    config_report_mask(r->report, node->at);
    if (reference) {
        struct config_diag *d =
            cfg_report(r, CONFIG_ERROR, node, "bad-id",
                       "what \"%s\" holds behind secret: cannot be a name", key->name);
        cfg_fix(d, "use small letters a-z, digits, - and _, beginning with a letter or digit");
        return TC_OK;
    }
    struct config_diag *d =
        cfg_report(r, CONFIG_ERROR, node, "secret-in-file",
                   "\"%s\" takes the name of a secret, never the secret itself", key->name);
    cfg_fix(
        d,
        "store it with `tocsin secret set NAME`, write %s: secret:NAME, and change the password "
        "if this file was shared",
        key->name);
    return TC_OK;
}

static enum tc_err out_of_range(struct cfg_reader *r, const struct cfg_key *key,
                                const struct tree_node *node, const char *low, const char *high)
{
    (void)cfg_report(r, CONFIG_ERROR, node, "out-of-range", "\"%s\" takes %s to %s, not \"%s\"",
                     key->name, low, high, config_shown(node->text).s);
    return TC_OK;
}

static enum tc_err read_duration(struct cfg_reader *r, const struct cfg_key *key,
                                 const struct tree_node *node, void *field)
{
    int64_t ns = 0;
    enum tc_err err = tc_duration_parse(node->text, &ns);
    if (err == TC_E_FORMAT) {
        struct config_diag *d = bad_value(r, key, node);
        uint64_t number = 0;
        if (tc_slice_u64(node->text, INT64_MAX, &number) == TC_OK)
            cfg_fix(d, "write the unit: %llus, %llum, %lluh or %llud", (unsigned long long)number,
                    (unsigned long long)number, (unsigned long long)number,
                    (unsigned long long)number);
        return TC_OK;
    }
    if (err != TC_OK || ns < key->min || ns > key->max) {
        char low[TC_TIME_TEXT_BYTES];
        char high[TC_TIME_TEXT_BYTES];
        return out_of_range(r, key, node, tc_duration_format(key->min, low),
                            tc_duration_format(key->max, high));
    }
    memcpy(field, &ns, sizeof ns);
    return TC_OK;
}

static struct config_shown bytes_text(int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes != 0 && bytes % 1000 == 0 && unit + 1 < TC_COUNT(units)) {
        bytes /= 1000;
        unit++;
    }
    struct config_shown text;
    (void)snprintf(text.s, sizeof text.s, "%lld %s", (long long)bytes, units[unit]);
    return text;
}

static enum tc_err read_bytes(struct cfg_reader *r, const struct cfg_key *key,
                              const struct tree_node *node, void *field)
{
    uint64_t bytes = 0;
    enum tc_err err = value_bytes(node->text, &bytes);
    if (err == TC_E_FORMAT) {
        struct config_diag *d = bad_value(r, key, node);
        uint64_t number = 0;
        if (tc_slice_u64(node->text, INT64_MAX, &number) == TC_OK)
            cfg_fix(d, "write the unit: %llu MB, %llu GB or %llu TB", (unsigned long long)number,
                    (unsigned long long)number, (unsigned long long)number);
        return TC_OK;
    }
    if (err != TC_OK || bytes < (uint64_t)key->min || bytes > (uint64_t)key->max) {
        return out_of_range(r, key, node, bytes_text(key->min).s, bytes_text(key->max).s);
    }
    memcpy(field, &bytes, sizeof bytes);
    return TC_OK;
}

static enum tc_err read_distance(struct cfg_reader *r, const struct cfg_key *key,
                                 const struct tree_node *node, void *field)
{
    enum tc_err err = value_distance(node->text, field);
    if (err == TC_E_RANGE)
        return out_of_range(r, key, node, "1mm", "100000m");
    if (err != TC_OK)
        (void)bad_value(r, key, node);
    return TC_OK;
}

static enum tc_err read_listen(struct cfg_reader *r, const struct cfg_key *key,
                               const struct tree_node *node, void *field)
{
    enum tc_err err = value_listen(node->text, field);
    if (err == TC_OK)
        return TC_OK;
    struct config_diag *d = bad_value(r, key, node);
    struct tc_slice port =
        tc_slice_sub(node->text, tc_slice_find_byte(node->text, ':') + 1, node->text.len);
    if (err == TC_E_RANGE)
        cfg_fix(d, "a port is at most 65535");
    else if (tc_slice_starts(node->text, "localhost:"))
        cfg_fix(d, "write 127.0.0.1:%.*s", TC_FMT(port));
    else if (tc_slice_find_byte(port, ':') < port.len && node->text.ptr[0] != '[')
        cfg_fix(d, "an IPv6 address stands in brackets, \"[::1]:8443\", and in quotes");
    else
        cfg_fix(d, "write a numeric address; 0.0.0.0:PORT listens on every interface");
    return TC_OK;
}

/* Never shows the value: an address may hold a password. */
static enum tc_err read_url(struct cfg_reader *r, const struct cfg_key *key,
                            const struct tree_node *node, void *field)
{
    enum tc_err err = value_rtsp_url(node->text, field);
    if (err == TC_OK)
        return TC_OK;
    if (tc_slice_find_byte(node->text, '@') < node->text.len)
        config_report_mask(r->report, node->at);
    struct config_diag *d = NULL;
    if (err == TC_E_DENIED) {
        d = cfg_report(r, CONFIG_ERROR, node, "secret-in-file", "\"%s\" holds a login", key->name);
        cfg_fix(
            d,
            "store it with `tocsin secret set NAME`, write login: secret:NAME beside the %s, and "
            "leave the address without it",
            key->name);
    } else if (err == TC_E_UNSUPPORTED) {
        d = cfg_report(r, CONFIG_ERROR, node, "bad-value",
                       "\"%s\" has a scheme that is not rtsp or rtsps", key->name);
        cfg_fix(d, "write rtsp://HOST/PATH or rtsps://HOST/PATH");
    } else if (err == TC_E_LIMIT) {
        (void)cfg_report(r, CONFIG_ERROR, node, "too-long", "\"%s\" has %zu bytes; it may have %d",
                         key->name, node->text.len, SITE_URL_BYTES - 1);
    } else {
        (void)cfg_report(r, CONFIG_ERROR, node, "bad-value", "\"%s\" takes %s", key->name,
                         cfg_type_takes(key->type));
    }
    return TC_OK;
}

/* For a class alone, or a type that a class does not have: what the class has. */
static void list_types_of_class(struct tc_slice text, struct config_diag *d)
{
    struct tc_slice class_name = tc_slice_sub(text, 0, tc_slice_find_byte(text, '.'));
    size_t used = 0;
    for (size_t i = 0; i < ev_type_count() && used + 40 < sizeof d->fix; i++) {
        if (!tc_slice_is(class_name, ev_class_name(ev_type_class(ev_type_at(i)))))
            continue;
        used += (size_t)snprintf(d->fix + used, sizeof d->fix - used, "%s%s",
                                 used == 0 ? "known: " : ", ", ev_type_name(ev_type_at(i)));
    }
}

static enum tc_err read_event_type(struct cfg_reader *r, const struct cfg_key *key,
                                   const struct tree_node *node, void *field)
{
    (void)key;
    enum ev_type type = EV_NONE;
    if (ev_type_by_name(node->text, &type) == TC_OK) {
        memcpy(field, &type, sizeof type);
        return TC_OK;
    }
    struct config_diag *d = cfg_report(r, CONFIG_ERROR, node, "unknown-name",
                                       "unknown event type \"%s\"", config_shown(node->text).s);
    const char *near = ev_type_nearest(node->text);
    cfg_near(d, node->text, &near, near == NULL ? 0 : 1);
    if (near == NULL)
        list_types_of_class(node->text, d);
    return TC_OK;
}

static enum tc_err read_number(struct cfg_reader *r, const struct cfg_key *key,
                               const struct tree_node *node, void *field)
{
    uint64_t value = 0;
    enum tc_err err = tc_slice_u64(node->text, INT64_MAX, &value);
    if (err == TC_E_FORMAT) {
        (void)bad_value(r, key, node);
        return TC_OK;
    }
    int64_t number = (int64_t)value;
    if (err != TC_OK || number < key->min || number > key->max) {
        char low[32];
        char high[32];
        (void)snprintf(low, sizeof low, "%lld", (long long)key->min);
        (void)snprintf(high, sizeof high, "%lld", (long long)key->max);
        return out_of_range(r, key, node, low, high);
    }
    memcpy(field, &number, sizeof number);
    return TC_OK;
}

static void report_unknown_word(struct cfg_reader *r, const struct cfg_key *key,
                                const struct tree_node *node, const char *const *names)
{
    struct config_diag *d = cfg_report(r, CONFIG_ERROR, node, "unknown-name", "unknown %s \"%s\"",
                                       key->name, config_shown(node->text).s);
    cfg_near(d, node->text, names, key->words_count);
    for (size_t i = 0; i < key->words_count; i++) {
        if (key->words[i].later && strcmp(d->near, names[i]) == 0)
            cfg_fix(d, "\"%s\" is documented but not part of this version; write %s", d->near,
                    key->words[0].word);
    }
    size_t used = d->near[0] == 0 ? (size_t)snprintf(d->fix, sizeof d->fix, "known: ") : 0;
    for (size_t i = 0; used > 0 && i < key->words_count && used + 20 < sizeof d->fix; i++) {
        if (!key->words[i].later)
            used += (size_t)snprintf(d->fix + used, sizeof d->fix - used, "%s%s", i > 0 ? ", " : "",
                                     key->words[i].word);
    }
}

static enum tc_err read_word(struct cfg_reader *r, const struct cfg_key *key,
                             const struct tree_node *node, void *field)
{
    const char *names[16];
    TC_ASSERT(key->words_count <= TC_COUNT(names));
    TC_ASSERT(key->size == sizeof(int));
    for (size_t i = 0; i < key->words_count; i++) {
        const struct cfg_word *w = &key->words[i];
        names[i] = w->word;
        if (!tc_slice_is(node->text, w->word))
            continue;
        if (!w->later) {
            memcpy(field, &w->value, sizeof w->value);
            return TC_OK;
        }
        struct config_diag *d =
            cfg_report(r, CONFIG_ERROR, node, "not-yet",
                       "%s \"%s\" is documented but not part of this version", key->name, w->word);
        cfg_fix(d, "write %s", key->words[0].word);
        return TC_OK;
    }
    report_unknown_word(r, key, node, names);
    return TC_OK;
}

static enum tc_err read_zone(struct cfg_reader *r, const struct cfg_key *key,
                             const struct tree_node *node, void *field)
{
    (void)key;
    uint32_t zone = SITE_NONE;
    TC_TRY(cfg_zone(r, node, node->text, true, &zone));
    if (zone != SITE_NONE)
        memcpy(field, &zone, sizeof zone);
    return TC_OK;
}

enum tc_err cfg_read_value(struct cfg_reader *r, const struct cfg_key *key,
                           const struct tree_node *node, void *field)
{
    static read_fn *const readers[CFG_TYPE_COUNT] = {
        [CFG_TEXT] = read_text,
        [CFG_ACCOUNT] = read_account,
        [CFG_TIMEZONE] = read_timezone,
        [CFG_PATH] = read_path,
        [CFG_ID] = read_id,
        [CFG_SECRET] = read_secret,
        [CFG_DURATION] = read_duration,
        [CFG_BYTES] = read_bytes,
        [CFG_DISTANCE] = read_distance,
        [CFG_LISTEN] = read_listen,
        [CFG_URL] = read_url,
        [CFG_EVENT_TYPE] = read_event_type,
        [CFG_NUMBER] = read_number,
        [CFG_WORD] = read_word,
        [CFG_ZONE] = read_zone,
    };
    TC_ASSERT(readers[key->type] != NULL);
    if (node->kind == TREE_TEXT)
        return readers[key->type](r, key, node, field);
    (void)cfg_report(r, CONFIG_ERROR, node, "wrong-kind", "\"%s\" takes %s", key->name,
                     cfg_type_takes(key->type));
    return TC_OK;
}
