/* SPDX-License-Identifier: Apache-2.0 */
#include "web/metrics.h"

/* "# TYPE name kind", "# HELP name words": the name; ptr NULL for other lines. */
static struct tc_slice family_of(struct tc_slice line)
{
    if (!tc_slice_starts(line, "# TYPE ") && !tc_slice_starts(line, "# HELP ") &&
        !tc_slice_starts(line, "# UNIT "))
        return tc_slice(NULL, 0);
    struct tc_slice name = tc_slice_sub(line, 7, line.len);
    return tc_slice_sub(name, 0, tc_slice_find_byte(name, ' '));
}

/* Takes the next family off *REST: its name, and all its lines. False at the end. */
static bool take_family(struct tc_slice *rest, struct tc_slice *name, struct tc_slice *block)
{
    const uint8_t *begin = NULL;
    while (rest->len > 0) {
        struct tc_slice before = *rest, line = tc_slice_split(rest, '\n');
        struct tc_slice family = family_of(line);
        bool end = tc_slice_is(line, "# EOF");
        if (begin == NULL && family.ptr != NULL) {
            begin = line.ptr;
            *name = family;
        } else if (begin != NULL && (end || (family.ptr != NULL && !tc_slice_eq(family, *name)))) {
            *rest = before;
            *block = tc_slice(begin, (size_t)(before.ptr - begin));
            return true;
        }
        if (begin != NULL)
            *block = tc_slice(begin, line.len + (size_t)(line.ptr - begin));
    }
    return begin != NULL;
}

static void add_lines(struct tc_buf *out, struct tc_slice block, bool comments)
{
    while (block.len > 0) {
        struct tc_slice line = tc_slice_split(&block, '\n');
        if (line.len == 0 || (!comments && line.ptr[0] == '#'))
            continue;
        tc_buf_add_slice(out, line);
        tc_buf_add_u8(out, '\n');
    }
}

static bool find_family(struct tc_slice text, struct tc_slice wanted, struct tc_slice *block)
{
    struct tc_slice name;
    while (take_family(&text, &name, block))
        if (tc_slice_eq(name, wanted))
            return true;
    return false;
}

static bool stands_before(const struct tc_slice *texts, size_t count, struct tc_slice name)
{
    struct tc_slice block;
    for (size_t i = 0; i < count; i++)
        if (find_family(texts[i], name, &block))
            return true;
    return false;
}

void web_metrics_merge(const struct tc_slice *texts, size_t count, struct tc_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        struct tc_slice rest = texts[i], name, block, more;
        while (take_family(&rest, &name, &block)) {
            if (stands_before(texts, i, name))
                continue;
            add_lines(out, block, true);
            for (size_t k = i + 1; k < count; k++)
                if (find_family(texts[k], name, &more))
                    add_lines(out, more, false);
        }
    }
}
