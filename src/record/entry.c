/* SPDX-License-Identifier: Apache-2.0 */
#include "record/entry.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/rd.h"
#include "model/incident.h"

static const struct {
    const char *name, *text;
    bool input;
} kinds[RECORD_KIND_MAX] = {
#define X(name, number, input, text) [number] = {#name, text, input},
    RECORD_KIND_LIST(X)
#undef X
};

static const struct {
    const char *json;
    uint8_t type;
} tags[RECORD_FIELD_MAX] = {
#define X(name, number, type, json) [number] = {json, ENTRY_TYPE_##type},
    RECORD_FIELD_LIST(X)
#undef X
};

const char *record_kind_name(uint16_t kind)
{
    return kind < RECORD_KIND_MAX ? kinds[kind].name : NULL;
}

const char *record_kind_text(uint16_t kind)
{
    return kind < RECORD_KIND_MAX ? kinds[kind].text : NULL;
}

bool record_kind_is_input(uint16_t kind)
{
    return kind < RECORD_KIND_MAX && kinds[kind].input;
}

const char *record_field_name(uint16_t tag)
{
    return tag < RECORD_FIELD_MAX ? tags[tag].json : NULL;
}

unsigned record_field_type(uint16_t tag)
{
    return tag < RECORD_FIELD_MAX ? tags[tag].type : 0;
}

void entry_init(struct record_entry *e, enum record_kind kind)
{
    e->kind = (uint16_t)kind;
    e->count = 0;
    e->boot = 0;
    e->seq = 0;
    e->cause = 0;
    e->at = (struct tc_wall){0};
    e->mono = (struct tc_mono){0};
}

/* Index of the first field whose tag is not below TAG; count when there is none. */
static unsigned field_at(const struct record_entry *e, unsigned tag)
{
    unsigned i = 0;
    while (i < e->count && e->fields[i].tag < tag)
        i++;
    return i;
}

static const struct entry_field *field_find(const struct record_entry *e, unsigned tag)
{
    unsigned i = field_at(e, tag);
    return i < e->count && e->fields[i].tag == tag ? &e->fields[i] : NULL;
}

static struct entry_field *field_put(struct record_entry *e, unsigned tag, unsigned type)
{
    TC_ASSERT(record_field_type((uint16_t)tag) == type);
    unsigned i = field_at(e, tag);
    struct entry_field *f = &e->fields[i];
    if (i == e->count || f->tag != tag) {
        TC_ASSERT(e->count < ENTRY_FIELDS_MAX);
        memmove(f + 1, f, (e->count - i) * sizeof(*f));
        e->count++;
    }
    f->tag = (uint16_t)tag;
    f->type = (uint8_t)type;
    return f;
}

static void field_remove(struct record_entry *e, unsigned tag)
{
    unsigned i = field_at(e, tag);
    if (i == e->count || e->fields[i].tag != tag)
        return;
    e->count--;
    memmove(&e->fields[i], &e->fields[i + 1], (e->count - i) * sizeof(e->fields[0]));
}

static void put_bytes(struct record_entry *e, unsigned tag, unsigned type, struct tc_slice bytes)
{
    if (bytes.len == 0)
        field_remove(e, tag);
    else
        field_put(e, tag, type)->bytes = bytes;
}

/* The longest front of TEXT of at most ENTRY_TEXT_MAX bytes that does not end inside a UTF-8
 * sequence. */
static struct tc_slice text_cut(struct tc_slice text)
{
    if (text.len <= ENTRY_TEXT_MAX)
        return text;
    size_t len = ENTRY_TEXT_MAX;
    while (len > ENTRY_TEXT_MAX - 4 && (text.ptr[len] & 0xC0) == 0x80)
        len--;
    return tc_slice_sub(text, 0, len);
}

void entry_i64(struct record_entry *e, enum record_field tag, int64_t v)
{
    field_put(e, tag, ENTRY_TYPE_I64)->num = v;
}

void entry_text(struct record_entry *e, enum record_field tag, struct tc_slice text)
{
    put_bytes(e, tag, ENTRY_TYPE_TEXT, text_cut(text));
}

void entry_str(struct record_entry *e, enum record_field tag, const char *text)
{
    entry_text(e, tag, tc_slice_str(text));
}

