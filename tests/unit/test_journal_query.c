/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <jansson.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "decide/incident_reprint.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/journal_query.h"
#include "temp_dir.h"

#define T0 INT64_C(1795349109000000000)
#define S  TC_NS_PER_S

static char dir[TEMP_DIR_BYTES];
static char db_path[TEMP_DIR_BYTES + 16];
static struct journal *journal;
static struct journal_reader *reader;
static struct incident_reprint reprint;
static struct journal_context context;
static struct journal_batch batch;
static struct record_entry entry;
static uint64_t last_seq;
static int64_t clock_ns;

static int set_up(void **state)
{
    (void)state;
    temp_dir_make(dir);
    (void)snprintf(db_path, sizeof(db_path), "%s/journal.db", dir);
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = dir, .wal_pages = 256};
    assert_ok(journal_open(&o, &journal, &info), &info);
    assert_ok(journal_reader_open(db_path, &reader, &info), &info);
    reprint = (struct incident_reprint){0};
    context = (struct journal_context){
        .fold = {&reprint, incident_reprint_begin, incident_reprint_entry, incident_reprint_print}};
    journal_batch_init(&batch);
    last_seq = 0;
    clock_ns = T0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    incident_reprint_done(&reprint);
    journal_batch_done(&batch);
    reader = journal_reader_close(reader);
    journal = journal_close(journal);
    temp_dir_remove(dir);
    return 0;
}

/* Begins the next entry in `entry`; put() files it. */
static void make(enum record_kind kind, uint64_t cause)
{
    entry_init(&entry, kind);
    entry.seq = last_seq + 1;
    entry.at.ns = clock_ns;
    entry.boot = 1;
    entry.cause = cause;
}

static uint64_t put(void)
{
    assert_int_equal(journal_batch_add(&batch, &entry), TC_OK);
    return ++last_seq;
}

static void commit(void)
{
    struct tc_errinfo info = {0};
    assert_ok(journal_append(journal, &batch, &info), &info);
    journal_batch_clear(&batch);
}

static uint64_t put_signal(const char *panel)
{
    make(RK_SIGNAL, 0);
    entry_str(&entry, RF_PANEL, panel);
    entry_str(&entry, RF_ACCOUNT, "1234");
    entry_i64(&entry, RF_RECEIVED_AT, clock_ns);
    entry_bytes(&entry, RF_RAW, tc_slice("\n\x80", 2));
    return put();
}

static uint64_t put_event(uint64_t signal, const char *zone, enum ev_type type, enum ev_state state)
{
    make(RK_EVENT, signal);
    entry_str(&entry, RF_ZONE, zone);
    entry_i64(&entry, RF_TYPE, type);
    entry_i64(&entry, RF_STATE, state);
    entry_i64(&entry, RF_AT, clock_ns);
    entry_i64(&entry, RF_PRIORITY, 3);
    entry_str(&entry, RF_TEXT, "north fence");
    return put();
}

static json_t *parse(struct tc_buf *b)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)b->data, b->len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s in %s", error.text, tc_buf_cstr(b));
    tc_buf_done(b);
    return root;
}

static json_t *list(const struct journal_query *q)
{
    struct tc_buf b;
    tc_buf_init(&b, 4 << 20);
    struct tc_json j = tc_json(&b);
    struct tc_errinfo info = {0};
    assert_ok(journal_query(reader, &context, q, &j, &info), &info);
    return parse(&b);
}

static json_t *changes(uint64_t after, unsigned limit, bool signals)
{
    struct tc_buf b;
    tc_buf_init(&b, 4 << 20);
    struct tc_json j = tc_json(&b);
    struct tc_errinfo info = {0};
    assert_ok(journal_query_changes(reader, &context, after, limit, signals, &j, &info), &info);
    return parse(&b);
}

