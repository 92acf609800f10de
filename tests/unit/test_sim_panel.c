/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated panels against the real receiver, on one loop, with this test as core. */
#include "test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "intake/receiver.h"
#include "runtime/clock.h"
#include "sim/panel.h"
#include "sim/panel_script.h"

enum { IDS_MAX = 256, PANELS = 8 };

struct world {
    struct event_base *base;
    struct site site;
    struct receiver *receiver;
    uint16_t port;
    struct event *commit;
    uint64_t ids[IDS_MAX];
    size_t ids_count;
    uint64_t taken;
    uint32_t last_sequence;
    char last_token[16];
    bool silent; /* core commits nothing */
    int64_t clock_ahead_ns;
    struct event *deadline;
};

static enum tc_err take_signal(void *ctx, const struct msg_signal *body, struct tc_slice tail)
{
    (void)tail;
    struct world *w = ctx;
    if (w->ids_count == IDS_MAX)
        return TC_E_LIMIT;
    w->ids[w->ids_count++] = body->id;
    w->taken++;
    w->last_sequence = body->sequence;
    strcpy(w->last_token, body->token);
    if (!w->silent)
        event_active(w->commit, EV_TIMEOUT, 0);
    return TC_OK;
}

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct world *w = arg;
    uint64_t ids[IDS_MAX];
    size_t count = w->ids_count;
    memcpy(ids, w->ids, count * sizeof ids[0]);
    w->ids_count = 0;
    receiver_durable(w->receiver, ids, count);
}

static void no_fault(void *ctx, unsigned type, const char *item, const char *text)
{
    (void)ctx;
    (void)type;
    (void)item;
    (void)text;
}

static struct tc_wall world_wall(void *ctx)
{
    return (struct tc_wall){clock_wall().ns + ((struct world *)ctx)->clock_ahead_ns};
}

static struct tc_mono world_mono(void *ctx)
{
    (void)ctx;
    return clock_mono();
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct tc_errinfo info = {0};
    w->base = event_base_new();
    w->commit = event_new(w->base, -1, 0, on_commit, w);
    w->deadline = event_new(w->base, -1, 0, on_deadline, w->base);
    event_add(w->deadline, &(struct timeval){.tv_sec = 20});
    site_init(&w->site);
    strcpy(w->site.id, "test");
    for (unsigned i = 0; i < PANELS; i++) {
        struct site_panel *panel = NULL;
        assert_int_equal(site_add_panel(&w->site, &panel), TC_OK);
        snprintf(panel->id, sizeof panel->id, "panel-%u", i);
        assert_int_equal(panel_account("1000", i, panel->account), TC_OK);
    }
    assert_ok(site_seal(&w->site, &info), &info);
    struct receiver_ops ops = {take_signal, no_fault, world_wall, world_mono, w, 0};
    assert_ok(receiver_new(w->base, &w->site, &ops, &w->receiver, &info), &info);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    w->port = ntohs(a.sin_port);
    assert_ok(receiver_listen(w->receiver, fd, 0, "receiver test", &info), &info);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    receiver_free(w->receiver);
    event_free(w->commit);
    event_free(w->deadline);
    event_base_free(w->base);
    site_done(&w->site);
    free(w);
    return 0;
}

static struct sim_panels *run(struct world *w, struct sim_panel_options *o)
{
    struct sim_panels *all = NULL;
    struct tc_errinfo info = {0};
    o->host = "127.0.0.1";
    o->port = w->port;
    if (o->account == NULL)
        o->account = "1000";
    assert_ok(sim_panels_new(w->base, o, &all, &info), &info);
    event_base_dispatch(w->base);
    assert_true(sim_panels_finished(all));
    return all;
}

static void test_panels__many_at_once__every_message_is_acknowledged(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12", "1130 01 012", "null", "BR 12 1 Gate"};
    struct sim_panel_options o = {
        .events = events, .events_count = TC_COUNT(events), .panels = PANELS, .repeat = 50};
    struct sim_panels *all = run(w, &o);
    const struct sim_panel_stats *s = sim_panels_stats(all);
    assert_true(sim_panels_all_acked(all));
    assert_int_equal(s->acked, PANELS * 50 * TC_COUNT(events));
    assert_int_equal(s->resent + s->naks + s->duhs + s->strays + s->reconnects, 0);
    assert_int_equal(w->taken, s->acked);
    assert_int_equal(s->latency.count, s->acked);
    sim_panels_free(all);
}

static void test_panel__sequence__runs_round_without_zero(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"RP"};
    struct sim_panel_options o = {
        .events = events, .events_count = 1, .repeat = 3, .first_sequence = 9998};
    sim_panels_free(run(w, &o));
    assert_int_equal(w->last_sequence, 1);
}

/* The receiver's clock is an hour ahead: refused with its time, sent again with it, accepted. */
static void test_panel__refused_for_its_clock__takes_the_receivers_time(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12", "BR 12"};
    w->clock_ahead_ns = 3600 * TC_NS_PER_S;
    struct sim_panel_options o = {.events = events, .events_count = 2, .repeat = 1};
    struct sim_panels *all = run(w, &o);
    assert_int_equal(sim_panels_stats(all)->naks, 1);
    assert_int_equal(sim_panels_stats(all)->acked, 2);
    assert_true(sim_panels_all_acked(all));
    sim_panels_free(all);
}

