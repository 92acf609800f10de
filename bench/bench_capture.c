/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to record cameras: processor time and memory per camera of the whole program
 * (`tocsin run`, every process of it, recording to disk), beside `ffmpeg -c copy`, one process a
 * camera, of the same streams.
 *
 * The cameras are simulated ones in a process of their own, which send one clip of about 4 Mbit/s
 * (1080p, 15 frames a second, a key frame every 2 s; made once with the ffmpeg program, or drawn
 * when there is none) over RTSP on TCP. Processor time is what the kernel counted for all threads
 * (/proc/PID/task/TID/schedstat, nanoseconds) over the window; memory is the proportional share
 * (smaps_rollup) at its end, without and with what is shared (the rings).
 *
 *   bench_capture [--tocsin PROGRAM] [--cameras 1,8,32,64] [--seconds 60] [--dir DIR] [--no-ffmpeg]
 * [--log FILE]
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "base/check.h"
#include "runtime/clock.h"
#include "sim/camera.h"

enum {
    CAMERAS_MAX = 128,
    COUNTS_MAX = 8,
    PROCESSES_MAX = 512,
    START_LIMIT_S = 40,
    WARM_UP_S = 3,
    STOP_LIMIT_S = 10,
    TARGET_CAMERAS = 32,
    PATH_BYTES = 512,
};

/* The figures to reach at TARGET_CAMERAS and more. */
static const double target_ratio = 0.25;
static const double target_mib = 3;

struct settings {
    char tocsin[PATH_BYTES];
    char dir[256];
    const char *log;
    unsigned counts[COUNTS_MAX];
    size_t count;
    unsigned seconds;
    bool ffmpeg;
};

struct result {
    bool ok;
    double cpu_percent;         /* of one core, per camera */
    double own_mib, shared_mib; /* per camera */
    double kbytes_per_s;        /* written, per camera */
    unsigned processes;
    unsigned recording; /* cameras with something on disk */
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_capture: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void sleep_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

/* ---- files ---- */

static uint64_t tree_bytes;
static unsigned tree_files;

static int count_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)path;
    (void)at;
    if (kind == FTW_F && strstr(path, ".mp4") != NULL && st->st_size > 1000) {
        tree_bytes += (uint64_t)st->st_size;
        tree_files++;
    }
    return 0;
}

/* Bytes of the recordings under PATH. */
static uint64_t recorded_bytes(const char *path)
{
    tree_bytes = 0;
    tree_files = 0;
    (void)nftw(path, count_file, 16, FTW_PHYS);
    return tree_bytes;
}

/* Folders below PATH that hold a recording: cameras that are recorded. */
static unsigned recorded_cameras(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        char sub[2 * PATH_BYTES];
        if (strncmp(e->d_name, "cam", 3) != 0)
            continue;
        (void)snprintf(sub, sizeof sub, "%s/%s", path, e->d_name);
        count += recorded_bytes(sub) > 0;
    }
    if (dir != NULL)
        (void)closedir(dir);
    return count;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- processes ---- */

static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("a free port");
    (void)close(fd);
    return ntohs(a.sin_port);
}

/* Runs a command line whose words hold no blanks (no shell), its output to LOG (NULL: nowhere). */
static TC_PRINTF(2, 3) pid_t start(const char *log, const char *fmt, ...)
{
    enum { WORDS_MAX = 64 };
    static char line[4096];
    char *argv[WORDS_MAX + 1] = {0};
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    pid_t pid = len < 0 || (size_t)len >= sizeof line ? -1 : fork();
    if (pid < 0)
        die("starting a program");
    if (pid > 0)
        return pid;
    char *save = NULL;
    size_t count = 0;
    for (char *word = strtok_r(line, " ", &save); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = open(log == NULL ? "/dev/null" : log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int in = open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    (void)execvp(argv[0], argv);
    _exit(127);
}

static void stop(pid_t pid, int signal_number)
{
    (void)kill(pid, signal_number);
    for (int ms = 0; ms < STOP_LIMIT_S * 1000; ms += 20) {
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return;
        sleep_ms(20);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[len] = '\0';
    char *end = strrchr(text, ')');
    int parent = 0;
    return end != NULL && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* ROOT and its children. */
static size_t family(pid_t root, pid_t out[PROCESSES_MAX])
{
    size_t count = 0;
    out[count++] = root;
    DIR *dir = opendir("/proc");
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == root && count < PROCESSES_MAX)
            out[count++] = pid;
    }
    if (dir != NULL)
        (void)closedir(dir);
    return count;
}

static uint64_t cpu_ns(pid_t pid)
{
    char path[64];
    uint64_t sum = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        char file[400];
        unsigned long long ns = 0;
        (void)snprintf(file, sizeof file, "%s/%s/schedstat", path, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(file, "r");
        if (f != NULL && fscanf(f, "%llu", &ns) == 1)
            sum += ns;
        if (f != NULL)
            (void)fclose(f);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return sum;
}

static void add_memory(pid_t pid, uint64_t *pss_kib, uint64_t *shared_kib)
{
    char path[64], line[256];
    unsigned long long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "Pss: %llu", &kib) == 1)
            *pss_kib += kib;
        else if (sscanf(line, "Pss_Shmem: %llu", &kib) == 1)
            *shared_kib += kib;
    }
    if (f != NULL)
        (void)fclose(f);
}

