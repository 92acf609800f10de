/* SPDX-License-Identifier: Apache-2.0 */
/* One protected place as its site.yaml describes it: zones, panels and their points, areas,
 * cameras, the archive, users, rules. Every process works from this; src/config fills it, tests may
 * build it by hand.
 *
 * Invariants after site_seal (site_check proves them): ids are valid and unique within their kind;
 * every index points into its array; accounts are unique; the points of a panel are sorted by
 * number; ranges are as stated at each field. Indexes are positions in the arrays, in the order of
 * the file. Ownership: struct site owns every array; strings lie in the structs, NUL-terminated.
 * Limits: the enum below; an add beyond a limit is TC_E_LIMIT and changes nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "model/event_type.h"
#include "model/rule_def.h"
#include "model/site_limits.h"

struct site_addr {
    char host[SITE_ADDR_HOST_BYTES]; /* a numeric IPv4 or IPv6 address, without brackets */
    uint16_t port;                   /* 0: any free one, for tests; what it became is printed */
};

/* rtsp://HOST[:PORT]/PATH or rtsps://...; never with a user or a password in it. */
struct site_url {
    char text[SITE_URL_BYTES]; /* as written; "" when there is none */
    char host[SITE_HOST_BYTES];
    uint16_t port; /* as written, or the scheme's own: 554, 322 for rtsps */
    bool tls;
};

struct site_console {
    struct site_addr listen;
};

enum site_protocol { SITE_PROTOCOL_SIA_DC09 };

enum { SITE_TRANSPORT_TCP = 1 }; /* bits of site_receiver.transports */

struct site_receiver {
    enum site_protocol protocol;
    struct site_addr listen;
    uint32_t transports;
};

struct site_zone {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES]; /* the id when the file gives none */
};

struct site_point {
    uint32_t number;   /* 1..SITE_POINT_NUMBER_MAX, as the panel counts */
    uint32_t zone;     /* index */
    enum ev_type type; /* what this point's alarms become; EV_NONE: as the panel's code says */
    char name[SITE_NAME_BYTES];
};

struct site_panel {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    char account[SITE_ACCOUNT_BYTES]; /* 3..16 hex digits, capitals */
    char key_secret[SITE_ID_BYTES];   /* name of the secret with its AES key, "" for none */
    struct site_point *points;        /* sorted by number after site_seal */
    size_t points_count;
};

struct site_area {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    uint32_t *zones; /* indexes, each once */
    size_t zones_count;
    int64_t entry_ns; /* 0..10 min, default 30 s */
    int64_t exit_ns;  /* 0..10 min, default 60 s */
};

struct site_adjacent {
    uint32_t a, b; /* zone indexes, a < b, each pair once */
};

struct site_cover {
    uint32_t zone;
    char preset[SITE_PRESET_BYTES]; /* "" for none */
    uint32_t distance_mm;           /* 0: not known */
};

enum site_driver { SITE_DRIVER_RTSP };
enum site_record_mode { SITE_RECORD_FULL, SITE_RECORD_ALARM };

struct site_record {
    enum site_record_mode mode;
    int64_t pre_ns;  /* 0..120 s, default 10 s */
    int64_t post_ns; /* 0..10 min, default 30 s */
    int64_t keep_ns; /* 1 h..3650 d, default 30 d */
};

struct site_camera {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    enum site_driver driver;
    struct site_url url;
    struct site_url sub;              /* text "" when there is none */
    char login_secret[SITE_ID_BYTES]; /* name of the secret "user:password", "" for none */
    struct site_cover *covers;        /* each zone once */
    size_t covers_count;
    struct site_record record;
};

struct site_volume {
    char path[SITE_PATH_BYTES]; /* absolute, or "" for the default: archive/ in the state directory
                                 */
    uint64_t keep_free_bytes;
};

struct site_archive {
    struct site_volume *volumes; /* at least one after site_seal */
    size_t volumes_count;
    uint64_t ring_memory_bytes; /* all rings of the site together */
};

#define SITE_ROLE_LIST(X)                                                                          \
    X(VIEWER, "viewer")                                                                            \
    X(OPERATOR, "operator") X(SUPERVISOR, "supervisor") X(ADMINISTRATOR, "administrator")          \
        X(AUDITOR, "auditor")

enum site_role {
#define X(name, text) SITE_ROLE_##name,
    SITE_ROLE_LIST(X)
#undef X
        SITE_ROLE_COUNT
};

struct site_user {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    enum site_role role;
    int64_t uid; /* the system user who is this person on the local socket, -1 for none */
};

