/* SPDX-License-Identifier: Apache-2.0 */
/* Append rate of the journal by batch size: each signal is three entries (signal, event, repeated
 * alarm), as the core writes them under load. Beside it the same bytes written and synced to a
 * plain file: the floor.
 *
 *   bench_journal [SECONDS [DIR]]      DIR (default: a new one in the working directory) must be
 * empty or missing; a DIR that was given is left for inspection */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "store/journal.h"

enum { SAMPLES_MAX = 1 << 20 };

static double samples[SAMPLES_MAX];

static double now_s(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void add(struct journal_batch *b, struct record_entry *e, uint64_t *seq, int64_t at)
{
    e->seq = ++*seq;
    e->at.ns = at;
    e->boot = 1;
    TC_ASSERT(journal_batch_add(b, e) == TC_OK);
}

static void add_signal(struct journal_batch *b, uint64_t *seq, int64_t at)
{
    static const char raw[] =
        "\n1F2A0046\"SIA-DCS\"0042L0#1234[#1234|Nri1/BA12]_12:05:09,11-22-2026\r";
    struct record_entry e;
    char zone[16];
    (void)snprintf(zone, sizeof(zone), "zone-%u", (unsigned)(*seq / 3 % 64));
    entry_init(&e, RK_SIGNAL);
    entry_str(&e, RF_SOURCE, "receiver-0");
    entry_str(&e, RF_PANEL, "main");
    entry_str(&e, RF_ACCOUNT, "1234");
    entry_str(&e, RF_PEER, "10.20.0.7:40312");
    entry_str(&e, RF_PROTOCOL, "sia-dc09");
    entry_str(&e, RF_TOKEN, "SIA-DCS");
    entry_i64(&e, RF_SEQUENCE, 42);
    entry_bytes(&e, RF_RAW, tc_slice(raw, sizeof(raw) - 1));
    entry_i64(&e, RF_RECEIVED_AT, at);
    entry_bytes(&e, RF_DIGEST, tc_slice(raw, 32));
    add(b, &e, seq, at);
    uint64_t signal = *seq;
    entry_init(&e, RK_EVENT);
    e.cause = signal;
    entry_str(&e, RF_PANEL, "main");
    entry_str(&e, RF_CODE, "BA");
    entry_i64(&e, RF_TYPE, 101);
    entry_i64(&e, RF_STATE, 2);
    entry_str(&e, RF_ZONE, zone);
    entry_str(&e, RF_POINT, "12");
    entry_i64(&e, RF_PRIORITY, 3);
    add(b, &e, seq, at);
    entry_init(&e, RK_ALARM_REPEATED);
    e.cause = signal;
    entry_i64(&e, RF_ALARM, 1 + (int64_t)(signal / 3 % 64));
    entry_i64(&e, RF_COUNT, (int64_t)signal);
    add(b, &e, seq, at);
}

static void report(const char *what, unsigned batch, unsigned signals, unsigned n, double wall,
                   double cpu)
{
    qsort(samples, n, sizeof(samples[0]), by_value);
    printf("%-8s %6u %10.0f signals/s %10.0f entries/s  %5.2f us CPU/entry  p50 %7.3f ms  p99 "
           "%7.3f ms  max %7.3f ms\n",
           what, batch, signals / wall, 3 * signals / wall, cpu * 1e6 / (3.0 * signals),
           samples[n / 2] * 1e3, samples[(unsigned)(n * 0.99)] * 1e3, samples[n - 1] * 1e3);
}

static void run_journal(struct journal *j, unsigned batch, double seconds)
{
    struct journal_batch b;
    struct tc_errinfo info = {0};
    journal_batch_init(&b);
    uint64_t seq = journal_last(j, NULL);
    unsigned n = 0, signals = 0;
    double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), t = start;
    while (t - start < seconds && n < SAMPLES_MAX) {
        journal_batch_clear(&b);
        for (unsigned i = 0; i < batch; i++)
            add_signal(&b, &seq, (int64_t)(now_s(CLOCK_REALTIME) * 1e9));
        double before = now_s(CLOCK_MONOTONIC);
        if (journal_append(j, &b, &info) != TC_OK) {
            (void)fprintf(stderr, "append: %s\n", info.text);
            exit(1);
        }
        journal_tick(j);
        t = now_s(CLOCK_MONOTONIC);
        samples[n++] = t - before;
        signals += batch;
    }
    report("journal", batch, signals, n, t - start, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    journal_batch_done(&b);
}

static void run_floor(const char *path, unsigned batch, double seconds)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    TC_ASSERT(fd >= 0);
    struct journal_batch b;
    journal_batch_init(&b);
    uint64_t seq = 0;
    unsigned n = 0, signals = 0;
    double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), t = start;
    while (t - start < seconds && n < SAMPLES_MAX) {
        journal_batch_clear(&b);
        for (unsigned i = 0; i < batch; i++)
            add_signal(&b, &seq, 1);
        double before = now_s(CLOCK_MONOTONIC);
        TC_ASSERT(write(fd, b.bytes.data, b.bytes.len) == (ssize_t)b.bytes.len);
        TC_ASSERT(fdatasync(fd) == 0);
        t = now_s(CLOCK_MONOTONIC);
        samples[n++] = t - before;
        signals += batch;
    }
    report("floor", batch, signals, n, t - start, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    journal_batch_done(&b);
    (void)close(fd);
}

static void remove_files(const char *dir)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.lock"};
    char path[4096];
    for (size_t i = 0; i < TC_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static int run(const char *dir, double seconds)
{
    static const unsigned batches[] = {1, 4, 16, 64, 256, 1024};
    char path[4096];
    struct journal *j = NULL;
    struct tc_errinfo info = {0};
    struct journal_options o = {.dir = dir};
    if (journal_open(&o, &j, &info) != TC_OK) {
        (void)fprintf(stderr, "%s\n", info.text);
        return 1;
    }
    (void)snprintf(path, sizeof(path), "%s/floor", dir);
    printf("journal: entries appended and synced, by signals in a batch; floor: the same bytes, "
           "write and "
           "fdatasync\n");
    for (size_t i = 0; i < TC_COUNT(batches); i++) {
        run_floor(path, batches[i], seconds / 2);
        run_journal(j, batches[i], seconds);
    }
    (void)unlink(path);
    (void)journal_close(j);
    return 0;
}

int main(int argc, char **argv)
{
    char own[] = "bench-journal-XXXXXX";
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    const char *dir = argc > 2 ? argv[2] : mkdtemp(own);
    if (seconds <= 0 || dir == NULL || (mkdir(dir, 0700) != 0 && errno != EEXIST)) {
        (void)fprintf(stderr, "usage: bench_journal [SECONDS [DIR]]\n");
        return 2;
    }
    int status = run(dir, seconds);
    if (argc <= 2)
        remove_files(dir);
    return status;
}
