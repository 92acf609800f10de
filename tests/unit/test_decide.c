/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions over entries, told in a small language: a day is a text of steps "T VERB..." separated
 * by ';', T in seconds. `12!` is an active event of point 12, `12.` its restoral, `12*` an instant
 * one; `up CAM`, `down CAM`, `pick USER N`, `close USER N OUTCOME [REASON]`, `force USER N
 * OUTCOME`. After every step the state's invariants are checked; after every day the state is
 * compared, byte for byte, with a replay from the first entry and with a snapshot and the entries
 * after it. */
#include "test.h"

#include <stdlib.h>

#include "base/buf.h"
#include "config/config.h"
#include "decide/decide.h"

static const char site_yaml[] =
    "site: { id: t, name: T }\n"
    "console: { listen: 127.0.0.1:8443 }\n"
    "panels:\n"
    "  main: { account: \"1234\", points: { 12: { zone: yard, type: intrusion.motion },\n"
    "          13: { zone: gate, type: intrusion.contact }, 14: { zone: roof, type: "
    "intrusion.motion },\n"
    "          31: { zone: yard, type: fire.smoke }, 40: { zone: yard, type: pos.refund } } }\n"
    "zones: { yard: { name: Yard }, gate: { name: Gate }, roof: { name: Roof } }\n"
    "adjacent: { yard: [gate] }\n"
    "areas: { perimeter: { zones: [yard, gate] } }\n"
    "cameras:\n"
    "  near: { driver: rtsp, url: rtsp://127.0.0.1/near, covers: { yard: { distance: 5m } } }\n"
    "  far:  { driver: rtsp, url: rtsp://127.0.0.1/far, covers: { yard: { distance: 50m }, gate: "
    "{} } }\n"
    "  loading-dock-north-side-door-2: { driver: rtsp, url: rtsp://127.0.0.1/dock }\n"
    "users: { anna: { role: operator }, ben: { role: operator } }\n"
    "rules:\n"
    "  refund: { when: pos.refund in zone:yard, do: [bookmark, notify role:operator] }\n"
    "  longer: { when: fire.* in area:perimeter, do: [record full for 5m] }\n";

enum { ENTRIES_MAX = 4096 };

struct world {
    struct site site;
    struct state state;
    struct decide decide;
    struct tc_buf bytes[ENTRIES_MAX];
    size_t count;
    struct tc_buf snapshot; /* in the middle of the day */
    size_t snapshot_count;
};

static enum tc_err keep(void *ctx, const struct record_entry *e)
{
    struct world *w = ctx;
    assert_true(w->count < ENTRIES_MAX);
    tc_buf_init(&w->bytes[w->count], ENTRY_BYTES_MAX);
    return entry_encode(e, &w->bytes[w->count++]);
}

static int world_open(void **state)
{
    static struct world world;
    struct world *w = &world;
    struct tc_errinfo info = {0};
    *w = (struct world){0};
    assert_ok(config_take(tc_slice_str(site_yaml), "t.yaml", &w->site, &info), &info);
    state_init(&w->state);
    tc_buf_init(&w->snapshot, 1 << 24);
    w->decide = (struct decide){.state = &w->state, .site = &w->site, .sink = keep, .ctx = w};
    *state = w;
    return 0;
}

static void compare_states(struct state *a, struct state *b)
{
    struct tc_buf left;
    struct tc_buf right;
    tc_buf_init(&left, 1 << 24);
    tc_buf_init(&right, 1 << 24);
    assert_int_equal(state_write(a, &left), TC_OK);
    assert_int_equal(state_write(b, &right), TC_OK);
    assert_true(tc_slice_eq(tc_buf_view(&left), tc_buf_view(&right)));
    tc_buf_done(&left);
    tc_buf_done(&right);
}

static void replay(struct world *w, struct state *s, size_t from)
{
    for (size_t i = from; i < w->count; i++) {
        struct record_entry e;
        struct tc_errinfo info = {0};
        assert_ok(entry_decode(tc_buf_view(&w->bytes[i]), &e, &info), &info);
        assert_int_equal(state_fold(s, &e), TC_OK);
        state_check(s);
    }
}

