/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that listen, directories that hold video, rings, the configuration as a sealed file. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "runtime/log.h"
#include "runtime/sandbox.h"
#include "supervisor/internal.h"

enum { BACKLOG = 512 };

/* Bit rate that a ring is sized for when the camera's is not known yet, and its longest GOP. */
#define RING_ASSUMED_BITS_PER_S UINT64_C(8000000)
#define RING_ASSUMED_GOP_NS     (4 * TC_NS_PER_S)

static enum tc_err open_tcp(const struct site_addr *address, int *ret, struct tc_errinfo *info)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    bool is_v4 = inet_pton(AF_INET, address->host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, address->host, &v6.sin6_addr) != 1)
        return tc_fail(info, TC_E_CONFIG, "%s is no numeric address", address->host);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return tc_fail_errno(info, errno, "making a socket");
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const struct sockaddr *any =
        is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    if (bind(fd, any, is_v4 ? sizeof v4 : sizeof v6) != 0 || listen(fd, BACKLOG) != 0) {
        int errnum = errno;
        (void)close(fd);
        const char *remedy =
            errnum == EADDRINUSE
                ? " (another program listens there; `ss -ltnp` names it, or choose another port)"
                : "";
        return tc_fail_errno(info, errnum, "listening on %s port %u%s", address->host,
                             address->port, remedy);
    }
    *ret = fd;
    return TC_OK;
}

static void add_listener(struct supervisor *s, enum msg_listen_what what, unsigned index, int fd,
                         const char *host, uint16_t port)
{
    TC_ASSERT(s->listens_count < LISTENS_MAX);
    struct listener *l = &s->listens[s->listens_count++];
    *l = (struct listener){.what = what, .index = index, .fd = fd};
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    if (port == 0 && getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
        port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    bool v6 = strchr(host, ':') != NULL;
    (void)snprintf(l->address, sizeof l->address, v6 ? "[%s]:%u" : "%s:%u", host, port);
}

static enum tc_err open_local(struct supervisor *s, struct tc_errinfo *info)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/tocsin.sock",
                       s->options->state_dir);
    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        return tc_fail(info, TC_E_LIMIT, "%s is too long a path for a socket in it",
                       s->options->state_dir);
    (void)unlinkat(s->state_fd, "tocsin.sock", 0); /* the lock is ours: this is a dead daemon's */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return tc_fail_errno(info, errno, "making a socket");
    /* Anybody on this machine may connect; core asks the kernel who it is before it answers. */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        fchmodat(s->state_fd, "tocsin.sock", 0666, 0) != 0 || listen(fd, BACKLOG) != 0) {
        int errnum = errno;
        (void)close(fd);
        return tc_fail_errno(info, errnum, "listening on %s", address.sun_path);
    }
    add_listener(s, MSG_LISTEN_LOCAL, 0, fd, "local", 1);
    return TC_OK;
}

static enum tc_err open_listens(struct supervisor *s, struct tc_errinfo *info)
{
    for (size_t i = 0; i < s->site.receivers_count; i++) {
        const struct site_addr *a = &s->site.receivers[i].listen;
        int fd = -1;
        TC_TRY(open_tcp(a, &fd, info));
        add_listener(s, MSG_LISTEN_RECEIVER, (unsigned)i, fd, a->host, a->port);
    }
    int fd = -1;
    TC_TRY(open_tcp(&s->site.console.listen, &fd, info));
    add_listener(s, MSG_LISTEN_CONSOLE, 0, fd, s->site.console.listen.host,
                 s->site.console.listen.port);
    return open_local(s, info);
}

/* A volume that cannot be opened does not stop the daemon: archive tells core, people see it, the
 * rest runs. */
