/* SPDX-License-Identifier: Apache-2.0 */
#include "config/source.h"

#include <string.h>

#include "base/check.h"
#include "config/words.h"

enum { TAB_CELLS = 8, SHOWN_CELLS_MAX = 110, CELLS_BEFORE_CARET = 60, LINE_CHARS_MAX = 1024 };

/* Length of the line break at the front of S, 0 when there is none. */
static size_t break_len(struct tc_slice s)
{
    if (s.len == 0)
        return 0;
    if (s.ptr[0] == '\r')
        return s.len > 1 && s.ptr[1] == '\n' ? 2 : 1;
    if (s.ptr[0] == '\n')
        return 1;
    if (tc_slice_starts(s, "\xC2\x85"))
        return 2;
    return tc_slice_starts(s, "\xE2\x80\xA8") || tc_slice_starts(s, "\xE2\x80\xA9") ? 3 : 0;
}

/* Bytes of the character at the front of S (not empty); 1 for a byte that is no UTF-8. */
static size_t char_len(struct tc_slice s)
{
    uint8_t c = s.ptr[0];
    size_t len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return len > 1 && len <= s.len && tc_slice_is_utf8(tc_slice_sub(s, 0, len)) ? len : 1;
}

enum { NO_CODE = 0xFFFF }; /* among those that are refused */

static uint32_t char_code(struct tc_slice s)
{
    static const uint8_t lead_bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t len = char_len(s);
    if (len == 1 && s.ptr[0] >= 0x80)
        return NO_CODE;
    uint32_t code = s.ptr[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++)
        code = (code << 6) | (s.ptr[i] & 0x3F);
    return code;
}

struct tc_slice config_source_line(struct tc_slice source, uint32_t line)
{
    size_t start = 0;
    uint32_t number = 1;
    size_t i = 0;
    while (i < source.len) {
        uint8_t c = source.ptr[i];
        bool maybe = c == '\n' || c == '\r' || c == 0xC2 || c == 0xE2;
        size_t skip = maybe ? break_len(tc_slice_sub(source, i, 3)) : 0;
        if (skip > 0) {
            if (number == line)
                return tc_slice_sub(source, start, i - start);
            number++;
            start = i + skip;
        }
        i += skip > 0 ? skip : 1;
    }
    return number == line ? tc_slice_sub(source, start, source.len - start) : tc_slice(NULL, 0);
}

size_t config_source_byte_column(struct tc_slice line_text, uint32_t column)
{
    size_t at = 0;
    for (uint32_t i = 1; i < column && at < line_text.len; i++)
        at += char_len(tc_slice_sub(line_text, at, 4));
    return at + 1;
}

