/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver on real sockets of the loopback, with this test as core and as the clock. */
#include "test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intake/receiver.h"
#include "model/event_type.h"
#include "proto/dc09.h"

enum { KEPT_MAX = 12000 };

struct kept {
    struct msg_signal body;
    uint8_t tail[1024];
    size_t tail_len;
};

struct world {
    struct event_base *base;
    struct site site;
    struct receiver *receiver;
    uint16_t port;
    struct tc_wall wall;
    struct tc_mono mono;
    enum tc_err link; /* what sending to core answers */
    struct kept *kept;
    size_t kept_count;
    unsigned faults;
    unsigned fault_type;
    char fault_item[MSG_NAME_BYTES];
    char fault_text[MSG_TEXT_BYTES];
};

static enum tc_err keep_signal(void *ctx, const struct msg_signal *body, struct tc_slice tail)
{
    struct world *w = ctx;
    if (w->link != TC_OK)
        return w->link;
    assert_true(w->kept_count < KEPT_MAX);
    struct kept *k = &w->kept[w->kept_count++];
    k->body = *body;
    k->tail_len = tail.len;
    memcpy(k->tail, tail.ptr, tail.len < sizeof k->tail ? tail.len : sizeof k->tail);
    return TC_OK;
}

static void keep_fault(void *ctx, unsigned type, const char *item, const char *text)
{
    struct world *w = ctx;
    w->faults++;
    w->fault_type = type;
    snprintf(w->fault_item, sizeof w->fault_item, "%s", item);
    snprintf(w->fault_text, sizeof w->fault_text, "%s", text);
}

static struct tc_wall world_wall(void *ctx)
{
    return ((struct world *)ctx)->wall;
}

static struct tc_mono world_mono(void *ctx)
{
    return ((struct world *)ctx)->mono;
}

static void build_site(struct site *s)
{
    struct site_zone *zone = NULL;
    struct site_panel *panel = NULL;
    struct site_point *point = NULL;
    struct tc_errinfo info = {0};
    site_init(s);
    strcpy(s->id, "test");
    assert_int_equal(site_add_zone(s, &zone), TC_OK);
    strcpy(zone->id, "yard");
    assert_int_equal(site_add_panel(s, &panel), TC_OK);
    strcpy(panel->id, "main");
    strcpy(panel->account, "1234");
    assert_int_equal(site_panel_add_point(panel, &point), TC_OK);
    *point = (struct site_point){.number = 12, .type = EV_INTRUSION_MOTION};
    assert_int_equal(site_add_panel(s, &panel), TC_OK);
    strcpy(panel->id, "vault");
    strcpy(panel->account, "ABCD");
    strcpy(panel->key_secret, "vault-key");
    assert_int_equal(site_add_panel(s, &panel), TC_OK);
    strcpy(panel->id, "shop");
    strcpy(panel->account, "0042");
    assert_ok(site_seal(s, &info), &info);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->kept = calloc(KEPT_MAX, sizeof *w->kept);
    w->base = event_base_new();
    build_site(&w->site);
    assert_int_equal(tc_wall_parse(tc_slice_str("2026-11-22T12:00:00Z"), &w->wall), TC_OK);
    w->mono.ns = TC_NS_PER_S;
    struct receiver_ops ops = {keep_signal, keep_fault, world_wall, world_mono, w, 0};
    struct tc_errinfo info = {0};
    assert_ok(receiver_new(w->base, &w->site, &ops, &w->receiver, &info), &info);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    w->port = ntohs(a.sin_port);
    assert_ok(receiver_listen(w->receiver, fd, 0, "receiver test", &info), &info);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    receiver_free(w->receiver);
    event_base_free(w->base);
    site_done(&w->site);
    free(w->kept);
    free(w);
    return 0;
}

