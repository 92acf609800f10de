/* SPDX-License-Identifier: Apache-2.0 */
/* The table. Order matters in the root only: sections are read in this order, whatever their order
 * in the file, so that what is named is there before it is named. */
#include "config/schema.h"

#include <stdlib.h>

#include "base/check.h"
#include "config/read.h"

#define FIELD(type, member)                                                                        \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define KEYS(table)  .keys = (table), .keys_count = TC_COUNT(table)
#define WORDS(table) .words = (table), .words_count = TC_COUNT(table)
#define ID_FORM      "^[a-z0-9][a-z0-9_-]{0,47}$"
#define NOT_YET(key)                                                                               \
    {                                                                                              \
        .name = (key), .type = CFG_LATER                                                           \
    }

#define SECONDS(n) ((n)*TC_NS_PER_S)
#define DAYS(n)    ((n)*86400 * TC_NS_PER_S)

static const struct cfg_key site_keys[] = {
    {.name = "id",
     .type = CFG_ID,
     .required = true,
     FIELD(site, id),
     .example = "warehouse-7",
     .help = "The site's name in files and addresses"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site, name),
     .example = "Warehouse 7",
     .help = "The site's name for people; the id when it is not given"},
    {.name = "timezone",
     .type = CFG_TIMEZONE,
     FIELD(site, timezone),
     .fallback = "UTC",
     .example = "America/New_York",
     .help = "The IANA name of the site's time zone, used on screens only"},
};

static const struct cfg_key console_keys[] = {
    {.name = "listen",
     .type = CFG_LISTEN,
     FIELD(site_console, listen),
     .fallback = "127.0.0.1:8443",
     .example = "10.40.0.5:8443",
     .help = "Where the console and the HTTP API answer (HTTPS only)"},
};

static const struct cfg_word protocols[] = {{"sia-dc09", SITE_PROTOCOL_SIA_DC09, false}};
static const struct cfg_word transports[] = {{"tcp", SITE_TRANSPORT_TCP, false}, {"udp", 0, true}};

static const struct cfg_key receiver_keys[] = {
    {.name = "protocol",
     .type = CFG_WORD,
     .required = true,
     FIELD(site_receiver, protocol),
     WORDS(protocols),
     .example = "sia-dc09",
     .help = "What the panels speak"},
    {.name = "listen",
     .type = CFG_LISTEN,
     .required = true,
     FIELD(site_receiver, listen),
     .example = "10.20.0.5:12128",
     .help = "The address and port that panels connect to"},
    {.name = "transports",
     .type = CFG_WORDS,
     FIELD(site_receiver, transports),
     WORDS(transports),
     .one = "transport",
     .fallback = "tcp",
     .example = "[tcp]",
     .help = "How signals may arrive"},
};

static const struct cfg_key zone_keys[] = {
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_zone, name),
     .example = "Yard",
     .help = "The zone's name for people; the id when it is not given"},
    NOT_YET("plan"),
};

static const struct cfg_key point_keys[] = {
    {.name = "zone",
     .type = CFG_ZONE,
     .required = true,
     FIELD(site_point, zone),
     .example = "yard",
     .help = "The zone that this point reports on"},
    {.name = "type",
     .type = CFG_EVENT_TYPE,
     FIELD(site_point, type),
     .example = "intrusion.motion",
     .help = "What an alarm of this point is; as the panel's own code says when it is not given"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_point, name),
     .example = "PIR at the north fence",
     .help = "The point's name for people"},
};
static const struct cfg_object point_object = {"point", KEYS(point_keys)};

static const struct cfg_key panel_keys[] = {
    {.name = "account",
     .type = CFG_ACCOUNT,
     .required = true,
     FIELD(site_panel, account),
     .example = "\"1234\"",
     .help = "The account that the panel reports under: 3 to 16 hex digits"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_panel, name),
     .example = "Main panel",
     .help = "The panel's name for people; the id when it is not given"},
    {.name = "points",
     .type = CFG_MAP,
     .object = &point_object,
     .add = cfg_add_point,
     .name_form = "^[0-9]{1,5}$",
     .help = "The panel's points by number"},
    NOT_YET("key"),
    NOT_YET("supervision"),
};

