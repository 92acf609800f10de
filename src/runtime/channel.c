/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/channel.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"

enum {
    SEND_BATCH = 32,
    RECV_BATCH = 8,
    QUEUE_DEFAULT_BYTES = 8 << 20,
    SOCKET_BUFFER_BYTES = 1 << 20,
};

/* Before each queued datagram; padded so that every datagram starts aligned. */
struct queued {
    uint32_t bytes;
    uint32_t fds_count;
    uint64_t fds_at; /* into fds */
};

struct channel {
    struct event_base *base;
    struct event *ev_read;
    struct event *ev_write; /* the socket was full */
    struct event *ev_flush; /* something was queued in this turn of the loop */
    int fd;
    struct channel_options options;
    const struct channel_ops *ops;
    void *ctx;
    struct tc_buf queue; /* queued headers and datagrams */
    size_t queue_at;
    int *fds; /* duplicates waiting to be sent */
    size_t fds_len, fds_cap, fds_at;
    bool was_high;
    bool flush_armed;
    bool closed;
    unsigned depth; /* calls of ours under way in which a callback may free the channel */
    bool free_wanted;
};

static size_t align_up(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

enum tc_err channel_pair(int ret_fds[2], struct tc_errinfo *info)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) != 0)
        return tc_fail_errno(info, errno, "making a message link");
    for (int i = 0; i < 2; i++) {
        int size = SOCKET_BUFFER_BYTES;
        if (setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
            (void)setsockopt(ret_fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    return TC_OK;
}

static void drop_queue(struct channel *c)
{
    for (size_t i = c->fds_at; i < c->fds_len; i++)
        (void)close(c->fds[i]);
    c->fds_len = c->fds_at = 0;
    tc_buf_clear(&c->queue);
    c->queue_at = 0;
}

static void close_link(struct channel *c, enum tc_err err, const char *text)
{
    if (c->closed)
        return;
    c->closed = true;
    (void)event_del(c->ev_read);
    (void)event_del(c->ev_write);
    (void)event_del(c->ev_flush);
    drop_queue(c);
    (void)close(c->fd);
    c->fd = -1;
    struct tc_errinfo why = {0};
    (void)tc_fail(&why, err, "link to %s: %s", tc_role_name(c->options.peer), text);
    if (c->ops->on_closed != NULL)
        c->ops->on_closed(c->ctx, c, &why);
}

/* ---- sending ---- */

union control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
};

/* Fills up to SEND_BATCH headers from the queue; a message with descriptors goes alone. */
static unsigned gather(struct channel *c, struct mmsghdr *out, struct iovec *iov,
                       union control *control)
{
    unsigned n = 0;
    size_t at = c->queue_at;
    while (n < SEND_BATCH && at < c->queue.len) {
        struct queued q;
        memcpy(&q, c->queue.data + at, sizeof q);
        if (q.fds_count > 0 && n > 0)
            break;
        iov[n] = (struct iovec){.iov_base = c->queue.data + at + sizeof q, .iov_len = q.bytes};
        out[n] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[n], .msg_iovlen = 1}};
        at += sizeof q + align_up(q.bytes);
        n++;
        if (q.fds_count > 0) {
            size_t fds_bytes = q.fds_count * sizeof(int);
            out[0].msg_hdr.msg_control = control->bytes;
            out[0].msg_hdr.msg_controllen = CMSG_SPACE(fds_bytes);
            memset(control->bytes, 0, CMSG_SPACE(fds_bytes));
            struct cmsghdr *cm = CMSG_FIRSTHDR(&out[0].msg_hdr);
            cm->cmsg_level = SOL_SOCKET;
            cm->cmsg_type = SCM_RIGHTS;
            cm->cmsg_len = CMSG_LEN(fds_bytes);
            memcpy(CMSG_DATA(cm), c->fds + c->fds_at, fds_bytes);
            break;
        }
    }
    return n;
}