static json_t *incident(uint64_t id)
{
    struct tc_buf b;
    tc_buf_init(&b, 4 << 20);
    struct tc_json j = tc_json(&b);
    struct tc_errinfo info = {0};
    assert_ok(journal_query_incident(reader, &context, id, &j, &info), &info);
    return parse(&b);
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* The ids of all items, page by page; the number of pages in *RET_PAGES. */
static size_t all_ids(struct journal_query q, int64_t *ids, size_t max, unsigned *ret_pages)
{
    size_t n = 0;
    for (*ret_pages = 1;; (*ret_pages)++) {
        json_t *root = list(&q);
        json_t *items = json_object_get(root, "items");
        for (size_t i = 0; i < json_array_size(items) && n < max; i++)
            ids[n++] = number(json_array_get(items, i), "id");
        q.after = (uint64_t)number(root, "next");
        json_decref(root);
        if (q.after == 0)
            return n;
        assert_in_range(*ret_pages, 1, 10000);
    }
}

static void test_query__every_statement__neither_scans_nor_sorts(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    struct tc_errinfo info = {0};
    assert_ok(db_open(db_path, DB_READ, NULL, &db, &info), &info);
    for (unsigned i = 0; journal_query_sql(i) != NULL; i++) {
        char text[1024];
        sqlite3_stmt *s = NULL;
        (void)snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", journal_query_sql(i));
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *plan = (const char *)sqlite3_column_text(s, 3);
            /* The newest entry is the one walk without a bound: it takes one row off the end. */
            bool newest =
                strstr(journal_query_sql(i), "FROM entry ORDER BY seq DESC LIMIT 1") != NULL;
            if (strstr(plan, "TEMP B-TREE") != NULL || (strncmp(plan, "SCAN", 4) == 0 && !newest))
                fail_msg("%s: %s", journal_query_sql(i), plan);
        }
        (void)sqlite3_finalize(s);
    }
    db_close(db);
}

static void test_query__lists_in_pages__give_every_item_once_newest_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        uint64_t signal = put_signal(i % 50 == 0 ? "annex" : "main");
        put_event(signal, i % 2 == 0 ? "yard" : "gate",
                  i % 3 == 0 ? EV_FIRE_SMOKE : EV_INTRUSION_MOTION, EV_STATE_ACTIVE);
        clock_ns += S;
    }
    commit();
    static const struct {
        struct journal_query q;
        size_t count;
        unsigned pages;
    } rows[] = {
        {{.what = JOURNAL_QUERY_SIGNALS, .limit = 100}, 500, 6},
        {{.what = JOURNAL_QUERY_SIGNALS, .panel = {(const uint8_t *)"annex", 5}}, 10, 1},
        {{.what = JOURNAL_QUERY_SIGNALS, .account = {(const uint8_t *)"9999", 4}}, 0, 1},
        {{.what = JOURNAL_QUERY_EVENTS, .limit = 7}, 500, 72},
        {{.what = JOURNAL_QUERY_EVENTS, .zone = {(const uint8_t *)"gate", 4}}, 250, 6},
        {{.what = JOURNAL_QUERY_EVENTS, .type = {(const uint8_t *)"fire.*", 6}}, 167, 4},
        {{.what = JOURNAL_QUERY_EVENTS, .from_ns = T0 + 100 * S, .to_ns = T0 + 200 * S}, 100, 3},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        static int64_t ids[1000];
        unsigned pages;
        size_t n = all_ids(rows[i].q, ids, 1000, &pages);
        if (n != rows[i].count || pages != rows[i].pages)
            fail_msg("row %zu: %zu items on %u pages", i, n, pages);
        for (size_t k = 1; k < n; k++)
            assert_true(ids[k] < ids[k - 1]);
    }
    struct journal_query q = {.what = JOURNAL_QUERY_SIGNALS, .limit = JOURNAL_LIMIT_MAX + 1};
    struct tc_buf b;
    tc_buf_init(&b, 1 << 20);
    struct tc_json j = tc_json(&b);
    assert_int_equal(journal_query(reader, &context, &q, &j, NULL), TC_E_RANGE);
    tc_buf_done(&b);
}

static bool spent_at_once(void *ctx)
{
    (*(unsigned *)ctx)++;
    return true;
}

static void test_query__time_is_spent__stops_with_a_cursor_and_loses_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1500; i++)
        put_signal(i == 3 ? "rare" : "main");
    commit();
    unsigned asked = 0, pages = 0;
    int64_t ids[4];
    context.spent = spent_at_once;
    context.spent_ctx = &asked;
    struct journal_query q = {.what = JOURNAL_QUERY_SIGNALS, .panel = tc_slice_str("rare")};
    assert_int_equal(all_ids(q, ids, 4, &pages), 1);
    assert_int_equal(ids[0], 4);
    assert_int_equal(pages, 7); /* five of 256 rows, one with the hit, one with the rest */
    assert_int_equal(asked, 6);
}

