/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by role. Three answers: allowed; ends the process (what only an attacker would try);
 * anything else traps, and the handler reports it and makes the call fail with EPERM, so that a
 * library's stray call is an event and not an outage. */
#include "runtime/sandbox_row.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/check.h"

/* One allowed call: with any arguments (arg < 0), or when (argument & mask) == want. Several rows
 * of one name are alternatives. Only the low half of an int argument is defined, so masks are 32
 * bits wide. */
struct call {
    const char *name;
    int arg;
    uint32_t mask;
    uint32_t want;
};

#define ANY(call_name)                                                                             \
    {                                                                                              \
        .name = call_name, .arg = -1                                                               \
    }
#define ONLY(call_name, index, value)                                                              \
    {                                                                                              \
        .name = call_name, .arg = index, .mask = UINT32_MAX, .want = value                         \
    }
#define WITHOUT(call_name, index, bits)                                                            \
    {                                                                                              \
        .name = call_name, .arg = index, .mask = bits, .want = 0                                   \
    }

static const struct call calls_base[] = {
    /* descriptors it has */
    ANY("read"),
    ANY("write"),
    ANY("readv"),
    ANY("writev"),
    ANY("close"),
    ANY("close_range"),
    ANY("lseek"),
    ANY("dup"),
    ANY("fstat"),
    ONLY("ioctl", 1, TCGETS),
    ONLY("ioctl", 1, FIONREAD),
    ONLY("ioctl", 1, FIONBIO),
    {.name = "newfstatat", .arg = 3, .mask = AT_EMPTY_PATH, .want = AT_EMPTY_PATH},
    ONLY("fcntl", 1, F_DUPFD_CLOEXEC),
    ONLY("fcntl", 1, F_GETFD),
    ONLY("fcntl", 1, F_SETFD),
    ONLY("fcntl", 1, F_GETFL),
    ONLY("fcntl", 1, F_SETFL),
    ONLY("fcntl", 1, F_GET_SEALS),
    /* event loop */
    ANY("epoll_create1"),
    ANY("epoll_ctl"),
    ANY("epoll_wait"),
    ANY("epoll_pwait"),
    ANY("epoll_pwait2"),
    ANY("poll"),
    ANY("ppoll"),
    ANY("timerfd_create"),
    ANY("timerfd_settime"),
    ANY("timerfd_gettime"),
    ANY("eventfd2"),
    ANY("pipe2"),
    ANY("signalfd4"),
    /* links to the other processes */
    ANY("sendmsg"),
    ANY("recvmsg"),
    ANY("sendmmsg"),
    ANY("recvmmsg"),
    ANY("sendto"),
    ANY("recvfrom"),
    /* time and chance */
    ANY("clock_gettime"),
    ANY("clock_getres"),
    ANY("gettimeofday"),
    ANY("time"),
    ANY("nanosleep"),
    ANY("clock_nanosleep"),
    ANY("getrandom"),
    ANY("restart_syscall"),
    /* memory, never executable */
    ANY("brk"),
    ANY("munmap"),
    ANY("mremap"),
    ANY("madvise"),
    WITHOUT("mmap", 2, PROT_EXEC),
    WITHOUT("mprotect", 2, PROT_EXEC),
    ANY("msync"),
    ANY("mlock"),
    ANY("munlock"),
    /* threads' upkeep and ends */
    ANY("futex"),
    ANY("set_robust_list"),
    ANY("rseq"),
    ANY("sched_yield"),
    ANY("sched_getaffinity"),
    ANY("membarrier"),
    ONLY("prctl", 0, PR_SET_NAME),
    ONLY("prctl", 0, PR_GET_NAME),
    ANY("exit"),
    ANY("exit_group"),
    /* signals */
    ANY("rt_sigaction"),
    ANY("rt_sigprocmask"),
    ANY("rt_sigreturn"),
    ANY("rt_sigtimedwait"),
    ANY("sigaltstack"),
    /* about itself */
    ANY("getpid"),
    ANY("gettid"),
    ANY("getppid"),
    ANY("getuid"),
    ANY("geteuid"),
    ANY("getgid"),
    ANY("getegid"),
    ANY("getrusage"),
    ANY("sysinfo"),
    ANY("uname"),
    ANY("getcpu"),
    ANY("times"),
};

/* clone with CLONE_THREAD: a thread of this process, never a new one. clone3's flags lie in memory,
 * where no filter can see them: it answers ENOSYS (below) and the C library falls back to clone. */
static const struct call calls_threads[] = {
    {.name = "clone", .arg = 0, .mask = CLONE_THREAD, .want = CLONE_THREAD},
};

