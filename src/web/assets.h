/* SPDX-License-Identifier: Apache-2.0 */
/* The browser console inside the program: a table of files, made by the build from console/dist (or
 * one page that says that the console was not built, with -DTC_CONSOLE=OFF). All of it is constant
 * data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* The content policy that the pages are made for; media-src blob: is the live player's source,
 * nothing else comes from elsewhere than this host, and no script or style stands inside a page. */
#define WEB_CONSOLE_POLICY                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "            \
    "frame-ancestors 'none'"

struct web_asset {
    const char *path;         /* as in the request, from "/" on */
    const char *content_type; /* with its charset for texts */
    const char *etag;         /* with its quotes; changes with the bytes */
    struct tc_slice bytes;
    struct tc_slice
        gzip;       /* the same packed, for clients that accept it; ptr NULL when not worth it */
    bool immutable; /* the name holds a hash of the content: may be kept for ever */
};

/* Made by the build. */
extern const struct web_asset web_assets[];
extern const size_t web_assets_count;

/* The file at PATH (no query), "/" being "/index.html"; NULL when there is none. Case matters. */
const struct web_asset *web_asset_find(struct tc_slice path);