/* Against a walk over all entries, with a clock that goes back and forth by seconds and by hours.
 */
static void test_query__clock_steps__time_bounds_stay_exact(void **state)
{
    (void)state;
    enum { N = 3000 };
    static int64_t at[N], ids[N];
    uint32_t rng = 7;
    for (unsigned i = 0; i < N; i++) {
        rng = rng * 1664525u + 1013904223u;
        clock_ns += (int64_t)(rng >> 20) * 30 * TC_NS_PER_MS;
        if (i % 400 == 399)
            clock_ns -= 3600 * S;
        if (i % 700 == 699)
            clock_ns += 7200 * S;
        if (i % 50 == 49)
            clock_ns -= 5 * S;
        at[i] = clock_ns;
        put_signal("main");
        if (i % 100 == 99)
            commit();
    }
    for (unsigned k = 0; k < 60; k++) {
        rng = rng * 1664525u + 1013904223u;
        struct journal_query q = {.what = JOURNAL_QUERY_SIGNALS, .limit = 200};
        q.from_ns = at[(rng >> 8) % N];
        q.to_ns = q.from_ns + (int64_t)(k + 1) * 300 * S;
        size_t want = 0;
        for (unsigned i = 0; i < N; i++)
            want += at[i] >= q.from_ns && at[i] < q.to_ns;
        unsigned pages;
        assert_int_equal(all_ids(q, ids, N, &pages), want);
    }
}

/* An incident as core folds it live, and what the next entry of its story is. */
struct story {
    struct incident live;
    struct incident_event event;
    uint64_t alarms[3];
    unsigned counts[3];
};

static void story_tell(struct story *s)
{
    put();
    assert_int_equal(incident_apply(&s->live, &entry), TC_OK);
}

static void story_open(struct story *s, uint64_t signal)
{
    make(RK_INCIDENT_OPENED, signal);
    entry_i64(&entry, RF_INCIDENT, 9);
    entry_i64(&entry, RF_TYPE, EV_INTRUSION_MOTION);
    entry_i64(&entry, RF_PRIORITY, 3);
    entry_i64(&entry, RF_RECEIVED_AT, clock_ns);
    story_tell(s);
}

/* Raises, repeats or ends one of three alarms, or takes a note, as the random number R says. */
static void story_step(struct story *s, uint32_t r, uint64_t signal, uint64_t event)
{
    unsigned which = r >> 30 == 3 ? 0 : r >> 30, what = (r >> 20) % 20;
    bool is_new = s->alarms[which] == 0;
    make(is_new      ? RK_ALARM_RAISED
         : what == 0 ? RK_NOTED
         : what == 1 ? RK_ALARM_NORMAL
                     : RK_ALARM_REPEATED,
         signal);
    entry_i64(&entry, RF_INCIDENT, 9);
    entry_i64(&entry, RF_AT, clock_ns);
    entry_str(&entry, RF_TEXT, "looked");
    if (is_new)
        s->alarms[which] = entry.seq;
    bool is_alarm = entry.kind != RK_NOTED;
    if (is_alarm) {
        s->counts[which] += entry.kind != RK_ALARM_NORMAL;
        entry_i64(&entry, RF_ALARM, (int64_t)s->alarms[which]);
        entry_i64(&entry, RF_EVENT, (int64_t)event);
        entry_i64(&entry, RF_STATE, EV_STATE_ACTIVE);
        entry_i64(&entry, RF_COUNT, s->counts[which]);
    }
    story_tell(s);
    if (is_alarm)
        assert_int_equal(incident_add_event(&s->live, &s->event, tc_slice_str("north fence")),
                         TC_OK);
}

static void story_durable(struct story *s)
{
    make(RK_DURABLE, 0);
    entry_i64(&entry, RF_UPTO, 6);
    entry_i64(&entry, RF_AT, T0 + 77);
    put();
    s->live.phases[INCIDENT_PHASE_DURABLE].ns = T0 + 77;
}

static void story_close(struct story *s)
{
    make(RK_CLOSED, 0);
    entry_i64(&entry, RF_INCIDENT, 9);
    entry_str(&entry, RF_OUTCOME, "genuine");
    story_tell(s);
}

