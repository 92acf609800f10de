/* SPDX-License-Identifier: Apache-2.0 */
#include "web/assets.h"

const struct web_asset *web_asset_find(struct tc_slice path)
{
    if (tc_slice_is(path, "/"))
        path = tc_slice_str("/index.html");
    for (size_t i = 0; i < web_assets_count; i++) {
        if (tc_slice_is(path, web_assets[i].path))
            return &web_assets[i];
    }
    return NULL;
}
