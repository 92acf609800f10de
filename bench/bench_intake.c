/* SPDX-License-Identifier: Apache-2.0 */
/* Durable, acknowledged DC-09 signals a second through the whole program, and how long a panel
 * waits for its ACK.
 *
 * Starts `tocsin run` on a site of its own in an empty directory, lets simulated panels send, each
 * waiting for its ACK before the next message, and stops it. Twice: as the disk is, and with 5 ms
 * added to every sync (a quick disk flatters; slow_sync.so does it). Beside it the disk's own rate
 * of small writes, each synced: the floor of a program that commits one by one.
 *
 *   bench_intake [--tocsin PROGRAM] [--seconds N] [--panels N] [--dir DIR] [--log FILE] [--strict]
 *
 * PROGRAM and the shim are looked for beside this program. --strict: exit 1 when a figure is
 * missed. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/clock.h"
#include "sim/panel.h"
#include "sim/panel_script.h"

enum {
    START_LIMIT_MS = 15000,
    STOP_LIMIT_S = 10,
    WARM_UP_MS = 500,
    BARE_SECONDS = 1,
    BARE_BYTES = 512
};

struct settings {
    const char *tocsin;
    const char *shim;
    const char *log;
    char dir[512];
    unsigned seconds;
    unsigned panels;
    bool strict;
    uint16_t port, console_port;
};

struct target {
    const char *name;
    unsigned sync_ms;
    double rate;   /* signals a second, at least */
    double p99_ms; /* at most */
};

static const struct target targets[] = {
    {"as it is", 0, 20000, 10},
    {"5 ms more", 5, 5000, 25},
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_intake: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- the site ---- */

/* COUNT ports that nobody listens on, all different: each is held until all are found. */
static void free_ports(uint16_t *out, size_t count)
{
    int fds[8];
    TC_ASSERT(count <= TC_COUNT(fds));
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof a;
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&a, sizeof a) != 0 ||
            getsockname(fds[i], (struct sockaddr *)&a, &len) != 0)
            die("a free port");
        out[i] = ntohs(a.sin_port);
    }
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

static void write_site(const struct settings *s, const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        die(path);
    (void)fprintf(f, "site: { id: bench }\nconsole: { listen: \"127.0.0.1:%u\" }\n",
                  s->console_port);
    (void)fprintf(f, "receivers:\n  - { protocol: sia-dc09, listen: \"127.0.0.1:%u\" }\n", s->port);
    (void)fprintf(f, "zones:\n");
    for (unsigned i = 0; i < s->panels; i++)
        (void)fprintf(f, "  zone-%u: { name: Zone %u }\n", i, i);
    (void)fprintf(f, "panels:\n");
    for (unsigned i = 0; i < s->panels; i++) {
        char account[DC09_ACCOUNT_BYTES_MAX + 1];
        TC_ASSERT(panel_account("1000", i, account) == TC_OK);
        (void)fprintf(f,
                      "  panel-%u: { account: \"%s\", points: { 12: { zone: zone-%u, type: "
                      "intrusion.motion } } }\n",
                      i, account, i);
    }
    if (fclose(f) != 0)
        die(path);
}

/* ---- the daemon ---- */

static _Noreturn void be_daemon(const struct settings *s, const char *site, const char *state,
                                unsigned sync_ms, int out)
{
    char ms[16];
    (void)snprintf(ms, sizeof ms, "%u", sync_ms);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (sync_ms > 0) {
        (void)setenv("LD_PRELOAD", s->shim, 1);
        (void)setenv("SLOW_SYNC_MS", ms, 1);
    }
    int log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        die(s->log);
    (void)execl(s->tocsin, "tocsin", "run", "-c", site, "--state", state, (char *)NULL);
    die(s->tocsin);
}