struct code_range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct code_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* How many cells a terminal gives the character: the blocks that matter, not all of Unicode. */
static size_t char_cells(uint32_t code)
{
    static const struct code_range none[] = {
        {0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
    static const struct code_range two[] = {
        {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
        {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (in_ranges(code, none, TC_COUNT(none)))
        return 0;
    return in_ranges(code, two, TC_COUNT(two)) ? 2 : 1; /* also for what is drawn as "?" */
}

/* Not allowed anywhere: controls other than tab and line ends, and marks that reorder what a person
 * reads. */
static bool is_refused(uint32_t code)
{
    static const struct code_range refused[] = {{0x00, 0x08},     {0x0B, 0x0C},    {0x0E, 0x1F},
                                                {0x7F, 0x84},     {0x86, 0x9F},    {0x202A, 0x202E},
                                                {0x2066, 0x2069}, {0xFFFE, 0xFFFF}};
    return in_ranges(code, refused, TC_COUNT(refused));
}

static void report_refused(struct config_report *report, struct config_place at, uint32_t code)
{
    struct config_diag *d =
        config_report_add(report, CONFIG_ERROR, "bad-character", at,
                          code >= 0x2000 ? "a character that hides or reorders text (U+%04X)"
                                         : "a control character (U+%04X)",
                          code);
    tc_slice_to_str_cut(tc_slice_str("remove it, or write it as an escape in double quotes"),
                        d->fix, sizeof d->fix);
}

bool config_source_check(struct tc_slice source, struct config_report *report)
{
    struct config_place at = {1, 1, 1, 2};
    for (size_t i = 0; i < source.len;) {
        struct tc_slice rest = tc_slice_sub(source, i, 4);
        size_t skip = break_len(rest);
        if (skip > 0) {
            at = (struct config_place){at.line + 1, 1, at.line + 1, 2};
            i += skip;
            continue;
        }
        size_t len = char_len(rest);
        if (!tc_slice_is_utf8(tc_slice_sub(rest, 0, len))) {
            struct config_diag *d =
                config_report_add(report, CONFIG_ERROR, "not-utf8", at,
                                  "the byte 0x%02X is not UTF-8 text", rest.ptr[0]);
            tc_slice_to_str_cut(tc_slice_str("save the file as UTF-8"), d->fix, sizeof d->fix);
            return false;
        }
        uint32_t code = char_code(rest);
        if (is_refused(code)) {
            report_refused(report, at, code);
            return false;
        }
        at.column++;
        at.end_column++;
        i += len;
    }
    return true;
}

static bool before(uint32_t line, uint32_t column, uint32_t other_line, uint32_t other_column)
{
    return line != other_line ? line < other_line : column < other_column;
}

static bool in_place(const struct config_place *p, uint32_t line, uint32_t column)
{
    return !before(line, column, p->line, p->column) &&
           before(line, column, p->end_line, p->end_column);
}

/* Where an open secret that is recognised by its looks begins and ends, in bytes of a line. */
struct open_secret {
    size_t from, to;
};

/* What stands between :// and @ in an address. To be asked at every byte; the span lies behind it.
 */
static void find_login(struct tc_slice line, size_t byte, struct open_secret *secret)
{
    if (!tc_slice_starts(tc_slice_sub(line, byte, 3), "://"))
        return;
    for (size_t i = byte + 3; i < line.len && line.ptr[i] != ' '; i++) {
        if (line.ptr[i] == '@')
            *secret = (struct open_secret){byte + 3, i};
    }
}

/* The value behind a key that sounds like a secret, up to the end of the line: for a file that is
 * no YAML, in which nothing better is known. */
static void find_value(struct tc_slice line, size_t byte, struct open_secret *secret)
{
    if (byte < secret->to || (line.ptr[byte] != ':' && line.ptr[byte] != '='))
        return;
    struct tc_slice value = tc_slice_trim(tc_slice_sub(line, byte + 1, line.len));
    if (config_word_is_secret(tc_slice_sub(line, 0, byte)) && !tc_slice_starts(value, "secret:"))
        *secret = (struct open_secret){byte + 1, line.len};
}

/* Where one character of the line goes on the screen. */
struct cell {
    uint32_t byte;  /* where the character starts in the line */
    uint32_t start; /* cells before it */
    bool hidden;
};

struct layout {
    struct tc_slice line;
    struct cell cells[LINE_CHARS_MAX + 1]; /* one more: the end */
    size_t count;
};

enum { STARS = 3 };

static size_t cells_of(const struct layout *l, size_t i, uint32_t start)
{
    struct tc_slice rest = tc_slice_sub(l->line, l->cells[i].byte, 4);
    if (l->cells[i].hidden)
        return i == 0 || !l->cells[i - 1].hidden ? STARS : 0;
    if (rest.ptr[0] == '\t')
        return TAB_CELLS - start % TAB_CELLS;
    return char_cells(char_code(rest));
}

static void lay_out(struct layout *l, const struct config_report *report, uint32_t line_number)
{
    struct open_secret secret = {0};
    uint32_t start = 0;
    size_t byte = 0;
    l->count = 0;
    while (byte < l->line.len && l->count < LINE_CHARS_MAX) {
        size_t i = l->count++;
        l->cells[i] = (struct cell){.byte = (uint32_t)byte, .start = start};
        l->cells[i].hidden = byte >= secret.from && byte < secret.to;
        find_login(l->line, byte, &secret);
        if (!report->is_yaml)
            find_value(l->line, byte, &secret);
        for (size_t k = 0; k < report->masks_count && !l->cells[i].hidden; k++)
            l->cells[i].hidden = in_place(&report->masks[k], line_number, (uint32_t)i + 1);
        start += (uint32_t)cells_of(l, i, start);
        byte += char_len(tc_slice_sub(l->line, byte, 4));
    }
    l->cells[l->count] = (struct cell){.byte = (uint32_t)byte, .start = start};
}

static void draw_char(const struct layout *l, size_t i, struct tc_buf *out)
{
    size_t cells = l->cells[i + 1].start - l->cells[i].start;
    struct tc_slice rest = tc_slice_sub(l->line, l->cells[i].byte, 4);
    if (l->cells[i].hidden)
        tc_buf_add(out, "***", cells);
    else if (rest.ptr[0] == '\t')
        tc_buf_add(out, "        ", cells);
    else if (is_refused(char_code(rest))) /* it must not reach a terminal */
        tc_buf_add_u8(out, '?');
    else
        tc_buf_add(out, rest.ptr, char_len(rest));
}

/* First character shown, so that the caret is not off the screen. */
static size_t first_shown(const struct layout *l, size_t caret)
{
    if (l->cells[l->count].start <= SHOWN_CELLS_MAX || l->cells[caret].start <= CELLS_BEFORE_CARET)
        return 0;
    size_t i = 0;
    while (l->cells[i].start + CELLS_BEFORE_CARET < l->cells[caret].start)
        i++;
    return i;
}

static void draw_layout(const struct layout *l, struct config_place at, struct config_drawing *ret)
{
    size_t caret = at.column - 1 < l->count ? at.column - 1 : l->count;
    size_t end = at.end_line == at.line ? at.end_column - 1 : l->count;
    end = end < l->count ? end : l->count;
    size_t first = first_shown(l, caret);
    size_t lead = first > 0 ? 4 : 0;
    tc_buf_add_str(&ret->line, first > 0 ? "... " : "");
    size_t i = first;
    while (i < l->count && l->cells[i + 1].start - l->cells[first].start <= SHOWN_CELLS_MAX)
        draw_char(l, i++, &ret->line);
    tc_buf_add_str(&ret->line, i < l->count || l->cells[i].byte < l->line.len ? " ..." : "");
    if (end > i)
        end = i;
    ret->caret_at = lead + l->cells[caret].start - l->cells[first].start;
    size_t cells = end > caret ? l->cells[end].start - l->cells[caret].start : 0;
    ret->caret_cells = cells > 0 ? cells : 1;
}

void config_source_draw(struct tc_slice source, const struct config_report *report,
                        struct config_place at, struct config_drawing *ret)
{
    *ret = (struct config_drawing){.caret_cells = 1};
    tc_buf_init(&ret->line, 8192);
    TC_ASSERT(at.line > 0);
    TC_ASSERT(at.column > 0);
    struct layout l = {.line = config_source_line(source, at.line)};
    lay_out(&l, report, at.line);
    draw_layout(&l, at, ret);
}

void config_drawing_done(struct config_drawing *d)
{
    tc_buf_done(&d->line);
}