static int world_close(void **state)
{
    struct world *w = *state;
    struct state again;
    state_init(&again);
    replay(w, &again, 0);
    compare_states(&w->state, &again);
    state_done(&again);
    if (w->snapshot.len > 0) {
        assert_int_equal(state_read(&again, tc_buf_view(&w->snapshot)), TC_OK);
        state_check(&again);
        replay(w, &again, w->snapshot_count);
        compare_states(&w->state, &again);
        state_done(&again);
    }
    for (size_t i = 0; i < w->count; i++)
        tc_buf_done(&w->bytes[i]);
    tc_buf_done(&w->snapshot);
    state_done(&w->state);
    site_done(&w->site);
    return 0;
}

/* ---- the language ---- */

static void begin(struct record_entry *e, enum record_kind kind, int64_t at_s)
{
    entry_init(e, kind);
    e->at.ns = (1000000 + at_s) * TC_NS_PER_S;
    e->mono.ns = at_s * TC_NS_PER_S;
    e->boot = 1;
}

static void step_point(struct world *w, int64_t at_s, struct tc_slice word)
{
    char number[16];
    struct record_entry e;
    uint64_t n = 0;
    uint8_t mark = word.ptr[word.len - 1];
    struct tc_slice digits = tc_slice_sub(word, 0, word.len - 1);
    assert_int_equal(tc_slice_u64(digits, 999, &n), TC_OK);
    assert_int_equal(tc_slice_to_str(digits, number, sizeof number), TC_OK);
    const struct site_point *p = site_point_find(&w->site.panels[0], (uint32_t)n);
    assert_non_null(p);
    enum ev_type type = ev_type_by_number(p->type);
    begin(&e, RK_EVENT, at_s);
    entry_i64(&e, RF_TYPE, type);
    entry_i64(&e, RF_STATE,
              mark == '!'   ? EV_STATE_ACTIVE
              : mark == '.' ? EV_STATE_RESTORED
                            : EV_STATE_INSTANT);
    entry_i64(&e, RF_PRIORITY, ev_type_priority(type));
    entry_str(&e, RF_PANEL, "main");
    entry_str(&e, RF_POINT, number);
    entry_str(&e, RF_ZONE, w->site.zones[p->zone].id);
    entry_i64(&e, RF_AT, e.at.ns);
    entry_i64(&e, RF_RECEIVED_AT, e.at.ns);
    assert_int_equal(decide_input(&w->decide, &e), TC_OK);
}

static void step_camera(struct world *w, int64_t at_s, struct tc_slice camera, int what)
{
    struct record_entry e;
    begin(&e, RK_CAMERA, at_s);
    entry_text(&e, RF_CAMERA, camera);
    entry_i64(&e, RF_STATE, what);
    entry_i64(&e, RF_AT, e.at.ns);
    assert_int_equal(decide_input(&w->decide, &e), TC_OK);
}

static void step_person(struct world *w, int64_t at_s, enum record_kind kind, struct tc_slice *rest,
                        bool force)
{
    struct record_entry e;
    uint64_t incident = 0;
    struct tc_slice user = tc_slice_split(rest, ' ');
    assert_int_equal(tc_slice_u64(tc_slice_split(rest, ' '), 999, &incident), TC_OK);
    begin(&e, kind, at_s);
    entry_text(&e, RF_USER, user);
    entry_i64(&e, RF_INCIDENT, (int64_t)incident);
    if (kind == RK_OP_CLOSE) {
        entry_text(&e, RF_OUTCOME, tc_slice_split(rest, ' '));
        entry_text(&e, RF_REASON, tc_slice_split(rest, ' '));
    }
    if (force)
        entry_i64(&e, RF_FORCED, 1);
    assert_int_equal(decide_input(&w->decide, &e), TC_OK);
}

static void step(struct world *w, struct tc_slice text)
{
    uint64_t at_s = 0;
    assert_int_equal(tc_slice_u64(tc_slice_split(&text, ' '), 1000000, &at_s), TC_OK);
    struct tc_slice verb = tc_slice_split(&text, ' ');
    if (tc_slice_is(verb, "up") || tc_slice_is(verb, "down"))
        step_camera(w, (int64_t)at_s, tc_slice_split(&text, ' '), tc_slice_is(verb, "up") ? 2 : 3);
    else if (tc_slice_is(verb, "pick"))
        step_person(w, (int64_t)at_s, RK_OP_PICKUP, &text, false);
    else if (tc_slice_is(verb, "close"))
        step_person(w, (int64_t)at_s, RK_OP_CLOSE, &text, false);
    else if (tc_slice_is(verb, "force"))
        step_person(w, (int64_t)at_s, RK_OP_CLOSE, &text, true);
    else
        step_point(w, (int64_t)at_s, verb);
    state_check(&w->state);
}