struct site {
    char id[SITE_ID_BYTES];
    char name[SITE_NAME_BYTES];
    char timezone[SITE_TIMEZONE_BYTES]; /* an IANA name; default UTC */
    struct site_console console;
    struct site_receiver *receivers;
    size_t receivers_count;
    struct site_panel *panels;
    size_t panels_count;
    struct site_zone *zones;
    size_t zones_count;
    struct site_area *areas;
    size_t areas_count;
    struct site_adjacent *adjacent;
    size_t adjacent_count;
    struct site_camera *cameras;
    size_t cameras_count;
    struct site_archive archive;
    struct site_user *users;
    size_t users_count;
    struct rule *rules;
    size_t rules_count;
    uint32_t *panels_by_account; /* made by site_seal: panel indexes sorted by account */
    bool sealed;
};

/* An empty site with its defaults. */
void site_init(struct site *s);
void site_done(struct site *s);

/* Each adds one element with its defaults behind the last and returns it, borrowed until the next
 * add of the same kind. TC_E_LIMIT or TC_E_NOMEM; then unchanged. The caller fills ids and
 * references. */
enum tc_err site_add_receiver(struct site *s, struct site_receiver **ret) TC_MUST_USE;
enum tc_err site_add_panel(struct site *s, struct site_panel **ret) TC_MUST_USE;
enum tc_err site_add_zone(struct site *s, struct site_zone **ret) TC_MUST_USE;
enum tc_err site_add_area(struct site *s, struct site_area **ret) TC_MUST_USE;
enum tc_err site_add_camera(struct site *s, struct site_camera **ret) TC_MUST_USE;
enum tc_err site_add_volume(struct site *s, struct site_volume **ret) TC_MUST_USE;
enum tc_err site_add_user(struct site *s, struct site_user **ret) TC_MUST_USE;
enum tc_err site_add_rule(struct site *s, struct rule **ret) TC_MUST_USE;
enum tc_err site_panel_add_point(struct site_panel *p, struct site_point **ret) TC_MUST_USE;
enum tc_err site_camera_add_cover(struct site_camera *c, struct site_cover **ret) TC_MUST_USE;
/* A zone that the area holds already, or a pair that is there already, is added once. */
enum tc_err site_area_add_zone(struct site_area *a, uint32_t zone) TC_MUST_USE;
enum tc_err site_add_adjacent(struct site *s, uint32_t zone_a, uint32_t zone_b) TC_MUST_USE;

/* After the last add: gives the default volume, sorts points and accounts, then site_check. Every
 * process works on a sealed site only. Errors as site_check's. */
enum tc_err site_seal(struct site *s, struct tc_errinfo *info) TC_MUST_USE;
/* The invariants of the head of this file, on a sealed site. TC_E_CONFIG naming the first one
 * broken. */
enum tc_err site_check(const struct site *s, struct tc_errinfo *info) TC_MUST_USE;

/* Index of the element with this id, SITE_NONE when there is none. Linear; keep the index. */
uint32_t site_zone_find(const struct site *s, struct tc_slice id);
uint32_t site_area_find(const struct site *s, struct tc_slice id);
uint32_t site_panel_find(const struct site *s, struct tc_slice id);
uint32_t site_camera_find(const struct site *s, struct tc_slice id);
uint32_t site_user_find(const struct site *s, struct tc_slice id);
uint32_t site_rule_find(const struct site *s, struct tc_slice id);
/* Of a sealed site, by binary search; the account's case does not matter. SITE_NONE when there is
 * none. */
uint32_t site_panel_by_account(const struct site *s, struct tc_slice account);
/* The panel's point with this number (sealed), or NULL. */
const struct site_point *site_point_find(const struct site_panel *p, uint32_t number);
/* The first area that holds the zone, SITE_NONE when none does. */
uint32_t site_area_of_zone(const struct site *s, uint32_t zone);
bool site_zones_adjacent(const struct site *s, uint32_t zone_a, uint32_t zone_b);
/* How a camera covers a zone, or NULL when it does not. */
const struct site_cover *site_cover_find(const struct site_camera *c, uint32_t zone);
/* Writes the indexes of the cameras that cover the zone, nearest first (unknown distances last,
 * then in the order of the file), at most MAX. Returns how many cover it, also when more than MAX.
 */
size_t site_cameras_of_zone(const struct site *s, uint32_t zone, uint32_t *out, size_t max);

/* 1..48 bytes of a-z 0-9 _ -, the first a letter or digit? Also the form of secrets' names. */
bool site_id_valid(struct tc_slice id);
/* 3..16 hex digits, as SIA DC-09 writes an account behind its "#"? */
bool site_account_valid(struct tc_slice account);
/* "operator"; NULL out of range. */
const char *site_role_name(enum site_role role);
const char *site_record_mode_name(enum site_record_mode mode);