/* Lets the loop do all there is to do now. */
static void turn(struct world *w)
{
    for (int i = 0; i < 8; i++)
        event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static int connect_panel(struct world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(w->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    int one = 1;
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    turn(w);
    return fd;
}

static void send_bytes(struct world *w, int fd, struct tc_slice bytes)
{
    assert_int_equal(send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL), bytes.len);
    turn(w);
}

static void send_body(struct world *w, int fd, const char *body)
{
    char frame[DC09_FRAME_BYTES_MAX + 1];
    int n = snprintf(frame, sizeof frame, "\n%04X%04X%s\r", dc09_crc(tc_slice_str(body)),
                     (unsigned)strlen(body), body);
    send_bytes(w, fd, tc_slice(frame, (size_t)n));
}

/* What the panel got, as the bodies' beginnings up to the bracket, comma-separated; "-" when
 * nothing, "closed". */
static const char *answers(int fd)
{
    static char text[4096];
    uint8_t bytes[8192];
    text[0] = 0;
    ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0)
        return "closed";
    if (n < 0)
        return "-";
    struct tc_slice in = tc_slice(bytes, (size_t)n);
    while (in.len > 0) {
        struct dc09_step s = dc09_scan(in);
        assert_int_equal(s.next, DC09_DONE);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.*s", used > 0 ? "," : "", TC_FMT(s.body));
        in = tc_slice_sub(in, s.bytes, in.len);
    }
    return text;
}

static void make_durable(struct world *w, uint64_t id)
{
    receiver_durable(w->receiver, &id, 1);
    turn(w);
}

static struct msg_signal_event event_at(const struct kept *k, unsigned i)
{
    struct msg_signal_event e;
    memcpy(&e, k->tail + i * sizeof e, sizeof e);
    return e;
}

static struct tc_slice event_text(const struct kept *k, unsigned i)
{
    struct msg_signal_event e = event_at(k, i);
    return tc_slice(k->tail + k->body.events * sizeof e + e.text_at, e.text_len);
}

/* ---- acknowledging ---- */

static void test_signal__before_durable__is_not_acknowledged(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"SIA-DCS\"0017R1L2#1234[#1234|Nri1/BA12^Gate^]_11:59:55,11-22-2026");
    assert_int_equal(w->kept_count, 1);
    assert_string_equal(answers(fd), "-");
    const struct kept *k = &w->kept[0];
    assert_int_equal(k->body.panel, 0);
    assert_int_equal(k->body.sequence, 17);
    assert_string_equal(k->body.token, "SIA-DCS");
    assert_string_equal(k->body.account, "1234");
    assert_int_equal(k->body.device_at_ns, w->wall.ns - 5 * TC_NS_PER_S);
    assert_int_equal(k->body.received_at_ns, w->wall.ns);
    assert_int_equal(k->body.events, 1);
    struct msg_signal_event e = event_at(k, 0);
    assert_int_equal(e.type, EV_INTRUSION_MOTION); /* the point's type, not the code's */
    assert_int_equal(e.state, EV_STATE_ACTIVE);
    assert_int_equal(e.point, 0);
    assert_int_equal(e.number, 12);
    assert_string_equal(e.code, "BA");
    assert_string_equal(e.area, "1");
    assert_slice_is(event_text(k, 0), "Burglary alarm: Gate");
    make_durable(w, k->body.id);
    assert_string_equal(answers(fd), "\"ACK\"0017R1L2#1234[]");
    close(fd);
}

static void test_signal__raw_bytes__are_kept_as_they_came(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    static const char frame[] = "\n96ED0016\"SIA-DCS\"0001L0#1234[]\r";
    send_bytes(w, fd, tc_slice_str(frame));
    const struct kept *k = &w->kept[0];
    assert_int_equal(k->body.raw_bytes, sizeof frame - 1);
    assert_slice_is(tc_slice(k->tail + k->tail_len - k->body.raw_bytes, k->body.raw_bytes), frame);
    close(fd);
}