/* ---- the cameras ---- */

/* A clip to loop, or false when there is no ffmpeg to make one. */
static bool make_film(const struct settings *s, const char *path)
{
    pid_t pid =
        start(s->log,
              "ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=1920x1080:rate=15 -t 8 "
              "-vf noise=alls=18:allf=t -pix_fmt yuv420p -c:v libx264 -preset veryfast -b:v 4M "
              "-maxrate 4M -bufsize 4M -g 30 -keyint_min 30 -sc_threshold 0 -bf 0 "
              "-x264-params nal-hrd=cbr -f h264 %s",
              path);
    int status = -1;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static pid_t start_cameras(unsigned cameras, uint16_t port, const char *film)
{
    static char texts[CAMERAS_MAX][16];
    static const char *names[CAMERAS_MAX];
    for (unsigned i = 0; i < cameras; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "cam%03u", i);
        names[i] = texts[i];
    }
    struct sim_camera_options options = {.address = "127.0.0.1",
                                         .port = port,
                                         .names = names,
                                         .name_count = cameras,
                                         .width = 1920,
                                         .height = 1080,
                                         .film = film};
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(null, 1) < 0)
        _exit(126);
    _exit(sim_camera_main(&options));
}

/* ---- a window ---- */

static uint64_t family_cpu_ns(const pid_t *roots, size_t count, unsigned *ret_processes)
{
    uint64_t sum = 0;
    *ret_processes = 0;
    for (size_t r = 0; r < count; r++) {
        pid_t all[PROCESSES_MAX];
        size_t n = family(roots[r], all);
        *ret_processes += (unsigned)n;
        for (size_t i = 0; i < n; i++)
            sum += cpu_ns(all[i]);
    }
    return sum;
}

static void await_recordings(const char *folder, unsigned cameras)
{
    for (int ms = 0; ms < START_LIMIT_S * 1000; ms += 200) {
        if (recorded_cameras(folder) >= cameras)
            break;
        sleep_ms(200);
    }
    sleep_ms(WARM_UP_S * 1000);
}

static struct result measure(const struct settings *s, const pid_t *roots, size_t count,
                             const char *folder, unsigned cameras)
{
    struct result r = {.ok = true};
    await_recordings(folder, cameras);
    r.recording = recorded_cameras(folder);
    uint64_t bytes = recorded_bytes(folder);
    uint64_t cpu = family_cpu_ns(roots, count, &r.processes);
    int64_t from_ns = clock_mono().ns;
    sleep_ms((int)s->seconds * 1000);
    cpu = family_cpu_ns(roots, count, &r.processes) - cpu;
    double seconds = (double)(clock_mono().ns - from_ns) / 1e9;
    uint64_t pss = 0, shared = 0;
    for (size_t i = 0; i < count; i++) {
        pid_t all[PROCESSES_MAX];
        size_t n = family(roots[i], all);
        for (size_t k = 0; k < n; k++)
            add_memory(all[k], &pss, &shared);
    }
    r.cpu_percent = (double)cpu / 1e9 / seconds * 100 / cameras;
    r.own_mib = (double)(pss - shared) / 1024 / cameras;
    r.shared_mib = (double)shared / 1024 / cameras;
    r.kbytes_per_s = (double)(recorded_bytes(folder) - bytes) / 1000 / seconds / cameras;
    return r;
}