static void assert_same_incident(const struct incident *live, uint64_t id)
{
    struct tc_buf want, got;
    tc_buf_init(&want, 4 << 20);
    tc_buf_init(&got, 4 << 20);
    struct tc_json j = tc_json(&want), k = tc_json(&got);
    assert_int_equal(incident_print(live, NULL, true, &j), TC_OK);
    struct tc_errinfo info = {0};
    assert_ok(journal_query_incident(reader, &context, id, &k, &info), &info);
    assert_string_equal(tc_buf_cstr(&got), tc_buf_cstr(&want));
    tc_buf_done(&want);
    tc_buf_done(&got);
}

/* What core folds live, entry by entry, and what the journal's lists bring back, are the same
 * incident. */
static void test_incident__from_the_journal__equals_the_live_fold(void **state)
{
    (void)state;
    struct story s = {0};
    uint32_t rng = 42;
    incident_init(&s.live);
    for (unsigned i = 0; i < 700; i++) {
        rng = rng * 1664525u + 1013904223u;
        clock_ns += S;
        uint64_t signal = put_signal("main");
        uint64_t event = put_event(signal, "yard", EV_INTRUSION_MOTION, EV_STATE_ACTIVE);
        incident_event_of(&entry, &s.event);
        if (i == 0)
            story_open(&s, signal);
        story_step(&s, rng, signal, event);
        if (i == 1)
            story_durable(&s);
        if (i == 350) {
            commit();
            assert_same_incident(&s.live, 9);
        }
    }
    story_close(&s);
    commit();
    assert_same_incident(&s.live, 9);
    incident_done(&s.live);
    json_t *root = incident(9);
    assert_int_equal(json_array_size(json_object_get(root, "events")), 50);
    assert_string_equal(json_string_value(json_object_get(root, "outcome")), "genuine");
    json_decref(root);
}

static void test_incidents__one_closed__is_in_the_list_of_the_closed_only(void **state)
{
    (void)state;
    struct story s = {0};
    incident_init(&s.live);
    story_open(&s, put_signal("main"));
    story_close(&s);
    commit();
    incident_done(&s.live);
    struct journal_query open = {.what = JOURNAL_QUERY_INCIDENTS,
                                 .incidents = JOURNAL_INCIDENTS_OPEN};
    struct journal_query closed = {.what = JOURNAL_QUERY_INCIDENTS,
                                   .incidents = JOURNAL_INCIDENTS_CLOSED};
    int64_t ids[4];
    unsigned pages;
    assert_int_equal(all_ids(open, ids, 4, &pages), 0);
    assert_int_equal(all_ids(closed, ids, 4, &pages), 1);
    assert_int_equal(ids[0], 9);
    struct tc_buf b;
    tc_buf_init(&b, 1 << 20);
    struct tc_json j = tc_json(&b);
    assert_int_equal(journal_query_incident(reader, &context, 8, &j, NULL), TC_E_NOT_FOUND);
    tc_buf_done(&b);
}

/* One alarm of zone yard in incident 1: raised, repeated twice, back to normal. */
static uint64_t put_alarm_story(void)
{
    uint64_t signal = put_signal("main");
    uint64_t event = put_event(signal, "yard", EV_INTRUSION_MOTION, EV_STATE_ACTIVE);
    make(RK_INCIDENT_OPENED, signal);
    entry_i64(&entry, RF_INCIDENT, 1);
    entry_i64(&entry, RF_TYPE, EV_INTRUSION_MOTION);
    put();
    uint64_t alarm = last_seq + 1;
    for (int i = 0; i < 4; i++) {
        make(i == 0 ? RK_ALARM_RAISED : i == 3 ? RK_ALARM_NORMAL : RK_ALARM_REPEATED, signal);
        entry_i64(&entry, RF_ALARM, (int64_t)alarm);
        entry_i64(&entry, RF_INCIDENT, 1);
        entry_i64(&entry, RF_EVENT, (int64_t)event);
        entry_i64(&entry, RF_TYPE, EV_INTRUSION_MOTION);
        entry_i64(&entry, RF_PRIORITY, 3);
        entry_i64(&entry, RF_STATE, i == 3 ? EV_STATE_RESTORED : EV_STATE_ACTIVE);
        entry_i64(&entry, RF_COUNT, i + 1);
        entry_i64(&entry, RF_AT, clock_ns + i * S);
        entry_str(&entry, RF_ZONE, "yard");
        put();
    }
    return alarm;
}

