/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "config/config.h"
#include "config/schema.h"
#include "config/value.h"

static enum tc_err load(const char *text, struct site *site, struct config_report *report)
{
    return config_load(tc_slice_str(text), "site.yaml", site, report);
}

static void load_example(const char *path, struct site *site)
{
    TC_CLEANUP(tc_buf_done) struct tc_buf source;
    TC_CLEANUP(config_report_done) struct config_report report;
    tc_buf_init(&source, 1 << 20);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *at = tc_buf_reserve(&source, 1 << 19);
    source.len = fread(at, 1, 1 << 19, file);
    (void)fclose(file);
    enum tc_err err = config_load(tc_buf_view(&source), path, site, &report);
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, 1 << 20);
    config_report_text(&report, tc_buf_view(&source), &text);
    assert_string_equal(tc_buf_cstr(&text), "");
    assert_int_equal(err, TC_OK);
}

static void test_config__warehouse_example__fills_the_whole_site(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    load_example(TC_SOURCE_DIR "/examples/warehouse.yaml", &s);
    assert_string_equal(s.id, "warehouse-7");
    assert_string_equal(s.name, "Warehouse 7");
    assert_string_equal(s.timezone, "America/New_York");
    assert_string_equal(s.console.listen.host, "10.40.0.5");
    assert_int_equal(s.console.listen.port, 8443);
    assert_int_equal(s.receivers[0].listen.port, 12128);
    assert_int_equal(s.receivers[0].transports, SITE_TRANSPORT_TCP);
    const struct site_panel *panel = &s.panels[site_panel_by_account(&s, tc_slice_str("1234"))];
    assert_string_equal(panel->name, "Main panel");
    const struct site_point *smoke = site_point_find(panel, 31);
    assert_int_equal(smoke->type, EV_FIRE_SMOKE);
    assert_int_equal(smoke->zone, site_zone_find(&s, tc_slice_str("server-room")));
    assert_string_equal(site_point_find(panel, 12)->name, "PIR at the north fence");
    uint32_t yard = site_zone_find(&s, tc_slice_str("yard"));
    uint32_t gate = site_zone_find(&s, tc_slice_str("gate"));
    assert_true(site_zones_adjacent(&s, gate, yard));
    uint32_t cameras[2] = {0};
    assert_int_equal(site_cameras_of_zone(&s, yard, cameras, 2), 2);
    assert_string_equal(s.cameras[cameras[0]].id, "yard-pole");
    assert_int_equal(site_cover_find(&s.cameras[cameras[0]], yard)->distance_mm, 12000);
    const struct site_camera *room = &s.cameras[site_camera_find(&s, tc_slice_str("server-room"))];
    assert_int_equal(room->record.mode, SITE_RECORD_ALARM);
    assert_int_equal(room->record.pre_ns, 20 * TC_NS_PER_S);
    assert_int_equal(room->record.post_ns, 30 * TC_NS_PER_S);
    assert_true(room->url.tls);
    assert_int_equal(room->url.port, 322);
    assert_string_equal(room->login_secret, "cameras");
    assert_int_equal(s.areas[0].entry_ns, 30 * TC_NS_PER_S);
    assert_int_equal(s.archive.volumes_count, 2);
    assert_int_equal(s.archive.volumes[1].keep_free_bytes, 50000000000);
    assert_int_equal(s.archive.ring_memory_bytes, 2000000000);
    assert_int_equal(s.users[2].uid, 1000);
    assert_int_equal(s.users[0].uid, -1);
    assert_int_equal(s.rules_count, 3);
    assert_int_equal(s.rules[0].actions_count, 3);
    assert_int_equal(s.rules[0].actions[0].for_ns, 300 * TC_NS_PER_S);
    assert_int_equal(s.rules[0].scope, RULE_IN_AREA);
    assert_int_equal(s.rules[1].actions[2].target, site_user_find(&s, tc_slice_str("carla")));
    assert_int_equal(s.rules[2].actions[0].verb, RULE_NOTIFY_ROLE);
}

static void test_config__minimal_example__gets_the_defaults(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    load_example(TC_SOURCE_DIR "/examples/minimal.yaml", &s);
    assert_string_equal(s.name, "shop");
    assert_string_equal(s.timezone, "UTC");
    assert_int_equal(s.console.listen.port, 8443);
    assert_string_equal(s.zones[0].name, "back-door");
    assert_string_equal(s.cameras[0].name, "back-door");
    assert_int_equal(s.cameras[0].record.mode, SITE_RECORD_FULL);
    assert_int_equal(s.cameras[0].record.keep_ns, 30 * 86400 * TC_NS_PER_S);
    assert_int_equal(s.archive.volumes_count, 1);
    assert_string_equal(s.archive.volumes[0].path, "");
}

