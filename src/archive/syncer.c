/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/clock.h"

enum { QUEUE_MAX = 4096 };

/* A ring of jobs or results; `first` is the oldest. */
struct queue {
    struct sync_job jobs[QUEUE_MAX];
    size_t first, count;
};

struct syncer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a job came, or the end */
    pthread_cond_t idle; /* nothing waits and nothing runs */
    int dir;
    int (*sync_fn)(int fd);
    bool ending, running;
    struct queue urgent, plain;
    struct sync_result results[QUEUE_MAX];
    size_t result_first, result_count;
};

static bool queue_put(struct queue *q, const struct sync_job *job)
{
    if (q->count == QUEUE_MAX)
        return false;
    q->jobs[(q->first + q->count) % QUEUE_MAX] = *job;
    q->count++;
    return true;
}

static bool queue_take(struct queue *q, struct sync_job *ret)
{
    if (q->count == 0)
        return false;
    *ret = q->jobs[q->first];
    q->first = (q->first + 1) % QUEUE_MAX;
    q->count--;
    return true;
}

static int sync_dir(const struct syncer *s, const char *path)
{
    int fd = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno; /* retention took it away meanwhile */
    int errnum = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return errnum;
}

static int run_job(const struct syncer *s, const struct sync_job *job)
{
    if (job->kind == SYNC_DIR)
        return sync_dir(s, job->path);
    int errnum = s->sync_fn(job->fd) == 0 ? 0 : errno;
    if (job->kind == SYNC_FILE_CLOSE && close(job->fd) != 0 && errnum == 0)
        errnum = errno;
    return errnum;
}

/* Results that nobody takes would be lost; the failure that matters is kept by dropping a success.
 */
static void put_result(struct syncer *s, const struct sync_result *result)
{
    if (s->result_count == QUEUE_MAX) {
        if (result->errnum == 0)
            return;
        s->result_count--;
    }
    s->results[(s->result_first + s->result_count) % QUEUE_MAX] = *result;
    s->result_count++;
}

static void *run_thread(void *arg)
{
    struct syncer *s = arg;
    struct sync_job job;
    pthread_mutex_lock(&s->mutex);
    for (;;) {
        if (queue_take(&s->urgent, &job) || queue_take(&s->plain, &job)) {
            s->running = true;
            pthread_mutex_unlock(&s->mutex);
            int64_t before = clock_mono().ns;
            struct sync_result result = {
                .kind = job.kind, .token = job.token, .errnum = run_job(s, &job)};
            result.took_ns = clock_mono().ns - before;
            pthread_mutex_lock(&s->mutex);
            s->running = false;
            put_result(s, &result);
            continue;
        }
        pthread_cond_broadcast(&s->idle);
        if (s->ending)
            break;
        pthread_cond_wait(&s->work, &s->mutex);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

enum tc_err syncer_new(int dir, int (*sync_fn)(int fd), struct syncer **ret,
                       struct tc_errinfo *info)
{
    struct syncer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return tc_fail(info, TC_E_NOMEM, "make a sync thread");
    s->dir = dir;
    s->sync_fn = sync_fn;
    (void)pthread_mutex_init(&s->mutex, NULL);
    (void)pthread_cond_init(&s->work, NULL);
    (void)pthread_cond_init(&s->idle, NULL);
    int error = pthread_create(&s->thread, NULL, run_thread, s);
    if (error != 0) {
        free(s);
        return tc_fail_errno(info, error, "make a sync thread");
    }
    *ret = s;
    return TC_OK;
}

void syncer_free(struct syncer *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->mutex);
    s->ending = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->mutex);
    (void)pthread_join(s->thread, NULL);
    (void)pthread_cond_destroy(&s->work);
    (void)pthread_cond_destroy(&s->idle);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
}

/* A closing job goes behind the urgent syncs of its file: into the plain queue always. */
bool syncer_push(struct syncer *s, const struct sync_job *job)
{
    bool urgent = job->urgent && job->kind != SYNC_FILE_CLOSE;
    pthread_mutex_lock(&s->mutex);
    bool put = queue_put(urgent ? &s->urgent : &s->plain, job);
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->mutex);
    return put;
}

size_t syncer_take(struct syncer *s, struct sync_result *out, size_t max)
{
    size_t taken = 0;
    pthread_mutex_lock(&s->mutex);
    while (taken < max && s->result_count > 0) {
        out[taken++] = s->results[s->result_first];
        s->result_first = (s->result_first + 1) % QUEUE_MAX;
        s->result_count--;
    }
    pthread_mutex_unlock(&s->mutex);
    return taken;
}

void syncer_drain(struct syncer *s)
{
    pthread_mutex_lock(&s->mutex);
    while (s->urgent.count > 0 || s->plain.count > 0 || s->running)
        pthread_cond_wait(&s->idle, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}