static const struct call calls_sockets[] = {
    ANY("getsockopt"), ANY("setsockopt"), ANY("getsockname"), ANY("getpeername"), ANY("shutdown"),
};

static const struct call calls_who[] = {
    ONLY("getsockopt", 2, SO_PEERCRED), ONLY("getsockopt", 2, SO_ACCEPTCONN), ANY("getsockname"),
};

static const struct call calls_accept[] = {ANY("accept4"), ANY("accept")};

static const struct call calls_read_at[] = {
    ANY("pread64"),
    ANY("preadv"),
    ANY("sendfile"),
    ANY("fadvise64"),
};

static const struct call calls_open_read[] = {
    WITHOUT("openat", 2, O_ACCMODE | O_CREAT | O_TRUNC),
    WITHOUT("open", 1, O_ACCMODE | O_CREAT | O_TRUNC),
    ANY("newfstatat"),
    ANY("stat"),
    ANY("lstat"),
    ANY("statx"),
    ANY("access"),
    ANY("faccessat"),
    ANY("faccessat2"),
    ANY("readlink"),
    ANY("readlinkat"),
    ANY("getcwd"),
    ANY("getdents64"),
    ONLY("fcntl", 1, F_GETLK),
    ONLY("fcntl", 1, F_SETLK),
    ONLY("fcntl", 1, F_SETLKW),
};

static const struct call calls_open_write[] = {
    ANY("openat"),    ANY("open"),      ANY("pwrite64"),        ANY("pwritev"),
    ANY("fsync"),     ANY("fdatasync"), ANY("sync_file_range"), ANY("ftruncate"),
    ANY("fallocate"), ANY("unlink"),    ANY("unlinkat"),        ANY("rename"),
    ANY("renameat"),  ANY("renameat2"), ANY("fchmod"),          ANY("umask"),
    ANY("flock"),     ANY("fstatfs"),   ANY("statfs"),          ANY("syncfs"),
};

static const struct call calls_links[] = {
    ANY("linkat"),
    ANY("mkdirat"),
    ANY("fchmodat"),
};

static const struct call calls_memfd[] = {
    ANY("memfd_create"),
    ANY("ftruncate"),
    ONLY("fcntl", 1, F_ADD_SEALS),
};

static const struct {
    const struct call *calls;
    size_t count;
} groups[GROUP_COUNT] = {
    [GROUP_BASE] = {calls_base, TC_COUNT(calls_base)},
    [GROUP_THREADS] = {calls_threads, TC_COUNT(calls_threads)},
    [GROUP_SOCKETS] = {calls_sockets, TC_COUNT(calls_sockets)},
    [GROUP_ACCEPT] = {calls_accept, TC_COUNT(calls_accept)},
    [GROUP_READ_AT] = {calls_read_at, TC_COUNT(calls_read_at)},
    [GROUP_OPEN_READ] = {calls_open_read, TC_COUNT(calls_open_read)},
    [GROUP_OPEN_WRITE] = {calls_open_write, TC_COUNT(calls_open_write)},
    [GROUP_LINKS] = {calls_links, TC_COUNT(calls_links)},
    [GROUP_MEMFD] = {calls_memfd, TC_COUNT(calls_memfd)},
    [GROUP_WHO] = {calls_who, TC_COUNT(calls_who)},
};

/* End a confined process. */
static const char *const killed[] = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "socket", "connect",
};
const char *const sandbox_killed_text =
    "execve execveat ptrace process_vm_readv process_vm_writev socket connect";

/* End the supervisor, and whatever it starts: the kernel's own levers, which nothing here needs. */
static const char *const killed_always[] = {
    "process_vm_readv",
    "process_vm_writev",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "bpf",
    "mount",
    "umount2",
    "pivot_root",
    "swapon",
    "swapoff",
    "reboot",
    "setns",
    "settimeofday",
    "clock_settime",
    "perf_event_open",
    "userfaultfd",
    "add_key",
    "request_key",
    "keyctl",
    "open_by_handle_at",
    "iopl",
    "ioperm",
    "acct",
    "quotactl",
#ifndef TC_SANITIZER
    "ptrace", /* the leak checker traces its own process at exit */
#endif
};

#ifdef TC_SANITIZER
/* What the sanitizers' run time does beside the program: maps, symbols, the leak checker's tracer.
 */
static const struct call calls_sanitizer[] = {
    ANY("mmap"),
    ANY("mprotect"),
    ANY("openat"),
    ANY("open"),
    ANY("readlink"),
    ANY("clone"),
    ANY("clone3"),
    ANY("ptrace"),
    ANY("wait4"),
    ANY("tgkill"),
    ANY("kill"),
    ANY("prctl"),
    ANY("getdents64"),
    ANY("sched_setaffinity"),
    ANY("personality"),
    ANY("getrlimit"),
    ANY("setrlimit"),
    ANY("prlimit64"),
    ANY("process_vm_readv"),
    ANY("stat"),
    ANY("newfstatat"),
    ANY("pipe"),
    ANY("fcntl"),
};
#endif