/* The defaults that the table prints in help and schema are those that the model gives: written out
 * in a file they give the same site. */
static void test_config__defaults_written_out__give_the_same_site(void **state)
{
    (void)state;
    static const char short_form[] =
        "site: { id: a }\nareas: { all: { zones: [z] } }\n"
        "receivers: [ { protocol: sia-dc09, listen: 0.0.0.0:1 } ]\narchive: { volumes: [ { path: "
        "/v } ] }\n"
        "cameras: { c: { driver: rtsp, url: rtsp://h/x, covers: { z: } } }\n";
    TC_CLEANUP(tc_buf_done) struct tc_buf full;
    tc_buf_init(&full, 4096);
    static const struct {
        const char *before, *object, *key, *after;
    } parts[] = {
        {"site: { id: a, timezone: ", "site", "timezone", " }\n"},
        {"console: { listen: ", "console", "listen", " }\n"},
        {"areas: { all: { zones: [z], entry: ", "areas", "entry", ""},
        {", exit: ", "areas", "exit", " } }\n"},
        {"receivers: [ { protocol: sia-dc09, listen: 0.0.0.0:1, transports: ", "receivers",
         "transports", " } ]\n"},
        {"archive: { volumes: [ { path: /v } ], ring_memory: ", "archive", "ring_memory", " }\n"},
        {"cameras: { c: { driver: rtsp, url: rtsp://h/x, covers: { z: }, record: { mode: full, "
         "pre: ",
         "record", "pre", ""},
        {", post: ", "record", "post", ""},
        {", keep: ", "record", "keep", " } } }\n"},
    };
    const struct cfg_object *cameras = cfg_key_find(&cfg_root, tc_slice_str("cameras"))->object;
    for (size_t i = 0; i < TC_COUNT(parts); i++) {
        const struct cfg_object *holder =
            strcmp(parts[i].object, "record") == 0 ? cameras : &cfg_root;
        const struct cfg_object *o = cfg_key_find(holder, tc_slice_str(parts[i].object))->object;
        tc_buf_add_str(&full, parts[i].before);
        tc_buf_add_str(&full, cfg_key_find(o, tc_slice_str(parts[i].key))->fallback);
        tc_buf_add_str(&full, parts[i].after);
    }
    struct site a;
    struct site b;
    struct config_report ra;
    struct config_report rb;
    assert_int_equal(load(short_form, &a, &ra), TC_OK);
    assert_int_equal(load(tc_buf_cstr(&full), &b, &rb), TC_OK);
    assert_memory_equal(a.timezone, b.timezone, sizeof a.timezone);
    assert_memory_equal(&a.console, &b.console, sizeof a.console);
    assert_int_equal(a.areas[0].entry_ns, b.areas[0].entry_ns);
    assert_int_equal(a.areas[0].exit_ns, b.areas[0].exit_ns);
    assert_int_equal(a.receivers[0].transports, b.receivers[0].transports);
    assert_int_equal(a.archive.ring_memory_bytes, b.archive.ring_memory_bytes);
    assert_memory_equal(&a.cameras[0].record, &b.cameras[0].record, sizeof a.cameras[0].record);
    site_done(&a);
    site_done(&b);
    config_report_done(&ra);
    config_report_done(&rb);
}

static void test_config__bad_file__gives_no_site_and_json_of_every_finding(void **state)
{
    (void)state;
    static const char text[] =
        "site: { id: shop, nmae: \"Zo\xc3\xab\", timezone: \"\" }\nusers: { a: { role: x } }\n";
    struct site s;
    TC_CLEANUP(config_report_done) struct config_report report;
    assert_int_equal(load(text, &s, &report), TC_E_CONFIG);
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 1 << 16);
    config_report_json(&report, tc_slice_str(text), &out);
    json_t *json = json_loadb((const char *)out.data, out.len, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "errors")), 3);
    const json_t *diags = json_object_get(json, "diagnostics");
    assert_int_equal(json_array_size(diags), 3);
    const json_t *zone = json_array_get(diags, 1);
    assert_string_equal(json_string_value(json_object_get(zone, "path")), "site.timezone");
    assert_int_equal(json_integer_value(json_object_get(zone, "column")), 42);
    assert_int_equal(json_integer_value(json_object_get(zone, "column_bytes")), 43);
    const json_t *role = json_array_get(diags, 2);
    assert_string_equal(json_string_value(json_object_get(role, "path")), "users.a.role");
    assert_int_equal(json_integer_value(json_object_get(role, "line")), 2);
    assert_null(json_string_value(json_object_get(role, "near")));
    json_decref(json);
}

