/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in. Argon2id costs tens of milliseconds and megabytes, so it runs on two threads with a
 * short queue, never on the loop; each user and each address that fails waits longer before the
 * next try, and a name that does not exist costs as much time as a wrong password. The duty console
 * cannot be locked out: the wait is per user *and* address. */
#include <event2/event.h>
#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "core/api.h"
#include "runtime/clock.h"
#include "runtime/log.h"

enum {
    LOGIN_THREADS = 2,
    LOGIN_JOBS_MAX = 64,
    LOGIN_FAILURES_MAX = 512,
    LOGIN_FREE_TRIES = 4,
    PASSWORD_BYTES_MAX = 256,
    HASH_BYTES = 192,
};

#define LOGIN_WAIT_MAX_NS (60 * TC_NS_PER_S)
/* Compared where there is no user or no password: it costs what a real one costs, and nothing
 * matches it. */
static const char nobody_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/* A password behind this mark is good for one sign-in. */
static const char once_mark[] = "once:";

struct login_job {
    uint64_t request;
    char user[SITE_ID_BYTES];
    char peer[64];
    char password[PASSWORD_BYTES_MAX];
    char hash[HASH_BYTES];
    bool once;
    bool known; /* the user exists and has a password */
    bool right;
};

struct failure {
    uint64_t who; /* hash over user and address */
    uint32_t count;
    struct tc_mono last;
};

struct login_pool {
    pthread_t threads[LOGIN_THREADS];
    size_t threads_count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct login_job *todo[LOGIN_JOBS_MAX];
    size_t todo_count;
    struct login_job *done[LOGIN_JOBS_MAX + LOGIN_THREADS];
    size_t done_count;
    size_t under_way; /* todo, at work or done */
    bool quit;
    int done_fd;
    struct event *ev_done;
    struct failure failures[LOGIN_FAILURES_MAX];
};

static void *thread_main(void *arg)
{
    struct login_pool *pool = arg;
    (void)pthread_mutex_lock(&pool->lock);
    while (true) {
        while (pool->todo_count == 0 && !pool->quit)
            (void)pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->quit)
            break;
        struct login_job *job = pool->todo[0];
        pool->todo_count--;
        memmove(&pool->todo[0], &pool->todo[1], pool->todo_count * sizeof pool->todo[0]);
        (void)pthread_mutex_unlock(&pool->lock);
        job->right = crypto_pwhash_str_verify(job->hash, job->password, strlen(job->password)) == 0;
        sodium_memzero(job->password, sizeof job->password);
        (void)pthread_mutex_lock(&pool->lock);
        pool->done[pool->done_count++] = job;
        uint64_t one = 1;
        if (write(pool->done_fd, &one, sizeof one) != sizeof one)
            abort();
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- waiting after failures ---- */

static struct failure *failure_of(struct login_pool *pool, const char *user, const char *peer)
{
    /* the address without its port: each try comes from another port */
    struct tc_slice address = tc_slice_str(peer);
    for (size_t i = address.len; i-- > 0;) {
        if (address.ptr[i] == ':') {
            address.len = i;
            break;
        }
    }
    uint64_t who = tc_map_hash(tc_map_hash(TC_MAP_SEED, tc_slice_str(user)), address);
    struct failure *oldest = &pool->failures[0];
    for (size_t i = 0; i < LOGIN_FAILURES_MAX; i++) {
        if (pool->failures[i].who == who)
            return &pool->failures[i];
        if (pool->failures[i].last.ns < oldest->last.ns)
            oldest = &pool->failures[i];
    }
    *oldest = (struct failure){.who = who};
    return oldest;
}

static int64_t wait_left_ns(const struct failure *f)
{
    if (f->count < LOGIN_FREE_TRIES)
        return 0;
    uint32_t doublings = f->count - LOGIN_FREE_TRIES;
    int64_t wait_ns = doublings >= 6 ? LOGIN_WAIT_MAX_NS : TC_NS_PER_S << doublings;
    return f->last.ns + wait_ns - clock_mono().ns;
}

/* ---- the loop's side ---- */

static void record_login(struct core *c, const struct login_job *job, const char *outcome)
{
    struct record_entry e;
    core_entry(c, &e, RK_LOGIN);
    entry_str(&e, RF_USER, job->user);
    entry_str(&e, RF_PEER, job->peer);
    entry_str(&e, RF_OUTCOME, outcome);
    (void)core_input(c, &e);
}

static void answer_signed_in(struct core *c, const struct login_job *job, const struct site_user *u)
{
    struct login *s = login_new(c, u->id, u->name, u->role, false);
    TC_CLEANUP(tc_buf_done) struct tc_buf json;
    tc_buf_init(&json, 4096);
    struct tc_json j = tc_json(&json);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "user", u->id);
    tc_json_kv_str(&j, "name", u->name);
    tc_json_kv_str(&j, "role", site_role_name(u->role));
    tc_json_obj_end(&j);
    struct msg_answer answer = {.request = job->request, .status = s == NULL ? 503 : 200};
    if (s != NULL)
        memcpy(answer.set_token, s->token, sizeof answer.set_token);
    outbox_send(c, TC_ROLE_WEB, MSG_ANSWER, &answer, tc_buf_view(&json));
}

/* A one-time password is gone once it has opened a session. */
static void spend(struct core *c, const struct login_job *job)
{
    struct msg_password_put put = {0};
    tc_slice_to_str_cut(tc_slice_str(job->user), put.user, sizeof put.user);
    memcpy(c->spent, put.user, sizeof c->spent);
    outbox_send(c, TC_ROLE_SUPERVISOR, MSG_PASSWORD_PUT, &put, tc_slice(NULL, 0));
}