static void open_volume(struct supervisor *s, size_t index)
{
    struct volume *v = &s->volumes[index];
    const char *path = s->site.archive.volumes[index].path;
    struct tc_errinfo info = {0};
    bool own = path[0] == 0;
    int len = snprintf(v->path, sizeof v->path, "%s%s", own ? s->options->state_dir : path,
                       own ? "/archive" : "");
    bool fits = len > 0 && (size_t)len < sizeof v->path;
    errno = ENAMETOOLONG;
    v->fd = fits ? open(v->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    v->err = TC_OK;
    if (v->fd < 0) {
        v->err = tc_fail_errno(&info, errno, "opening the volume %.200s", v->path);
    } else if (s->root && !own) {
        struct stat st = {0};
        if (fstat(v->fd, &st) == 0 && st.st_uid == 0 &&
            fchown(v->fd, tc_sandbox_uid(TC_ROLE_ARCHIVE, 0, 0),
                   tc_sandbox_gid(TC_ROLE_ARCHIVE, 0, 0)) != 0)
            log_warn("%s cannot be given to archive: %s", v->path, strerrorname_np(errno));
    }
    if (v->err != TC_OK)
        log_error("%s", info.text);
    tc_slice_to_str_cut(tc_slice_str(info.text), v->text, sizeof v->text);
}

static enum tc_err make_rings(struct supervisor *s, struct tc_errinfo *info)
{
    size_t n = s->site.cameras_count;
    if (n == 0)
        return TC_OK;
    s->rings = calloc(n, sizeof *s->rings);
    if (s->rings == NULL)
        return tc_fail(info, TC_E_NOMEM, "no memory for the rings");
    for (size_t i = 0; i < n; i++)
        s->rings[i] = (struct ring_fds){.writer = -1, .reader = -1};
    for (size_t i = 0; i < n; i++) {
        const struct site_camera *c = &s->site.cameras[i];
        struct ring_sizing want = {.bits_per_s = RING_ASSUMED_BITS_PER_S,
                                   .pre_roll_ns = c->record.pre_ns,
                                   .gop_ns = RING_ASSUMED_GOP_NS,
                                   .alarm_mode = c->record.mode == SITE_RECORD_ALARM,
                                   .cap_bytes = s->site.archive.ring_memory_bytes / n};
        struct ring_size size = ring_size_for(&want);
        if (want.alarm_mode && size.holds_ns < want.pre_roll_ns)
            log_warn("camera %s: the ring memory allows %lld ms before an alarm at 8 Mbit/s, %lld "
                     "ms are asked "
                     "for; raise archive: ring_memory",
                     c->id, (long long)(size.holds_ns / TC_NS_PER_MS),
                     (long long)(want.pre_roll_ns / TC_NS_PER_MS));
        TC_TRY(ring_create(c->id, size, &s->rings[i], info));
    }
    return TC_OK;
}

static enum tc_err seal_config(struct supervisor *s, struct tc_errinfo *info)
{
    s->config_fd = memfd_create("site.yaml", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    size_t len = s->config_text.len;
    if (s->config_fd < 0 || write(s->config_fd, s->config_text.data, len) != (ssize_t)len ||
        fcntl(s->config_fd, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return tc_fail_errno(info, errno, "keeping the configuration in memory");
    return TC_OK;
}

enum tc_err resources_open(struct supervisor *s, struct tc_errinfo *info)
{
    TC_TRY(seal_config(s, info));
    TC_TRY(open_listens(s, info));
    for (size_t i = 0; i < s->site.archive.volumes_count; i++)
        open_volume(s, i);
    return make_rings(s, info);
}

void resources_close(struct supervisor *s)
{
    for (size_t i = 0; i < s->listens_count; i++) {
        (void)close(s->listens[i].fd);
        if (s->listens[i].what ==
            MSG_LISTEN_LOCAL) /* ours; one that we did not make is another daemon's */
            (void)unlinkat(s->state_fd, "tocsin.sock", 0);
    }
    for (size_t i = 0; s->rings != NULL && i < s->site.cameras_count; i++) {
        if (s->rings[i].writer >= 0) {
            (void)close(s->rings[i].writer);
            (void)close(s->rings[i].reader);
        }
    }
    free(s->rings);
    for (size_t i = 0; i < SITE_VOLUMES_MAX; i++) {
        if (s->volumes[i].fd > 0)
            (void)close(s->volumes[i].fd);
    }
    if (s->config_fd >= 0)
        (void)close(s->config_fd);
}
