/* SPDX-License-Identifier: Apache-2.0 */
#include "model/event_type.h"

#include "base/check.h"
#include "base/nearest.h"

enum behaviour { INSTANT, STATE, LATCH };

struct row {
    uint16_t number;
    uint8_t priority;
    uint8_t behaviour;
};

static const struct row rows[] = {
#define X(number, name, text, priority, behaviour) {number, priority, behaviour},
    EV_TYPE_LIST(X)
#undef X
};

static const char *const names[] = {
#define X(number, name, text, priority, behaviour) text,
    EV_TYPE_LIST(X)
#undef X
};

static const char *const branches[] = {
#define X(number, name, text) text ".*",
    EV_CLASS_LIST(X)
#undef X
};

/* Position in rows, counted from 1, by type number; 0 means no such type. */
enum {
    INDEX_NONE,
#define X(number, name, text, priority, behaviour) INDEX_##name,
    EV_TYPE_LIST(X)
#undef X
};
static const uint8_t index_of[] = {
#define X(number, name, text, priority, behaviour) [number] = INDEX_##name,
    EV_TYPE_LIST(X)
#undef X
};

static const struct row none = {.number = EV_NONE, .priority = EV_PRIORITY_LEAST_URGENT};

static const struct row *row_of(enum ev_type type)
{
    if ((size_t)type >= TC_COUNT(index_of) || index_of[type] == INDEX_NONE)
        return &none;
    return &rows[index_of[type] - 1];
}

size_t ev_type_count(void)
{
    return TC_COUNT(rows);
}

enum ev_type ev_type_at(size_t index)
{
    TC_ASSERT(index < TC_COUNT(rows));
    return (enum ev_type)rows[index].number;
}

enum ev_type ev_type_by_number(uint32_t number)
{
    return number < TC_COUNT(index_of) ? (enum ev_type)row_of((enum ev_type)number)->number
                                       : EV_NONE;
}

enum tc_err ev_type_by_name(struct tc_slice name, enum ev_type *ret)
{
    for (size_t i = 0; i < TC_COUNT(names); i++) {
        if (tc_slice_is(name, names[i])) {
            *ret = ev_type_at(i);
            return TC_OK;
        }
    }
    return TC_E_UNKNOWN;
}

const char *ev_type_name(enum ev_type type)
{
    const struct row *row = row_of(type);
    return row == &none ? "unmapped" : names[row - rows];
}

enum ev_class ev_type_class(enum ev_type type)
{
    return (enum ev_class)(row_of(type)->number / 100);
}

const char *ev_class_name(enum ev_class class_)
{
    switch (class_) {
#define X(number, name, text)                                                                      \
    case EV_CLASS_##name:                                                                          \
        return text;
        EV_CLASS_LIST(X)
#undef X
    case EV_CLASS_NONE:
        break;
    }
    return "";
}

const char *ev_state_name(enum ev_state state)
{
    switch (state) {
    case EV_STATE_INSTANT:
        return "instant";
    case EV_STATE_ACTIVE:
        return "active";
    case EV_STATE_RESTORED:
        return "restored";
    }
    return "";
}

unsigned ev_type_priority(enum ev_type type)
{
    return row_of(type)->priority;
}

bool ev_type_has_restoral(enum ev_type type)
{
    return row_of(type)->behaviour != INSTANT;
}

bool ev_type_is_latched(enum ev_type type)
{
    return row_of(type)->behaviour == LATCH;
}

static bool is_branch(struct tc_slice pattern)
{
    return pattern.len > 2 && tc_slice_is(tc_slice_sub(pattern, pattern.len - 2, 2), ".*");
}

bool ev_type_matches(struct tc_slice pattern, enum ev_type type)
{
    if (row_of(type) == &none)
        return false;
    if (tc_slice_is(pattern, "*"))
        return true;
    struct tc_slice name = tc_slice_str(ev_type_name(type));
    if (is_branch(pattern)) /* compared with its dot, so that "a.*" is no branch of "ab.c" */
        return tc_slice_eq(tc_slice_sub(name, 0, pattern.len - 1),
                           tc_slice_sub(pattern, 0, pattern.len - 1));
    return tc_slice_eq(pattern, name);
}

enum tc_err ev_pattern_check(struct tc_slice pattern)
{
    for (size_t i = 0; i < TC_COUNT(rows); i++)
        if (ev_type_matches(pattern, ev_type_at(i)))
            return TC_OK;
    return TC_E_UNKNOWN;
}

const char *ev_type_nearest(struct tc_slice pattern)
{
    if (is_branch(pattern))
        return tc_nearest(pattern, branches, TC_COUNT(branches));
    return tc_nearest(pattern, names, TC_COUNT(names));
}