static void test_config__too_many_findings__are_all_counted(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, 1 << 20);
    tc_buf_add_str(&text, "site: { id: shop }\nusers:\n");
    for (int i = 0; i < CONFIG_DIAGS_MAX + 20; i++)
        tc_buf_add_fmt(&text, "  u%d: { role: zzzzzz }\n", i);
    struct site s;
    TC_CLEANUP(config_report_done) struct config_report report;
    assert_int_equal(config_load(tc_buf_view(&text), "site.yaml", &s, &report), TC_E_CONFIG);
    assert_int_equal(report.errors, CONFIG_DIAGS_MAX + 20);
    assert_int_equal(report.diags_count, CONFIG_DIAGS_MAX);
}

static void test_config__more_than_the_limits__is_refused_without_harm(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, 4 << 20);
    tc_buf_add_str(&text, "site: { id: shop }\nusers:\n");
    for (int i = 0; i <= SITE_USERS_MAX; i++)
        tc_buf_add_fmt(&text, "  u%d: { role: viewer }\n", i);
    struct site s;
    struct config_report report;
    assert_int_equal(config_load(tc_buf_view(&text), "site.yaml", &s, &report), TC_E_CONFIG);
    assert_int_equal(report.errors, 1);
    assert_string_equal(report.diags[0].code, "too-many");
    config_report_done(&report);
    tc_buf_clear(&text);
    tc_buf_add_str(&text, "site: { id: shop } #");
    for (size_t i = 0; i < 2 * 1024 * 1024; i++)
        tc_buf_add_u8(&text, 'x');
    assert_int_equal(config_load(tc_buf_view(&text), "site.yaml", &s, &report), TC_E_CONFIG);
    assert_string_equal(report.diags[0].code, "too-large");
    config_report_done(&report);
}

static void test_config__schema__is_json_and_knows_the_sections(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 1 << 20);
    config_schema_json(&out);
    assert_int_equal(out.err, TC_OK);
    json_t *json = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    const json_t *sections = json_object_get(json, "properties");
    assert_non_null(json_object_get(sections, "cameras"));
    assert_null(json_object_get(sections, "networks"));
    const json_t *site = json_object_get(sections, "site");
    assert_string_equal(json_string_value(json_array_get(json_object_get(site, "required"), 0)),
                        "id");
    json_decref(json);
}

static void test_config_find__paths__stand_where_the_reader_says(void **state)
{
    (void)state;
    static const char text[] =
        "site: { id: shop }\narchive:\n  volumes:\n    - { path: /a }\n    - path: /b\n";
    static const struct {
        const char *path;
        uint32_t line, column;
    } rows[] = {{"site.id", 1, 13},
                {"archive.volumes[0].path", 4, 15},
                {"archive.volumes[1].path", 5, 13},
                {"archive.volumes", 3, 3},
                {"archive.volumes[2].path", 0, 0},
                {"users.anna", 0, 0},
                {"archive.volumes[x]", 0, 0},
                {"site.id.x", 0, 0}};
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct config_place at = config_find(tc_slice_str(text), rows[i].path);
        assert_int_equal(at.line, rows[i].line);
        assert_int_equal(at.column, rows[i].column);
    }
}

static void test_value__sizes_and_distances__keep_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tc_err err;
        uint64_t bytes;
    } sizes[] = {{"50 GB", TC_OK, 50000000000},
                 {"2GiB", TC_OK, 2147483648},
                 {"1.5 kB", TC_OK, 1500},
                 {"0", TC_OK, 0},
                 {"512 b", TC_OK, 512},
                 {"5", TC_E_FORMAT, 0},
                 {"GB", TC_E_FORMAT, 0},
                 {"1.2345 GB", TC_E_FORMAT, 0},
                 {"1. GB", TC_E_FORMAT, 0},
                 {"-1 GB", TC_E_FORMAT, 0},
                 {"99999999999999999 TB", TC_E_RANGE, 0}};
    for (size_t i = 0; i < TC_COUNT(sizes); i++) {
        uint64_t bytes = 0;
        assert_int_equal(value_bytes(tc_slice_str(sizes[i].text), &bytes), sizes[i].err);
        assert_int_equal(bytes, sizes[i].bytes);
    }
    static const struct {
        const char *text;
        uint32_t mm;
    } distances[] = {{"12m", 12000}, {"1.5 m", 1500}, {"80 cm", 800}, {"7mm", 7}, {"40 ft", 12192}};
    for (size_t i = 0; i < TC_COUNT(distances); i++) {
        uint32_t mm = 0;
        assert_int_equal(value_distance(tc_slice_str(distances[i].text), &mm), TC_OK);
        assert_int_equal(mm, distances[i].mm);
    }
}