static void test_panel__no_answer__sends_again_reconnects_and_gives_up(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12"};
    w->silent = true;
    struct sim_panel_options o = {.events = events,
                                  .events_count = 1,
                                  .repeat = 1,
                                  .timeout_ns = 20 * TC_NS_PER_MS,
                                  .tries = 2,
                                  .failures_max = 1};
    struct sim_panels *all = run(w, &o);
    assert_int_equal(w->taken, 4); /* two tries on each of two connections */
    assert_int_equal(sim_panels_stats(all)->reconnects, 2);
    assert_false(sim_panels_all_acked(all));
    sim_panels_free(all);
}

static void test_panel__idle__sends_supervision_messages(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12", "wait 100ms", "BR 12"};
    struct sim_panel_options o = {
        .events = events, .events_count = 3, .repeat = 1, .supervision_ns = 20 * TC_NS_PER_MS};
    struct sim_panels *all = run(w, &o);
    assert_in_range(w->taken, 4,
                    7); /* two events and some of the four supervision messages between */
    assert_true(sim_panels_all_acked(all));
    sim_panels_free(all);
}

static void test_panel__unknown_account__is_never_acknowledged(void **state)
{
    struct world *w = *state;
    static const char *const events[] = {"BA 12"};
    struct sim_panel_options o = {.account = "9999",
                                  .events = events,
                                  .events_count = 1,
                                  .repeat = 1,
                                  .timeout_ns = 20 * TC_NS_PER_MS,
                                  .tries = 1,
                                  .run_ns = 100 * TC_NS_PER_MS};
    struct sim_panels *all = run(w, &o);
    assert_int_equal(w->taken, 0);
    assert_false(sim_panels_all_acked(all));
    sim_panels_free(all);
}

static void test_script__each_form__becomes_its_data(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum dc09_kind kind;
        const char *data;
    } rows[] = {
        {"BA 12", DC09_SIA_DCS, "NBA12"},
        {"RP", DC09_SIA_DCS, "NRP"},
        {"BA 12 1", DC09_SIA_DCS, "Nri1/BA12"},
        {"  BA  12 1 Back door ", DC09_SIA_DCS, "Nri1/BA12^Back door^"},
        {"1130 01 012", DC09_ADM_CID, "1130 01 012"},
        {"cid 3401 00 005", DC09_ADM_CID, "3401 00 005"},
        {"null", DC09_NULL_, ""},
        {"raw Nti12:00/BA1", DC09_SIA_DCS, "Nti12:00/BA1"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct panel_step step;
        struct tc_errinfo info = {0};
        assert_ok(panel_step_parse(tc_slice_str(rows[i].text), &step, &info), &info);
        assert_int_equal(step.kind, rows[i].kind);
        assert_string_equal(step.data, rows[i].data);
    }
    static const char *const bad[] = {"",     "ba 12",  "BA 1] x", "1130", "1130 1 12",
                                      "wait", "wait x", "raw a]b", "BAX"};
    for (size_t i = 0; i < TC_COUNT(bad); i++) {
        struct panel_step step;
        struct tc_errinfo info = {0};
        assert_int_equal(panel_step_parse(tc_slice_str(bad[i]), &step, &info), TC_E_FORMAT);
        assert_true(info.text[0] != 0);
    }
}

static void test_account__counted_up__keeps_its_width(void **state)
{
    (void)state;
    char out[DC09_ACCOUNT_BYTES_MAX + 1];
    assert_int_equal(panel_account("0099", 1, out), TC_OK);
    assert_string_equal(out, "0100");
    assert_int_equal(panel_account("00AF", 1, out), TC_OK);
    assert_string_equal(out, "00B0");
    assert_int_equal(panel_account("FFFFFFFFFFFFFFFF", 0, out), TC_OK);
    assert_string_equal(out, "FFFFFFFFFFFFFFFF");
    assert_int_equal(panel_account("999", 1, out), TC_E_RANGE);
    assert_int_equal(panel_account("FFFFFFFFFFFFFFFF", 1, out), TC_E_RANGE);
    assert_int_equal(panel_account("12", 0, out), TC_E_FORMAT);
    assert_int_equal(panel_account("xyz", 0, out), TC_E_FORMAT);
}

static void test_latency__percentiles__are_within_a_sixteenth(void **state)
{
    (void)state;
    static struct latency l;
    assert_int_equal(latency_percentile(&l, 50), 0);
    for (int64_t us = 1; us <= 1000; us++)
        latency_add(&l, us * 1000);
    assert_in_range(latency_percentile(&l, 50), 500000, 535000);
    assert_in_range(latency_percentile(&l, 99), 990000, 1000000);
    assert_int_equal(latency_percentile(&l, 100), 1000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_panels__many_at_once__every_message_is_acknowledged),
        TEST(test_panel__sequence__runs_round_without_zero),
        TEST(test_panel__refused_for_its_clock__takes_the_receivers_time),
        TEST(test_panel__no_answer__sends_again_reconnects_and_gives_up),
        TEST(test_panel__idle__sends_supervision_messages),
        TEST(test_panel__unknown_account__is_never_acknowledged),
        cmocka_unit_test(test_script__each_form__becomes_its_data),
        cmocka_unit_test(test_account__counted_up__keeps_its_width),
        cmocka_unit_test(test_latency__percentiles__are_within_a_sixteenth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
