/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/time.h"
#include "runtime/secrets.h"
#include "sim/camera.h"
#include "sim/panel.h"

enum { DEMO_CAMERAS_MAX = 64, DEMO_CONSOLE_PORT = 8443, DEMO_SITE_BYTES = 32768 };

static const char demo_user[] = "guard";

/* ---- the places of the demo site ---- */

static const struct {
    const char *zone, *name;
    unsigned point;
    const char *type;
    const char *camera;
} places[] = {
    {"yard", "Yard", 12, "intrusion.motion", "yard-west"},
    {"gate", "Main gate", 13, "intrusion.contact", "gate"},
    {"dock", "Loading dock", 21, "intrusion.contact", "dock"},
    {"server-room", "Server room", 31, "fire.smoke", "server-room"},
};

static void camera_name(unsigned index, char out[16])
{
    if (index < TC_COUNT(places))
        (void)snprintf(out, 16, "%s", places[index].camera);
    else
        (void)snprintf(out, 16, "camera-%u", (index + 1) % 1000);
}

static void add_cameras(const struct demo *d, unsigned count, struct tc_buf *out)
{
    tc_buf_add_str(out, "cameras:\n");
    for (unsigned i = 0; i < count; i++) {
        const char *zone = places[i % TC_COUNT(places)].zone;
        char name[16];
        camera_name(i, name);
        tc_buf_add_fmt(out,
                       "  %s: { driver: rtsp, url: rtsp://127.0.0.1:%u/%s, login: secret:cameras, "
                       "covers: { %s: { distance: %um } } }\n",
                       name, d->camera_port, name, zone, 5 + i);
    }
}

static void write_site(const struct demo *d, unsigned cameras, struct tc_buf *out)
{
    tc_buf_add_fmt(out,
                   "# A simulated site. The panel and the cameras are programs that speak the real "
                   "protocols.\n"
                   "site: { id: demo, name: Demo warehouse, timezone: Europe/Berlin }\n"
                   "console: { listen: 127.0.0.1:%u }\n"
                   "receivers:\n"
                   "  - { protocol: sia-dc09, listen: 127.0.0.1:%u, transports: [tcp] }\n",
                   d->console_port, d->receiver_port);
    tc_buf_add_str(out, "panels:\n  main:\n    account: \"1234\"\n    points:\n");
    for (size_t i = 0; i < TC_COUNT(places); i++)
        tc_buf_add_fmt(out, "      %u: { zone: %s, type: %s }\n", places[i].point, places[i].zone,
                       places[i].type);
    tc_buf_add_str(out, "zones:\n");
    for (size_t i = 0; i < TC_COUNT(places); i++)
        tc_buf_add_fmt(out, "  %s: { name: %s }\n", places[i].zone, places[i].name);
    tc_buf_add_str(out, "areas:\n  perimeter: { name: Perimeter, zones: [yard, gate] }\n"
                        "  building: { name: Building, zones: [dock, server-room] }\n"
                        "adjacent: { yard: [gate] }\n");
    add_cameras(d, cameras, out);
    tc_buf_add_fmt(out,
                   "users:\n  %s: { role: supervisor }\n"
                   "rules:\n  perimeter-breach:\n    when: intrusion.* in area:perimeter\n"
                   "    do: [ bookmark, notify role:operator ]\n",
                   demo_user);
}

/* ---- ports, files, secrets ---- */

/* The port when it is free now, else one that the system chooses; 0 when there is none at all. */
static uint16_t free_port(uint16_t wish)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(wish)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof a;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool bound = bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 &&
                 getsockname(fd, (struct sockaddr *)&a, &len) == 0;
    (void)close(fd);
    if (bound)
        return ntohs(a.sin_port);
    return wish == 0 ? 0 : free_port(0);
}

static enum tc_err write_file(const char *path, struct tc_slice text, struct tc_errinfo *info)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool done = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len;
    int errnum = errno;
    if (fd >= 0)
        (void)close(fd);
    return done ? TC_OK : tc_fail_errno(info, errnum, "writing %s", path);
}

