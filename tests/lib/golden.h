/* SPDX-License-Identifier: Apache-2.0 */
/* Golden pairs: tests/golden/ROOM/NAME.in and what a dump function makes of it, NAME.ref. With
 * GOLDEN_WRITE=1 in the environment the .ref files are written anew; read the difference before
 * committing it. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "test.h"

static inline bool golden_read(const char *path, struct tc_buf *out)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    char bytes[4096];
    size_t n = 0;
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        tc_buf_add(out, bytes, n);
    fclose(f);
    return out->err == TC_OK;
}

static inline void golden_write(const char *path, struct tc_slice text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text.ptr, 1, text.len, f), text.len);
    fclose(f);
}

static inline void golden_one(const char *stem, void (*dump)(struct tc_slice, struct tc_buf *))
{
    char path[2048];
    TC_CLEANUP(tc_buf_done) struct tc_buf in, got, want;
    tc_buf_init(&in, 1 << 20);
    tc_buf_init(&got, 1 << 20);
    tc_buf_init(&want, 1 << 20);
    (void)snprintf(path, sizeof path, "%s.in", stem);
    assert_true(golden_read(path, &in));
    dump(tc_buf_view(&in), &got);
    (void)snprintf(path, sizeof path, "%s.ref", stem);
    if (getenv("GOLDEN_WRITE") != NULL)
        golden_write(path, tc_buf_view(&got));
    if (!golden_read(path, &want) || !tc_slice_eq(tc_buf_view(&got), tc_buf_view(&want))) {
        print_error("%s\ngot:\n%s\nwant:\n%s\n", path, tc_buf_cstr(&got), tc_buf_cstr(&want));
        fail();
    }
}

/* Checks every pair of the folder and returns how many there are. */
static inline int golden_check(const char *room, void (*dump)(struct tc_slice, struct tc_buf *))
{
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s/tests/golden/%s", TC_SOURCE_DIR, room);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        size_t len = strlen(e->d_name);
        if (len < 4 || strcmp(e->d_name + len - 3, ".in") != 0)
            continue;
        char stem[1024];
        (void)snprintf(stem, sizeof stem, "%s/%.*s", folder, (int)(len - 3), e->d_name);
        golden_one(stem, dump);
        count++;
    }
    closedir(dir);
    return count;
}
