/* SPDX-License-Identifier: Apache-2.0 */
/* How soon the pictures of an alarm are there: from the panel's frame to the first byte of the
 * incident's clip, pre-roll included, over HTTPS, with an archive of 30 days of 16 cameras.
 *
 * The archive's past is made here: every minute of every camera is a row of the index; files are
 * made for the minutes that are asked for later (true heads and sample tables, holes where the
 * pictures would be), and taken out of the page cache. The present is real: simulated cameras,
 * `tocsin run`, a panel that sends DC-09, a client that is signed in, hears of the incident on the
 * stream of changes, and asks for its clip. Second figure: 40 s from a random moment of the 30
 * days, request to first byte.
 *
 *   bench_retrieval [--tocsin PROGRAM] [--alarms N] [--days N] [--dir DIR] [--log FILE]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "media/fmp4.h"
#include "proto/dc09.h"
#include "runtime/clock.h"
#include "runtime/sandbox.h"
#include "sim/camera.h"
#include "sim/latency.h"
#include "store/archive_volume.h"

enum {
    CAMERAS = 16,
    MINUTES_A_DAY = 24 * 60,
    FRAGMENTS = 30, /* of a minute: GOPs of two seconds */
    FRAMES = 30,    /* of a fragment */
    FRAME_TICKS = 6000,
    KEY_BYTES = 180000,
    FRAME_BYTES = 20000,
    PRE_ROLL_S = 10,
    WARM_UP_S = PRE_ROLL_S + 8,
    START_LIMIT_S = 40,
    PAST_CLIPS = 100,
    PATH_BYTES = 700,
};
static const double target_p99_ms = 50;
static const char password[] = "bench retrieval 1";

struct settings {
    const char *tocsin;
    char dir[PATH_BYTES / 2];
    char state[PATH_BYTES / 2 + 8];
    char site[PATH_BYTES / 2 + 16];
    char log[PATH_BYTES / 2 + 8];
    unsigned alarms, days;
    uint16_t panel_port, console_port, camera_port;
};

static _Noreturn TC_PRINTF(1, 2) void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs("bench_retrieval: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputs("\n", stderr);
    va_end(args);
    exit(1);
}

static void must(enum tc_err err, const struct tc_errinfo *info)
{
    if (err != TC_OK)
        die("%s", info->text);
}

/* ---- the archive's past ---- */

/* One High profile SPS and PPS, 64 x 48: what the rows and files carry as parameters. */
static const uint8_t sps[] = {0x67, 0x64, 0x00, 0x0a, 0xac, 0x4c, 0x22, 0x23,
                              0xd8, 0x08, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80,
                              0x00, 0x00, 0x0a, 0x07, 0x89, 0x13, 0x08, 0xc0};
static const uint8_t pps[] = {0x68, 0xe8, 0x43, 0x03, 0x92, 0xc8, 0xb0};

static void camera_name(unsigned camera, char out[16])
{
    (void)snprintf(out, 16, "cam-%u", camera);
}

/* A minute of a camera as the archive would have recorded it. Its boxes go to HEADS when that is
 * given, each fragment's where `offsets` says. */