static void day(struct world *w, const char *text)
{
    struct tc_slice rest = tc_slice_str(text);
    while (rest.ptr != NULL) {
        step(w, tc_slice_trim(tc_slice_split(&rest, ';')));
        if (w->snapshot.len == 0) {
            assert_int_equal(state_write(&w->state, &w->snapshot), TC_OK);
            w->snapshot_count = w->count;
        }
    }
}

/* How many entries of KIND stand in the journal; the last one in E. */
static size_t count(struct world *w, enum record_kind kind, struct record_entry *e)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct record_entry each;
        struct tc_errinfo info = {0};
        assert_ok(entry_decode(tc_buf_view(&w->bytes[i]), &each, &info), &info);
        if (each.kind == kind) {
            *e = each;
            n++;
        }
    }
    return n;
}

static struct incident *incident(struct world *w, uint64_t id)
{
    struct incident *in = state_incident(&w->state, id);
    assert_non_null(in);
    return in;
}

/* ---- the stories ---- */

static void test_alarm__first_event__opens_an_incident_and_its_cameras_record(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 12!");
    struct incident *in = incident(w, 1);
    assert_int_equal(in->alarms_count, 1);
    assert_int_equal(in->priority, 3);
    assert_int_equal(in->clips_count, 2);
    assert_string_equal(in->clips[0].camera, "near");
    assert_int_equal(in->clips[0].asked_from.ns, (1000000 - 10) * TC_NS_PER_S);
    assert_int_equal(count(w, RK_CORRELATED, &e), 1);
    assert_slice_is(entry_get_text(&e, RF_CAMERAS), "near far");
    assert_int_equal(count(w, RK_COMMANDED, &e), 2);
}

static void test_alarm__same_source_again__counts_and_never_makes_a_second_row(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 1 12!; 2 12.; 3 12!");
    assert_int_equal(w->state.incidents_count, 1);
    assert_int_equal(incident(w, 1)->alarms_count, 1);
    assert_int_equal(incident(w, 1)->alarms[0].count, 3);
    assert_true(incident(w, 1)->alarms[0].active);
}

static void test_incident__adjacent_zone_within_a_minute__is_joined(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 59 13!; 118 13!; 170 12!");
    assert_int_equal(w->state.incidents_count, 1);
    assert_int_equal(incident(w, 1)->alarms_count, 2);
}

static void test_incident__later_or_elsewhere_or_of_another_class__is_its_own(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 1 14!; 2 31!; 100 13!");
    assert_int_equal(w->state.incidents_count, 4);
    assert_int_equal(incident(w, 3)->priority, 1);
    assert_int_equal(incident(w, 3)->class_, EV_CLASS_FIRE);
}

static void test_clip__condition_returns_to_normal__ends_after_the_post_roll(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 20 12.");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(incident(w, 1)->clips[i].asked_to.ns, (1000000 + 20 + 30) * TC_NS_PER_S);
}

static void test_clip__repeat_after_normal__extends_the_same_clip(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 12!; 20 12.; 40 12!; 45 12.");
    assert_int_equal(incident(w, 1)->clips_count, 2);
    assert_int_equal(incident(w, 1)->clips[0].asked_to.ns, (1000000 + 45 + 30) * TC_NS_PER_S);
    assert_true(count(w, RK_COMMANDED, &e) > 2);
    assert_int_equal(entry_get_i64(&e, RF_ACTION, 0), incident(w, 1)->clips[1].action);
}

static void test_pickup__two_at_once__the_first_has_it(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 12!; 5 pick anna 1; 5 pick ben 1; 6 pick anna 1");
    assert_string_equal(incident(w, 1)->owner, "anna");
    assert_int_equal(count(w, RK_REFUSED, &e), 1);
    assert_slice_is(entry_get_text(&e, RF_USER), "anna");
    assert_int_equal(incident(w, 1)->phases[INCIDENT_PHASE_PICKED_UP].ns, 1000005 * TC_NS_PER_S);
}