/* --- the handler
 * ------------------------------------------------------------------------------------- */

enum { CALLS_MAX = 512 };

/* Filled before the filter is in force; the handler only reads them, but for the counters. */
static struct {
    struct tc_sandbox_event event;
    int fd;
    char names[CALLS_MAX][TC_SANDBOX_CALL_BYTES];
    _Atomic uint32_t counts[CALLS_MAX];
} trap;

enum { EVENT_MAGIC = 0x54534245 };

#if defined(__x86_64__)
static void set_result(ucontext_t *context, int64_t value)
{
    context->uc_mcontext.gregs[REG_RAX] = value;
}
#elif defined(__aarch64__)
static void set_result(ucontext_t *context, int64_t value)
{
    context->uc_mcontext.regs[0] = (uint64_t)value;
}
#else
#error "set_result: where does this processor keep a system call's result?"
#endif

/* Only what POSIX allows in a handler: memory of our own, write. */
static void write_line(const struct tc_sandbox_event *event)
{
    static const char before[] = "tocsin: system call refused: ";
    char line[sizeof before + TC_SANDBOX_CALL_BYTES];
    size_t len = sizeof before - 1;
    memcpy(line, before, len);
    for (size_t i = 0; i < TC_SANDBOX_CALL_BYTES && event->name[i] != '\0'; i++)
        line[len++] = event->name[i];
    line[len++] = '\n';
    ssize_t done = write(STDERR_FILENO, line, len);
    (void)done;
}

static void on_sigsys(int signal_number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)signal_number;
    set_result(context, -EPERM);
    unsigned call = (unsigned)info->si_syscall;
    unsigned slot = call < CALLS_MAX ? call : CALLS_MAX - 1;
    uint32_t count = atomic_fetch_add(&trap.counts[slot], 1) + 1;
    if ((count & (count - 1)) == 0) {
        struct tc_sandbox_event event = trap.event;
        event.call = (int32_t)call;
        event.count = count;
        memcpy(event.name, trap.names[slot], sizeof event.name);
        if (trap.fd >= 0) {
            ssize_t done = write(trap.fd, &event, sizeof event);
            (void)done; /* full or gone: the counters remember */
        } else {
            write_line(&event);
        }
    }
    errno = saved;
}

static enum tc_err install_handler(enum tc_role role, const struct tc_sandbox_options *options,
                                   struct tc_errinfo *info)
{
    trap.fd = options->event_fd;
    trap.event = (struct tc_sandbox_event){.magic = EVENT_MAGIC,
                                           .role = (uint32_t)role,
                                           .instance = options->instance,
                                           .pid = (int32_t)getpid()};
    for (int i = 0; i < CALLS_MAX; i++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
        tc_slice_to_str_cut(tc_slice_str(name == NULL ? "?" : name), trap.names[i],
                            sizeof trap.names[i]);
        free(name);
    }
    struct sigaction action = {.sa_sigaction = on_sigsys,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    sigset_t sigsys;
    (void)sigemptyset(&sigsys);
    (void)sigaddset(&sigsys, SIGSYS);
    if (sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &sigsys, NULL) != 0)
        return tc_fail_errno(info, errno, "SIGSYS handler");
    return TC_OK;
}

enum tc_err tc_sandbox_event_parse(struct tc_slice bytes, struct tc_sandbox_event *ret)
{
    struct tc_sandbox_event event;
    if (bytes.len != sizeof event)
        return TC_E_FORMAT;
    memcpy(&event, bytes.ptr, sizeof event);
    if (event.magic != EVENT_MAGIC || event.role >= TC_ROLE_COUNT ||
        memchr(event.name, '\0', sizeof event.name) == NULL)
        return TC_E_FORMAT;
    for (const char *c = event.name; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '?';
        if (!plain)
            return TC_E_FORMAT;
    }
    *ret = event;
    return TC_OK;
}

/* --- the filter
 * -------------------------------------------------------------------------------------- */