static void test_alarms__raised_repeated_normal__is_one_row(void **state)
{
    (void)state;
    uint64_t alarm = put_alarm_story();
    commit();
    struct journal_query q = {.what = JOURNAL_QUERY_ALARMS};
    json_t *root = list(&q);
    json_t *row = json_array_get(json_object_get(root, "items"), 0);
    assert_int_equal(json_array_size(json_object_get(root, "items")), 1);
    assert_int_equal(number(row, "id"), alarm);
    assert_int_equal(number(row, "count"), 3);
    assert_int_equal(number(row, "incident"), 1);
    assert_string_equal(json_string_value(json_object_get(row, "condition")), "normal");
    assert_string_equal(json_string_value(json_object_get(row, "normal_at")),
                        "2026-11-22T12:05:12.000000Z");
    json_decref(root);
    q.open_alarms = true;
    root = list(&q);
    assert_int_equal(json_array_size(json_object_get(root, "items")), 0);
    json_decref(root);
}

static void test_lists__bookmarks_and_audit__hold_their_kinds(void **state)
{
    (void)state;
    make(RK_BOOKMARK, 0);
    entry_str(&entry, RF_CAMERA, "gate-fixed");
    put();
    make(RK_OP_CLOSE, 0);
    entry_str(&entry, RF_USER, "anna");
    entry_i64(&entry, RF_INCIDENT, 1);
    put();
    make(RK_TIMER, 0);
    put();
    commit();
    struct journal_query q = {.what = JOURNAL_QUERY_BOOKMARKS};
    json_t *root = list(&q);
    json_t *row = json_array_get(json_object_get(root, "items"), 0);
    assert_int_equal(json_array_size(json_object_get(root, "items")), 1);
    assert_string_equal(json_string_value(json_object_get(row, "camera")), "gate-fixed");
    json_decref(root);
    q.what = JOURNAL_QUERY_AUDIT;
    root = list(&q);
    row = json_array_get(json_object_get(root, "items"), 0);
    assert_int_equal(json_array_size(json_object_get(root, "items")), 1);
    assert_string_equal(json_string_value(json_object_get(row, "kind")), "op_close");
    assert_string_equal(json_string_value(json_object_get(row, "user")), "anna");
    json_decref(root);
}

static void test_signal__durable_time__comes_from_the_note_behind_it(void **state)
{
    (void)state;
    uint64_t first = put_signal("main");
    make(RK_DURABLE, 0);
    entry_i64(&entry, RF_UPTO, (int64_t)first);
    entry_i64(&entry, RF_AT, T0 + S);
    put();
    put_signal("main");
    commit();
    struct journal_query q = {.what = JOURNAL_QUERY_SIGNALS};
    json_t *root = list(&q), *items = json_object_get(root, "items");
    assert_true(json_is_null(json_object_get(json_array_get(items, 0), "durable_at")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "durable_at")),
                        "2026-11-22T12:05:10.000000Z");
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "raw")),
                        "\\x0a\\x80");
    json_decref(root);
}

static void test_changes__resumed_at_any_number__tell_the_same_story(void **state)
{
    (void)state;
    put_alarm_story();
    make(RK_NOTED, 0);
    entry_i64(&entry, RF_INCIDENT, 1);
    entry_str(&entry, RF_TEXT, "a dog");
    put();
    commit();
    static const char *const kinds[] = {"signal", "event", "incident", "alarm",    "incident",
                                        "alarm",  "alarm", "alarm",    "incident", "note"};
    static const int64_t seqs[] = {1, 2, 3, 4, 4, 5, 6, 7, 7, 8};
    for (uint64_t after = 0; after <= last_seq; after++) {
        size_t first = 0;
        while (first < TC_COUNT(seqs) && seqs[first] <= (int64_t)after)
            first++;
        json_t *root = changes(after, 0, true), *items = json_object_get(root, "items");
        assert_int_equal(json_array_size(items), TC_COUNT(seqs) - first);
        for (size_t i = first; i < TC_COUNT(seqs); i++) {
            json_t *item = json_array_get(items, i - first);
            assert_int_equal(number(item, "seq"), seqs[i]);
            assert_string_equal(json_string_value(json_object_get(item, "kind")), kinds[i]);
            json_t *data = json_object_get(item, "data");
            if (seqs[i] == 5)
                assert_int_equal(number(data, "count"), 2); /* as it was then, not as it is now */
            if (seqs[i] == 4 && strcmp(kinds[i], "incident") == 0)
                assert_string_equal(json_string_value(json_object_get(data, "condition")),
                                    "active");
            if (seqs[i] == 7 && strcmp(kinds[i], "alarm") == 0)
                assert_int_equal(number(data, "count"), 3);
        }
        assert_int_equal(number(root, "seq"), last_seq);
        assert_true(json_is_null(json_object_get(root, "next")));
        json_decref(root);
    }
    json_t *root = changes(0, 0, false);
    assert_int_equal(json_array_size(json_object_get(root, "items")), TC_COUNT(seqs) - 1);
    json_decref(root);
    root = changes(0, 2, true);
    assert_int_equal(number(root, "next"), 2);
    json_decref(root);
}