static void test_signal__several_frames_and_split_reads__each_answered_in_order(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    static const char bytes[] =
        "\n96ED0016\"SIA-DCS\"0001L0#1234[]\r\n1EF20013\"NULL\"0000L0#1234[]\r"
        "\nF4D20029\"SIA-DCS\"0001RF3L77#1234[#1234|NRR|Atest]\r";
    for (size_t i = 0; i < sizeof bytes - 1; i++)
        send_bytes(w, fd, tc_slice(bytes + i, 1));
    assert_int_equal(w->kept_count, 3);
    uint64_t ids[] = {w->kept[0].body.id, w->kept[1].body.id, w->kept[2].body.id};
    receiver_durable(w->receiver, ids, 3);
    assert_string_equal(answers(fd),
                        "\"ACK\"0001L0#1234[],\"ACK\"0000L0#1234[],\"ACK\"0001RF3L77#1234[]");
    assert_int_equal(receiver_waiting(w->receiver), 0);
    close(fd);
}

static void test_signal__panel_closes_its_side__still_gets_its_acknowledgement(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    shutdown(fd, SHUT_WR);
    turn(w);
    assert_int_equal(receiver_conns(w->receiver), 1);
    make_durable(w, w->kept[0].body.id);
    assert_string_equal(answers(fd), "\"ACK\"0000L0#1234[]");
    assert_string_equal(answers(fd), "closed");
    assert_int_equal(receiver_conns(w->receiver), 0);
    close(fd);
}

static void test_signal__durable_after_its_connection_went__answers_nobody_else(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now); /* a reset, not an end */
    close(fd);
    turn(w);
    int other = connect_panel(w); /* takes the same slot */
    assert_int_equal(receiver_conns(w->receiver), 1);
    make_durable(w, w->kept[0].body.id);
    assert_string_equal(answers(other), "-");
    close(other);
}

/* ---- refusing ---- */

static void test_refusal__each_reason__has_its_reply_and_is_told(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *answer, *item, *word;
        unsigned type;
    } rows[] = {
        {"\"SIA-DCS\"0001L0#9999[#9999|NBA1]", "-", "receiver test: unknown account",
         "account 9999", EV_SUPERVISION_COMM_TROUBLE},
        {"\"*SIA-DCS\"0001L0#ABCD[00112233", "-", "vault: encrypted", "encrypted",
         EV_SUPERVISION_COMM_TROUBLE},
        {"\"NULL\"0000L0#ABCD[]", "-", "vault: in clear", "in clear", EV_SUPERVISION_TAMPER},
        {"\"SIA-PUD\"0003L0#1234[]", "\"DUH\"0003L0#1234[]", "main: unsupported", "class",
         EV_SUPERVISION_COMM_TROUBLE},
        {"\"NULL\"0000L0#1234[]_11:59:19,11-22-2026", "\"NAK\"0000R0L0A0[]_12:00:00,11-22-2026",
         "main: bad time", "time", EV_SUPERVISION_COMM_TROUBLE},
        {"\"NULL\"0000L0#1234[]_12:00:21,11-22-2026", "\"NAK\"0000R0L0A0[]_12:00:00,11-22-2026",
         "main: bad time", "time", EV_SUPERVISION_COMM_TROUBLE},
        {"hello", "-", "receiver test: malformed", "no DC-09", EV_SUPERVISION_COMM_TROUBLE},
    };
    int fd = connect_panel(w);
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        send_body(w, fd, rows[i].body);
        assert_string_equal(answers(fd), rows[i].answer);
        assert_int_equal(w->faults, i + 1);
        assert_int_equal(w->fault_type, rows[i].type);
        assert_string_equal(w->fault_item, rows[i].item);
        assert_non_null(strstr(w->fault_text, rows[i].word));
    }
    assert_int_equal(w->kept_count, 0);
    close(fd);
}

static void test_time__inside_the_window__is_accepted(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"NULL\"0000L0#1234[]_11:59:20,11-22-2026");
    send_body(w, fd, "\"NULL\"0000L0#1234[]_12:00:20,11-22-2026");
    assert_int_equal(w->kept_count, 2);
    close(fd);
}

