/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <jansson.h>

#include "model/incident.h"

#define T0 INT64_C(1795349109000000000)
#define S(text)                                                                                    \
    {                                                                                              \
        .ptr = (const uint8_t *)(text), .len = sizeof(text) - 1                                    \
    }

static json_t *parsed(const struct incident_view *v, bool full, struct tc_buf *b)
{
    tc_buf_init(b, 1 << 20);
    struct tc_json j = tc_json(b);
    incident_to_json(v, full, &j);
    json_error_t error;
    json_t *root = json_loadb((const char *)b->data, b->len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s in %s", error.text, tc_buf_cstr(b));
    return root;
}

static const struct clip_view clip = {
    .camera = S("gate-fixed"),
    .state = CLIP_COMPLETE,
    .asked_from = {T0 - 10 * TC_NS_PER_S},
    .asked_to = {T0 + 30 * TC_NS_PER_S},
    .from = {T0 - 9490 * TC_NS_PER_MS},
    .to = {T0 + 30 * TC_NS_PER_S},
    .pre_of = {T0},
    .bytes = 123,
    .gaps = S("[{\"cause\":\"stalled\"}]"),
};

static void test_incident__with_everything__prints_every_part(void **state)
{
    (void)state;
    const struct alarm_view alarm = {.id = 4,
                                     .type = EV_INTRUSION_MOTION,
                                     .priority = 3,
                                     .active = true,
                                     .count = 2,
                                     .raised_at = {T0},
                                     .zone = S("yard")};
    const struct action_view action = {.id = 9, .verb = S("record"), .state = ACTION_FAILED};
    const struct note_view note = {.at = {T0}, .user = S("anna"), .text = S("a \"dog\"")};
    const struct event_view event = {
        .id = 5, .type = EV_NONE, .state = EV_STATE_ACTIVE, .unmapped = true};
    struct incident_view v = {
        .id = 1,
        .state = INCIDENT_PICKED_UP,
        .priority = 3,
        .type = EV_INTRUSION_MOTION,
        .owner = S("anna"),
        .active = true,
        .signal_count = 2,
        .clips = &clip,
        .clips_count = 1,
        .alarms = &alarm,
        .alarms_count = 1,
        .actions = &action,
        .actions_count = 1,
        .notes = &note,
        .notes_count = 1,
        .events = &event,
        .events_count = 1,
    };
    v.phases[INCIDENT_PHASE_DURABLE].ns = T0;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    json_t *root = parsed(&v, true, &b);
    const char *s[8];
    assert_int_equal(
        json_unpack(root,
                    "{s:s,s:s,s:s,s:{s:s,s:n},s:[{s:s,s:s}],s:[{s:s}],s:[{s:s}],s:[{s:s,s:b}]}",
                    "state", &s[0], "class", &s[1], "condition", &s[2], "phases", "durable", &s[3],
                    "sensed", "alarms", "condition", &s[4], "type", &s[5], "actions", "state",
                    &s[6], "notes", "text", &s[7], "events", "type", &s[3], "unmapped", &(int){0}),
        0);
    assert_string_equal(s[0], "picked_up");
    assert_string_equal(s[1], "intrusion");
    assert_string_equal(s[2], "active");
    assert_string_equal(s[4], "active");
    assert_string_equal(s[6], "failed");
    assert_string_equal(s[7], "a \"dog\"");
    assert_string_equal(s[3], "unmapped");
    json_decref(root);
    tc_buf_done(&b);
    root = parsed(&v, false, &b);
    assert_null(json_object_get(root, "alarms"));
    assert_int_equal(json_integer_value(json_object_get(root, "alarm_count")), 1);
    json_decref(root);
}

static void test_clip__begins_late__says_what_it_got_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(clip_pre_asked_ns(&clip), 10 * TC_NS_PER_S);
    assert_int_equal(clip_pre_got_ns(&clip), 9490 * TC_NS_PER_MS);
    struct incident_view v = {.id = 1, .clips = &clip, .clips_count = 1};
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    json_t *root = parsed(&v, false, &b);
    const char *text = NULL, *cause = NULL;
    assert_int_equal(json_unpack(root, "{s:[{s:{s:s,s:[{s:s}]}}]}", "cameras", "clip", "text",
                                 &text, "gaps", "cause", &cause),
                     0);
    assert_string_equal(text, "asked 10.0 s, got 9.4 s");
    assert_string_equal(cause, "stalled");
    json_decref(root);
}

static void test_clip__edges__say_exactly_what_there_is(void **state)
{
    (void)state;
    struct clip_view c = clip;
    c.from.ns = T0 + 1; /* begins behind the alarm */
    assert_int_equal(clip_pre_got_ns(&c), 0);
    c.from.ns = T0 - 12 * TC_NS_PER_S; /* more than asked for */
    assert_int_equal(clip_pre_got_ns(&c), 12 * TC_NS_PER_S);
    c.from.ns = 0;
    assert_int_equal(clip_pre_got_ns(&c), 0);
    c.pre_of.ns = 0;
    assert_int_equal(clip_pre_asked_ns(&c), 0);
}

static void test_names__every_number__has_a_word_and_reads_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INCIDENT_STATE_COUNT; i++) {
        enum incident_state back = INCIDENT_STATE_COUNT;
        assert_int_equal(incident_state_parse(tc_slice_str(incident_state_name(i)), &back), TC_OK);
        assert_int_equal(back, i);
    }
    enum incident_state none = INCIDENT_PARKED;
    assert_int_equal(incident_state_parse(tc_slice_str("open"), &none), TC_E_UNKNOWN);
    assert_int_equal(none, INCIDENT_PARKED);
    assert_null(incident_state_name(INCIDENT_STATE_COUNT));
    assert_null(incident_phase_name(INCIDENT_PHASE_COUNT));
    assert_string_equal(incident_phase_name(INCIDENT_PHASE_CLOSED), "closed");
    assert_string_equal(ev_state_name(EV_STATE_RESTORED), "restored");
}

static void test_raw__bytes_of_every_value__are_ascii_json(void **state)
{
    (void)state;
    uint8_t all[256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 1 << 16);
    struct tc_json j = tc_json(&b);
    tc_json_arr(&j);
    raw_to_json(tc_slice(all, 256), &j);
    raw_to_json(tc_slice("a", 1), &j);
    tc_json_arr_end(&j);
    json_t *root = json_loadb((const char *)b.data, b.len, 0, NULL);
    assert_non_null(root);
    const char *text = json_string_value(json_array_get(root, 0));
    assert_memory_equal(text, "\\x00\\x01", 8);
    assert_non_null(strstr(text, "Z[\\x5c]"));
    assert_string_equal(json_string_value(json_array_get(root, 1)), "a");
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_incident__with_everything__prints_every_part),
        cmocka_unit_test(test_clip__begins_late__says_what_it_got_rounded_down),
        cmocka_unit_test(test_clip__edges__say_exactly_what_there_is),
        cmocka_unit_test(test_names__every_number__has_a_word_and_reads_back),
        cmocka_unit_test(test_raw__bytes_of_every_value__are_ascii_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