/* Another process that may not write anything sees each commit as soon as it is reported. */
static void test_reader__beside_the_writer__sees_every_commit_at_once(void **state)
{
    (void)state;
    int to_child[2], to_parent[2];
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(to_parent), 0);
    put_signal("main");
    commit();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct journal_reader *r = NULL;
        uint64_t want, got = 0;
        if (journal_reader_open(db_path, &r, NULL) != TC_OK)
            _exit(2);
        while (read(to_child[0], &want, sizeof(want)) == sizeof(want) && want != 0) {
            if (journal_query_last(r, &got, NULL) != TC_OK ||
                write(to_parent[1], &got, sizeof(got)) != sizeof(got))
                _exit(3);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned k = 0; k <= i % 40 * 10; k++)
            put_signal("main");
        commit();
        journal_tick(journal); /* the WAL starts over several times */
        uint64_t got = 0;
        assert_int_equal(write(to_child[1], &last_seq, sizeof(last_seq)), sizeof(last_seq));
        assert_int_equal(read(to_parent[0], &got, sizeof(got)), sizeof(got));
        assert_int_equal(got, last_seq);
    }
    uint64_t stop = 0;
    int status = 0;
    assert_int_equal(write(to_child[1], &stop, sizeof(stop)), sizeof(stop));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 0; i < 2; i++) {
        (void)close(to_child[i]);
        (void)close(to_parent[i]);
    }
}

static void test_reader__stopped_journal__opens_with_and_without_its_companions(void **state)
{
    (void)state;
    char path[TEMP_DIR_BYTES + 32];
    put_signal("main");
    commit();
    reader = journal_reader_close(reader);
    journal = journal_close(journal);
    uint64_t got = 0;
    struct tc_errinfo info = {0};
    assert_ok(journal_reader_open(db_path, &reader, &info), &info);
    assert_int_equal(journal_query_last(reader, &got, NULL), TC_OK);
    assert_int_equal(got, 1);
    reader = journal_reader_close(reader);
    (void)snprintf(path, sizeof(path), "%s-shm", db_path);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s-wal", db_path);
    (void)unlink(path);
    assert_ok(journal_reader_open(db_path, &reader, &info), &info);
    assert_int_equal(journal_query_last(reader, &got, NULL), TC_OK);
    assert_int_equal(got, 1);
    reader = journal_reader_close(reader);
    (void)unlink(db_path);
    assert_int_equal(journal_reader_open(db_path, &reader, &info), TC_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_query__every_statement__neither_scans_nor_sorts),
        T(test_query__lists_in_pages__give_every_item_once_newest_first),
        T(test_query__time_is_spent__stops_with_a_cursor_and_loses_nothing),
        T(test_query__clock_steps__time_bounds_stay_exact),
        T(test_incident__from_the_journal__equals_the_live_fold),
        T(test_incidents__one_closed__is_in_the_list_of_the_closed_only),
        T(test_alarms__raised_repeated_normal__is_one_row),
        T(test_lists__bookmarks_and_audit__hold_their_kinds),
        T(test_signal__durable_time__comes_from_the_note_behind_it),
        T(test_changes__resumed_at_any_number__tell_the_same_story),
        T(test_reader__beside_the_writer__sees_every_commit_at_once),
        T(test_reader__stopped_journal__opens_with_and_without_its_companions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
