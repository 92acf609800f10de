/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "runtime/channel.h"

struct end {
    struct channel *c;
    unsigned got;
    uint64_t sum;
    char text[MSG_NAME_BYTES];
    int fd;
    enum tc_err closed;
    bool free_in_handler;
    unsigned drained;
};

struct link {
    struct event_base *base;
    struct end intake, core;
    int raw; /* the intake end as a bare socket, where the test forges messages */
};

static void on_fault(void *ctx, struct channel *from, struct msg *m)
{
    struct end *e = ctx;
    const struct msg_fault *f = m->body;
    assert_int_equal(channel_peer(from), TC_ROLE_INTAKE);
    e->got++;
    e->sum += f->count;
    (void)snprintf(e->text, sizeof e->text, "%s", f->item);
    if (e->free_in_handler)
        e->c = channel_free(e->c);
}

static void on_durable(void *ctx, struct channel *from, struct msg *m)
{
    struct end *e = ctx;
    (void)from;
    e->got++;
    e->sum += m->tail.len;
}

static void on_closed(void *ctx, struct channel *c, const struct tc_errinfo *why)
{
    struct end *e = ctx;
    assert_ptr_equal(c, e->c);
    e->closed = why->err;
}

static void on_drained(void *ctx, struct channel *c)
{
    (void)c;
    ((struct end *)ctx)->drained++;
}

static const struct channel_handler core_handlers[] = {{MSG_FAULT, on_fault}, {0, NULL}};
static const struct channel_handler intake_handlers[] = {{MSG_SIGNAL_DURABLE, on_durable},
                                                         {0, NULL}};
static const struct channel_ops core_ops = {.handlers = core_handlers, .on_closed = on_closed};
static const struct channel_ops intake_ops = {
    .handlers = intake_handlers, .on_closed = on_closed, .on_drained = on_drained};

static struct channel *open_end(struct link *l, int fd, enum tc_role self, enum tc_role peer,
                                const struct channel_ops *ops, struct end *end)
{
    struct channel *c = NULL;
    struct tc_errinfo info = {0};
    struct channel_options options = {.self = self, .peer = peer, .queue_max_bytes = 1 << 20};
    assert_ok(channel_new(l->base, fd, &options, ops, end, &c, &info), &info);
    return c;
}

static int link_open(void **state)
{
    static struct link link;
    struct link *l = &link;
    int fds[2];
    struct tc_errinfo info = {0};
    *l = (struct link){.raw = -1};
    l->base = event_base_new();
    assert_ok(channel_pair(fds, &info), &info);
    l->core.c = open_end(l, fds[0], TC_ROLE_CORE, TC_ROLE_INTAKE, &core_ops, &l->core);
    l->raw = dup(fds[1]);
    l->intake.c = open_end(l, fds[1], TC_ROLE_INTAKE, TC_ROLE_CORE, &intake_ops, &l->intake);
    *state = l;
    return 0;
}

static int link_close(void **state)
{
    struct link *l = *state;
    l->intake.c = channel_free(l->intake.c);
    l->core.c = channel_free(l->core.c);
    (void)close(l->raw);
    event_base_free(l->base);
    return 0;
}

/* Turns the loop until nothing is left to do. */
static void turn(struct link *l)
{
    for (int i = 0; i < 64; i++)
        (void)event_base_loop(l->base, EVLOOP_NONBLOCK);
}

static enum tc_err send_fault(struct link *l, uint32_t count)
{
    struct msg_fault f = {.type = 1, .active = 2, .count = count, .item = "receiver"};
    return channel_send(l->intake.c, MSG_FAULT, &f, tc_slice(NULL, 0));
}

static void test_channel__many_messages__arrive_whole_and_in_order(void **state)
{
    struct link *l = *state;
    for (uint32_t i = 1; i <= 1000; i++)
        assert_int_equal(send_fault(l, i), TC_OK);
    assert_int_equal(l->core.got, 0);
    turn(l);
    turn(l);
    turn(l);
    assert_int_equal(l->core.got, 1000);
    assert_int_equal(l->core.sum, 500500);
    assert_string_equal(l->core.text, "receiver");
}

