/* SPDX-License-Identifier: Apache-2.0 */
/* One viewer's connection: bytes in, pictures and answers out, and the misbehaviour that was asked
 * for. */
#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "proto/rtp.h"
#include "runtime/clock.h"
#include "sim/camera_internal.h"

enum {
    IN_BYTES_MAX = RTSP_HEAD_BYTES_MAX + RTSP_BODY_BYTES_MAX + RTSP_INTERLEAVED_BYTES_MAX,
    READ_BYTES = 8192,
    OUT_BYTES_MAX = 64 << 20,
    SLOW_BYTES = 1 << 20, /* with more than this unsent, whole pictures are lost */
    UDP_BATCH = 64,
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

void camera_conn_open(struct sim_cameras *s, int fd)
{
    struct sim_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)close(fd);
        return;
    }
    c->server = s;
    c->fd = fd;
    tc_buf_init(&c->in, IN_BYTES_MAX);
    tc_buf_init(&c->out, OUT_BYTES_MAX);
    c->alive_mono_ns = clock_mono().ns;
    LIST_INSERT_HEAD(&s->conns, c, all);
    s->camera_conn_count++;
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->on_read = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->on_write = event_new(s->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
    if (c->on_read == NULL || c->on_write == NULL || event_add(c->on_read, NULL) != 0)
        camera_conn_close(c);
}

void camera_conn_end_session(struct sim_conn *c)
{
    if (c->state == CONN_PLAYING) {
        LIST_REMOVE(c, viewing);
        c->server->stats.viewers--;
    }
    c->state = CONN_INIT;
    c->cam = NULL;
    c->udp = false;
    c->session[0] = '\0';
}

void camera_conn_close(struct sim_conn *c)
{
    camera_conn_end_session(c);
    LIST_REMOVE(c, all);
    c->server->camera_conn_count--;
    if (c->on_read != NULL)
        event_free(c->on_read);
    if (c->on_write != NULL)
        event_free(c->on_write);
    (void)close(c->fd);
    tc_buf_done(&c->in);
    tc_buf_done(&c->out);
    free(c);
}

/* --- out
 * --------------------------------------------------------------------------------------------- */

static size_t unsent(const struct sim_conn *c)
{
    return c->out.len - c->out_at;
}

/* What the socket takes now; 0 when it is full. */
static size_t push(struct sim_conn *c, struct tc_slice bytes)
{
    ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
        return (size_t)n;
    if (errno != EAGAIN && errno != EINTR)
        c->closing = true;
    return 0;
}

void camera_conn_send(struct sim_conn *c, struct tc_slice bytes)
{
    if (c->closing)
        return;
    if (unsent(c) == 0) {
        size_t n = push(c, bytes);
        bytes = tc_slice_sub(bytes, n, bytes.len);
    }
    if (bytes.len == 0 || c->closing)
        return;
    tc_buf_drop(&c->out, c->out_at);
    c->out_at = 0;
    tc_buf_add_slice(&c->out, bytes);
    if (c->out.err != TC_OK || event_add(c->on_write, NULL) != 0)
        c->closing = true;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct sim_conn *c = arg;
    c->out_at += push(c, tc_slice_sub(tc_buf_view(&c->out), c->out_at, c->out.len));
    if (unsent(c) == 0) {
        tc_buf_clear(&c->out);
        c->out_at = 0;
        (void)event_del(c->on_write);
    }
    if (c->closing)
        camera_conn_close(c);
}