static void test_damage__crc_and_length__no_reply_and_the_next_frame_is_good(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_bytes(
        w, fd,
        tc_slice_str("\n12340016\"SIA-DCS\"0001L0#1234[]\r\n96ED0010\"SIA-DCS\"0001L0#1234[]\r"));
    assert_string_equal(answers(fd), "-");
    assert_int_equal(w->faults, 2);
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    assert_int_equal(w->kept_count, 1);
    close(fd);
}

static void test_events__more_than_a_message_holds__are_refused_with_duh(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    char body[1024] = "\"SIA-DCS\"0001L0#1234[#1234|N";
    for (int i = 0; i <= MSG_SIGNAL_EVENTS_MAX; i++)
        strcat(body, "BA12/");
    strcat(body, "]");
    send_body(w, fd, body);
    assert_string_equal(answers(fd), "\"DUH\"0001L0#1234[]");
    assert_int_equal(w->kept_count, 0);
    close(fd);
}

static void test_events__unknown_code_and_garbage__are_kept_unmapped(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"SIA-DCS\"0001L0#1234[#1234|NQX12]");
    send_body(w, fd, "\"SIA-DCS\"0002L0#1234[#1234|?!]");
    send_body(w, fd, "\"ADM-CID\"0003L0#1234[#1234|1130 01 012]");
    assert_int_equal(w->kept_count, 3);
    assert_int_equal(w->faults, 0);
    assert_int_equal(event_at(&w->kept[0], 0).type, EV_NONE);
    assert_string_equal(event_at(&w->kept[0], 0).code, "QX");
    assert_int_equal(event_at(&w->kept[1], 0).type, EV_NONE);
    assert_slice_is(event_text(&w->kept[1], 0), "data that no event could be read from: #1234|?!");
    assert_string_equal(event_at(&w->kept[2], 0).code, "1130");
    assert_int_equal(event_at(&w->kept[2], 0).point, 0);
    close(fd);
}

static void test_events__text__says_what_the_configuration_cannot(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *data, *text;
    } rows[] = {
        {"NBA12", ""}, /* the point is in the configuration */
        {"NBA12^Gate^", "Burglary alarm: Gate"},
        {"NBA77", "Burglary alarm"},
        {"NAT0", "Mains power lost"},
        {"NLB", "Local programming begins"},
        {"NQX1^Odd^", "Odd"},
    };
    int fd = connect_panel(w);
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        char body[128];
        snprintf(body, sizeof body, "\"SIA-DCS\"%04zuL0#1234[#1234|%s]", i, rows[i].data);
        send_body(w, fd, body);
        assert_slice_is(event_text(&w->kept[i], 0), rows[i].text);
    }
    close(fd);
}

/* ---- identity ---- */

static void test_digest__retransmission_and_news__same_and_different(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"SIA-DCS\"0001L0#1234[#1234|NBA12]");
    send_body(w, fd, "\"SIA-DCS\"0001L0#1234[#1234|NBA12]");
    send_body(w, fd, "\"SIA-DCS\"0001L0#1234[#1234|NBA13]");
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    w->wall.ns++;
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    assert_int_equal(w->kept_count, 5);
    assert_memory_equal(w->kept[0].body.digest, w->kept[1].body.digest, 32);
    assert_memory_not_equal(w->kept[0].body.digest, w->kept[2].body.digest, 32);
    assert_memory_not_equal(w->kept[3].body.digest, w->kept[4].body.digest, 32);
    close(fd);
}

/* ---- core goes and comes ---- */