/* ---- the two sides ---- */

static void write_site(const char *path, unsigned cameras, uint16_t port)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        die(path);
    (void)fprintf(f, "site: { id: bench }\nconsole: { listen: \"127.0.0.1:%u\" }\n", free_port());
    (void)fprintf(f, "zones: { yard: { name: Yard } }\ncameras:\n");
    for (unsigned i = 0; i < cameras; i++)
        (void)fprintf(f,
                      "  cam%03u: { driver: rtsp, url: \"rtsp://127.0.0.1:%u/cam%03u\", covers: { "
                      "yard: {} } }\n",
                      i, port, i);
    if (fclose(f) != 0)
        die(path);
}

static struct result run_tocsin(const struct settings *s, unsigned cameras, uint16_t port)
{
    char site[PATH_BYTES], state[PATH_BYTES], folder[PATH_BYTES + 16];
    (void)snprintf(site, sizeof site, "%s/site.yaml", s->dir);
    (void)snprintf(state, sizeof state, "%s/state", s->dir);
    (void)snprintf(folder, sizeof folder, "%s/archive", state);
    write_site(site, cameras, port);
    pid_t pid = start(s->log, "%s run -c %s --state %s", s->tocsin, site, state);
    struct result r = measure(s, &pid, 1, folder, cameras);
    stop(pid, SIGTERM);
    remove_tree(state);
    return r;
}

static struct result run_ffmpeg(const struct settings *s, unsigned cameras, uint16_t port)
{
    char folder[PATH_BYTES];
    pid_t pids[CAMERAS_MAX];
    (void)snprintf(folder, sizeof folder, "%s/ffmpeg", s->dir);
    (void)mkdir(folder, 0700);
    for (unsigned i = 0; i < cameras; i++) {
        char sub[PATH_BYTES + 16];
        (void)snprintf(sub, sizeof sub, "%s/cam%03u", folder, i);
        (void)mkdir(sub, 0700);
        pids[i] = start(
            s->log,
            "ffmpeg -nostdin -loglevel error -rtsp_transport tcp -i rtsp://127.0.0.1:%u/cam%03u "
            "-c copy -an -f segment -segment_time 60 -segment_format mp4 "
            "-segment_format_options movflags=frag_keyframe+empty_moov "
            "-reset_timestamps 1 %s/%%03d.mp4",
            port, i, sub);
    }
    struct result r = measure(s, pids, cameras, folder, cameras);
    for (unsigned i = 0; i < cameras; i++)
        (void)kill(pids[i], SIGINT);
    for (unsigned i = 0; i < cameras; i++)
        stop(pids[i], SIGINT);
    remove_tree(folder);
    return r;
}

/* ---- the table ---- */

static void print_row(unsigned cameras, const char *name, const struct result *r,
                      const char *verdict)
{
    (void)printf("%7u  %-10s %9.3f %9.2f %9.2f %9.0f %6u %7u/%u  %s\n", cameras, name,
                 r->cpu_percent, r->own_mib, r->shared_mib, r->kbytes_per_s, r->processes,
                 r->recording, cameras, verdict);
    (void)fflush(stdout);
}

/* True: the figures are reached (or there is nothing to compare with). */
static bool print_pair(unsigned cameras, const struct result *ours, const struct result *theirs)
{
    char verdict[128] = "";
    bool counts = cameras >= TARGET_CAMERAS;
    bool ok = ours->recording == cameras;
    if (theirs->ok && theirs->cpu_percent > 0) {
        double ratio = ours->cpu_percent / theirs->cpu_percent;
        bool reached = ratio <= target_ratio && ours->own_mib <= target_mib;
        (void)snprintf(verdict, sizeof verdict, "%.2f of ffmpeg%s", ratio,
                       !counts   ? ""
                       : reached ? ", reached"
                                 : ", NOT reached");
        ok = ok && (!counts || reached);
    }
    print_row(cameras, "tocsin", ours, verdict);
    if (theirs->ok)
        print_row(cameras, "ffmpeg", theirs, "");
    return ok;
}

static bool run_count(const struct settings *s, unsigned cameras, const char *film)
{
    uint16_t port = free_port();
    pid_t farm = start_cameras(cameras, port, film);
    sleep_ms(300);
    struct result theirs = {0};
    struct result ours = run_tocsin(s, cameras, port);
    if (s->ffmpeg)
        theirs = run_ffmpeg(s, cameras, port);
    stop(farm, SIGTERM);
    return print_pair(cameras, &ours, &theirs);
}

