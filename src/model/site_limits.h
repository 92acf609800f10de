/* SPDX-License-Identifier: Apache-2.0 */
/* How much of everything a site may have. In one place, so that whoever must size a table, a
 * message or a worst case finds the numbers together. The _BYTES of a string include its NUL. */
#pragma once

#include <stdint.h>

enum {
    SITE_ID_BYTES = 48 + 1,
    SITE_NAME_BYTES = 120 + 1,
    SITE_TIMEZONE_BYTES = 64 + 1,
    SITE_ADDR_HOST_BYTES = 45 + 1, /* the longest numeric IPv6 address */
    SITE_HOST_BYTES = 253 + 1,     /* the longest DNS name */
    SITE_URL_BYTES = 512 + 1,
    SITE_PATH_BYTES = 1023 + 1,
    SITE_ACCOUNT_BYTES = 16 + 1,
    SITE_PRESET_BYTES = 64 + 1,

    SITE_RECEIVERS_MAX = 16,
    SITE_PANELS_MAX = 1024,
    SITE_POINTS_MAX = 4096, /* of one panel */
    SITE_POINT_NUMBER_MAX = 65535,
    SITE_ZONES_MAX = 4096,
    SITE_AREAS_MAX = 256,
    SITE_ADJACENT_MAX = 16384,
    SITE_CAMERAS_MAX = 1024,
    SITE_COVERS_MAX = 64, /* of one camera */
    SITE_VOLUMES_MAX = 32,
    SITE_USERS_MAX = 1024,
    SITE_RULES_MAX = 1024,

    SITE_PRE_MAX_S = 120,
    SITE_POST_MAX_S = 600,
    SITE_DELAY_MAX_S = 600, /* entry and exit */
};

/* An index that points nowhere. */
#define SITE_NONE UINT32_MAX