/* libseccomp answers with -errno. A call that this architecture does not have needs no rule. */
static enum tc_err add_rule(scmp_filter_ctx filter, uint32_t action, const struct call *call,
                            struct tc_errinfo *info)
{
    int number = seccomp_syscall_resolve_name(call->name);
    if (number < 0)
        return TC_OK;
    int rc;
    if (call->arg < 0)
        rc = seccomp_rule_add(filter, action, number, 0);
    else
        rc = seccomp_rule_add(
            filter, action, number, 1,
            SCMP_CMP((unsigned)call->arg, SCMP_CMP_MASKED_EQ, call->mask, call->want));
    if (rc == -EEXIST) /* an equal or wider rule is there already */
        return TC_OK;
    return rc == 0 ? TC_OK : tc_fail_errno(info, -rc, "seccomp rule for %s", call->name);
}

static enum tc_err add_calls(scmp_filter_ctx filter, const struct call *calls, size_t count,
                             struct tc_errinfo *info)
{
    for (size_t i = 0; i < count; i++)
        TC_TRY(add_rule(filter, SCMP_ACT_ALLOW, &calls[i], info));
    return TC_OK;
}

static enum tc_err add_killed(scmp_filter_ctx filter, const char *const *names, size_t count,
                              struct tc_errinfo *info)
{
    for (size_t i = 0; i < count; i++) {
        struct call call = {.name = names[i], .arg = -1};
        TC_TRY(add_rule(filter, SCMP_ACT_KILL_PROCESS, &call, info));
    }
    return TC_OK;
}

static bool has(const struct sandbox_row *row, enum call_group group)
{
    return (row->groups & (1U << group)) != 0;
}

/* What fails without a report. SQLite opens its -wal for writing even for a read-only connection
 * and falls back when refused; all other ways to open for writing trap. */
static enum tc_err add_quiet(scmp_filter_ctx filter, const struct sandbox_row *row,
                             struct tc_errinfo *info)
{
    static const struct call writing[] = {
        {.name = "openat", .arg = 2, .mask = O_ACCMODE, .want = O_RDWR},
        {.name = "open", .arg = 1, .mask = O_ACCMODE, .want = O_RDWR},
    };
    static const struct call clone3 = ANY("clone3");
    if (has(row, GROUP_OPEN_READ) && !has(row, GROUP_OPEN_WRITE)) {
        for (size_t i = 0; i < TC_COUNT(writing); i++)
            TC_TRY(add_rule(filter, SCMP_ACT_ERRNO(EPERM), &writing[i], info));
    }
    /* The C library calls clone3 with all signals blocked, where a trap would kill. */
    uint32_t thread = SCMP_ACT_ERRNO(has(row, GROUP_THREADS) ? ENOSYS : EPERM);
    return add_rule(filter, thread, &clone3, info);
}

static enum tc_err fill_confined(scmp_filter_ctx filter, const struct sandbox_row *row,
                                 struct tc_errinfo *info)
{
    for (unsigned g = 0; g < GROUP_COUNT; g++) {
        if (has(row, (enum call_group)g))
            TC_TRY(add_calls(filter, groups[g].calls, groups[g].count, info));
    }
    /* abort() signals its own thread; no other process can be meant. */
    struct call self = ONLY("tgkill", 0, (uint32_t)getpid());
    TC_TRY(add_rule(filter, SCMP_ACT_ALLOW, &self, info));
#ifdef TC_SANITIZER
    TC_TRY(add_calls(filter, calls_sanitizer, TC_COUNT(calls_sanitizer), info));
    static const char *const still_killed[] = {"execve", "execveat", "socket", "connect"};
    (void)add_quiet;
    (void)killed;
    return add_killed(filter, still_killed, TC_COUNT(still_killed), info);
#else
    TC_TRY(add_quiet(filter, row, info));
    return add_killed(filter, killed, TC_COUNT(killed), info);
#endif
}

static enum tc_err load(scmp_filter_ctx filter, const struct sandbox_row *row,
                        struct tc_errinfo *info)
{
    if (row_is_confined(row))
        TC_TRY(fill_confined(filter, row, info));
    else
        TC_TRY(add_killed(filter, killed_always, TC_COUNT(killed_always), info));
    /* A binary search over the calls instead of a walk: the frequent ones are not always first. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int rc = seccomp_load(filter);
    return rc == 0 ? TC_OK : tc_fail_errno(info, -rc, "seccomp filter");
}

bool seccomp_is_there(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

enum tc_err seccomp_apply(enum tc_role role, const struct tc_sandbox_options *options,
                          struct tc_errinfo *info)
{
    const struct sandbox_row *row = &sandbox_rows[role];
    TC_TRY(install_handler(role, options, info));
    scmp_filter_ctx filter = seccomp_init(row_is_confined(row) ? SCMP_ACT_TRAP : SCMP_ACT_ALLOW);
    if (filter == NULL)
        return tc_fail(info, TC_E_NOMEM, "seccomp filter");
    enum tc_err err = load(filter, row, info);
    seccomp_release(filter);
    return err;
}
