/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings that core ordered: they make their camera's recorder write (mode alarm) and hurry,
 * hold what they cover, and tell core how far they are. */
#include "archive/engine.h"

#include <stdio.h>
#include <string.h>

#include "archive/cut.h"
#include "archive/hold.h"
#include "model/event_type.h"

enum { GROWING_EVERY_MS = 2000 };
/* A camera that delivers nothing more is waited for so long after the clip's end. */
#define ORDER_GRACE_NS (4 * TC_NS_PER_S)

static bool is_over(const struct order *o)
{
    return o->phase == MSG_RECORD_DONE || o->phase == MSG_RECORD_FAILED;
}

static int64_t until_of(const struct order *o)
{
    return o->asked.until_ns == 0 ? INT64_MAX : o->asked.until_ns;
}

static struct order *order_find(struct engine *e, uint64_t action)
{
    for (size_t i = 0; i < e->order_count; i++) {
        if (e->orders[i].asked.action == action)
            return &e->orders[i];
    }
    return NULL;
}

/* ---- reports ---- */

static void report(struct engine *e, struct order *o, struct tc_slice gaps, const char *text)
{
    struct msg_record_state state = {.action = o->asked.action,
                                     .phase = o->phase,
                                     .camera = o->asked.camera,
                                     .asked_from_ns = o->asked.from_ns,
                                     .asked_to_ns = o->asked.until_ns,
                                     .got_from_ns = o->got_from_ns,
                                     .got_to_ns = o->got_to_ns,
                                     .bytes = o->bytes};
    (void)snprintf(state.text, sizeof state.text, "%s", text);
    o->reported = e->env.now;
    e->options.report(e->options.ctx, &state, gaps);
}

/* "asked 40.0 s, got 39.4 s" */
static void describe(const struct order *o, int64_t to_ns, char *out, size_t size)
{
    (void)snprintf(out, size, "asked %.1f s, got %.1f s", (double)(to_ns - o->asked.from_ns) / 1e9,
                   (double)(o->got_to_ns - o->got_from_ns) / 1e9);
}

/* Finds out what is on the disk of the order's interval; false when nothing is. */
static bool measure(struct engine *e, struct order *o, int64_t to_ns, struct tc_buf *gaps)
{
    struct archive_gather g;
    struct clip c = {0};
    struct tc_errinfo info = {0};
    struct tc_wall from = {o->asked.from_ns}, to = {to_ns};
    enum tc_err err = cut_gather(e, o->asked.camera, from, to, false, &g, &info);
    if (err == TC_OK)
        err = archive_gather_build(&g, &c, &info);
    if (err == TC_OK) {
        o->got_from_ns = c.got_from.ns;
        o->got_to_ns = c.got_to.ns;
        o->bytes = c.bytes;
        if (gaps != NULL)
            cut_gaps_json(&c, gaps);
    }
    clip_done(&c);
    archive_gather_done(&g);
    return err == TC_OK;
}

/* ---- holds ---- */

static void hold_one(struct engine *e, const struct order *o, struct archive_segment *s)
{
    struct volume *v = engine_volume(e, s->volume);
    struct tc_errinfo info = {0};
    if (v == NULL)
        return;
    if (hold_segment(e->db, v, o->asked.incident, s, &info) != TC_OK)
        e->options.fault(e->options.ctx, EV_SYSTEM_DISK_FAILED, 2, v->options.path, info.text);
}

enum { HOLD_BATCH = 256 };

struct hold_batch {
    struct archive_segment list[HOLD_BATCH];
    size_t count;
};

static bool take_for_hold(void *ctx, struct archive_segment *s)
{
    struct hold_batch *b = ctx;
    if (b->count == HOLD_BATCH)
        return false;
    b->list[b->count] = *s;
    b->list[b->count].fragments = NULL; /* the walk's; not needed for a link */
    b->list[b->count].count = b->list[b->count].cap = 0;
    b->count++;
    return true;
}

/* Links every file of the order's interval; the rows first, then the links, since links write rows.
 */
static void hold_all(struct engine *e, const struct order *o)
{
    static struct hold_batch batch;
    struct recorder *r = &e->recorders[o->asked.camera];
    struct tc_errinfo info = {0};
    if (o->asked.hold == 0)
        return;
    batch.count = 0;
    if (archive_db_in(e->db, r->number, o->asked.from_ns, until_of(o), take_for_hold, &batch,
                      &info) != TC_OK)
        e->options.fault(e->options.ctx, EV_SYSTEM_DISK_FAILED, 2, "archive.db", info.text);
    for (size_t i = 0; i < batch.count; i++) {
        struct recorder_file *live = recorder_file_of(r, &batch.list[i]);
        if (live != NULL && live->segment.count == 0)
            continue; /* nothing in it yet: order_on_file comes */
        if (live != NULL && live->segment.end_ns <= o->asked.from_ns)
            continue; /* the index does not know yet that it ended before */
        hold_one(e, o, live != NULL ? &live->segment : &batch.list[i]);
    }
}

void order_on_file(struct engine *e, struct recorder *r, struct recorder_file *f)
{
    for (size_t i = 0; i < e->order_count; i++) {
        const struct order *o = &e->orders[i];
        if (o->asked.camera == r->index && o->asked.hold != 0 && !is_over(o) &&
            f->segment.start_ns < until_of(o))
            hold_one(e, o, &f->segment);
    }
}

/* ---- the life of an order ---- */

static void fail(struct engine *e, struct order *o, const char *text)
{
    o->phase = MSG_RECORD_FAILED;
    report(e, o, tc_slice(NULL, 0), text);
}

