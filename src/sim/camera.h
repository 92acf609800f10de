/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated cameras: one RTSP server (RFC 2326) for any number of cameras,
 * rtsp://ADDRESS:PORT/NAME, each an H.264 stream that is drawn (h264_draw.h) or looped from a file.
 * Standard-conforming: OPTIONS, DESCRIBE, SETUP (TCP interleaved, UDP unicast), PLAY, PAUSE,
 * GET_PARAMETER, SET_PARAMETER, TEARDOWN, session time-out, Digest authentication, RTP by RFC 6184,
 * RTCP sender reports. It also misbehaves on request, for tests and drills.
 *
 * A camera without a viewer draws nothing. A picture is packed once for all its viewers. A viewer
 * that does not read loses whole pictures up to the next key frame; its memory is bounded.
 * SET_PARAMETER with the body "intruder: on" (or off) sends somebody through the picture;
 * GET_PARAMETER tells viewers, pictures and lost_pictures.
 *
 * Limits: SIM_CAMERAS_MAX cameras, SIM_CONNS_MAX connections. Runs on the loop's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct event_base;

enum { SIM_CAMERAS_MAX = 256, SIM_CONNS_MAX = 512, SIM_CAMERA_SR_S = 5 };

/* fault, word, what happens; times count from a viewer's PLAY, for refuse from the server's start
 */
#define SIM_FAULT_LIST(X)                                                                          \
    X(NONE, "none", "nothing")                                                                     \
    X(STALL, "stall", "sends no more pictures, but stays connected and answers")                   \
    X(DROP, "drop", "closes the connection in the middle of a picture")                            \
    X(GARBAGE, "garbage", "sends bytes that are no RTSP between the pictures")                     \
    X(REFUSE, "refuse", "until then answers 401 to everybody, right password or not")

enum sim_fault {
#define X(name, word, text) SIM_FAULT_##name,
    SIM_FAULT_LIST(X)
#undef X
        SIM_FAULT_COUNT
};

/* "none" to "refuse"; TC_E_UNKNOWN else, *RET unchanged then. */
enum tc_err sim_fault_parse(const char *word, enum sim_fault *ret) TC_MUST_USE;

/* Zero or NULL means the value in parentheses. Strings are copied. */
struct sim_camera_options {
    const char *address; /* numeric ("127.0.0.1") */
    uint16_t port;       /* (any free one) */
    const char *const *names;
    size_t name_count;
    unsigned width, height, fps, gop; /* (1280 x 720, 15, 30) */
    uint64_t bits_per_second;         /* (4,000,000) */
    const char *film;                 /* Annex B file sent in a loop by all cameras (draw) */
    bool intruder;                    /* somebody walks through all the time */
    const char *user, *password;      /* (no login) */
    bool sha256;                      /* Digest with SHA-256 instead of MD5 */
    unsigned session_timeout_s;       /* (60) */
    enum sim_fault fault;
    int64_t fault_after_ms;
    const char *fault_camera; /* only this one (all) */
    int64_t
        clock_skew_ms; /* the cameras' clock, in the picture and in RTCP, against this machine's */
    int64_t run_ms;    /* sim_camera_main ends after this time (runs until a signal) */
};

struct sim_cameras;

/* Listens and serves on BASE from now on, without blocking. TC_E_RANGE: names or values outside the
 * limits; TC_E_EXISTS: a name twice; system errors (a port in use) with the address in INFO. */
enum tc_err sim_cameras_start(struct event_base *base, const struct sim_camera_options *options,
                              struct sim_cameras **ret, struct tc_errinfo *info) TC_MUST_USE;
/* Closes all connections and frees all. */
void sim_cameras_stop(struct sim_cameras *s);
uint16_t sim_cameras_port(const struct sim_cameras *s);

/* NAME NULL: all cameras. TC_E_NOT_FOUND for a name that is not there. */
enum tc_err sim_cameras_set_intruder(struct sim_cameras *s, const char *name, bool on) TC_MUST_USE;
enum tc_err sim_cameras_set_fault(struct sim_cameras *s, const char *name, enum sim_fault fault,
                                  int64_t after_ms) TC_MUST_USE;

struct sim_camera_stats {
    unsigned viewers;       /* playing now */
    uint64_t sessions;      /* PLAYs answered with 200 */
    uint64_t pictures;      /* packed */
    uint64_t bytes;         /* of RTP packed */
    uint64_t lost_pictures; /* not sent to a viewer that did not read */
};
struct sim_camera_stats sim_cameras_stats(const struct sim_cameras *s);

/* `tocsin simulate camera`: prints the URLs, serves until SIGINT or SIGTERM (or run_ms). Exit
 * status. */
int sim_camera_main(const struct sim_camera_options *options);