/* Waits for the line that begins with "ready". */
static bool wait_ready(int fd)
{
    char line[4096];
    size_t len = 0;
    int64_t until_ns = clock_mono().ns + START_LIMIT_MS * TC_NS_PER_MS;
    while (clock_mono().ns < until_ns && len < sizeof line - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t n = read(fd, line + len, sizeof line - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        line[len] = 0;
        if (strncmp(line, "ready", 5) == 0 || strstr(line, "\nready") != NULL)
            return true;
    }
    return false;
}

static void stop_daemon(pid_t pid)
{
    int status = 0;
    (void)kill(pid, SIGTERM);
    for (int i = 0; i < STOP_LIMIT_S * 100; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return;
        (void)poll(NULL, 0, 10);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
}

/* ---- measuring ---- */

static struct sim_panel_stats send_signals(const struct settings *s, int64_t run_ns)
{
    static const char *const events[] = {"BA 12", "BR 12"};
    struct sim_panel_options options = {.host = "127.0.0.1",
                                        .port = s->port,
                                        .account = "1000",
                                        .events = events,
                                        .events_count = TC_COUNT(events),
                                        .panels = s->panels,
                                        .run_ns = run_ns};
    struct event_base *base = event_base_new();
    struct sim_panels *panels = NULL;
    struct tc_errinfo info = {0};
    if (base == NULL || sim_panels_new(base, &options, &panels, &info) != TC_OK) {
        (void)fprintf(stderr, "bench_intake: %s\n", info.text);
        exit(1);
    }
    (void)event_base_dispatch(base);
    struct sim_panel_stats stats = *sim_panels_stats(panels);
    sim_panels_free(panels);
    event_base_free(base);
    return stats;
}

static bool measure(const struct settings *s, const struct target *t, const char *site)
{
    char state[600];
    int out[2];
    (void)snprintf(state, sizeof state, "%s/state-%u", s->dir, t->sync_ms);
    if (mkdir(state, 0700) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die(state);
    pid_t pid = fork();
    if (pid == 0)
        be_daemon(s, site, state, t->sync_ms, out[1]);
    (void)close(out[1]);
    if (!wait_ready(out[0])) {
        (void)fprintf(stderr, "bench_intake: tocsin run did not become ready, see %s\n", s->log);
        stop_daemon(pid);
        exit(1);
    }
    (void)send_signals(s, WARM_UP_MS * TC_NS_PER_MS);
    struct sim_panel_stats stats = send_signals(s, s->seconds * TC_NS_PER_S);
    stop_daemon(pid);
    (void)close(out[0]);
    double rate = (double)stats.acked / s->seconds;
    double p50 = (double)latency_percentile(&stats.latency, 50) / 1e6;
    double p99 = (double)latency_percentile(&stats.latency, 99) / 1e6;
    bool reached = rate >= t->rate && p99 < t->p99_ms && stats.resent == 0 && stats.naks == 0;
    printf("| %-10s | %11.0f | %8.2f | %8.2f | %8.2f | %6.0f/s, p99 < %2.0f ms | %-7s |\n", t->name,
           rate, p50, p99, (double)stats.latency.max_ns / 1e6, t->rate, t->p99_ms,
           reached ? "reached" : "MISSED");
    (void)fflush(stdout);
    return reached;
}

/* Small appends, each synced, one after the other. */
static double bare_rate(const char *dir)
{
    char path[600];
    uint8_t block[BARE_BYTES] = {0};
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s/bare", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        die(path);
    int64_t begin_ns = clock_mono().ns;
    while (clock_mono().ns - begin_ns < BARE_SECONDS * TC_NS_PER_S) {
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            die(path);
        count++;
    }
    (void)close(fd);
    (void)unlink(path);
    return count / ((double)(clock_mono().ns - begin_ns) / (double)TC_NS_PER_S);
}

/* ---- options ---- */

static bool option(const char *name, int argc, char **argv, int *i, const char **ret)
{
    if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc)
        return false;
    *ret = argv[++*i];
    return true;
}

static bool read_options(int argc, char **argv, struct settings *s)
{
    const char *seconds = "5";
    const char *panels = "64";
    const char *dir = "/var/tmp";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--strict") == 0)
            s->strict = true;
        else if (!option("--tocsin", argc, argv, &i, &s->tocsin) &&
                 !option("--seconds", argc, argv, &i, &seconds) &&
                 !option("--panels", argc, argv, &i, &panels) &&
                 !option("--dir", argc, argv, &i, &dir) &&
                 !option("--log", argc, argv, &i, &s->log))
            return false;
    }
    s->seconds = (unsigned)strtoul(seconds, NULL, 10);
    s->panels = (unsigned)strtoul(panels, NULL, 10);
    (void)snprintf(s->dir, sizeof s->dir, "%s/bench-intake-XXXXXX", dir);
    return s->seconds > 0 && s->panels > 0 && s->panels <= 1000;
}

/* What is built beside this program, as a whole path: the loader wants one. */
static const char *beside(const char *name, char *room, size_t size)
{
    char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        die("/proc/self/exe");
    self[n] = 0;
    *strrchr(self, '/') = 0;
    (void)snprintf(room, size, "%s/%s", self, name);
    return room;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static bool measure_all(const struct settings *s)
{
    char site[600];
    bool reached = true;
    (void)snprintf(site, sizeof site, "%s/site.yaml", s->dir);
    write_site(s, site);
    printf("Durable, acknowledged DC-09 signals: %u panels, each waits for its ACK, %u s\n\n"
           "| sync       | signals/s   | p50 ms   | p99 ms   | worst ms | to reach               | "
           "result  |\n"
           "|------------|-------------|----------|----------|----------|------------------------|-"
           "--------|\n",
           s->panels, s->seconds);
    for (size_t i = 0; i < TC_COUNT(targets); i++)
        reached &= measure(s, &targets[i], site);
    printf("\nThis disk alone, one %d-byte write and fdatasync after the other: %.0f/s\n",
           BARE_BYTES, bare_rate(s->dir));
    return reached;
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    char tocsin[600];
    char shim[600];
    char log[600];
    uint16_t ports[2];
    if (!read_options(argc, argv, &s)) {
        (void)fprintf(
            stderr, "usage: bench_intake [--tocsin PROGRAM] [--seconds N] [--panels N] [--dir DIR] "
                    "[--log FILE] [--strict]\n");
        return 2;
    }
    if (mkdtemp(s.dir) == NULL)
        die(s.dir);
    (void)snprintf(log, sizeof log, "%s/log", s.dir);
    s.tocsin = s.tocsin == NULL ? beside("tocsin", tocsin, sizeof tocsin) : s.tocsin;
    s.shim = beside("slow_sync.so", shim, sizeof shim);
    s.log = s.log == NULL ? log : s.log;
    free_ports(ports, TC_COUNT(ports));
    s.port = ports[0];
    s.console_port = ports[1];
    bool reached = measure_all(&s);
    (void)nftw(s.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return reached || !s.strict ? 0 : 1;
}