static void forget_sent(struct channel *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct queued q;
        memcpy(&q, c->queue.data + c->queue_at, sizeof q);
        c->queue_at += sizeof q + align_up(q.bytes);
        for (uint32_t k = 0; k < q.fds_count; k++)
            (void)close(c->fds[c->fds_at++]);
    }
    if (c->queue_at == c->queue.len) {
        c->queue_at = 0;
        tc_buf_clear(&c->queue);
    } else if (c->queue_at > c->queue.max / 2) {
        tc_buf_drop(&c->queue, c->queue_at);
        c->queue_at = 0;
    }
    if (c->fds_at == c->fds_len)
        c->fds_at = c->fds_len = 0;
}

/* False: the socket is full, or the link is gone. */
static bool send_some(struct channel *c)
{
    struct mmsghdr out[SEND_BATCH];
    struct iovec iov[SEND_BATCH];
    union control control;
    unsigned n = gather(c, out, iov, &control);
    int sent = sendmmsg(c->fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        forget_sent(c, (unsigned)sent);
        return true;
    }
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS)
        (void)event_add(c->ev_write, NULL);
    else
        close_link(c, TC_E_CLOSED, strerrorname_np(errno));
    return false;
}

static void free_now(struct channel *c);

static void enter(struct channel *c)
{
    c->depth++;
}

static void leave(struct channel *c)
{
    c->depth--;
    if (c->depth == 0 && c->free_wanted)
        free_now(c);
}

void channel_flush(struct channel *c)
{
    enter(c);
    c->flush_armed = false;
    while (!c->closed && c->queue_at < c->queue.len && send_some(c))
        continue;
    if (!c->closed && c->queue.len == 0 && c->was_high) {
        c->was_high = false;
        if (c->ops->on_drained != NULL)
            c->ops->on_drained(c->ctx, c);
    }
    leave(c);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    channel_flush(arg);
}

static enum tc_err keep_fds(struct channel *c, const int *fds, unsigned count)
{
    if (c->fds_len + count > c->fds_cap) {
        size_t cap = (c->fds_len + count) * 2;
        int *grown = realloc(c->fds, cap * sizeof *grown);
        if (grown == NULL)
            return TC_E_NOMEM;
        c->fds = grown;
        c->fds_cap = cap;
    }
    for (unsigned i = 0; i < count; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            while (i-- > 0)
                (void)close(c->fds[--c->fds_len]);
            return TC_E_LIMIT;
        }
        c->fds[c->fds_len++] = copy;
    }
    return TC_OK;
}

enum tc_err channel_send_fds(struct channel *c, enum msg_type type, const void *body,
                             struct tc_slice tail, const int *fds, unsigned fds_count)
{
    const struct msg_row *row = msg_row(type);
    TC_ASSERT(row != NULL);
    TC_ASSERT((row->from & (1u << c->options.self)) != 0);
    TC_ASSERT((row->to & (1u << c->options.peer)) != 0);
    TC_ASSERT(fds_count <= row->fds_max);
    if (c->closed)
        return TC_E_CLOSED;
    if (tail.len > row->tail_max)
        return TC_E_LIMIT;
    struct msg_head head = {.magic = MSG_MAGIC,
                            .version = 1,
                            .type = row->type,
                            .body_bytes = row->body_bytes,
                            .tail_bytes = (uint32_t)tail.len};
    struct queued q = {.bytes = (uint32_t)(sizeof head + row->body_bytes + tail.len),
                       .fds_count = fds_count,
                       .fds_at = c->fds_len};
    size_t room = sizeof q + align_up(q.bytes);
    if (c->queue.len + room > c->queue.max && c->queue_at > 0) {
        tc_buf_drop(&c->queue, c->queue_at);
        c->queue_at = 0;
    }
    uint8_t *at = tc_buf_reserve(&c->queue, room);
    if (at == NULL) {
        c->queue.err = TC_OK; /* what is queued stays good */
        return TC_E_LIMIT;
    }
    if (fds_count > 0)
        TC_TRY(keep_fds(c, fds, fds_count));
    memcpy(at, &q, sizeof q);
    memcpy(at + sizeof q, &head, sizeof head);
    memcpy(at + sizeof q + sizeof head, body, row->body_bytes);
    if (tail.len > 0)
        memcpy(at + sizeof q + sizeof head + row->body_bytes, tail.ptr, tail.len);
    c->queue.len += room;
    if (c->queue.len - c->queue_at > c->queue.max / 2)
        c->was_high = true;
    if (!c->flush_armed) {
        c->flush_armed = true;
        event_active(c->ev_flush, EV_WRITE, 0);
    }
    return TC_OK;
}