static void make_minute(struct archive_segment *s, unsigned camera, int64_t start_ns,
                        struct tc_buf *heads)
{
    static struct fmp4_sample samples[FRAMES];
    struct avc_params params = {tc_slice(sps, sizeof sps), tc_slice(pps, sizeof pps)};
    struct tc_errinfo info = {0};
    char name[16];
    struct tc_buf boxes;
    tc_buf_init(&boxes, 1 << 20);
    camera_name(camera, name);
    s->count = 0;
    s->start_ns = start_ns;
    s->open = s->held = false;
    (void)archive_path(name, (struct tc_wall){start_ns}, 0, s->path);
    must(archive_segment_set_params(s, &params), &info);
    must(fmp4_init(&boxes, &params, 1, (struct tc_wall){start_ns}, &info), &info);
    s->init_bytes = (uint32_t)boxes.len;
    s->bytes = boxes.len;
    for (unsigned i = 0; i < FRAMES; i++)
        samples[i] = (struct fmp4_sample){i == 0 ? KEY_BYTES : FRAME_BYTES, FRAME_TICKS, i == 0};
    for (unsigned i = 0; i < FRAGMENTS; i++) {
        struct fmp4_fragment f = {.sequence = i + 1,
                                  .entry = 1,
                                  .at = (uint64_t)i * FRAMES * FRAME_TICKS,
                                  .start = {start_ns + i * 2 * TC_NS_PER_S},
                                  .samples = samples,
                                  .count = FRAMES};
        size_t before = boxes.len;
        if (heads != NULL)
            must(fmp4_fragment_head(&boxes, &f), &info);
        struct archive_fragment row = {.offset = s->bytes,
                                       .samples = FRAMES,
                                       .start_ns = f.start.ns,
                                       .ticks = FRAMES * FRAME_TICKS,
                                       .key = true,
                                       .bytes = (uint32_t)fmp4_head_bytes(FRAMES) + KEY_BYTES +
                                                (FRAMES - 1) * FRAME_BYTES};
        TC_ASSERT(heads == NULL || boxes.len - before == fmp4_head_bytes(FRAMES));
        must(archive_segment_add(s, &row), &info);
    }
    if (heads != NULL)
        tc_buf_add_slice(heads, tc_buf_view(&boxes));
    tc_buf_done(&boxes);
}

/* Gives PATH to the archive process when the daemon will have users of its own. */
static void give(const char *path)
{
    if (geteuid() == 0 && chown(path, tc_sandbox_uid(TC_ROLE_ARCHIVE, 0, 0),
                                tc_sandbox_gid(TC_ROLE_ARCHIVE, 0, 0)) != 0)
        die("chown %s: %s", path, strerror(errno));
}

static void make_dirs(const char *below, const char *path)
{
    char part[PATH_BYTES * 2];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof part, "%s/%.*s", below, (int)(slash - path), path);
        if (mkdir(part, 0755) == 0)
            give(part);
    }
}