static void test_close__alarm_still_active__waits_for_normal(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 5 pick anna 1; 9 close anna 1 genuine; 10 14!");
    assert_int_equal(incident(w, 1)->state, INCIDENT_RESOLVED);
    day(w, "30 12.");
    assert_int_equal(incident(w, 1)->state, INCIDENT_CLOSED);
    assert_string_equal(incident(w, 1)->outcome, "genuine");
    assert_int_equal(incident(w, 1)->phases[INCIDENT_PHASE_DECIDED].ns, 1000009 * TC_NS_PER_S);
    assert_int_equal(incident(w, 1)->phases[INCIDENT_PHASE_CLOSED].ns, 1000030 * TC_NS_PER_S);
}

static void test_close__forced__closes_now_and_the_next_alarm_is_a_new_incident(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 9 force anna 1 false; 10 12!; 11 12.");
    assert_int_equal(incident(w, 1)->state, INCIDENT_CLOSED);
    assert_int_equal(incident(w, 2)->alarms_count, 1);
    assert_false(incident_is_active(incident(w, 2)));
}

static void test_close__closed_or_unknown__is_refused_and_on_the_record(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 12!; 1 12.; 2 close anna 1 false; 3 close ben 1 genuine; 4 pick ben 77");
    assert_string_equal(incident(w, 1)->outcome, "false");
    assert_int_equal(count(w, RK_REFUSED, &e), 2);
    assert_slice_is(entry_get_text(&e, RF_OUTCOME), DECIDE_REFUSED_UNKNOWN);
}

static void test_camera__lost_and_back__is_an_alarm_that_returns_to_normal(void **state)
{
    struct world *w = *state;
    day(w, "0 up near; 10 down near; 11 down near; 15 up near");
    assert_int_equal(w->state.incidents_count, 1);
    assert_int_equal(incident(w, 1)->type, EV_VIDEO_LOSS);
    assert_int_equal(incident(w, 1)->alarms[0].count, 2);
    assert_false(incident_is_active(incident(w, 1)));
}

static void test_rule__refund__bookmarks_the_nearest_camera_without_an_alarm(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 40*");
    assert_int_equal(w->state.incidents_count, 0);
    assert_int_equal(count(w, RK_BOOKMARK, &e), 1);
    assert_slice_is(entry_get_text(&e, RF_CAMERA), "near");
    assert_slice_is(entry_get_text(&e, RF_RULE), "refund");
    assert_int_equal(count(w, RK_NOTIFIED, &e), 1);
    assert_slice_is(entry_get_text(&e, RF_ROLE), "operator");
}

static void test_rule__fires_with_an_alarm__the_event_stands_once(void **state)
{
    struct world *w = *state;
    day(w, "0 31!; 1 31.");
    assert_int_equal(incident(w, 1)->events_count, 2);
}

static void test_rule__record_for_5m__lasts_so_long_though_all_is_normal_sooner(void **state)
{
    struct world *w = *state;
    day(w, "0 31!; 1 31.");
    assert_int_equal(incident(w, 1)->clips[0].asked_to.ns, (1000000 + 300) * TC_NS_PER_S);
    day(w, "400 12!; 410 12.");
    assert_int_equal(incident(w, 2)->clips[0].asked_to.ns, (1000000 + 410 + 30) * TC_NS_PER_S);
}

static void test_durable__commit_told__is_the_incidents_phase(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 12!");
    assert_int_equal(incident(w, 1)->phases[INCIDENT_PHASE_DURABLE].ns, 0);
    begin(&e, RK_DURABLE, 1);
    entry_i64(&e, RF_UPTO, (int64_t)w->state.last_seq);
    entry_i64(&e, RF_AT, e.at.ns);
    assert_int_equal(decide_input(&w->decide, &e), TC_OK);
    assert_int_equal(incident(w, 1)->phases[INCIDENT_PHASE_DURABLE].ns, 1000001 * TC_NS_PER_S);
    assert_int_equal(w->state.undurable, 0);
}