static void find_hash(const struct core *c, struct login_job *job)
{
    char name[MSG_NAME_BYTES] = "password/";
    tc_slice_to_str_cut(tc_slice_str(job->user), name + strlen(name), sizeof name - strlen(name));
    struct tc_slice hash = process_secret(c->p, name);
    job->once = tc_slice_starts(hash, once_mark);
    if (job->once)
        hash = tc_slice_sub(hash, sizeof once_mark - 1, hash.len);
    job->known = hash.len > 0 && tc_slice_to_str(hash, job->hash, sizeof job->hash) == TC_OK;
    if (!job->known)
        memcpy(job->hash, nobody_hash, sizeof nobody_hash);
}

/* The password may have changed, or been spent by another try, while this one was being compared.
 */
static bool still_counts(const struct core *c, const struct login_job *job)
{
    struct login_job now = {0};
    memcpy(now.user, job->user, sizeof now.user);
    find_hash(c, &now);
    bool spent = job->once && strcmp(c->spent, job->user) == 0;
    return now.known && now.once == job->once && strcmp(now.hash, job->hash) == 0 && !spent;
}

static void finish(struct core *c, struct login_job *job)
{
    uint32_t index = site_user_find(&c->site, tc_slice_str(job->user));
    struct failure *f = failure_of(c->logins, job->user, job->peer);
    if (job->right && job->known && index != SITE_NONE && still_counts(c, job)) {
        *f = (struct failure){0};
        record_login(c, job, "ok");
        if (job->once)
            spend(c, job);
        answer_signed_in(c, job, &c->site.users[index]);
        return;
    }
    f->last = clock_mono(); /* it was counted when it began */
    record_login(c, job, "refused");
    struct msg_request as = {.request = job->request};
    struct api_call call = {.c = c, .m = &as};
    tc_buf_init(&call.json, 4096);
    api_problem(&call, 401, "Wrong name or password", "The name or the password is wrong.");
    tc_buf_done(&call.json);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct core *c = arg;
    struct login_pool *pool = c->logins;
    struct login_job *done[TC_COUNT(pool->done)];
    uint64_t count = 0;
    if (read(fd, &count, sizeof count) != sizeof count)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    size_t n = pool->done_count;
    memcpy(done, pool->done, n * sizeof done[0]);
    pool->done_count = 0;
    pool->under_way -= n;
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < n; i++) {
        finish(c, done[i]);
        sodium_memzero(done[i], sizeof *done[i]);
        free(done[i]);
    }
}

/* Takes user and password out of the body. */
static bool read_body(struct tc_slice body, struct login_job *job)
{
    json_t *root = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *user = json_string_value(json_object_get(root, "user"));
    const char *password = json_string_value(json_object_get(root, "password"));
    bool fits =
        user != NULL && password != NULL &&
        tc_slice_to_str(tc_slice_str(user), job->user, sizeof job->user) == TC_OK &&
        tc_slice_to_str(tc_slice_str(password), job->password, sizeof job->password) == TC_OK;
    json_decref(root);
    return fits && job->user[0] != 0 && job->password[0] != 0;
}

static bool queue(struct api_call *call, struct login_job *job)
{
    struct login_pool *pool = call->c->logins;
    (void)pthread_mutex_lock(&pool->lock);
    bool room = pool->under_way < LOGIN_JOBS_MAX;
    if (room) {
        pool->todo[pool->todo_count++] = job;
        pool->under_way++;
        (void)pthread_cond_signal(&pool->wake);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (room)
        return true;
    sodium_memzero(job, sizeof *job);
    free(job);
    api_problem(call, 503, "Too many sign-ins",
                "Too many people sign in at this moment; try again.");
    return false;
}

void login_begin(struct api_call *call)
{
    struct login_job *job = calloc(1, sizeof *job);
    if (job == NULL || !read_body(call->body, job)) {
        free(job);
        api_problem(
            call, 400, "Name and password are needed",
            "Send {\"user\": \"...\", \"password\": \"...\"}, both texts that are not empty.");
        return;
    }
    job->request = call->m->request;
    memcpy(job->peer, call->m->peer, sizeof job->peer);
    struct failure *f = failure_of(call->c->logins, job->user, job->peer);
    int64_t wait_ns = wait_left_ns(f);
    if (wait_ns > 0) {
        sodium_memzero(job, sizeof *job);
        free(job);
        api_problem(call, 429, "Too many tries", "Wait %lld s before the next try.",
                    (long long)(wait_ns / TC_NS_PER_S + 1));
        return;
    }
    find_hash(call->c, job);
    if (!queue(call, job))
        return;
    /* Counted before it is compared, or many at once would all be free; the right password takes it
     * back. */
    f->count++;
    f->last = clock_mono();
}

enum tc_err logins_start(struct core *c, struct tc_errinfo *info)
{
    if (sodium_init() < 0)
        return tc_fail(info, TC_E_CRYPTO, "libsodium did not start");
    struct login_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for sign-ins");
    c->logins = pool;
    pool->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pool->ev_done = event_new(process_base(c->p), pool->done_fd, EV_READ | EV_PERSIST, on_done, c);
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->wake, NULL);
    if (pool->done_fd < 0 || pool->ev_done == NULL || event_add(pool->ev_done, NULL) != 0)
        return tc_fail(info, TC_E_NOMEM, "no memory for sign-ins");
    for (size_t i = 0; i < LOGIN_THREADS; i++) {
        if (pthread_create(&pool->threads[i], NULL, thread_main, pool) != 0)
            return tc_fail(info, TC_E_NOMEM, "a thread for sign-ins could not be started");
        pool->threads_count++;
    }
    return TC_OK;
}

void logins_stop(struct core *c)
{
    struct login_pool *pool = c->logins;
    if (pool == NULL)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads_count; i++)
        (void)pthread_join(pool->threads[i], NULL);
}