static void test_channel__reader_that_does_not_read__fills_the_queue_and_then_says_so(void **state)
{
    struct link *l = *state;
    (void)event_base_loop(l->base, EVLOOP_NONBLOCK);
    enum tc_err err = TC_OK;
    unsigned sent = 0;
    while (err == TC_OK && sent < 100000) {
        err = send_fault(l, 1);
        sent += err == TC_OK;
        if (sent % 100 == 0)
            channel_flush(l->intake.c);
    }
    assert_int_equal(err, TC_E_LIMIT);
    assert_true(channel_queued_bytes(l->intake.c) <= 1 << 20);
    for (int i = 0; i < 200; i++)
        turn(l);
    assert_int_equal(l->core.got, sent);
    assert_int_equal(l->intake.drained, 1);
    assert_int_equal(send_fault(l, 1), TC_OK);
}

static void test_channel__descriptor__travels_and_is_closed_unless_taken(void **state)
{
    struct link *l = *state;
    int fds[2];
    struct tc_errinfo info = {0};
    struct event_base *base = l->base;
    assert_ok(channel_pair(fds, &info), &info);
    struct end web = {0};
    struct channel_options options = {.self = TC_ROLE_WEB, .peer = TC_ROLE_CORE};
    assert_ok(channel_new(base, fds[0], &options, &intake_ops, &web, &web.c, &info), &info);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct msg_peer peer = {.request = 7};
    assert_int_equal(channel_send_fds(web.c, MSG_PEER, &peer, tc_slice(NULL, 0), &null, 1), TC_OK);
    (void)close(null);
    channel_flush(web.c);
    uint8_t bytes[512];
    union {
        struct cmsghdr align;
        uint8_t room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr h = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    assert_int_equal(recvmsg(fds[1], &h, 0), sizeof(struct msg_head) + sizeof peer);
    struct cmsghdr *cm = CMSG_FIRSTHDR(&h);
    assert_non_null(cm);
    int got = -1;
    memcpy(&got, CMSG_DATA(cm), sizeof got);
    assert_true(fcntl(got, F_GETFD) >= 0);
    (void)close(got);
    (void)close(fds[1]);
    web.c = channel_free(web.c);
}

/* What a compromised peer might send; each must end the link and nothing else. */
static void forge(struct link *l, uint16_t type, uint32_t body_bytes, uint32_t tail_bytes,
                  size_t send_bytes, bool terminate)
{
    uint8_t bytes[4096];
    struct msg_head head = {.magic = MSG_MAGIC,
                            .version = 1,
                            .type = type,
                            .body_bytes = body_bytes,
                            .tail_bytes = tail_bytes};
    memset(bytes, terminate ? 0 : 'x', sizeof bytes);
    memcpy(bytes, &head, sizeof head);
    assert_true(send(l->raw, bytes, send_bytes, MSG_NOSIGNAL) == (ssize_t)send_bytes);
    turn(l);
}

static void test_channel__forged_messages__close_the_link(void **state)
{
    static const struct {
        uint16_t type;
        uint32_t body, tail;
        int extra;
        bool terminate;
    } rows[] = {
        {MSG_FAULT, sizeof(struct msg_fault), 0, 0, false},    /* texts without an end */
        {MSG_FAULT, sizeof(struct msg_fault) - 1, 0, 0, true}, /* too short a body */
        {MSG_FAULT, sizeof(struct msg_fault), 1, 1, true},     /* a tail that the row forbids */
        {MSG_FAULT, sizeof(struct msg_fault), 0, -4, true},    /* shorter than it says */
        {MSG_FAULT, UINT32_MAX, UINT32_MAX, 0, true},          /* sizes that wrap */
        {MSG_REQUEST, sizeof(struct msg_request), 0, 0, true}, /* what web alone may send */
        {MSG_GO, sizeof(struct msg_none), 0, 0, true}, /* what the supervisor alone may send */
        {MSG_SIGNAL, sizeof(struct msg_signal), 0, 0,
         true},               /* allowed, but nobody here handles it */
        {127, 4, 0, 0, true}, /* no such type */
        {60000, 4, 0, 0, true},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        (void)link_close(state);
        (void)link_open(state);
        struct link *l = *state;
        size_t bytes = sizeof(struct msg_head) + (rows[i].body > 4000 ? 64 : rows[i].body);
        forge(l, rows[i].type, rows[i].body, rows[i].tail, bytes + (size_t)rows[i].extra,
              rows[i].terminate);
        assert_int_equal(l->core.closed, TC_E_FORMAT);
        assert_false(channel_is_open(l->core.c));
        assert_int_equal(l->core.got, 0);
    }
}

static void test_channel__peer_dies__is_told_once_and_sends_nothing_more(void **state)
{
    struct link *l = *state;
    (void)close(l->raw);
    l->raw = -1;
    l->intake.c = channel_free(l->intake.c);
    turn(l);
    assert_int_equal(l->core.closed, TC_E_CLOSED);
    struct msg_signal_durable d = {.count = 0};
    assert_int_equal(channel_send(l->core.c, MSG_SIGNAL_DURABLE, &d, tc_slice(NULL, 0)),
                     TC_E_CLOSED);
}

static void test_channel__freed_in_its_own_handler__is_no_trouble(void **state)
{
    struct link *l = *state;
    l->core.free_in_handler = true;
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(send_fault(l, 1), TC_OK);
    turn(l);
    assert_int_equal(l->core.got, 1);
    assert_null(l->core.c);
}

static void test_messages__table__numbers_are_unique_and_texts_are_known(void **state)
{
    (void)state;
    for (unsigned i = 0; msg_row_at(i) != NULL; i++) {
        const struct msg_row *row = msg_row_at(i);
        assert_ptr_equal(msg_row(row->type), row);
        assert_int_equal(row->from & row->to & (1u << TC_ROLE_SUPERVISOR), 0);
        assert_true(row->from != 0 && row->to != 0);
    }
    struct msg_fault f;
    memset(&f, 'x', sizeof f);
    assert_false(msg_texts_ok(MSG_FAULT, &f));
    f.item[sizeof f.item - 1] = f.zone[sizeof f.zone - 1] = f.text[sizeof f.text - 1] = 0;
    assert_true(msg_texts_ok(MSG_FAULT, &f));
}

static void test_params__written_and_read__and_damaged_ones_are_refused(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf tail;
    tc_buf_init(&tail, 256);
    msg_param_add(&tail, tc_slice_str("id"), tc_slice_str("42"));
    msg_param_add(&tail, tc_slice_str("zone"), tc_slice_str(""));
    struct tc_slice rest = tc_buf_view(&tail);
    struct tc_slice name;
    struct tc_slice value;
    assert_int_equal(msg_param_next(&rest, &name, &value), TC_OK);
    assert_slice_is(name, "id");
    assert_slice_is(value, "42");
    assert_int_equal(msg_param_next(&rest, &name, &value), TC_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(rest.len, 0);
    for (size_t len = 1; len < 8; len++) {
        rest = tc_slice_sub(tc_buf_view(&tail), 0, len);
        assert_int_equal(msg_param_next(&rest, &name, &value), len == 8 ? TC_OK : TC_E_FORMAT);
    }
}

#define LINKED(test) cmocka_unit_test_setup_teardown(test, link_open, link_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LINKED(test_channel__many_messages__arrive_whole_and_in_order),
        LINKED(test_channel__reader_that_does_not_read__fills_the_queue_and_then_says_so),
        LINKED(test_channel__descriptor__travels_and_is_closed_unless_taken),
        LINKED(test_channel__forged_messages__close_the_link),
        LINKED(test_channel__peer_dies__is_told_once_and_sends_nothing_more),
        LINKED(test_channel__freed_in_its_own_handler__is_no_trouble),
        cmocka_unit_test(test_messages__table__numbers_are_unique_and_texts_are_known),
        cmocka_unit_test(test_params__written_and_read__and_damaged_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