static void test_link__core_restarts__everything_not_durable_is_sent_again(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"SIA-DCS\"0001L0#1234[#1234|NBA12]");
    send_body(w, fd, "\"SIA-DCS\"0002L0#1234[#1234|NBR12]");
    make_durable(w, w->kept[0].body.id);
    assert_string_equal(answers(fd), "\"ACK\"0001L0#1234[]");
    w->link = TC_E_CLOSED;
    send_body(w, fd, "\"SIA-DCS\"0003L0#1234[#1234|NBA12]");
    assert_int_equal(w->kept_count, 2);
    w->link = TC_OK;
    receiver_link_up(w->receiver);
    assert_int_equal(w->kept_count, 4);
    assert_int_equal(w->kept[2].body.id, w->kept[1].body.id);
    assert_memory_equal(w->kept[2].tail, w->kept[1].tail, w->kept[1].tail_len);
    assert_int_equal(w->kept[3].body.sequence, 3);
    uint64_t ids[] = {w->kept[2].body.id, w->kept[2].body.id, w->kept[3].body.id};
    receiver_durable(w->receiver, ids, 3); /* one named twice is answered once */
    assert_string_equal(answers(fd), "\"ACK\"0002L0#1234[],\"ACK\"0003L0#1234[]");
    close(fd);
}

static void test_link__core_says_nothing_for_long__is_asked_again_once_in_a_while(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    w->mono.ns = 100 * TC_NS_PER_S;
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    w->mono.ns += RECEIVER_ASK_AGAIN_S * TC_NS_PER_S;
    receiver_sweep(w->receiver);
    receiver_sweep(w->receiver);
    assert_int_equal(w->kept_count, 2);
    assert_int_equal(w->kept[1].body.id, w->kept[0].body.id);
    make_durable(w, w->kept[0].body.id);
    assert_string_equal(answers(fd), "\"ACK\"0000L0#1234[]");
    close(fd);
}

/* One panel that does not wait for its acknowledgements is read no further than its share; nothing
 * is lost. */
static void test_pressure__a_panel_that_floods__waits_and_loses_nothing(void **state)
{
    struct world *w = *state;
    enum { FRAMES = 200 };
    int fd = connect_panel(w);
    int other = connect_panel(w);
    for (int i = 1; i <= FRAMES; i++) {
        char body[64];
        snprintf(body, sizeof body, "\"SIA-DCS\"%04dL0#1234[#1234|NBA%d]", i, i);
        send_body(w, fd, body);
    }
    assert_int_equal(w->kept_count, CONN_OUTSTANDING_MAX);
    send_body(w, other, "\"NULL\"0000L0#1234[]");
    assert_int_equal(w->kept_count, CONN_OUTSTANDING_MAX + 1);
    for (size_t i = 0; i < w->kept_count; i++)
        make_durable(w, w->kept[i].body.id);
    assert_int_equal(w->kept_count, FRAMES + 1);
    assert_int_equal(w->kept[FRAMES].body.sequence, FRAMES);
    assert_int_equal(receiver_waiting(w->receiver), 0);
    close(fd);
    close(other);
}

/* An account beyond its rate waits on all its connections, others do not, and nothing is lost. */
static void test_pressure__an_account_beyond_its_rate__waits_alone(void **state)
{
    struct world *w = *state;
    enum { BURST = 20 };
    unsigned sent = 0;
    int fd = connect_panel(w);
    int other = connect_panel(w);
    while (w->kept_count == sent) {
        for (int i = 0; i < BURST; i++) {
            send_body(w, other, "\"NULL\"0000L0#1234[]");
            sent++;
        }
        for (size_t i = sent - BURST; i < w->kept_count; i++)
            make_durable(w, w->kept[i].body.id);
    }
    assert_int_equal(w->kept_count, PANEL_SIGNALS_PER_S);
    assert_int_equal(w->fault_type, EV_SYSTEM_OVERLOAD);
    send_body(w, fd, "\"NULL\"0000L0#0042[]");
    assert_int_equal(w->kept_count, PANEL_SIGNALS_PER_S + 1);
    w->mono.ns += TC_NS_PER_S;
    make_durable(w, w->kept[w->kept_count - 1].body.id); /* those that wait are looked at again */
    assert_int_equal(w->kept_count, sent + 1);
    close(fd);
    close(other);
}

/* ---- time-outs ---- */