static void finish(struct engine *e, struct order *o)
{
    struct recorder *r = &e->recorders[o->asked.camera];
    struct tc_buf gaps;
    char text[128];
    tc_buf_init(&gaps, 8192);
    hold_all(e, o);
    bool got = measure(e, o, o->asked.until_ns, &gaps);
    describe(o, o->asked.until_ns, text, sizeof text);
    if (!got) {
        fail(e, o,
             r->has_ring && ring_state(&r->ring) == RING_CAMERA_UP
                 ? "nothing could be recorded"
                 : "the camera delivered no picture");
    } else if (r->failed_syncs > o->failed_syncs) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used,
                       "; the disk failed meanwhile: a part may be lost");
        fail(e, o, text);
    } else {
        o->phase = MSG_RECORD_DONE;
        report(e, o, tc_buf_view(&gaps), text);
    }
    tc_buf_done(&gaps);
}

/* Is everything up to the order's end on the disk, and durable? A silent camera is not waited for.
 */
static bool is_complete(struct engine *e, struct order *o)
{
    struct recorder *r = &e->recorders[o->asked.camera];
    if (o->asked.until_ns == 0 || e->env.wall.ns < o->asked.until_ns)
        return false;
    bool waited = e->env.wall.ns > o->asked.until_ns + ORDER_GRACE_NS;
    if (r->end_ns < o->asked.until_ns && !waited)
        return false;
    if (waited && r->end_ns < o->asked.until_ns)
        recorder_flush(r);
    return recorder_is_durable(r);
}

static void order_tick(struct engine *e, struct order *o)
{
    struct recorder *r = &e->recorders[o->asked.camera];
    int64_t now_ns = e->env.wall.ns < until_of(o) ? e->env.wall.ns : until_of(o);
    if (o->phase == 0 && r->end_ns > o->asked.from_ns && measure(e, o, now_ns, NULL)) {
        o->phase = MSG_RECORD_STARTED;
        hold_all(e, o);
        report(e, o, tc_slice(NULL, 0), "");
    }
    if (is_complete(e, o)) {
        finish(e, o);
        return;
    }
    if (o->phase == 0 || e->env.now.ns - o->reported.ns < GROWING_EVERY_MS * TC_NS_PER_MS)
        return;
    o->phase = MSG_RECORD_GROWING; /* told cheaply: its exact extent is measured at the end */
    if (r->end_ns > o->got_to_ns)
        o->got_to_ns = r->end_ns < until_of(o) ? r->end_ns : until_of(o);
    report(e, o, tc_slice(NULL, 0), "");
}

/* What the orders want of each recorder. */
static void steer_recorders(struct engine *e)
{
    for (size_t i = 0; i < e->camera_count; i++) {
        e->recorders[i].urgent = false;
        e->recorders[i].wanted_to_ns = 0;
    }
    for (size_t i = 0; i < e->order_count; i++) {
        const struct order *o = &e->orders[i];
        struct recorder *r = &e->recorders[o->asked.camera];
        if (is_over(o))
            continue;
        r->urgent = true;
        if (until_of(o) > r->wanted_to_ns)
            r->wanted_to_ns = until_of(o);
    }
}

void order_tick_all(struct engine *e)
{
    for (size_t i = 0; i < e->order_count; i++) {
        if (!is_over(&e->orders[i]))
            order_tick(e, &e->orders[i]);
    }
    steer_recorders(e);
}

/* A free place: the end of the list, or that of an order that is over. */
static struct order *order_new(struct engine *e)
{
    if (e->order_count < ENGINE_ORDERS_MAX)
        return &e->orders[e->order_count++];
    for (size_t i = 0; i < e->order_count; i++) {
        if (is_over(&e->orders[i]))
            return &e->orders[i];
    }
    return NULL;
}

static void refuse(struct engine *e, const struct msg_record *ask, const char *text)
{
    struct order o = {.asked = *ask};
    fail(e, &o, text);
}

static void begin(struct engine *e, const struct msg_record *ask)
{
    struct order *o = order_new(e);
    if (o == NULL) {
        refuse(e, ask, "too many recordings at a time");
        return;
    }
    struct recorder *r = &e->recorders[ask->camera];
    *o = (struct order){.asked = *ask, .failed_syncs = r->failed_syncs};
    recorder_rewind(r, (struct tc_wall){ask->from_ns});
    hold_all(e, o);
    steer_recorders(e);
}

/* An order that was over goes on when its end is moved to later. */
static void renew(struct engine *e, struct order *o, const struct msg_record *ask)
{
    if (ask->what == MSG_RECORD_QUERY || o->asked.until_ns == ask->until_ns) {
        report(e, o, tc_slice(NULL, 0), "");
        return;
    }
    o->asked.until_ns = ask->until_ns;
    if (is_over(o)) {
        o->phase = o->got_to_ns != 0 ? MSG_RECORD_GROWING : 0;
        recorder_rewind(&e->recorders[o->asked.camera], (struct tc_wall){o->asked.from_ns});
    }
    steer_recorders(e);
}

void engine_record(struct engine *e, const struct msg_record *ask)
{
    struct order *o = order_find(e, ask->action);
    if (ask->camera >= e->camera_count || ask->from_ns < 0 ||
        (ask->until_ns != 0 && ask->until_ns <= ask->from_ns))
        refuse(e, ask,
               "this recording is not possible: no such camera, or an end before its beginning");
    else if (o != NULL)
        renew(e, o, ask);
    else if (ask->what != MSG_RECORD_QUERY)
        begin(e, ask); /* a new end for what a process before this one began is a beginning here */
    else
        refuse(e, ask, "this recording is not known (the archive was restarted): order it again");
}