void entry_bytes(struct record_entry *e, enum record_field tag, struct tc_slice bytes)
{
    put_bytes(e, tag, ENTRY_TYPE_BYTES, bytes);
}

bool entry_has(const struct record_entry *e, enum record_field tag)
{
    return field_find(e, tag) != NULL;
}

int64_t entry_get_i64(const struct record_entry *e, enum record_field tag, int64_t absent)
{
    const struct entry_field *f = field_find(e, tag);
    return f != NULL && f->type == ENTRY_TYPE_I64 ? f->num : absent;
}

static struct tc_slice get_bytes(const struct record_entry *e, unsigned tag, unsigned type)
{
    const struct entry_field *f = field_find(e, tag);
    return f != NULL && f->type == type ? f->bytes : tc_slice(NULL, 0);
}

struct tc_slice entry_get_text(const struct record_entry *e, enum record_field tag)
{
    return get_bytes(e, tag, ENTRY_TYPE_TEXT);
}

struct tc_slice entry_get_bytes(const struct record_entry *e, enum record_field tag)
{
    return get_bytes(e, tag, ENTRY_TYPE_BYTES);
}

static size_t field_limit(unsigned tag)
{
    return tag == RF_BODY ? ENTRY_BODY_MAX : ENTRY_TEXT_MAX;
}

static size_t encoded_bytes(const struct record_entry *e)
{
    size_t sum = ENTRY_HEADER_BYTES;
    for (unsigned i = 0; i < e->count; i++) {
        const struct entry_field *f = &e->fields[i];
        if (f->type != ENTRY_TYPE_I64 && f->bytes.len > field_limit(f->tag))
            return SIZE_MAX;
        sum += 3 + (f->type == ENTRY_TYPE_I64 ? 8 : 4 + f->bytes.len);
    }
    return sum;
}

static uint8_t *put_be(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    return p + bytes;
}

static uint8_t *put_field(uint8_t *p, const struct entry_field *f)
{
    p = put_be(p, f->tag, 2);
    p = put_be(p, f->type, 1);
    if (f->type == ENTRY_TYPE_I64)
        return put_be(p, (uint64_t)f->num, 8);
    p = put_be(p, f->bytes.len, 4);
    memcpy(p, f->bytes.ptr, f->bytes.len);
    return p + f->bytes.len;
}

enum tc_err entry_encode(const struct record_entry *e, struct tc_buf *out)
{
    size_t len = encoded_bytes(e);
    if (len > ENTRY_BYTES_MAX)
        return TC_E_LIMIT;
    uint8_t *start = tc_buf_reserve(out, len);
    if (start == NULL)
        return out->err;
    uint8_t *p = put_be(start, ENTRY_VERSION, 1);
    p = put_be(p, e->kind, 2);
    p = put_be(p, e->seq, 8);
    p = put_be(p, (uint64_t)e->at.ns, 8);
    p = put_be(p, (uint64_t)e->mono.ns, 8);
    p = put_be(p, e->boot, 4);
    p = put_be(p, e->cause, 8);
    p = put_be(p, e->count, 2);
    for (unsigned i = 0; i < e->count; i++)
        p = put_field(p, &e->fields[i]);
    TC_ASSERT((size_t)(p - start) == len);
    out->len += len;
    return TC_OK;
}

static enum tc_err decode_header(struct tc_rd *r, struct record_entry *e, struct tc_errinfo *info)
{
    uint8_t version = tc_rd_u8(r);
    if (tc_rd_ok(r) && version != ENTRY_VERSION)
        return tc_fail_at(info, TC_E_UNSUPPORTED, 0, "entry of version %u", version);
    e->kind = tc_rd_be16(r);
    e->seq = tc_rd_be64(r);
    e->at.ns = (int64_t)tc_rd_be64(r);
    e->mono.ns = (int64_t)tc_rd_be64(r);
    e->boot = tc_rd_be32(r);
    e->cause = tc_rd_be64(r);
    e->count = tc_rd_be16(r);
    if (!tc_rd_ok(r))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "entry shorter than its header");
    if (e->count > ENTRY_FIELDS_MAX)
        return tc_fail_at(info, TC_E_LIMIT, (int64_t)r->at, "%u fields, %d at most", e->count,
                          ENTRY_FIELDS_MAX);
    return TC_OK;
}

