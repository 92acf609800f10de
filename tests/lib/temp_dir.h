/* SPDX-License-Identifier: Apache-2.0 */
/* An empty directory for one test, removed with its files behind it. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEMP_DIR_BYTES = 256 };

/* OUT holds TEMP_DIR_BYTES. */
static inline void temp_dir_make(char *out)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(out, TEMP_DIR_BYTES, "%s/tocsin-test-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(out) == NULL)
        abort();
}

/* Files only, no directories in it. */
static inline void temp_dir_remove(const char *dir)
{
    char path[TEMP_DIR_BYTES + 260];
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(dir);
}