static enum tc_err make_dir(struct demo *d, const struct demo_options *o, struct tc_errinfo *info)
{
    const char *base = getenv("TMPDIR");
    if (o->dir != NULL)
        (void)snprintf(d->dir, sizeof d->dir, "%s", o->dir);
    else
        (void)snprintf(d->dir, sizeof d->dir, "%s/tocsin-demo-XXXXXX",
                       base != NULL ? base : "/tmp");
    if (o->dir == NULL && mkdtemp(d->dir) == NULL)
        return tc_fail_errno(info, errno, "making a temporary folder in %s",
                             base != NULL ? base : "/tmp");
    if (o->dir != NULL && mkdir(d->dir, 0755) != 0)
        return tc_fail_errno(info, errno, "making %s (it must not be there yet)", d->dir);
    d->remove_dir = o->dir == NULL;
    (void)chmod(d->dir, 0755); /* the processes' own users pass through it */
    (void)snprintf(d->site_file, sizeof d->site_file, "%.200s/site.yaml", d->dir);
    (void)snprintf(d->state_dir, sizeof d->state_dir, "%.200s/state", d->dir);
    if (mkdir(d->state_dir, 0755) != 0)
        return tc_fail_errno(info, errno, "making %s", d->state_dir);
    return TC_OK;
}

/* Without letters and digits that look alike: somebody types this. */
static void random_text(char *out, size_t len)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    for (size_t i = 0; i + 1 < len; i++)
        out[i] = i % 5 == 4 ? '-' : letters[randombytes_uniform(sizeof letters - 1)];
    out[len - 1] = 0;
}

