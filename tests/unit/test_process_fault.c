/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on their way to core: what core hears last about a thing is its last state, however long
 * core was away and however fast the thing changes. */
#include "test.h"

#include <event2/event.h>

#include "model/event_type.h"
#include "runtime/process_internal.h"

struct world {
    struct event_base *base;
    struct process p;
    struct channel *core; /* core's end */
    unsigned got;
    uint8_t active[32];
};

static void on_fault(void *ctx, struct channel *from, struct msg *m)
{
    struct world *w = ctx;
    (void)from;
    assert_true(w->got < TC_COUNT(w->active));
    w->active[w->got++] = ((const struct msg_fault *)m->body)->active;
}

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    (void)ctx;
    (void)c;
    (void)why;
}

static const struct channel_handler core_handlers[] = {{MSG_FAULT, on_fault}, {0, NULL}};
static const struct channel_ops core_ops = {.handlers = core_handlers, .on_closed = on_closed};
static const struct channel_ops own_ops = {.on_closed = on_closed};

static int world_open(void **state)
{
    static struct world world;
    world = (struct world){.base = event_base_new()};
    world.p.base = world.base;
    world.p.started = true;
    *state = &world;
    return 0;
}

static void core_comes(struct world *w)
{
    struct channel_options own = {.self = TC_ROLE_ARCHIVE, .peer = TC_ROLE_CORE};
    struct channel_options core = {.self = TC_ROLE_CORE, .peer = TC_ROLE_ARCHIVE};
    struct tc_errinfo info = {0};
    int fds[2];
    assert_ok(channel_pair(fds, &info), &info);
    w->p.links[0] = (struct link_slot){.used = true, .peer = TC_ROLE_CORE};
    assert_ok(channel_new(w->base, fds[0], &own, &own_ops, w, &w->p.links[0].channel, &info),
              &info);
    assert_ok(channel_new(w->base, fds[1], &core, &core_ops, w, &w->core, &info), &info);
    process_faults_resend(&w->p);
}

static int world_close(void **state)
{
    struct world *w = *state;
    channel_free(w->p.links[0].channel);
    channel_free(w->core);
    event_base_free(w->base);
    return 0;
}

static void hear(struct world *w)
{
    for (unsigned i = 0; i < 4; i++)
        (void)event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void tell(struct world *w, unsigned active)
{
    process_fault(&w->p, EV_SYSTEM_DISK_FAILED, active, "/srv/video-a", "text");
}

/* As if a second had gone by. */
static void a_second_later(struct world *w)
{
    for (size_t i = 0; i < FAULT_SLOTS; i++)
        w->p.faults[i].sent_at.ns -= w->p.faults[i].sent_at.ns != 0 ? 2 * TC_NS_PER_S : 0;
    process_faults_resend(&w->p);
    hear(w);
}

static void test_fault__changes_while_core_is_away__the_last_state_is_heard_last(void **state)
{
    struct world *w = *state;
    tell(w, 1);
    tell(w, 0);
    core_comes(w);
    hear(w);
    assert_int_equal(w->got, 2);
    assert_int_equal(w->active[0], 1);
    assert_int_equal(w->active[1], 0);
}

static void test_fault__over_and_there_again_while_core_is_away__is_heard_as_there(void **state)
{
    struct world *w = *state;
    tell(w, 0);
    tell(w, 1);
    tell(w, 0);
    tell(w, 1);
    core_comes(w);
    hear(w);
    assert_int_equal(w->got, 2);
    assert_int_equal(w->active[1], 1);
}

static void test_fault__over_while_a_repeat_is_held_back__does_not_overtake_it(void **state)
{
    struct world *w = *state;
    core_comes(w);
    tell(w, 1);
    tell(w, 1); /* held back: one a second */
    tell(w, 0);
    hear(w);
    assert_int_equal(w->active[w->got - 1], 1);
    a_second_later(w);
    assert_int_equal(w->active[w->got - 1], 0);
    assert_int_equal(w->got, 3);
    tell(w, 1);
    a_second_later(w);
    assert_int_equal(w->active[w->got - 1], 1);
}

#define FAULT_TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FAULT_TEST(test_fault__changes_while_core_is_away__the_last_state_is_heard_last),
        FAULT_TEST(test_fault__over_and_there_again_while_core_is_away__is_heard_as_there),
        FAULT_TEST(test_fault__over_while_a_repeat_is_held_back__does_not_overtake_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
