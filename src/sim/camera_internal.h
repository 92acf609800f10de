/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the simulated cameras: who owns what. The server owns cameras and connections; a
 * connection points to the camera it has set up and stands in that camera's list while it plays. */
#pragma once

#include <netinet/in.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/time.h"
#include "proto/http_auth.h"
#include "proto/rtsp.h"
#include "sim/camera.h"
#include "sim/film.h"
#include "sim/h264_draw.h"
#include "sim/rtp_pack.h"

struct event;
struct evconnlistener;

enum { CAM_SESSION_BYTES = 20, CAM_RATE_HZ = 90000 };

struct sim_cam {
    struct sim_cameras *server;
    char name[SIM_DRAW_NAME_BYTES];
    struct sim_draw *draw; /* or else the server's film */
    struct rtp_pack pack;
    struct event *tick;
    int64_t period_ns;
    int64_t due_mono_ns; /* of the next picture */
    int64_t due_wall_ns; /* the time it will show, by the camera's own clock */
    uint64_t film_at;
    uint32_t rtp_base;
    uint32_t total_packets, total_octets;
    unsigned shift; /* pictures until the one that shifts this camera's GOPs against the others' */
    bool want_key;
    enum sim_fault fault;
    int64_t fault_after_ms;
    LIST_HEAD(, sim_conn) viewers;
};

enum camera_conn_state { CONN_INIT, CONN_READY, CONN_PLAYING };

struct sim_conn {
    struct sim_cameras *server;
    LIST_ENTRY(sim_conn) all;
    LIST_ENTRY(sim_conn) viewing; /* in cam->viewers while playing */
    int fd;
    struct event *on_read, *on_write;
    struct tc_buf in;
    struct tc_buf out; /* what the socket did not take yet */
    size_t out_at;
    bool closing; /* freed when the current call ends */
    struct http_challenge challenge;
    enum camera_conn_state state;
    struct sim_cam *cam; /* from SETUP on */
    char session[CAM_SESSION_BYTES];
    uint8_t rtp_channel, rtcp_channel;
    bool udp;
    struct sockaddr_storage udp_rtp, udp_rtcp;
    socklen_t udp_len;
    bool waits_for_key;
    int64_t played_mono_ns, alive_mono_ns, report_mono_ns;
};

struct sim_cameras {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *housekeeping;
    struct sim_camera_options options; /* strings: the copies below */
    char *user, *password;
    uint16_t port;
    int64_t started_mono_ns;
    struct sim_film *film;
    struct sim_cam *cams;
    size_t cam_count;
    LIST_HEAD(, sim_conn) conns;
    unsigned camera_conn_count;
    int udp_rtp_fd, udp_rtcp_fd; /* -1 until somebody asks for UDP */
    uint16_t udp_port;           /* of RTP; RTCP is one above */
    struct event *on_udp_rtcp;
    struct sim_camera_stats stats;
};

/* camera.c */
struct sim_cam *cam_find(struct sim_cameras *s, struct tc_slice name);
struct tc_slice cam_sps(const struct sim_cam *cam);
struct tc_slice cam_pps(const struct sim_cam *cam);
/* What the camera's own clock shows now. */
int64_t cam_wall_ns(const struct sim_cam *cam);
uint32_t cam_rtp_time(const struct sim_cam *cam, int64_t wall_ns);
/* Puts CONN among the viewers; pictures begin with the next key frame, asked for now. */
void cam_add_viewer(struct sim_cam *cam, struct sim_conn *conn);
void cam_set_port(struct sockaddr_storage *address, uint16_t port);
/* Both UDP sockets, made when first needed. */
enum tc_err cameras_open_udp(struct sim_cameras *s) TC_MUST_USE;

/* camera_conn.c */
void camera_conn_open(struct sim_cameras *s, int fd);
void camera_conn_close(struct sim_conn *c);
/* Leaves the viewers and forgets the session; the connection stays. */
void camera_conn_end_session(struct sim_conn *c);
/* Sends or keeps bytes; closes (later) when memory or the viewer is gone. */
void camera_conn_send(struct sim_conn *c, struct tc_slice bytes);
/* The camera's last packed picture. */
void camera_conn_send_picture(struct sim_conn *c, bool key);
void camera_conn_send_report(struct sim_conn *c);

/* camera_rtsp.c */
/* Answers one request. */
void camera_conn_answer(struct sim_conn *c, const struct rtsp_message *m);