static enum tc_err store_secrets(struct demo *d, const char *camera_password,
                                 struct tc_errinfo *info)
{
    char login[64];
    char once[crypto_pwhash_STRBYTES + 8];
    int state_fd = open(d->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = -1;
    if (state_fd < 0)
        return tc_fail_errno(info, errno, "opening %s", d->state_dir);
    enum tc_err err = secrets_open(state_fd, true, &fd, info);
    (void)close(state_fd);
    if (err != TC_OK)
        return err;
    (void)snprintf(login, sizeof login, "demo:%s", camera_password);
    err = secret_set(fd, "cameras", tc_slice_str(login), info);
    memcpy(once, "once:", 5);
    if (err == TC_OK && crypto_pwhash_str(once + 5, d->password, strlen(d->password),
                                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        err = tc_fail(info, TC_E_CRYPTO,
                      "the password could not be hashed (this takes 64 MiB of memory)");
    char name[SECRET_NAME_BYTES];
    (void)snprintf(name, sizeof name, "password/%s", demo_user);
    if (err == TC_OK)
        err = secret_set(fd, name, tc_slice_str(once), info);
    (void)close(fd);
    return err;
}

/* ---- the simulated devices ---- */

static void in_child(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGINT, SIG_IGN);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        (void)dup2(null, STDOUT_FILENO);
}

static _Noreturn void be_cameras(const struct demo *d, unsigned count, const char *password)
{
    static char names[DEMO_CAMERAS_MAX][16];
    const char *list[DEMO_CAMERAS_MAX];
    for (unsigned i = 0; i < count; i++) {
        camera_name(i, names[i]);
        list[i] = names[i];
    }
    struct sim_camera_options options = {.port = d->camera_port,
                                         .names = list,
                                         .name_count = count,
                                         .bits_per_second = 2000000,
                                         .intruder = true,
                                         .user = "demo",
                                         .password = password};
    in_child();
    _exit(sim_camera_main(&options));
}

/* A night at the warehouse, over and over. */
static const char *const script[] = {
    "wait 12s", "BA 12 1",  "wait 12s", "BR 12 1",  "wait 20s", "BA 13 1",  "wait 3s", "BA 12 1",
    "wait 15s", "BR 12 1",  "BR 13 1",  "wait 40s", "RP",       "wait 20s", "FA 31 2", "wait 15s",
    "FR 31 2",  "wait 30s", "BA 21 2",  "wait 8s",  "BR 21 2",  "wait 60s",
};

static _Noreturn void be_panel(const struct demo *d, int wait_fd)
{
    struct sim_panel_options options = {.host = "127.0.0.1",
                                        .port = d->receiver_port,
                                        .account = "1234",
                                        .events = script,
                                        .events_count = TC_COUNT(script),
                                        .supervision_ns = 30 * TC_NS_PER_S,
                                        .quiet = true};
    char byte = 0;
    in_child();
    if (read(wait_fd, &byte, 1) != 1)
        _exit(0); /* the daemon never became ready */
    _exit(sim_panel_main(&options));
}

static enum tc_err start_devices(struct demo *d, unsigned cameras, const char *password,
                                 struct tc_errinfo *info)
{
    int gate[2];
    (void)fflush(NULL);
    d->cameras_pid = fork();
    if (d->cameras_pid == 0)
        be_cameras(d, cameras, password);
    if (d->cameras_pid < 0 || pipe2(gate, O_CLOEXEC) != 0)
        return tc_fail_errno(info, errno, "starting the simulated cameras");
    d->panel_pid = fork();
    if (d->panel_pid == 0) {
        (void)close(gate[1]);
        be_panel(d, gate[0]);
    }
    (void)close(gate[0]);
    d->start_fd = gate[1];
    return d->panel_pid < 0 ? tc_fail_errno(info, errno, "starting the simulated panel") : TC_OK;
}

enum tc_err demo_prepare(struct demo *d, const struct demo_options *options,
                         struct tc_errinfo *info)
{
    *d = (struct demo){.start_fd = -1};
    char camera_password[20];
    if (options->cameras < 1 || options->cameras > DEMO_CAMERAS_MAX)
        return tc_fail(info, TC_E_RANGE, "a demo has 1 to %d cameras", DEMO_CAMERAS_MAX);
    if (sodium_init() < 0)
        return tc_fail(info, TC_E_CRYPTO, "libsodium did not start");
    random_text(d->password, 15);
    random_text(camera_password, sizeof camera_password);
    d->console_port = free_port(options->port != 0 ? options->port : DEMO_CONSOLE_PORT);
    d->receiver_port = free_port(0);
    d->camera_port = free_port(0);
    if (d->console_port == 0 || d->receiver_port == 0 || d->camera_port == 0)
        return tc_fail(info, TC_E_BUSY, "no free port on 127.0.0.1");
    TC_TRY(make_dir(d, options, info));
    TC_CLEANUP(tc_buf_done) struct tc_buf text;
    tc_buf_init(&text, DEMO_SITE_BYTES);
    write_site(d, options->cameras, &text);
    TC_TRY(write_file(d->site_file, tc_buf_view(&text), info));
    TC_TRY(store_secrets(d, camera_password, info));
    return start_devices(d, options->cameras, camera_password, info);
}

void demo_announce(struct demo *d, const char *url, const char *fingerprint)
{
    (void)printf(
        "\n  Open     %s\n"
        "  Sign in  %s, password %s (good for one sign-in)\n"
        "  The certificate is self-made; its SHA-256 is\n  %s\n"
        "  Folder   %s%s\n\n  The first alarm comes in 12 seconds. Ctrl-C ends the demo.\n\n",
        url, demo_user, d->password, fingerprint, d->dir,
        d->remove_dir ? " (removed at the end)" : "");
    (void)fflush(stdout);
    if (write(d->start_fd, "g", 1) != 1)
        (void)fprintf(stderr, "tocsin: the simulated panel is gone\n");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void demo_done(struct demo *d)
{
    const pid_t pids[] = {d->panel_pid, d->cameras_pid};
    for (size_t i = 0; i < TC_COUNT(pids); i++) {
        if (pids[i] <= 0)
            continue;
        (void)kill(pids[i], SIGKILL);
        (void)waitpid(pids[i], NULL, 0);
    }
    if (d->start_fd >= 0)
        (void)close(d->start_fd);
    if (d->remove_dir && nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
        (void)fprintf(stderr, "tocsin: %s could not be removed whole\n", d->dir);
    sodium_memzero(d->password, sizeof d->password);
}
