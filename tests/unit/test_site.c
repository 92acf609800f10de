/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "model/site.h"

static struct tc_errinfo info;

static void put_id(char *out, const char *id)
{
    assert_int_equal(tc_slice_to_str(tc_slice_str(id), out, SITE_ID_BYTES), TC_OK);
}

/* Two zones, one area, one panel with points 31 and 12, two cameras on the first zone. */
static void build(struct site *s)
{
    site_init(s);
    put_id(s->id, "warehouse-7");
    static const char *const zones[] = {"yard", "gate"};
    for (size_t i = 0; i < TC_COUNT(zones); i++) {
        struct site_zone *z = NULL;
        assert_ok(site_add_zone(s, &z), NULL);
        put_id(z->id, zones[i]);
    }
    struct site_area *a = NULL;
    assert_ok(site_add_area(s, &a), NULL);
    put_id(a->id, "perimeter");
    assert_ok(site_area_add_zone(a, 1), NULL);
    assert_ok(site_area_add_zone(a, 1), NULL);
    struct site_panel *p = NULL;
    assert_ok(site_add_panel(s, &p), NULL);
    put_id(p->id, "main");
    (void)strcpy(p->account, "12AB");
    static const struct site_point points[] = {{.number = 31, .zone = 1}, {.number = 12}};
    for (size_t i = 0; i < TC_COUNT(points); i++) {
        struct site_point *point = NULL;
        assert_ok(site_panel_add_point(p, &point), NULL);
        *point = points[i];
    }
    static const char *const cameras[] = {"far", "unknown", "near"};
    static const uint32_t distances_mm[] = {40000, 0, 12000};
    for (size_t i = 0; i < TC_COUNT(cameras); i++) {
        struct site_camera *c = NULL;
        assert_ok(site_add_camera(s, &c), NULL);
        put_id(c->id, cameras[i]);
        c->url =
            (struct site_url){.text = "rtsp://10.30.0.12/main", .host = "10.30.0.12", .port = 554};
        struct site_cover *cover = NULL;
        assert_ok(site_camera_add_cover(c, &cover), NULL);
        *cover = (struct site_cover){.zone = 0, .distance_mm = distances_mm[i]};
    }
}

static void test_site__sealed__finds_accounts_points_and_cameras(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    build(&s);
    assert_ok(site_seal(&s, &info), &info);
    assert_int_equal(site_panel_by_account(&s, tc_slice_str("12ab")), 0);
    assert_int_equal(site_panel_by_account(&s, tc_slice_str("12AC")), SITE_NONE);
    assert_int_equal(site_panel_by_account(&s, tc_slice_str("")), SITE_NONE);
    assert_int_equal(site_point_find(&s.panels[0], 31)->zone, 1);
    assert_int_equal(site_point_find(&s.panels[0], 12)->zone, 0);
    assert_null(site_point_find(&s.panels[0], 13));
    uint32_t cameras[3] = {9, 9, 9};
    assert_int_equal(site_cameras_of_zone(&s, 0, cameras, 3), 3);
    assert_int_equal(cameras[0], 2);
    assert_int_equal(cameras[1], 0);
    assert_int_equal(cameras[2], 1);
    assert_int_equal(site_cameras_of_zone(&s, 1, cameras, 3), 0);
    assert_int_equal(s.areas[0].zones_count, 1);
    assert_int_equal(site_area_of_zone(&s, 1), 0);
    assert_int_equal(site_area_of_zone(&s, 0), SITE_NONE);
    assert_int_equal(s.archive.volumes_count, 1);
}

static void test_site__cameras_of_zone__with_room_for_one__gives_the_nearest(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    build(&s);
    uint32_t camera[2] = {9, 9};
    assert_int_equal(site_cameras_of_zone(&s, 0, camera, 1), 3);
    assert_int_equal(camera[0], 2);
    assert_int_equal(camera[1], 9);
    assert_int_equal(site_cameras_of_zone(&s, 0, NULL, 0), 3);
}

static void test_site__adjacent_pair__either_way_round__stands_once(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    build(&s);
    assert_ok(site_add_adjacent(&s, 1, 0), NULL);
    assert_ok(site_add_adjacent(&s, 0, 1), NULL);
    assert_int_equal(s.adjacent_count, 1);
    assert_true(site_zones_adjacent(&s, 0, 1));
    assert_true(site_zones_adjacent(&s, 1, 0));
}

static void test_site__zones_at_the_limit__one_more_is_refused(void **state)
{
    (void)state;
    TC_CLEANUP(site_done) struct site s;
    site_init(&s);
    struct site_zone *z = NULL;
    for (int i = 0; i < SITE_ZONES_MAX; i++)
        assert_ok(site_add_zone(&s, &z), NULL);
    assert_int_equal(site_add_zone(&s, &z), TC_E_LIMIT);
    assert_int_equal(s.zones_count, SITE_ZONES_MAX);
}

static void break_account(struct site *s)
{
    struct site_panel *p = NULL;
    assert_ok(site_add_panel(s, &p), NULL);
    put_id(p->id, "other");
    (void)strcpy(p->account, "12AB");
}

static void break_point(struct site *s)
{
    s->panels[0].points[0].number = 31;
    s->panels[0].points[1].number = 31;
}

static void break_zone_index(struct site *s)
{
    s->panels[0].points[0].zone = 2;
}

static void break_id(struct site *s)
{
    put_id(s->zones[1].id, "Yard");
}

static void break_unique(struct site *s)
{
    put_id(s->zones[1].id, "yard");
}

static void break_pre(struct site *s)
{
    s->cameras[0].record.pre_ns = 121 * TC_NS_PER_S;
}

static void break_cover(struct site *s)
{
    struct site_cover *cover = NULL;
    assert_ok(site_camera_add_cover(&s->cameras[0], &cover), NULL);
}

static void test_site__broken__is_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct site *);
        const char *text;
    } rows[] = {
        {break_account, "panels main and other have the same account 12AB"},
        {break_point, "panel main: point 31 stands twice"},
        {break_zone_index, "panel main: point 31 has no zone"},
        {break_id, "zone number 2 has no valid id"},
        {break_unique, "two zones are called yard"},
        {break_pre, "camera far: pre-roll is outside 0..120 s"},
        {break_cover, "camera far covers zone yard twice"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        TC_CLEANUP(site_done) struct site s;
        build(&s);
        rows[i].spoil(&s);
        assert_int_equal(site_seal(&s, &info), TC_E_CONFIG);
        assert_string_equal(info.text, rows[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site__sealed__finds_accounts_points_and_cameras),
        cmocka_unit_test(test_site__cameras_of_zone__with_room_for_one__gives_the_nearest),
        cmocka_unit_test(test_site__adjacent_pair__either_way_round__stands_once),
        cmocka_unit_test(test_site__zones_at_the_limit__one_more_is_refused),
        cmocka_unit_test(test_site__broken__is_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