static void send_udp(struct sim_conn *c, struct tc_slice frames)
{
    struct mmsghdr messages[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    while (frames.len > 0) {
        unsigned n = 0;
        while (n < UDP_BATCH && frames.len > 0) {
            struct tc_slice frame = rtp_pack_next(&frames);
            parts[n] =
                (struct iovec){.iov_base = (void *)(uintptr_t)(frame.ptr + RTP_PACK_FRAME_BYTES),
                               .iov_len = frame.len - RTP_PACK_FRAME_BYTES};
            messages[n] = (struct mmsghdr){.msg_hdr = {.msg_name = &c->udp_rtp,
                                                       .msg_namelen = c->udp_len,
                                                       .msg_iov = &parts[n],
                                                       .msg_iovlen = 1}};
            n++;
        }
        /* What the network does not take is lost: that is UDP. */
        (void)sendmmsg(c->server->udp_rtp_fd, messages, n, MSG_DONTWAIT);
    }
}

/* The packed frames carry channel 0; another one is put in for this viewer only. */
static void send_interleaved(struct sim_conn *c, struct tc_slice frames)
{
    if (c->rtp_channel == 0) {
        camera_conn_send(c, frames);
        return;
    }
    TC_CLEANUP(tc_buf_done) struct tc_buf copy;
    tc_buf_init(&copy, frames.len);
    while (frames.len > 0) {
        size_t at = copy.len;
        tc_buf_add_slice(&copy, rtp_pack_next(&frames));
        if (copy.err == TC_OK)
            copy.data[at + 1] = c->rtp_channel;
    }
    camera_conn_send(c, tc_buf_view(&copy));
}

static void send_garbage(struct sim_conn *c)
{
    static const uint8_t garbage[] =
        "\0\xff\r\nthese bytes are no RTSP \x80\x81\x82 HTTP/1.1 200\r\n\r\n";
    camera_conn_send(c, tc_slice(garbage, sizeof garbage));
}

/* Does the camera's fault take the place of this picture? */
static bool misbehave(struct sim_conn *c)
{
    const struct sim_cam *cam = c->cam;
    if (cam->fault == SIM_FAULT_NONE || cam->fault == SIM_FAULT_REFUSE ||
        clock_mono().ns - c->played_mono_ns < cam->fault_after_ms * TC_NS_PER_MS)
        return false;
    if (cam->fault == SIM_FAULT_GARBAGE) {
        send_garbage(c);
        return false;
    }
    if (cam->fault == SIM_FAULT_DROP) {
        camera_conn_send(c,
                         tc_slice_sub(tc_buf_view(&cam->pack.bytes), 0, cam->pack.bytes.len / 2));
        c->closing = true;
    }
    return true;
}

void camera_conn_send_picture(struct sim_conn *c, bool key)
{
    if (misbehave(c))
        return;
    if (unsent(c) > SLOW_BYTES)
        c->waits_for_key = true;
    if (c->waits_for_key && (!key || unsent(c) > 0)) {
        c->server->stats.lost_pictures++;
        return;
    }
    c->waits_for_key = false;
    struct tc_slice frames = tc_buf_view(&c->cam->pack.bytes);
    if (c->udp)
        send_udp(c, frames);
    else
        send_interleaved(c, frames);
}

void camera_conn_send_report(struct sim_conn *c)
{
    const struct sim_cam *cam = c->cam;
    int64_t wall = cam_wall_ns(cam);
    c->report_mono_ns = clock_mono().ns;
    TC_CLEANUP(tc_buf_done) struct tc_buf report;
    tc_buf_init(&report, 512);
    const uint8_t frame[RTP_PACK_FRAME_BYTES] = {'$', c->rtcp_channel, 0, 0};
    tc_buf_add(&report, frame, sizeof frame);
    rtcp_write_sender_report(&report, cam->pack.ssrc, rtp_ntp_of_unix_ns(wall),
                             cam_rtp_time(cam, wall), cam->total_packets, cam->total_octets);
    if (report.err != TC_OK)
        return;
    size_t len = report.len - RTP_PACK_FRAME_BYTES;
    report.data[2] = (uint8_t)(len >> 8);
    report.data[3] = (uint8_t)len;
    if (c->udp)
        (void)sendto(c->server->udp_rtcp_fd, report.data + RTP_PACK_FRAME_BYTES, len, MSG_DONTWAIT,
                     (struct sockaddr *)&c->udp_rtcp, c->udp_len);
    else
        camera_conn_send(c, tc_buf_view(&report));
}

/* --- in
 * ---------------------------------------------------------------------------------------------- */

/* One message or one interleaved frame (a receiver report: a sign of life). Returns the bytes it
 * took; 0 when more are needed. */
static size_t take_one(struct sim_conn *c, struct tc_slice in)
{
    if (rtsp_is_interleaved(in)) {
        struct rtsp_interleaved frame;
        if (rtsp_parse_interleaved(in, &frame) != RTSP_DONE)
            return 0;
        c->alive_mono_ns = clock_mono().ns;
        return frame.bytes;
    }
    struct rtsp_message m;
    enum rtsp_next next = rtsp_parse(in, &m, NULL);
    if (next == RTSP_BAD || (next == RTSP_DONE && !m.is_request))
        c->closing = true;
    if (c->closing || next != RTSP_DONE)
        return 0;
    c->alive_mono_ns = clock_mono().ns;
    camera_conn_answer(c, &m);
    return m.bytes;
}

static void take_all(struct sim_conn *c)
{
    size_t at = 0;
    while (at < c->in.len && !c->closing) {
        size_t n = take_one(c, tc_slice_sub(tc_buf_view(&c->in), at, c->in.len));
        if (n == 0)
            break;
        at += n;
    }
    tc_buf_drop(&c->in, at);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct sim_conn *c = arg;
    uint8_t *room = tc_buf_reserve(&c->in, READ_BYTES);
    ssize_t n = room == NULL ? 0 : recv(fd, room, READ_BYTES, MSG_DONTWAIT);
    if (n > 0) {
        c->in.len += (size_t)n;
        take_all(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->closing = true;
    }
    if (c->closing)
        camera_conn_close(c);
}