static const struct cfg_key area_keys[] = {
    {.name = "zones",
     .type = CFG_LIST,
     .required = true,
     .put = cfg_put_area_zone,
     .example = "[yard, gate]",
     .help = "The zones that are armed and disarmed together"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_area, name),
     .example = "Perimeter",
     .help = "The area's name for people; the id when it is not given"},
    {.name = "entry",
     .type = CFG_DURATION,
     FIELD(site_area, entry_ns),
     .max = SECONDS(SITE_DELAY_MAX_S),
     .fallback = "30s",
     .help = "How long after coming in the area may be disarmed without an alarm"},
    {.name = "exit",
     .type = CFG_DURATION,
     FIELD(site_area, exit_ns),
     .max = SECONDS(SITE_DELAY_MAX_S),
     .fallback = "60s",
     .help = "How long after arming the area may be left without an alarm"},
};

static const struct cfg_key cover_keys[] = {
    {.name = "preset",
     .type = CFG_TEXT,
     FIELD(site_cover, preset),
     .example = "yard",
     .help = "The camera's preset position that shows the zone"},
    {.name = "distance",
     .type = CFG_DISTANCE,
     FIELD(site_cover, distance_mm),
     .example = "12m",
     .help = "How far the zone is from the camera; the nearest camera comes first"},
};
static const struct cfg_object cover_object = {"coverage", KEYS(cover_keys)};

static const struct cfg_word record_modes[] = {
    {"full", SITE_RECORD_FULL, false},
    {"alarm", SITE_RECORD_ALARM, false},
    {"keyframes", 0, true},
    {"substream", 0, true},
    {"off", 0, true},
};

static const struct cfg_key record_keys[] = {
    {.name = "mode",
     .type = CFG_WORD,
     FIELD(site_record, mode),
     WORDS(record_modes),
     .fallback = "full",
     .help = "What is recorded: everything, or only around alarms"},
    {.name = "pre",
     .type = CFG_DURATION,
     FIELD(site_record, pre_ns),
     .max = SECONDS(SITE_PRE_MAX_S),
     .fallback = "10s",
     .help = "How much video before an alarm belongs to its clip"},
    {.name = "post",
     .type = CFG_DURATION,
     FIELD(site_record, post_ns),
     .max = SECONDS(SITE_POST_MAX_S),
     .fallback = "30s",
     .help = "How much video after the return to normal belongs to the clip"},
    {.name = "keep",
     .type = CFG_DURATION,
     FIELD(site_record, keep_ns),
     .min = SECONDS(3600),
     .max = DAYS(3650),
     .fallback = "30d",
     .help = "How long recordings that nothing holds are kept"},
    NOT_YET("alarm"),
};
static const struct cfg_object record_object = {"recording", KEYS(record_keys)};

static const struct cfg_word drivers[] = {
    {"rtsp", SITE_DRIVER_RTSP, false}, {"onvif", 0, true}, {"axis", 0, true}, {"hanwha", 0, true}};

static const struct cfg_key camera_keys[] = {
    {.name = "driver",
     .type = CFG_WORD,
     .required = true,
     FIELD(site_camera, driver),
     WORDS(drivers),
     .example = "rtsp",
     .help = "How the camera is spoken to"},
    {.name = "url",
     .type = CFG_URL,
     .required = true,
     FIELD(site_camera, url),
     .example = "rtsp://10.30.0.12/main",
     .help = "The address of the main stream, without a login"},
    {.name = "sub",
     .type = CFG_URL,
     FIELD(site_camera, sub),
     .example = "rtsp://10.30.0.12/low",
     .help = "The address of a smaller stream of the same picture"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_camera, name),
     .example = "Gate, fixed",
     .help = "The camera's name for people; the id when it is not given"},
    {.name = "login",
     .type = CFG_SECRET,
     FIELD(site_camera, login_secret),
     .example = "secret:cameras",
     .help = "The stored secret that holds user:password"},
    {.name = "covers",
     .type = CFG_MAP,
     .object = &cover_object,
     .add = cfg_add_cover,
     .name_form = ID_FORM,
     .help = "The zones that the camera sees"},
    {.name = "record",
     .type = CFG_OBJECT,
     .object = &record_object,
     FIELD(site_camera, record),
     .help = "What is recorded and how long it is kept"},
    NOT_YET("address"),
};