static void test_value__rtsp_urls__are_taken_apart_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tc_err err;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"rtsp://10.30.0.12/main", TC_OK, "10.30.0.12", 554},
        {"RTSPS://cam.example.com/x?a=b", TC_OK, "cam.example.com", 322},
        {"rtsp://[fe80::1]:8554/x", TC_OK, "fe80::1", 8554},
        {"rtsp://cam", TC_OK, "cam", 554},
        {"rtsp://cam/a@b", TC_OK, "cam", 554},
        {"rtsp://u:p@cam/x", TC_E_DENIED, NULL, 0},
        {"rtsp://u@cam/x", TC_E_DENIED, NULL, 0},
        {"http://cam/x", TC_E_UNSUPPORTED, NULL, 0},
        {"rtsp://cam:0/x", TC_E_RANGE, NULL, 0},
        {"rtsp://cam:/x", TC_E_FORMAT, NULL, 0},
        {"rtsp://[::1/x", TC_E_FORMAT, NULL, 0},
        {"rtsp://[zz]/x", TC_E_FORMAT, NULL, 0},
        {"rtsp://a..b/x", TC_E_FORMAT, NULL, 0},
        {"rtsp://cam/x\r\nHost: y", TC_E_FORMAT, NULL, 0},
        {"rtsp://cam/#f", TC_E_FORMAT, NULL, 0},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct site_url url = {0};
        assert_int_equal(value_rtsp_url(tc_slice_str(rows[i].text), &url), rows[i].err);
        if (rows[i].err != TC_OK)
            continue;
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
    }
}

/* With TOCSIN_GOLDEN_WRITE=1 the page is written instead. */
static void test_config__reference_page__is_up_to_date(void **state)
{
    (void)state;
    static const char path[] = TC_SOURCE_DIR "/docs/reference/configuration.md";
    TC_CLEANUP(tc_buf_done) struct tc_buf page;
    TC_CLEANUP(tc_buf_done) struct tc_buf kept;
    tc_buf_init(&page, 1 << 20);
    tc_buf_init(&kept, 1 << 20);
    config_reference_md(&page);
    bool write = getenv("TOCSIN_GOLDEN_WRITE") != NULL;
    FILE *file = fopen(path, write ? "wb" : "rb");
    assert_non_null(file);
    if (write) {
        assert_int_equal(fwrite(page.data, 1, page.len, file), page.len);
    } else {
        kept.len = fread(tc_buf_reserve(&kept, 1 << 19), 1, 1 << 19, file);
        if (!tc_slice_eq(tc_buf_view(&page), tc_buf_view(&kept)))
            print_error("%s is old: run this test with TOCSIN_GOLDEN_WRITE=1\n", path);
        assert_true(tc_slice_eq(tc_buf_view(&page), tc_buf_view(&kept)));
    }
    assert_int_equal(fclose(file), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config__warehouse_example__fills_the_whole_site),
        cmocka_unit_test(test_config__minimal_example__gets_the_defaults),
        cmocka_unit_test(test_config__defaults_written_out__give_the_same_site),
        cmocka_unit_test(test_config__bad_file__gives_no_site_and_json_of_every_finding),
        cmocka_unit_test(test_config__too_many_findings__are_all_counted),
        cmocka_unit_test(test_config__more_than_the_limits__is_refused_without_harm),
        cmocka_unit_test(test_config__schema__is_json_and_knows_the_sections),
        cmocka_unit_test(test_config__reference_page__is_up_to_date),
        cmocka_unit_test(test_config_find__paths__stand_where_the_reader_says),
        cmocka_unit_test(test_value__sizes_and_distances__keep_their_units),
        cmocka_unit_test(test_value__rtsp_urls__are_taken_apart_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