static void test_incidents__many_closed__the_oldest_are_let_go(void **state)
{
    struct world *w = *state;
    char text[96];
    for (unsigned i = 0; i < STATE_CLOSED_KEPT + 20; i++) {
        (void)snprintf(text, sizeof text, "%u 12!; %u 12.; %u close anna %u nuisance", i * 100,
                       i * 100 + 1, i * 100 + 2, i + 1);
        day(w, text);
    }
    assert_null(state_incident(&w->state, 1));
    assert_non_null(state_incident(&w->state, STATE_CLOSED_KEPT + 20));
    assert_true(w->state.closed_count <= STATE_CLOSED_KEPT + 1);
}

static void test_signal__same_bytes_within_minutes__is_known_as_a_repeat(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    uint8_t digest[32] = {7};
    begin(&e, RK_SIGNAL, 0);
    entry_str(&e, RF_PANEL, "main");
    entry_i64(&e, RF_RECEIVED_AT, e.at.ns);
    entry_bytes(&e, RF_DIGEST, tc_slice(digest, sizeof digest));
    assert_int_equal(decide_input(&w->decide, &e), TC_OK);
    struct tc_wall soon = {.ns = e.at.ns + 30 * TC_NS_PER_S};
    struct tc_wall late = {.ns = e.at.ns + 300 * TC_NS_PER_S};
    assert_int_equal(state_duplicate_of(&w->state, tc_slice_str("main"), digest, soon), e.seq);
    assert_int_equal(state_duplicate_of(&w->state, tc_slice_str("main"), digest, late), 0);
    digest[31] = 1;
    assert_int_equal(state_duplicate_of(&w->state, tc_slice_str("main"), digest, soon), 0);
}

/* A long random day of everything, from a seed: the invariants and the replays hold. */
static void test_state__random_days__replay_to_the_same_bytes(void **state)
{
    struct world *w = *state;
    static const char *const words[] = {"12!",     "12.",      "13!",   "13.", "14!",
                                        "14.",     "31!",      "31.",   "40*", "down near",
                                        "up near", "down far", "up far"};
    uint64_t seed = 20261122;
    char text[64];
    for (unsigned t = 0; t < 400; t++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned r = (unsigned)(seed >> 33);
        unsigned id = r / 16 % 40 + 1;
        if (r % 8 == 0)
            (void)snprintf(text, sizeof text, "%u pick %s %u", t * 7, r % 16 < 8 ? "anna" : "ben",
                           id);
        else if (r % 8 == 1)
            (void)snprintf(text, sizeof text, "%u %s anna %u genuine", t * 7,
                           r % 3 == 0 ? "force" : "close", id);
        else
            (void)snprintf(text, sizeof text, "%u %s", t * 7, words[r / 8 % TC_COUNT(words)]);
        day(w, text);
    }
    assert_true(w->state.incidents_count > 3);
}

static void test_snapshot__any_prefix_or_flipped_byte__is_refused_or_harmless(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 5 pick anna 1; 6 down near");
    struct tc_buf whole;
    tc_buf_init(&whole, 1 << 20);
    assert_int_equal(state_write(&w->state, &whole), TC_OK);
    for (size_t len = 0; len < whole.len; len++) {
        struct state s;
        state_init(&s);
        assert_int_equal(state_read(&s, tc_slice(whole.data, len)), TC_E_CORRUPT);
        assert_int_equal(s.incidents_count, 0);
    }
    tc_buf_done(&whole);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

static void test_close__by_itself_once_all_is_normal__keeps_its_reason(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 5 close anna 1 nuisance "
           "a-fox-that-comes-every-night-through-the-hole-in-the-fence; 20 12.");
    assert_int_equal(incident(w, 1)->state, INCIDENT_CLOSED);
    assert_string_equal(incident(w, 1)->reason,
                        "a-fox-that-comes-every-night-through-the-hole-in-the-fence");
    assert_string_equal(incident(w, 1)->outcome, "nuisance");
}

static void test_camera__long_id__is_lost_once_and_comes_back(void **state)
{
    struct world *w = *state;
    struct record_entry e;
    day(w, "0 down loading-dock-north-side-door-2; 100 down loading-dock-north-side-door-2");
    assert_int_equal(w->state.incidents_count, 1);
    assert_true(incident_is_active(incident(w, 1)));
    assert_string_equal(incident(w, 1)->alarms[0].point, "loading-dock-north-side-door-2");
    day(w, "200 up loading-dock-north-side-door-2");
    assert_false(incident_is_active(incident(w, 1)));
    assert_int_equal(count(w, RK_ALARM_RAISED, &e), 1);
}