enum tc_err channel_send(struct channel *c, enum msg_type type, const void *body,
                         struct tc_slice tail)
{
    return channel_send_fds(c, type, body, tail, NULL, 0);
}

/* ---- receiving ---- */

/* One per process: the loop reads one channel at a time. */
static struct receive_room {
    _Alignas(16) uint8_t bytes[RECV_BATCH][MSG_MAX_BYTES];
    union control control[RECV_BATCH];
    struct mmsghdr heads[RECV_BATCH];
    struct iovec iov[RECV_BATCH];
} * receive_room;

static unsigned collect_fds(struct msghdr *h, int *fds, bool *ret_bad)
{
    unsigned count = 0;
    for (struct cmsghdr *cm = CMSG_FIRSTHDR(h); cm != NULL; cm = CMSG_NXTHDR(h, cm)) {
        if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
            continue;
        unsigned n = (unsigned)((cm->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned i = 0; i < n; i++) {
            int fd = -1;
            memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof fd);
            if (count < MSG_FDS_MAX)
                fds[count++] = fd;
            else
                (void)close(fd);
        }
    }
    *ret_bad = (h->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
    return count;
}

/* NULL when the datagram is as the table says; else what is wrong with it. */
static const char *check_datagram(const struct channel *c, struct tc_slice d, unsigned fds_count,
                                  struct msg *ret)
{
    struct msg_head head;
    if (d.len < sizeof head)
        return "a message shorter than its head";
    memcpy(&head, d.ptr, sizeof head);
    if (head.magic != MSG_MAGIC || head.version != 1)
        return "a message of another version";
    const struct msg_row *row = msg_row(head.type);
    if (row == NULL)
        return "a message of an unknown type";
    if ((row->from & (1u << c->options.peer)) == 0 || (row->to & (1u << c->options.self)) == 0)
        return "a message that this peer may not send here";
    if (head.body_bytes != row->body_bytes || head.tail_bytes > row->tail_max)
        return "a message of the wrong size";
    if (d.len != sizeof head + head.body_bytes + head.tail_bytes || fds_count > row->fds_max)
        return "a message whose sizes do not add up";
    const uint8_t *body = d.ptr + sizeof head;
    if (!msg_texts_ok(head.type, body))
        return "a message with an unterminated text";
    *ret = (struct msg){.row = row,
                        .body = body,
                        .tail = tc_slice(body + head.body_bytes, head.tail_bytes),
                        .fds_count = fds_count};
    return NULL;
}

static channel_handler_fn *find_handler(const struct channel *c, unsigned type)
{
    for (const struct channel_handler *h = c->ops->handlers; h != NULL && h->type != 0; h++) {
        if (h->type == type)
            return h->fn;
    }
    return NULL;
}

static void take_datagram(struct channel *c, struct mmsghdr *mh, const uint8_t *bytes)
{
    int fds[MSG_FDS_MAX];
    bool cut = false;
    unsigned fds_count = collect_fds(&mh->msg_hdr, fds, &cut);
    struct msg m = {0};
    const char *wrong = cut ? "a message cut short" : NULL;
    if (wrong == NULL)
        wrong = check_datagram(c, tc_slice(bytes, mh->msg_len), fds_count, &m);
    if (wrong == NULL) {
        m.fds = fds;
        channel_handler_fn *fn = find_handler(c, m.row->type);
        if (fn != NULL)
            fn(c->ctx, c, &m);
        else
            wrong = "a message that nobody here handles";
    }
    for (unsigned i = 0; i < fds_count; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
    }
    if (wrong != NULL)
        close_link(c, TC_E_FORMAT, wrong);
}

static void free_now(struct channel *c)
{
    event_free(c->ev_read);
    event_free(c->ev_write);
    event_free(c->ev_flush);
    if (!c->closed) {
        drop_queue(c);
        (void)close(c->fd);
    }
    tc_buf_done(&c->queue);
    free(c->fds);
    free(c);
}

static int receive_batch(struct channel *c)
{
    struct receive_room *r = receive_room;
    for (unsigned i = 0; i < RECV_BATCH; i++) {
        r->iov[i] = (struct iovec){.iov_base = r->bytes[i], .iov_len = MSG_MAX_BYTES};
        r->heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &r->iov[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = r->control[i].bytes,
                                                   .msg_controllen = sizeof r->control[i].bytes}};
    }
    return recvmmsg(c->fd, r->heads, RECV_BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
}

/* Closes the descriptors of datagrams that nobody will look at any more. */
static void drop_datagrams(struct mmsghdr *heads, int from, int to)
{
    for (int i = from; i < to; i++) {
        int fds[MSG_FDS_MAX];
        bool cut = false;
        unsigned count = collect_fds(&heads[i].msg_hdr, fds, &cut);
        for (unsigned k = 0; k < count; k++)
            (void)close(fds[k]);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct channel *c = arg;
    int n = receive_batch(c);
    enter(c);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        close_link(c, TC_E_CLOSED, strerrorname_np(errno));
    for (int i = 0; i < n; i++) {
        if (c->closed || c->free_wanted) {
            drop_datagrams(receive_room->heads, i, n);
            break;
        }
        if (receive_room->heads[i].msg_len == 0)
            close_link(c, TC_E_CLOSED, "the other side is gone");
        else
            take_datagram(c, &receive_room->heads[i], receive_room->bytes[i]);
    }
    if (n == 0)
        close_link(c, TC_E_CLOSED, "the other side is gone");
    leave(c);
}

/* ---- life ---- */

static const struct channel_ops no_ops;

enum tc_err channel_new(struct event_base *base, int fd, const struct channel_options *options,
                        const struct channel_ops *ops, void *ctx, struct channel **ret,
                        struct tc_errinfo *info)
{
    if (receive_room == NULL)
        receive_room = calloc(1, sizeof *receive_room);
    struct channel *c = calloc(1, sizeof *c);
    if (c == NULL || receive_room == NULL) {
        free(c);
        (void)close(fd);
        return tc_fail(info, TC_E_NOMEM, "no memory for a message link");
    }
    *c = (struct channel){.base = base, .fd = fd, .options = *options, .ops = ops, .ctx = ctx};
    (void)evutil_make_socket_nonblocking(fd);
    tc_buf_init(&c->queue,
                options->queue_max_bytes > 0 ? options->queue_max_bytes : QUEUE_DEFAULT_BYTES);
    c->ev_read = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->ev_write = event_new(base, fd, EV_WRITE, on_flush, c);
    c->ev_flush = event_new(base, -1, 0, on_flush, c);
    if (c->ev_read == NULL || c->ev_write == NULL || c->ev_flush == NULL ||
        event_add(c->ev_read, NULL) != 0) {
        (void)close(fd);
        free(c);
        return tc_fail(info, TC_E_NOMEM, "no memory for a message link's events");
    }
    *ret = c;
    return TC_OK;
}

struct channel *channel_free(struct channel *c)
{
    if (c == NULL)
        return NULL;
    enter(c);
    c->ops = &no_ops;
    if (!c->closed)
        channel_flush(c);
    c->free_wanted = true;
    leave(c);
    return NULL;
}

int msg_take_fd(struct msg *m, unsigned index)
{
    if (index >= m->fds_count)
        return -1;
    int fd = m->fds[index];
    m->fds[index] = -1;
    return fd;
}

enum tc_role channel_peer(const struct channel *c)
{
    return c->options.peer;
}

unsigned channel_peer_instance(const struct channel *c)
{
    return c->options.peer_instance;
}

size_t channel_queued_bytes(const struct channel *c)
{
    return c->queue.len - c->queue_at;
}

bool channel_is_open(const struct channel *c)
{
    return !c->closed;
}