static const struct cfg_key volume_keys[] = {
    {.name = "path",
     .type = CFG_PATH,
     .required = true,
     FIELD(site_volume, path),
     .example = "/srv/video-a",
     .help = "A folder on a file system with hard links"},
    {.name = "keep_free",
     .type = CFG_BYTES,
     FIELD(site_volume, keep_free_bytes),
     .max = INT64_C(1000000000000000),
     .fallback = "1 GB",
     .example = "50 GB",
     .help = "Space that recordings never take"},
};
static const struct cfg_object volume_object = {"volume", KEYS(volume_keys)};

static const struct cfg_key archive_keys[] = {
    {.name = "volumes",
     .type = CFG_LIST,
     .object = &volume_object,
     .add = cfg_add_volume,
     .help = "Where recordings are kept; archive/ in the state directory when none is given"},
    {.name = "ring_memory",
     .type = CFG_BYTES,
     FIELD(site_archive, ring_memory_bytes),
     .min = 16000000,
     .max = INT64_C(1000000000000),
     .fallback = "1 GB",
     .example = "2 GB",
     .help = "Memory for the last seconds of all cameras together"},
};

static const struct cfg_word roles[] = {
#define X(name, text) {text, SITE_ROLE_##name, false},
    SITE_ROLE_LIST(X)
#undef X
};

static const struct cfg_key user_keys[] = {
    {.name = "role",
     .type = CFG_WORD,
     .required = true,
     FIELD(site_user, role),
     WORDS(roles),
     .example = "operator",
     .help = "What the person may do"},
    {.name = "name",
     .type = CFG_TEXT,
     FIELD(site_user, name),
     .example = "Anna Khan",
     .help = "The person's name; the id when it is not given"},
    {.name = "uid",
     .type = CFG_NUMBER,
     FIELD(site_user, uid),
     .max = UINT32_MAX - 1,
     .example = "1000",
     .help = "The system user who is this person on the local socket"},
    NOT_YET("sites"),
    NOT_YET("mail"),
};

static const struct cfg_key rule_keys[] = {
    {.name = "when",
     .type = CFG_WHEN,
     .required = true,
     .example = "intrusion.* in area:perimeter",
     .help = "Which events the rule answers: an event type or a branch of them, and perhaps where"},
    {.name = "do",
     .type = CFG_LIST,
     .required = true,
     .put = cfg_put_action,
     .one_or_list = true,
     .example = "[ record for 5m, notify role:operator ]",
     .help = "What is done: record, bookmark, notify"},
    NOT_YET("then"),
    NOT_YET("without"),
    NOT_YET("within"),
    NOT_YET("while"),
    NOT_YET("during"),
    NOT_YET("confirm"),
    NOT_YET("explain"),
    NOT_YET("when confirmed"),
    NOT_YET("when explained"),
    NOT_YET("escalate"),
    NOT_YET("stop"),
};

static const struct cfg_object site_object = {"site", KEYS(site_keys)};
static const struct cfg_object console_object = {"console", KEYS(console_keys)};
static const struct cfg_object receiver_object = {"receiver", KEYS(receiver_keys)};
static const struct cfg_object zone_object = {"zone", KEYS(zone_keys)};
static const struct cfg_object panel_object = {"panel", KEYS(panel_keys)};
static const struct cfg_object area_object = {"area", KEYS(area_keys)};
static const struct cfg_object camera_object = {"camera", KEYS(camera_keys)};
static const struct cfg_object archive_object = {"archive", KEYS(archive_keys)};
static const struct cfg_object user_object = {"user", KEYS(user_keys)};
static const struct cfg_object rule_object = {"rule", KEYS(rule_keys)};