static void test_timeout__silent_slow_and_stale_connections__are_closed(void **state)
{
    struct world *w = *state;
    int silent = connect_panel(w);
    int good = connect_panel(w);
    send_body(w, good, "\"NULL\"0000L0#1234[]");
    make_durable(w, w->kept[0].body.id);
    assert_string_equal(answers(good), "\"ACK\"0000L0#1234[]");
    int slow = connect_panel(w);
    send_body(w, slow, "\"NULL\"0000L0#1234[]");
    send_bytes(w, slow, tc_slice_str("\n1EF2"));
    w->mono.ns += (CONN_WHOLE_FRAME_S + 1) * TC_NS_PER_S;
    send_bytes(w, slow, tc_slice_str("0")); /* a byte now and then does not help */
    receiver_sweep(w->receiver);
    assert_string_equal(answers(slow), "closed");
    assert_string_equal(answers(silent), "-");
    w->mono.ns += CONN_FIRST_FRAME_S * TC_NS_PER_S;
    receiver_sweep(w->receiver);
    assert_string_equal(answers(silent), "closed");
    assert_string_equal(answers(good), "-");
    w->mono.ns += (CONN_IDLE_S + 1) * TC_NS_PER_S;
    receiver_sweep(w->receiver);
    assert_string_equal(answers(good), "closed");
    assert_int_equal(receiver_conns(w->receiver), 0);
    close(silent);
    close(slow);
    close(good);
}

static void test_junk__without_end__closes_the_connection(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    char junk[4096];
    memset(junk, 'x', sizeof junk);
    for (int i = 0; i < CONN_JUNK_BYTES_MAX / (int)sizeof junk; i++)
        send_bytes(w, fd, tc_slice(junk, sizeof junk));
    assert_string_equal(answers(fd), "-");
    send_bytes(w, fd, tc_slice(junk, sizeof junk));
    assert_string_equal(answers(fd), "closed");
    close(fd);
}

static void test_metrics__after_traffic__count_it(void **state)
{
    struct world *w = *state;
    int fd = connect_panel(w);
    send_body(w, fd, "\"NULL\"0000L0#1234[]");
    send_body(w, fd, "\"NULL\"0000L0#9999[]");
    make_durable(w, w->kept[0].body.id);
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 65536);
    receiver_metrics(w->receiver, &out);
    static const char *const lines[] = {
        "tocsin_intake_connections 1\n", "tocsin_intake_frames_total{result=\"good\"} 1\n",
        "tocsin_intake_frames_total{result=\"unknown_account\"} 1\n",
        "tocsin_intake_acknowledged_total 1\n", "tocsin_intake_ack_seconds_count 1\n"};
    for (size_t i = 0; i < TC_COUNT(lines); i++)
        assert_non_null(strstr(tc_buf_cstr(&out), lines[i]));
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signal__before_durable__is_not_acknowledged),
        TEST(test_signal__raw_bytes__are_kept_as_they_came),
        TEST(test_signal__several_frames_and_split_reads__each_answered_in_order),
        TEST(test_signal__panel_closes_its_side__still_gets_its_acknowledgement),
        TEST(test_signal__durable_after_its_connection_went__answers_nobody_else),
        TEST(test_refusal__each_reason__has_its_reply_and_is_told),
        TEST(test_time__inside_the_window__is_accepted),
        TEST(test_damage__crc_and_length__no_reply_and_the_next_frame_is_good),
        TEST(test_events__more_than_a_message_holds__are_refused_with_duh),
        TEST(test_events__unknown_code_and_garbage__are_kept_unmapped),
        TEST(test_events__text__says_what_the_configuration_cannot),
        TEST(test_digest__retransmission_and_news__same_and_different),
        TEST(test_link__core_restarts__everything_not_durable_is_sent_again),
        TEST(test_link__core_says_nothing_for_long__is_asked_again_once_in_a_while),
        TEST(test_pressure__a_panel_that_floods__waits_and_loses_nothing),
        TEST(test_pressure__an_account_beyond_its_rate__waits_alone),
        TEST(test_timeout__silent_slow_and_stale_connections__are_closed),
        TEST(test_junk__without_end__closes_the_connection),
        TEST(test_metrics__after_traffic__count_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