static enum tc_err decode_bytes(struct tc_rd *r, struct entry_field *f, struct tc_errinfo *info)
{
    uint32_t len = tc_rd_be32(r);
    if (!tc_rd_ok(r) || len == 0)
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "field %u without a value", f->tag);
    if (len > field_limit(f->tag))
        return tc_fail_at(info, TC_E_LIMIT, (int64_t)r->at, "field %u of %" PRIu32 " bytes", f->tag,
                          len);
    f->bytes = tc_rd_take(r, len);
    return TC_OK;
}

static enum tc_err decode_field(struct tc_rd *r, struct entry_field *f, int after_tag,
                                struct tc_errinfo *info)
{
    f->tag = tc_rd_be16(r);
    f->type = tc_rd_u8(r);
    if (!tc_rd_ok(r))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "entry ends inside a field");
    if ((int)f->tag <= after_tag)
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "field %u not in increasing order",
                          f->tag);
    unsigned known = record_field_type(f->tag);
    if (f->type < ENTRY_TYPE_I64 || f->type > ENTRY_TYPE_BYTES || (known != 0 && known != f->type))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "field %u of type %u", f->tag,
                          f->type);
    if (f->type == ENTRY_TYPE_I64)
        f->num = (int64_t)tc_rd_be64(r);
    else
        TC_TRY(decode_bytes(r, f, info));
    if (!tc_rd_ok(r))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r->at, "entry ends inside field %u", f->tag);
    return TC_OK;
}

enum tc_err entry_decode(struct tc_slice bytes, struct record_entry *e, struct tc_errinfo *info)
{
    if (bytes.len > ENTRY_BYTES_MAX)
        return tc_fail(info, TC_E_LIMIT, "entry of %zu bytes", bytes.len);
    struct tc_rd r = tc_rd(bytes);
    TC_TRY(decode_header(&r, e, info));
    int after_tag = 0;
    for (unsigned i = 0; i < e->count; i++) {
        TC_TRY(decode_field(&r, &e->fields[i], after_tag, info));
        after_tag = e->fields[i].tag;
    }
    if (!tc_rd_end(&r))
        return tc_fail_at(info, TC_E_FORMAT, (int64_t)r.at, "bytes behind the last field");
    return TC_OK;
}

static bool tag_is_time(unsigned tag)
{
    static const uint8_t times[] = {RF_DEVICE_AT,  RF_RECEIVED_AT, RF_FROM, RF_TO,
                                    RF_ASKED_FROM, RF_ASKED_TO,    RF_AT,   RF_DUE};
    for (size_t i = 0; i < TC_COUNT(times); i++) {
        if (times[i] == tag)
            return true;
    }
    return false;
}

static void field_to_json(const struct entry_field *f, struct tc_json *j)
{
    char unknown[24];
    const char *name = record_field_name(f->tag);
    if (name == NULL) {
        (void)snprintf(unknown, sizeof(unknown), "field_%u", f->tag);
        name = unknown;
    }
    /* "at" is the header's name already. */
    tc_json_key(j, f->tag == RF_AT ? "happened_at" : name);
    if (f->type == ENTRY_TYPE_BYTES)
        raw_to_json(f->bytes, j);
    else if (f->type == ENTRY_TYPE_TEXT)
        tc_json_str(j, f->bytes);
    else if (tag_is_time(f->tag))
        tc_json_wall(j, (struct tc_wall){f->num});
    else
        tc_json_i64(j, f->num);
}

void entry_to_json(const struct record_entry *e, struct tc_json *j)
{
    tc_json_obj(j);
    tc_json_kv_u64(j, "seq", e->seq);
    tc_json_key(j, "kind");
    const char *name = record_kind_name(e->kind);
    if (name != NULL)
        tc_json_str(j, tc_slice_str(name));
    else
        tc_json_u64(j, e->kind);
    tc_json_kv_wall(j, "at", e->at);
    tc_json_kv_i64(j, "mono_ns", e->mono.ns);
    tc_json_kv_u64(j, "boot_number", e->boot);
    tc_json_kv_u64(j, "cause", e->cause);
    for (unsigned i = 0; i < e->count; i++)
        field_to_json(&e->fields[i], j);
    tc_json_obj_end(j);
}