/* The file of a minute, with holes for pictures. Not in the page cache afterwards. */
static void make_file(const struct settings *s, unsigned camera, int64_t start_ns)
{
    struct archive_segment segment = {0};
    struct tc_buf heads;
    char archive[PATH_BYTES], path[PATH_BYTES * 2];
    tc_buf_init(&heads, 1 << 20);
    make_minute(&segment, camera, start_ns, &heads);
    (void)snprintf(archive, sizeof archive, "%s/archive", s->state);
    make_dirs(archive, segment.path);
    (void)snprintf(path, sizeof path, "%s/%s", archive, segment.path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool ok = fd >= 0 &&
              pwrite(fd, heads.data, segment.init_bytes, 0) == (ssize_t)segment.init_bytes &&
              ftruncate(fd, (off_t)segment.bytes) == 0;
    for (size_t i = 0; ok && i < segment.count; i++) {
        size_t len = fmp4_head_bytes(FRAMES);
        ok = pwrite(fd, heads.data + segment.init_bytes + i * len, len,
                    (off_t)segment.fragments[i].offset) == (ssize_t)len;
    }
    if (!ok || fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        die("write %s: %s", path, strerror(errno));
    (void)close(fd);
    give(path);
    archive_segment_done(&segment);
    tc_buf_done(&heads);
}

static uint32_t add_volume(struct archive_db *db, const struct settings *s)
{
    static const uint8_t random[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    char path[PATH_BYTES], file[PATH_BYTES * 2], identity[ARCHIVE_VOLUME_ID_BYTES];
    struct tc_errinfo info = {0};
    uint32_t number = 0;
    (void)snprintf(path, sizeof path, "%s/archive", s->state);
    if (mkdir(path, 0755) != 0)
        die("mkdir %s: %s", path, strerror(errno));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(archive_volume_make(dir, random, identity, &info), &info);
    (void)close(dir);
    (void)snprintf(file, sizeof file, "%s/%s", path, ARCHIVE_VOLUME_FILE);
    give(path);
    give(file);
    must(archive_db_volume(db, identity, path, true, &number, &info), &info);
    must(archive_db_volume_set_indexed(db, number, &info), &info);
    return number;
}

/* Rows for every minute of every camera; returns where the first one begins. */
static int64_t make_past(const struct settings *s)
{
    char path[PATH_BYTES], wal[PATH_BYTES + 8];
    struct archive_db *db;
    struct tc_errinfo info = {0};
    struct archive_segment segment = {0};
    unsigned minutes = s->days * MINUTES_A_DAY - 120;
    int64_t now_ns = clock_wall().ns;
    int64_t first_ns =
        now_ns / (60 * TC_NS_PER_S) * 60 * TC_NS_PER_S - (int64_t)(minutes + 5) * 60 * TC_NS_PER_S;
    (void)snprintf(path, sizeof path, "%s/archive.db", s->state);
    must(archive_db_open(path, ARCHIVE_DB_WRITE, &db, &info), &info);
    segment.volume = add_volume(db, s);
    for (unsigned camera = 0; camera < CAMERAS; camera++) {
        char name[16];
        camera_name(camera, name);
        must(archive_db_begin(db, &info), &info);
        must(archive_db_camera(db, name, true, &segment.camera, &info), &info);
        for (unsigned minute = 0; minute < minutes; minute++) {
            make_minute(&segment, camera, first_ns + (int64_t)minute * 60 * TC_NS_PER_S, NULL);
            must(archive_db_add(db, &segment, &info), &info);
        }
        must(archive_db_commit(db, &info), &info);
    }
    archive_segment_done(&segment);
    archive_db_close(db);
    give(path);
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    give(wal);
    (void)snprintf(wal, sizeof wal, "%s-shm", path);
    give(wal);
    return first_ns;
}

/* ---- the site, the cameras, the daemon ---- */

static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("no free port: %s", strerror(errno));
    (void)close(fd);
    return ntohs(a.sin_port);
}

static void write_site(const struct settings *s)
{
    FILE *f = fopen(s->site, "w");
    if (f == NULL)
        die("%s: %s", s->site, strerror(errno));
    (void)fprintf(f, "site: { id: bench }\nconsole: { listen: \"127.0.0.1:%u\" }\n",
                  s->console_port);
    (void)fprintf(f, "receivers:\n  - { protocol: sia-dc09, listen: \"127.0.0.1:%u\" }\n",
                  s->panel_port);
    (void)fprintf(f, "users: { anna: { role: operator } }\nzones:\n");
    for (unsigned i = 0; i < s->alarms; i++)
        (void)fprintf(f, "  z%u: {}\n", i);
    (void)fprintf(f, "panels:\n  main:\n    account: \"1234\"\n    points:\n");
    for (unsigned i = 0; i < s->alarms; i++)
        (void)fprintf(f, "      %u: { zone: z%u, type: intrusion.motion }\n", i + 1, i);
    (void)fprintf(f, "cameras:\n");
    for (unsigned c = 0; c < CAMERAS; c++) {
        (void)fprintf(f, "  cam-%u: { driver: rtsp, url: \"rtsp://127.0.0.1:%u/cam-%u\", covers: {",
                      c, s->camera_port, c);
        for (unsigned i = c; i < s->alarms; i += CAMERAS)
            (void)fprintf(f, "%s z%u: {}", i == c ? "" : ",", i);
        (void)fprintf(f, " }, record: { pre: %ds } }\n", PRE_ROLL_S);
    }
    if (fclose(f) != 0)
        die("%s: %s", s->site, strerror(errno));
}

static void quiet(const struct settings *s)
{
    int log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        die("%s: %s", s->log, strerror(errno));
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static pid_t start_cameras(const struct settings *s)
{
    static char names[CAMERAS][16];
    static const char *list[CAMERAS];
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    quiet(s);
    for (unsigned i = 0; i < CAMERAS; i++) {
        camera_name(i, names[i]);
        list[i] = names[i];
    }
    struct sim_camera_options options = {
        .address = "127.0.0.1", .port = s->camera_port, .names = list, .name_count = CAMERAS};
    exit(sim_camera_main(&options));
}

static void set_password(const struct settings *s)
{
    char file[PATH_BYTES];
    int status = 0;
    (void)snprintf(file, sizeof file, "%s/password", s->dir);
    FILE *f = fopen(file, "w");
    if (f == NULL || fprintf(f, "%s\n", password) < 0 || fclose(f) != 0)
        die("%s: %s", file, strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        quiet(s);
        (void)execl(s->tocsin, "tocsin", "user", "password", "anna", "-c", s->site, "--state",
                    s->state, "--file", file, (char *)NULL);
        _exit(1);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("`tocsin user password` failed, see %s", s->log);
}

/* Starts it and waits for the line that says "ready". */
static pid_t start_daemon(const struct settings *s)
{
    char text[4096] = "";
    size_t len = 0;
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        quiet(s);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)execl(s->tocsin, "tocsin", "run", "-c", s->site, "--state", s->state, (char *)NULL);
        _exit(1);
    }
    (void)close(out[1]);
    int64_t until_ns = clock_mono().ns + START_LIMIT_S * TC_NS_PER_S;
    while (strstr(text, "ready") == NULL) {
        struct pollfd p = {.fd = out[0], .events = POLLIN};
        ssize_t got = poll(&p, 1, 100) > 0 ? read(out[0], text + len, sizeof text - 1 - len) : -2;
        if (got > 0)
            len += (size_t)got;
        text[len] = 0;
        if (got == 0 || got == -1 || clock_mono().ns > until_ns)
            die("tocsin run did not become ready, see %s", s->log);
    }
    return pid; /* the pipe stays open: the daemon may print more */
}

static void stop_process(pid_t pid)
{
    int status;
    (void)kill(pid, SIGTERM);
    for (int i = 0; i < 1500; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return;
        (void)poll(NULL, 0, 10);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
}

/* ---- the client ---- */

struct client {
    SSL *ssl;
    int fd;
    struct tc_buf in;
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        die("connect to port %u: %s", port, strerror(errno));
    return fd;
}

static void client_open(struct client *c, SSL_CTX *ctx, uint16_t port)
{
    c->fd = connect_to(port);
    c->ssl = SSL_new(ctx);
    tc_buf_init(&c->in, 64 << 20);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_connect(c->ssl) != 1)
        die("no TLS with the console");
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    (void)close(c->fd);
    tc_buf_done(&c->in);
}

/* Reads more; dies when nothing comes. */
static void client_more(struct client *c)
{
    uint8_t *room = tc_buf_reserve(&c->in, 65536);
    int got = room == NULL ? 0 : SSL_read(c->ssl, room, 65536);
    if (got <= 0)
        die("the console closed or did not answer in 10 s; so far: %.*s",
            TC_FMT(tc_slice_sub(tc_buf_view(&c->in), 0, 500)));
    c->in.len += (size_t)got;
}

/* Sends a request and reads to the end of the answer's head, whose length is returned. */
static TC_PRINTF(2, 3) size_t client_ask(struct client *c, const char *fmt, ...)
{
    char request[2048];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(request, sizeof request, fmt, args);
    va_end(args);
    tc_buf_clear(&c->in);
    if (SSL_write(c->ssl, request, len) != len)
        die("the console does not read");
    for (;;) {
        size_t at = tc_slice_find(tc_buf_view(&c->in), "\r\n\r\n");
        if (at < c->in.len)
            return at + 4;
        client_more(c);
    }
}

/* The value of a header field, or an empty slice. */
static struct tc_slice head_field(const struct client *c, size_t head, const char *name)
{
    struct tc_slice rest = tc_slice_sub(tc_buf_view(&c->in), 0, head);
    while (rest.ptr != NULL) {
        struct tc_slice line = tc_slice_split(&rest, '\n');
        if (tc_slice_starts_nocase(line, name))
            return tc_slice_trim(tc_slice_sub(line, strlen(name), line.len));
    }
    return tc_slice(NULL, 0);
}

static void expect_200(const struct client *c, const char *what)
{
    if (!tc_slice_starts(tc_buf_view(&c->in), "HTTP/1.1 200"))
        die("%s: %.*s", what, TC_FMT(tc_slice_sub(tc_buf_view(&c->in), 0, 600)));
}

static void sign_in(struct client *c, const struct settings *s, char *cookie, size_t size)
{
    char body[128];
    (void)snprintf(body, sizeof body, "{\"user\":\"anna\",\"password\":\"%s\"}", password);
    size_t head = client_ask(
        c,
        "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: https://127.0.0.1:%u\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        s->console_port, s->console_port, strlen(body), body);
    expect_200(c, "signing in");
    struct tc_slice set = head_field(c, head, "set-cookie:");
    struct tc_slice value = tc_slice_split(&set, ';');
    if (value.len == 0 || tc_slice_to_str(value, cookie, size) != TC_OK)
        die("no session cookie");
}

struct clip_read {
    int64_t first_ns; /* when the first byte of the body was there */
    uint64_t bytes;
    int64_t pre_got_ns;
};

static int64_t number_after(struct tc_slice text, const char *key)
{
    size_t at = tc_slice_find(text, key);
    return at == text.len ? -1 : strtoll((const char *)text.ptr + at + strlen(key), NULL, 10);
}

/* Asks for a clip and reads all of it. */
static struct clip_read read_clip(struct client *c, const struct settings *s, const char *cookie,
                                  const char *path)
{
    size_t head = client_ask(c, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: %s\r\n\r\n", path,
                             s->console_port, cookie);
    expect_200(c, path);
    uint64_t length = 0;
    if (tc_slice_u64(head_field(c, head, "content-length:"), UINT64_MAX, &length) != TC_OK)
        die("a clip without a length");
    struct clip_read r = {
        .bytes = length,
        .pre_got_ns = number_after(head_field(c, head, "x-tocsin-clip:"), "\"pre_got_ns\":")};
    while (c->in.len < head + 8)
        client_more(c);
    r.first_ns = clock_mono().ns;
    if (memcmp(c->in.data + head + 4, "ftyp", 4) != 0)
        die("a clip that is no MP4");
    for (uint64_t got = c->in.len - head; got < length; got += c->in.len) {
        tc_buf_clear(&c->in);
        client_more(c);
    }
    return r;
}

/* ---- alarms ---- */

static void send_alarm(int panel, unsigned number, uint16_t sequence)
{
    char data[64];
    struct tc_buf out;
    tc_buf_init(&out, 1024);
    (void)snprintf(data, sizeof data, "#1234|Nri1/BA%u", number);
    struct dc09_msg msg = {.kind = DC09_SIA_DCS,
                           .sequence = sequence,
                           .token = tc_slice_str("SIA-DCS"),
                           .line = tc_slice_str("0"),
                           .account = tc_slice_str("1234"),
                           .data = tc_slice_str(data)};
    dc09_encode(&out, &msg);
    if (out.err != TC_OK || write(panel, out.data, out.len) != (ssize_t)out.len)
        die("the receiver does not read: %s", strerror(errno));
    tc_buf_done(&out);
}

/* Reads the stream of changes to the incident of ZONE; returns its id. */
static int64_t await_incident(struct client *changes, const char *zone)
{
    char mark[64];
    (void)snprintf(mark, sizeof mark, "\"zone\":\"%s\"", zone);
    for (;;) {
        struct tc_slice all = tc_buf_view(&changes->in);
        size_t end;
        while ((end = tc_slice_find(all, "\n\n")) < all.len) {
            struct tc_slice event = tc_slice_sub(all, 0, end);
            int64_t id = tc_slice_find(event, "event: incident") < event.len &&
                                 tc_slice_find(event, mark) < event.len
                             ? number_after(event, "\"id\":")
                             : -1;
            all = tc_slice_sub(all, end + 2, all.len);
            if (id > 0) {
                tc_buf_drop(&changes->in, (size_t)(all.ptr - changes->in.data));
                return id;
            }
        }
        tc_buf_drop(&changes->in, (size_t)(all.ptr - changes->in.data));
        client_more(changes);
    }
}

struct figures {
    struct latency heard; /* frame sent to the incident on the screen's stream */
    struct latency first; /* frame sent to the first byte of its clip */
    struct latency past;  /* request for an old clip to its first byte */
    int64_t least_pre_ns;
    uint64_t bytes;
};

static void measure_alarms(const struct settings *s, SSL_CTX *ctx, struct client *web,
                           const char *cookie, struct figures *f)
{
    struct client changes;
    char answer[256], path[128], zone[16];
    int panel = connect_to(s->panel_port);
    client_open(&changes, ctx, s->console_port);
    size_t head = client_ask(
        &changes, "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: %s\r\n\r\n",
        s->console_port, cookie);
    expect_200(&changes, "stream");
    tc_buf_drop(&changes.in, head);
    f->least_pre_ns = INT64_MAX;
    for (unsigned i = 0; i < s->alarms; i++) {
        (void)poll(
            NULL, 0,
            97); /* so that alarms fall anywhere between the archive's ticks and key frames */
        (void)snprintf(zone, sizeof zone, "z%u", i);
        int64_t begin_ns = clock_mono().ns;
        send_alarm(panel, i + 1, (uint16_t)(i % 9999 + 1));
        int64_t id = await_incident(&changes, zone);
        int64_t heard_ns = clock_mono().ns;
        (void)snprintf(path, sizeof path, "/api/v1/incidents/%lld/clip.mp4?camera=cam-%u",
                       (long long)id, i % CAMERAS);
        struct clip_read clip = read_clip(web, s, cookie, path);
        latency_add(&f->heard, heard_ns - begin_ns);
        latency_add(&f->first, clip.first_ns - begin_ns);
        f->bytes += clip.bytes;
        if (clip.pre_got_ns < f->least_pre_ns)
            f->least_pre_ns = clip.pre_got_ns;
        if (recv(panel, answer, sizeof answer, 0) <= 0)
            die("an alarm without an answer");
    }
    client_close(&changes);
    (void)close(panel);
}

/* Moments spread over the 30 days, the same ones each time. */
static int64_t past_moment(const struct settings *s, int64_t first_ns, unsigned i)
{
    uint64_t minutes = s->days * MINUTES_A_DAY - 200;
    return first_ns + (int64_t)((i * UINT64_C(2654435761)) % minutes) * 60 * TC_NS_PER_S;
}

static void make_past_files(const struct settings *s, int64_t first_ns)
{
    for (unsigned i = 0; i < PAST_CLIPS; i++) {
        make_file(s, i % CAMERAS, past_moment(s, first_ns, i));
        make_file(s, i % CAMERAS, past_moment(s, first_ns, i) + 60 * TC_NS_PER_S);
    }
}

static void measure_past(const struct settings *s, int64_t first_ns, struct client *web,
                         const char *cookie, struct figures *f)
{
    for (unsigned i = 0; i < PAST_CLIPS; i++) {
        char from[TC_TIME_TEXT_BYTES], to[TC_TIME_TEXT_BYTES], path[256];
        int64_t at_ns = past_moment(s, first_ns, i) + 41 * TC_NS_PER_S;
        (void)tc_wall_format((struct tc_wall){at_ns}, from);
        (void)tc_wall_format((struct tc_wall){at_ns + 40 * TC_NS_PER_S}, to);
        (void)snprintf(path, sizeof path, "/api/v1/cameras/cam-%u/clip.mp4?from=%s&to=%s",
                       i % CAMERAS, from, to);
        int64_t begin_ns = clock_mono().ns;
        latency_add(&f->past, read_clip(web, s, cookie, path).first_ns - begin_ns);
    }
}

static void print_row(const char *name, const struct latency *l)
{
    printf("| %-58s | %7.1f | %7.1f | %7.1f |\n", name, (double)latency_percentile(l, 50) / 1e6,
           (double)latency_percentile(l, 99) / 1e6, (double)l->max_ns / 1e6);
}

static bool print_figures(const struct settings *s, const struct figures *f)
{
    double p99_ms = (double)latency_percentile(&f->first, 99) / 1e6;
    printf("An alarm's clip: %u alarms, %d cameras, %u days of recordings in the index\n\n",
           s->alarms, CAMERAS, s->days);
    printf("| from ... to                                                |  p50 ms |  p99 ms | "
           "worst   |\n"
           "|------------------------------------------------------------|---------|---------|-----"
           "----|\n");
    print_row("panel's frame sent ... incident on the stream of changes", &f->heard);
    print_row("panel's frame sent ... first byte of the clip", &f->first);
    print_row("request ... first byte of 40 s from the past, not cached", &f->past);
    printf("\nClips of %.1f MB on average; the shortest pre-roll was %.1f s of %d s.\n"
           "To reach: p99 under %.0f ms from frame to first byte: %s.\n",
           (double)f->bytes / 1e6 / s->alarms, (double)f->least_pre_ns / 1e9, PRE_ROLL_S,
           target_p99_ms, p99_ms < target_p99_ms ? "reached" : "MISSED");
    return p99_ms < target_p99_ms;
}

/* ---- options and all together ---- */

/* The program that was built in the same folder. */
static const char *beside_us(void)
{
    static char path[PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 8);
    char *slash = len <= 0 ? NULL : memrchr(path, '/', (size_t)len);
    if (slash == NULL)
        return "tocsin";
    memcpy(slash + 1, "tocsin", sizeof "tocsin");
    return path;
}

static bool read_options(int argc, char **argv, struct settings *s)
{
    const char *alarms = "200", *days = "30", *dir = "/var/tmp", *log = NULL;
    s->tocsin = beside_us();
    if (argc % 2 != 1)
        return false;
    for (int i = 1; i + 1 < argc; i += 2) {
        const char **value = strcmp(argv[i], "--tocsin") == 0   ? &s->tocsin
                             : strcmp(argv[i], "--alarms") == 0 ? &alarms
                             : strcmp(argv[i], "--days") == 0   ? &days
                             : strcmp(argv[i], "--dir") == 0    ? &dir
                             : strcmp(argv[i], "--log") == 0    ? &log
                                                                : NULL;
        if (value == NULL)
            return false;
        *value = argv[i + 1];
    }
    s->alarms = (unsigned)strtoul(alarms, NULL, 10);
    s->days = (unsigned)strtoul(days, NULL, 10);
    (void)snprintf(s->dir, sizeof s->dir, "%.250s/bench-retrieval-XXXXXX", dir);
    if (s->alarms < 1 || s->alarms > 4000 || s->days < 1 || s->days > 3650 ||
        mkdtemp(s->dir) == NULL)
        return false;
    (void)snprintf(s->state, sizeof s->state, "%s/state", s->dir);
    (void)snprintf(s->site, sizeof s->site, "%s/site.yaml", s->dir);
    (void)snprintf(s->log, sizeof s->log, "%.350s%s", log == NULL ? s->dir : log,
                   log == NULL ? "/log" : "");
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static bool measure_all(const struct settings *s, int64_t first_ns)
{
    struct figures f = {0};
    struct client web;
    char cookie[256];
    pid_t cameras = start_cameras(s);
    pid_t daemon = start_daemon(s);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    client_open(&web, ctx, s->console_port);
    sign_in(&web, s, cookie, sizeof cookie);
    client_close(&web);
    (void)poll(NULL, 0, WARM_UP_S * 1000);
    client_open(&web, ctx, s->console_port);
    measure_alarms(s, ctx, &web, cookie, &f);
    measure_past(s, first_ns, &web, cookie, &f);
    client_close(&web);
    SSL_CTX_free(ctx);
    bool reached = print_figures(s, &f);
    stop_process(daemon);
    stop_process(cameras);
    return reached;
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    if (!read_options(argc, argv, &s)) {
        (void)fprintf(stderr, "usage: bench_retrieval [--tocsin PROGRAM] [--alarms N] [--days N] "
                              "[--dir DIR] [--log FILE]\n");
        return 2;
    }
    s.panel_port = free_port();
    s.console_port = free_port();
    s.camera_port = free_port();
    if (chmod(s.dir, 0755) != 0 || mkdir(s.state, 0755) != 0)
        die("%s: %s", s.state, strerror(errno));
    write_site(&s);
    set_password(&s);
    int64_t first_ns = make_past(&s);
    make_past_files(&s, first_ns);
    bool reached = measure_all(&s, first_ns);
    if (reached)
        (void)nftw(s.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    else
        printf("Everything is left in %s.\n", s.dir);
    return reached ? 0 : 1;
}