static void test_alarm__active_and_then_an_instant__stays_active_until_its_restoral(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 3 close anna 1 false; 5 12*");
    assert_true(incident_is_active(incident(w, 1)));
    day(w, "9 12.");
    assert_int_equal(incident(w, 1)->state, INCIDENT_CLOSED);
}

static void test_join__the_clock_was_set_back__does_not_reach_across_it(void **state)
{
    struct world *w = *state;
    day(w, "7200 12!; 3600 13!");
    assert_int_equal(w->state.incidents_count, 2);
}

static void test_join__an_incident_that_has_its_outcome__is_not_joined(void **state)
{
    struct world *w = *state;
    day(w, "0 12!; 5 close anna 1 false; 10 13!; 20 12.");
    assert_int_equal(incident(w, 1)->state, INCIDENT_CLOSED);
    assert_int_equal(incident(w, 2)->state, INCIDENT_NEW);
    assert_int_equal(incident(w, 2)->alarms_count, 1);
}

static void test_join__an_incident_that_is_full__begins_another_and_loses_no_source(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 2 * (INCIDENT_ALARMS_MAX + 1); i++) {
        struct record_entry e;
        char number[16];
        (void)snprintf(number, sizeof number, "%u", 1000 + i % (INCIDENT_ALARMS_MAX + 1));
        begin(&e, RK_EVENT, 0);
        entry_i64(&e, RF_TYPE, EV_INTRUSION_CONTACT);
        entry_i64(&e, RF_STATE, EV_STATE_ACTIVE);
        entry_i64(&e, RF_PRIORITY, 3);
        entry_str(&e, RF_PANEL, "main");
        entry_str(&e, RF_POINT, number);
        entry_str(&e, RF_ZONE, "roof");
        assert_int_equal(decide_input(&w->decide, &e), TC_OK);
        state_check(&w->state);
    }
    assert_int_equal(w->state.incidents_count, 2);
    assert_int_equal(incident(w, 1)->alarms_count, INCIDENT_ALARMS_MAX);
    assert_int_equal(incident(w, 2)->alarms_count, 1);
    assert_int_equal(incident(w, 2)->alarms[0].count, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY(test_alarm__first_event__opens_an_incident_and_its_cameras_record),
        STORY(test_alarm__same_source_again__counts_and_never_makes_a_second_row),
        STORY(test_incident__adjacent_zone_within_a_minute__is_joined),
        STORY(test_incident__later_or_elsewhere_or_of_another_class__is_its_own),
        STORY(test_clip__condition_returns_to_normal__ends_after_the_post_roll),
        STORY(test_clip__repeat_after_normal__extends_the_same_clip),
        STORY(test_pickup__two_at_once__the_first_has_it),
        STORY(test_close__alarm_still_active__waits_for_normal),
        STORY(test_close__forced__closes_now_and_the_next_alarm_is_a_new_incident),
        STORY(test_close__closed_or_unknown__is_refused_and_on_the_record),
        STORY(test_camera__lost_and_back__is_an_alarm_that_returns_to_normal),
        STORY(test_rule__refund__bookmarks_the_nearest_camera_without_an_alarm),
        STORY(test_rule__fires_with_an_alarm__the_event_stands_once),
        STORY(test_rule__record_for_5m__lasts_so_long_though_all_is_normal_sooner),
        STORY(test_durable__commit_told__is_the_incidents_phase),
        STORY(test_incidents__many_closed__the_oldest_are_let_go),
        STORY(test_signal__same_bytes_within_minutes__is_known_as_a_repeat),
        STORY(test_close__by_itself_once_all_is_normal__keeps_its_reason),
        STORY(test_camera__long_id__is_lost_once_and_comes_back),
        STORY(test_alarm__active_and_then_an_instant__stays_active_until_its_restoral),
        STORY(test_join__the_clock_was_set_back__does_not_reach_across_it),
        STORY(test_join__an_incident_that_has_its_outcome__is_not_joined),
        STORY(test_join__an_incident_that_is_full__begins_another_and_loses_no_source),
        STORY(test_state__random_days__replay_to_the_same_bytes),
        STORY(test_snapshot__any_prefix_or_flipped_byte__is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
