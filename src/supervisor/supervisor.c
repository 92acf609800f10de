/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <event2/dns.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/sandbox.h"
#include "supervisor/internal.h"
#include "supervisor/watch.h"

enum { CONFIG_BYTES_MAX = 1 << 20, SANDBOX_JSON_BYTES = 8192 };

static enum tc_err read_config(struct supervisor *s, struct tc_errinfo *info)
{
    int fd = open(s->options->site_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tc_fail_errno(info, errno, "opening the configuration %s", s->options->site_file);
    tc_buf_init(&s->config_text, CONFIG_BYTES_MAX);
    ssize_t n = 1;
    while (n > 0 && s->config_text.err == TC_OK) {
        uint8_t *at = tc_buf_reserve(&s->config_text, 16384);
        n = at == NULL ? -1 : read(fd, at, 16384);
        if (n > 0)
            s->config_text.len += (size_t)n;
    }
    int errnum = errno;
    (void)close(fd);
    if (s->config_text.err != TC_OK)
        return tc_fail(info, TC_E_LIMIT, "%s is longer than %d bytes", s->options->site_file,
                       CONFIG_BYTES_MAX);
    if (n < 0)
        return tc_fail_errno(info, errnum, "reading the configuration %s", s->options->site_file);
    SHA256(s->config_text.data, s->config_text.len, s->config_sha256);
    return TC_OK;
}

static enum tc_err load_config(struct supervisor *s, struct tc_errinfo *info)
{
    TC_TRY(read_config(s, info));
    struct config_report report;
    enum tc_err err =
        config_load(tc_buf_view(&s->config_text), s->options->site_file, &s->site, &report);
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, 1 << 20);
    config_report_text(&report, tc_buf_view(&s->config_text), &text);
    (void)fputs(tc_buf_cstr(&text), stderr);
    config_report_done(&report);
    if (err != TC_OK)
        return tc_fail(info, err, "%s has errors; nothing was started", s->options->site_file);
    return TC_OK;
}

static void add_worker(struct supervisor *s, enum tc_role role, unsigned instance)
{
    TC_ASSERT(s->workers_count < WORKERS_MAX);
    struct worker *w = &s->workers[s->workers_count++];
    *w = (struct worker){.sup = s, .role = role, .instance = instance, .report_fd = -1};
    tc_role_label(role, instance, w->label);
    tc_buf_init(&w->sandbox_json, SANDBOX_JSON_BYTES);
}

static void plan_workers(struct supervisor *s)
{
    size_t shards = (s->site.cameras_count + CAMERAS_PER_SHARD - 1) / CAMERAS_PER_SHARD;
    add_worker(s, TC_ROLE_CORE, 0);
    add_worker(s, TC_ROLE_READER, 0);
    add_worker(s, TC_ROLE_ARCHIVE, 0);
    for (size_t i = 0; i < shards; i++)
        add_worker(s, TC_ROLE_CAPTURE, (unsigned)i);
    add_worker(s, TC_ROLE_WEB, 0);
    add_worker(s, TC_ROLE_INTAKE, 0);
}

static enum tc_err start_workers(struct supervisor *s, struct tc_errinfo *info)
{
    struct msg_none none = {0};
    for (size_t i = 0; i < s->workers_count; i++)
        TC_TRY(worker_start(&s->workers[i], info));
    for (size_t i = 0; i < s->workers_count; i++)
        TC_TRY(worker_wire(&s->workers[i], info));
    for (size_t i = 0; i < s->workers_count; i++) {
        if (channel_send(s->workers[i].control, MSG_GO, &none, tc_slice(NULL, 0)) != TC_OK)
            return tc_fail(info, TC_E_CLOSED, "%s died while it was set up", s->workers[i].label);
    }
    return TC_OK;
}

/* Many cameras mean many descriptors: take what the system allows. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warn("the limit of open files stays as it is, ignoring");
}

/* What the supervisor itself needs to do no more; its children inherit it beneath their own lines.
 */
static enum tc_err close_own_sandbox(struct supervisor *s, struct tc_errinfo *info)
{
    struct tc_sandbox_report report;
    struct tc_sandbox_options options = {.state_fd = -1, .event_fd = -1};
    TC_TRY(tc_sandbox_apply(TC_ROLE_SUPERVISOR, &options, &report, info));
    tc_buf_init(&s->sandbox_json, SANDBOX_JSON_BYTES);
    tc_sandbox_describe_json(&report, &s->sandbox_json);
    s->since = clock_wall();
    return TC_OK;
}

static enum tc_err bring_up(struct supervisor *s, struct tc_errinfo *info)
{
    TC_TRY(load_config(s, info));
    TC_TRY(state_open(s, info));
    TC_TRY(tls_open(s, info));
    TC_TRY(resources_open(s, info));
    TC_TRY(close_own_sandbox(s, info));
    s->base = event_base_new();
    if (s->base == NULL)
        return tc_fail(info, TC_E_NOMEM, "no event loop");
    TC_TRY(watch_start(s, info));
    passwords_look(s);
    plan_workers(s);
    return start_workers(s, info);
}

static void take_down(struct supervisor *s)
{
    for (size_t i = 0; i < s->workers_count; i++) {
        struct worker *w = &s->workers[i];
        w->control = channel_free(w->control);
        if (w->pid > 0)
            (void)kill(w->pid, SIGKILL);
        if (w->ev_report != NULL)
            event_free(w->ev_report);
        if (w->ev_restart != NULL)
            event_free(w->ev_restart);
        tc_buf_done(&w->sandbox_json);
    }
    resources_close(s);
    state_close(s);
    if (s->base != NULL) {
        watch_done(s);
        if (s->dns != NULL)
            evdns_base_free(s->dns, 0);
        event_base_free(s->base);
    }
    if (s->tls_key.data != NULL)
        explicit_bzero(s->tls_key.data, s->tls_key.len);
    tc_buf_done(&s->sandbox_json);
    tc_buf_done(&s->tls_key);
    tc_buf_done(&s->tls_crt);
    tc_buf_done(&s->config_text);
    free(s->passwords);
    site_done(&s->site);
}

int supervisor_run(const struct supervisor_options *options)
{
    static struct supervisor s;
    struct tc_errinfo info = {0};
    s = (struct supervisor){
        .options = options, .config_fd = -1, .state_fd = -1, .secrets_fd = -1, .lock_fd = -1};
    s.root = geteuid() == 0;
    (void)umask(027);
    (void)signal(SIGPIPE, SIG_IGN);
    log_start("supervisor", getenv("TOCSIN_DEBUG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    raise_limits();
    site_init(&s.site);
    enum tc_err err = bring_up(&s, &info);
    if (err == TC_OK)
        (void)event_base_dispatch(s.base);
    else
        (void)fprintf(stderr, "tocsin: %s\n", info.text);
    take_down(&s);
    return err == TC_OK ? s.status : 1;
}