static const struct cfg_key root_keys[] = {
    {.name = "site",
     .type = CFG_OBJECT,
     .required = true,
     .object = &site_object,
     .example = "{ id: warehouse-7, timezone: America/New_York }",
     .help = "The protected place"},
    {.name = "console",
     .type = CFG_OBJECT,
     .object = &console_object,
     FIELD(site, console),
     .help = "The console in the browser and the HTTP API"},
    {.name = "receivers",
     .type = CFG_LIST,
     .object = &receiver_object,
     .add = cfg_add_receiver,
     .help = "Where alarm panels report to"},
    {.name = "zones",
     .type = CFG_MAP,
     .object = &zone_object,
     .add = cfg_add_zone,
     .name_form = ID_FORM,
     .help = "Detection places; one that a point or an area names needs no entry here"},
    {.name = "panels",
     .type = CFG_MAP,
     .object = &panel_object,
     .add = cfg_add_panel,
     .name_form = ID_FORM,
     .help = "Alarm panels and their points"},
    {.name = "areas",
     .type = CFG_MAP,
     .object = &area_object,
     .add = cfg_add_area,
     .name_form = ID_FORM,
     .help = "Zones that are armed and disarmed together"},
    {.name = "adjacent",
     .type = CFG_MAP,
     .put = cfg_put_adjacent,
     .name_form = ID_FORM,
     .help = "For a zone the zones beside it: alarms of both within a minute are one incident"},
    {.name = "cameras",
     .type = CFG_MAP,
     .object = &camera_object,
     .add = cfg_add_camera,
     .name_form = ID_FORM,
     .help = "Cameras and the zones they cover"},
    {.name = "archive",
     .type = CFG_OBJECT,
     .object = &archive_object,
     FIELD(site, archive),
     .help = "Where recordings are kept"},
    {.name = "users",
     .type = CFG_MAP,
     .object = &user_object,
     .add = cfg_add_user,
     .name_form = ID_FORM,
     .help = "The people who may sign in; passwords are never in this file"},
    {.name = "rules",
     .type = CFG_MAP,
     .object = &rule_object,
     .add = cfg_add_rule,
     .name_form = ID_FORM,
     .help = "What is done when something happens"},
    NOT_YET("networks"),
    NOT_YET("contacts"),
    NOT_YET("outputs"),
    NOT_YET("lists"),
    NOT_YET("calendars"),
    NOT_YET("doors"),
    NOT_YET("tills"),
    NOT_YET("brokers"),
    NOT_YET("traps"),
    NOT_YET("notify"),
    NOT_YET("procedures"),
};
const struct cfg_object cfg_root = {"file", KEYS(root_keys)};

const char *cfg_type_takes(enum cfg_type type)
{
    static const char *const takes[CFG_TYPE_COUNT] = {
        [CFG_TEXT] = "a text",
        [CFG_ACCOUNT] = "an account of 3 to 16 hex digits",
        [CFG_TIMEZONE] = "a time zone such as America/New_York",
        [CFG_PATH] = "an absolute path",
        [CFG_ID] = "an id",
        [CFG_SECRET] = "a reference such as secret:cameras",
        [CFG_DURATION] = "a duration such as 10s, 5m or 30d",
        [CFG_BYTES] = "a size such as 50 GB",
        [CFG_DISTANCE] = "a distance such as 12m",
        [CFG_LISTEN] = "an address and port such as 10.20.0.5:12128 or [::1]:8443",
        [CFG_URL] = "an address such as rtsp://10.30.0.12/main",
        [CFG_EVENT_TYPE] = "an event type such as intrusion.motion",
        [CFG_NUMBER] = "a whole number",
        [CFG_WORD] = "one word",
        [CFG_WORDS] = "a list of words",
        [CFG_ZONE] = "a zone's id",
        [CFG_OBJECT] = "a map of keys",
        [CFG_MAP] = "a map",
        [CFG_LIST] = "a list",
        [CFG_WHEN] = "an event pattern such as intrusion.* in area:perimeter",
    };
    TC_ASSERT(type < CFG_LATER);
    return takes[type];
}

const struct cfg_key *cfg_key_find(const struct cfg_object *o, struct tc_slice name)
{
    for (size_t i = 0; i < o->keys_count; i++) {
        if (tc_slice_is(name, o->keys[i].name))
            return &o->keys[i];
    }
    return NULL;
}