/* ---- options ---- */

static _Noreturn void usage(void)
{
    (void)fprintf(
        stderr,
        "usage: bench_capture [--tocsin PROGRAM] [--cameras 1,8,32,64] [--seconds 60] [--dir DIR] "
        "[--no-ffmpeg] [--log FILE]\n");
    exit(2);
}

static void take_counts(struct settings *s, const char *text)
{
    s->count = 0;
    for (struct tc_slice rest = tc_slice_str(text); rest.ptr != NULL;) {
        uint64_t n = 0;
        if (s->count == COUNTS_MAX ||
            tc_slice_u64(tc_slice_split(&rest, ','), CAMERAS_MAX, &n) != TC_OK || n == 0)
            usage();
        s->counts[s->count++] = (unsigned)n;
    }
}

static void take_options(struct settings *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t seconds = 0;
        if (strcmp(argv[i], "--no-ffmpeg") == 0) {
            s->ffmpeg = false;
            continue;
        }
        if (value == NULL)
            usage();
        if (strcmp(argv[i], "--cameras") == 0)
            take_counts(s, value);
        else if (strcmp(argv[i], "--seconds") == 0 &&
                 tc_slice_u64(tc_slice_str(value), 3600, &seconds) == TC_OK)
            s->seconds = (unsigned)seconds;
        else if (strcmp(argv[i], "--dir") == 0)
            (void)snprintf(s->dir, sizeof s->dir, "%s", value);
        else if (strcmp(argv[i], "--tocsin") == 0)
            (void)snprintf(s->tocsin, sizeof s->tocsin, "%s", value);
        else if (strcmp(argv[i], "--log") == 0)
            s->log = value;
        else
            usage();
        i++;
    }
}

/* The program beside this one. */
static void find_tocsin(struct settings *s)
{
    ssize_t len = readlink("/proc/self/exe", s->tocsin, sizeof s->tocsin - 8);
    char *slash = len < 0 ? NULL : memrchr(s->tocsin, '/', (size_t)len);
    if (slash == NULL)
        die("/proc/self/exe");
    (void)strcpy(slash + 1, "tocsin");
}

int main(int argc, char **argv)
{
    struct settings s = {.seconds = 60, .counts = {1, 8, 32, 64}, .count = 4, .ffmpeg = true};
    find_tocsin(&s);
    take_options(&s, argc, argv);
    const char *within = s.dir[0] == '\0' ? "/var/tmp" : s.dir;
    char work[sizeof s.dir];
    if (snprintf(work, sizeof work, "%.200s/tocsin-bench-XXXXXX", within) < 0 ||
        mkdtemp(work) == NULL)
        die(within); /* a folder of its own, for it is removed at the end */
    memcpy(s.dir, work, sizeof s.dir);
    char film[PATH_BYTES];
    (void)snprintf(film, sizeof film, "%s/film.h264", s.dir);
    bool has_film = make_film(&s, film);
    s.ffmpeg = s.ffmpeg && has_film;
    (void)printf("recording cameras of %s, %u s each; %% of one core, MiB and kB/s per camera\n",
                 has_film ? "about 4 Mbit/s (1080p, 15 fps)"
                          : "about 4 Mbit/s (drawn; no ffmpeg here)",
                 s.seconds);
    (void)printf("(tocsin syncs what it writes, in its own time; ffmpeg leaves that to the kernel, "
                 "uncounted)\n");
    (void)printf("cameras  recorder       cpu %%   own MiB  ring MiB  written  procs  recorded\n");
    bool ok = true, compared = false;
    for (size_t i = 0; i < s.count; i++)
        ok = run_count(&s, s.counts[i], has_film ? film : NULL) && ok;
    for (size_t i = 0; i < s.count; i++)
        compared = compared || (s.ffmpeg && s.counts[i] >= TARGET_CAMERAS);
    (void)printf(
        "to reach at %d cameras and more: at most %.2f of ffmpeg's processor time, %.0f MiB beyond "
        "the ring: %s\n",
        TARGET_CAMERAS, target_ratio, target_mib,
        !compared ? "not compared"
        : ok      ? "reached"
                  : "NOT reached");
    remove_tree(s.dir);
    return ok ? 0 : 1;
}
