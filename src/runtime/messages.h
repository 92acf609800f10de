/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between the processes: one table gives each its number, who may send it to whom, the size of
 * its fixed body, how much tail may follow, and how many descriptors travel with it.
 *
 * A message is one SOCK_SEQPACKET datagram: struct msg_head, the body struct named in the table, then `tail`
 * bytes whose form the comment at the struct tells. Texts in bodies are NUL-terminated C strings in arrays;
 * channel.c refuses (and reports) a message whose sizes, sender or texts are not as the table says, so a
 * handler may read its body struct without further ado, but every number in it is still the sender's word:
 * it must be range-checked before it is an index or a length. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "model/role.h"

enum {
    MSG_MAX_BYTES = 65536, /* head + body + tail */
    MSG_FDS_MAX = 200,
    MSG_ID_BYTES = 49,   /* ids of zones, cameras, users (site.h: 48 characters) */
    MSG_TEXT_BYTES = 256,
    MSG_NAME_BYTES = 96,
    MSG_TOKEN_BYTES = 72,
    MSG_DURABLE_IDS_MAX = 512,
    MSG_PARAMS_MAX = 12,
};

#define MSG_MAGIC UINT32_C(0x746f6373) /* "tocs" */

struct msg_head {
    uint32_t magic;
    uint16_t version;
    uint16_t type;
    uint32_t body_bytes;
    uint32_t tail_bytes;
};

#define MSG_BY(role) (1u << TC_ROLE_##role)
#define MSG_BY_WORKERS                                                                             \
    (MSG_BY(INTAKE) | MSG_BY(CORE) | MSG_BY(READER) | MSG_BY(CAPTURE) | MSG_BY(ARCHIVE) | MSG_BY(WEB))

/* name, number, from, to, body struct, most tail bytes, most descriptors */
#define MSG_LIST(X)                                                                                \
    /* the supervisor sets a process up; all before GO */                                          \
    X(SETUP, 1, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_setup, 0, 0)                               \
    X(CONFIG, 2, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_config, 0, 1)                             \
    X(LINK, 3, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_link, 0, 1)                                 \
    X(LISTEN, 4, MSG_BY(SUPERVISOR), MSG_BY(INTAKE) | MSG_BY(WEB), msg_listen, 0, 1)               \
    X(DIR, 5, MSG_BY(SUPERVISOR), MSG_BY(CORE) | MSG_BY(READER) | MSG_BY(ARCHIVE), msg_dir, 0, 1)  \
    X(SECRET, 6, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_secret, 8192, 0)                          \
    X(RING, 7, MSG_BY(SUPERVISOR), MSG_BY(CAPTURE) | MSG_BY(ARCHIVE) | MSG_BY(WEB), msg_ring, 0, 1) \
    X(GO, 8, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_none, 0, 0)                                   \
    X(STOP, 9, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_none, 0, 0)                                 \
    X(PING, 10, MSG_BY(SUPERVISOR), MSG_BY_WORKERS, msg_ping, 0, 0)                                \
    X(CONNECTED, 11, MSG_BY(SUPERVISOR), MSG_BY(CAPTURE), msg_connected, 0, 1)                     \
    X(HEALTH, 12, MSG_BY(SUPERVISOR), MSG_BY(WEB), msg_health, 49152, 0)                           \
    X(PROCESS_STATE, 13, MSG_BY(SUPERVISOR), MSG_BY(CORE), msg_process_state, 0, 0)                \
    /* to the supervisor */                                                                        \
    X(READY, 20, MSG_BY_WORKERS, MSG_BY(SUPERVISOR), msg_ready, 8192, 0)                           \
    X(PONG, 21, MSG_BY_WORKERS, MSG_BY(SUPERVISOR), msg_ping, 0, 0)                                \
    X(METRICS, 22, MSG_BY_WORKERS, MSG_BY(SUPERVISOR), msg_none, 32768, 0)                         \
    X(CONNECT, 23, MSG_BY(CAPTURE), MSG_BY(SUPERVISOR), msg_connect, 0, 0)                         \
    X(RING_GIVE, 24, MSG_BY(CORE), MSG_BY(SUPERVISOR), msg_ring_give, 0, 0)                        \
    X(PASSWORD_PUT, 25, MSG_BY(CORE), MSG_BY(SUPERVISOR), msg_password_put, 512, 0)                \
    X(LINK_LOST, 26, MSG_BY_WORKERS, MSG_BY(SUPERVISOR), msg_link_lost, 0, 0)                      \
    /* intake and core */                                                                          \
    X(SIGNAL, 40, MSG_BY(INTAKE), MSG_BY(CORE), msg_signal, 16384, 0)                              \
    X(SIGNAL_DURABLE, 41, MSG_BY(CORE), MSG_BY(INTAKE), msg_signal_durable, MSG_DURABLE_IDS_MAX * 8, 0) \
    /* a failure that somebody must see */                                                         \
    X(FAULT, 45, MSG_BY_WORKERS, MSG_BY(CORE), msg_fault, 0, 0)                                    \
    /* capture and core */                                                                         \
    X(CAMERA_STATE, 50, MSG_BY(CAPTURE), MSG_BY(CORE), msg_camera_state, 0, 0)                     \
    X(WATCH, 51, MSG_BY(CORE), MSG_BY(CAPTURE), msg_watch, 0, 0)                                   \
    /* core and archive */                                                                         \
    X(RECORD, 60, MSG_BY(CORE), MSG_BY(ARCHIVE), msg_record, 0, 0)                                 \
    X(RECORD_STATE, 61, MSG_BY(ARCHIVE), MSG_BY(CORE), msg_record_state, 8192, 0)                  \
    X(CLIP, 62, MSG_BY(CORE), MSG_BY(ARCHIVE), msg_clip, 0, 0)                                     \
    X(CLIP_ANSWER, 63, MSG_BY(ARCHIVE), MSG_BY(WEB), msg_clip_answer, 8192, MSG_FDS_MAX)           \
    X(SPANS, 64, MSG_BY(CORE), MSG_BY(ARCHIVE), msg_clip, 0, 0)                                    \
    /* web, core, reader; archive answers SPANS to web with ANSWER */                              \
    X(REQUEST, 80, MSG_BY(WEB), MSG_BY(CORE), msg_request, 49152, 0)                               \
    X(QUERY, 81, MSG_BY(CORE), MSG_BY(READER), msg_query, 49152, 0)                                \
    X(ANSWER, 82, MSG_BY(CORE) | MSG_BY(READER) | MSG_BY(ARCHIVE), MSG_BY(WEB), msg_answer, 60000, 0) \
    X(CANCEL, 83, MSG_BY(WEB), MSG_BY(CORE) | MSG_BY(READER), msg_cancel, 0, 0)                    \
    X(PEER, 84, MSG_BY(WEB), MSG_BY(CORE), msg_peer, 0, 1)                                         \
    X(PEER_IS, 85, MSG_BY(CORE), MSG_BY(WEB), msg_peer_is, 0, 0)                                   \
    X(CHANGE, 86, MSG_BY(CORE), MSG_BY(WEB), msg_change, 49152, 0)                                 \
    X(LIVE, 87, MSG_BY(CORE), MSG_BY(WEB), msg_live, 0, 0)

enum msg_type {
#define X(name, number, from, to, body, tail, fds) MSG_##name = number,
    MSG_LIST(X)
#undef X
};

enum { MSG_TYPE_MAX = 128 };

struct msg_none {
    uint32_t reserved;
};

struct msg_setup {
    uint32_t role; /* enum tc_role, as told by the supervisor */
    uint32_t instance;
    uint32_t boot; /* counts starts of the daemon */
    uint32_t uid;  /* 0: keep the uid (not started as root) */
    uint32_t gid;
    uint32_t starts; /* of this process since the daemon started, from 1 */
    char state_dir[MSG_TEXT_BYTES]; /* for messages to people and for chroot */
    char site_file[MSG_TEXT_BYTES];
};

/* descriptor: a sealed memfd with the text of site.yaml (it holds references to secrets, never secrets) */
struct msg_config {
    uint32_t bytes;
    uint8_t sha256[32];
};

/* descriptor: this process's end of the link to PEER; replaces an older link to the same peer */
struct msg_link {
    uint32_t peer; /* enum tc_role */
    uint32_t instance;
};

enum msg_listen_what { MSG_LISTEN_RECEIVER = 1, MSG_LISTEN_CONSOLE = 2, MSG_LISTEN_LOCAL = 3 };

struct msg_listen {
    uint32_t what;
    uint32_t index; /* of the receiver in site.yaml */
    char address[MSG_NAME_BYTES];
};

enum msg_dir_what { MSG_DIR_STATE = 1, MSG_DIR_VOLUME = 2 };

struct msg_dir {
    uint32_t what;
    uint32_t index; /* of the volume */
    int32_t err;    /* enum tc_err; then no descriptor came */
    char path[MSG_TEXT_BYTES];
};

/* tail: the secret's bytes. NAME: "tls.key", "tls.crt", "password/anna", or a secret: reference's name */
struct msg_secret {
    char name[MSG_NAME_BYTES];
};

/* descriptor: the camera's ring; writable for its capture process, read-only for the others */
struct msg_ring {
    uint32_t camera; /* index in site.yaml */
    uint32_t writable;
    uint64_t request; /* id of the RING_GIVE that asked for it, or 0 */
};

struct msg_ping {
    uint64_t number;
};

/* capture asks for a connection to the camera's address; answered by CONNECTED with the same attempt */
struct msg_connect {
    uint32_t camera;
    uint32_t attempt;
    uint32_t sub; /* 1: the sub stream's url */
    uint32_t reserved;
};

struct msg_connected {
    uint32_t camera;
    uint32_t attempt;
    int32_t err; /* enum tc_err; 0: the descriptor is a connected, non-blocking TCP socket */
    uint32_t reserved;
    char text[MSG_TEXT_BYTES];
};

/* tail: OpenMetrics text of one process, or (what 0) the JSON list of processes */
struct msg_health {
    uint32_t what; /* 0: process list as JSON, 1: metrics */
    uint32_t role;
    uint32_t instance;
    uint32_t degraded;
};

enum msg_process_what {
    MSG_PROCESS_UP = 1,
    MSG_PROCESS_DIED = 2,
    MSG_PROCESS_HUNG = 3,
    MSG_PROCESS_VIOLATION = 4, /* a forbidden system call was tried; text names it */
};

struct msg_process_state {
    uint32_t what;
    uint32_t role;
    uint32_t instance;
    int32_t pid;
    char text[MSG_TEXT_BYTES];
};

/* tail: JSON of what the sandbox enforces in this process */
struct msg_ready {
    uint32_t pid;
};

struct msg_ring_give {
    uint32_t camera;
    uint32_t reserved;
    uint64_t request;
};

/* The sender closed its link to PEER, which broke the table; both live, so a new LINK is asked for. */
struct msg_link_lost {
    uint32_t peer; /* enum tc_role */
    uint32_t instance;
};

/* tail: an Argon2id string; the supervisor keeps it with the secrets and sends it to core again */
struct msg_password_put {
    char user[MSG_ID_BYTES];
};

/* One frame from a panel. Tail: EVENTS times struct msg_signal_event, then TEXT_BYTES of the texts that
 * they point into, then the raw bytes as they came. */
struct msg_signal {
    uint64_t id; /* intake's own number; SIGNAL_DURABLE names it */
    int64_t received_at_ns;
    int64_t received_mono_ns;
    int64_t device_at_ns; /* 0: the panel sent no time */
    uint32_t receiver;    /* index in site.yaml */
    int32_t panel;        /* index in site.yaml */
    uint32_t sequence;
    uint32_t events;
    uint32_t text_bytes;
    uint32_t raw_bytes;
    uint8_t digest[32]; /* SHA-256 over account, sequence, body and time: the identity of a retransmission */
    char token[16];
    char account[20];
    char peer[64];
};

enum { MSG_SIGNAL_EVENTS_MAX = 32 };

struct msg_signal_event {
    uint16_t type;  /* enum ev_type; 0: unmapped */
    uint8_t state;  /* enum ev_state */
    uint8_t address_is_user;
    int32_t point;  /* index in the panel's points, -1: the panel's table has no such point */
    uint32_t number; /* zone or user number as sent */
    char code[8];
    char area[8];   /* ri */
    char user[16];  /* id */
    uint32_t text_at; /* into the text part */
    uint32_t text_len;
    int64_t device_at_ns;
};

/* tail: COUNT 64-bit ids of signals whose entries are durable now */
struct msg_signal_durable {
    uint32_t count;
};

/* Something is wrong (or right again) with ITEM. Rate-limited by the sender, never dropped by core. */
struct msg_fault {
    uint16_t type;  /* enum ev_type, e.g. system.disk_failed, supervision.comm_trouble */
    uint8_t active; /* 1 begins, 0 is over, 2 an instant */
    uint8_t reserved;
    uint32_t count; /* how many happened since the last report */
    char item[MSG_NAME_BYTES]; /* what: a volume, a receiver, an account, a camera */
    char zone[MSG_ID_BYTES];
    char text[MSG_TEXT_BYTES]; /* what happened and the remedy */
};

enum msg_camera_what { MSG_CAMERA_CONNECTING = 1, MSG_CAMERA_UP = 2, MSG_CAMERA_DOWN = 3 };

struct msg_camera_state {
    uint32_t camera;
    uint32_t what;
    uint32_t width;
    uint32_t height;
    int64_t at_ns;          /* wall; when the state began (for DOWN: the last frame) */
    int64_t clock_offset_ns; /* camera's clock minus ours, INT64_MIN: not known */
    int64_t clock_error_ns;
    char codec[24];          /* RFC 6381, e.g. avc1.42C01F */
    char cause[32];          /* word: stalled, refused, unauthorized, garbage, closed, timeout ... */
    char text[MSG_TEXT_BYTES];
};

struct msg_watch {
    uint32_t camera;
    uint32_t watched; /* 1: somebody watches live, read at once */
};

enum msg_record_what {
    MSG_RECORD_START = 1,  /* from, and until (0: until further notice) */
    MSG_RECORD_UNTIL = 2,  /* the end is known (or renewed) now */
    MSG_RECORD_QUERY = 3,  /* say again where this recording stands */
};

/* The clip of an incident: write what the ring still has from FROM_NS on, keep writing, hold it. */
struct msg_record {
    uint32_t what;
    uint32_t camera;
    uint64_t action; /* the journal's number of the command; names this recording */
    uint64_t incident;
    int64_t from_ns;
    int64_t until_ns;
    uint32_t hold; /* 1: hard links, retention must not touch it */
    uint32_t reserved;
};

enum msg_record_phase {
    MSG_RECORD_STARTED = 1, /* first fragment is on disk; got_from is exact */
    MSG_RECORD_GROWING = 2, /* sent at most once a second */
    MSG_RECORD_DONE = 3,    /* everything up to until is synced and held */
    MSG_RECORD_FAILED = 4,
};

/* tail: gaps as JSON [{"from":"...","to":"...","cause":"..."}], may be empty */
struct msg_record_state {
    uint64_t action;
    uint32_t phase;
    uint32_t camera;
    int64_t asked_from_ns;
    int64_t asked_to_ns; /* 0: open */
    int64_t got_from_ns;
    int64_t got_to_ns;
    uint64_t bytes;
    char text[MSG_TEXT_BYTES];
};

/* core orders archive to send web a clip (or, as SPANS, the recorded spans) */
struct msg_clip {
    uint64_t request; /* web's request id */
    uint32_t camera;
    uint32_t closed; /* 1: the interval is complete, bytes are immutable */
    uint64_t incident; /* 0: none; else the held files count too */
    int64_t from_ns;
    int64_t to_ns;
    int64_t pre_asked_ns; /* pre-roll asked for, 0: not an incident's clip */
    int64_t event_ns;     /* the moment that the pre-roll precedes */
};

/* descriptors: [0] a memfd: boxes bytes, then EXTENTS times struct clip_extent (media/clip.h), then frames that
 * are in no file yet; [1..] the sources by index, read-only. Extents of source 0 lie in the first or the last of
 * the three. Tail: gaps as JSON. */
struct msg_clip_answer {
    uint64_t request;
    int32_t err; /* enum tc_err; then text says why and no descriptors come */
    uint32_t extents;
    uint64_t total_bytes;
    uint64_t boxes_bytes;
    int64_t asked_from_ns;
    int64_t asked_to_ns;
    int64_t got_from_ns;
    int64_t got_to_ns;
    int64_t pre_asked_ns;
    int64_t pre_got_ns;
    uint32_t closed;
    uint32_t reserved;
    uint8_t etag[16];
    char text[MSG_TEXT_BYTES];
};

/* A request as the route table matched it. Tail: PARAMS times (u16 big-endian name length, name, u16 value
 * length, value) for path and query parameters, then the request's body (JSON). */
struct msg_request {
    uint64_t request;
    uint32_t route; /* row of web's table; core checks it by name */
    uint32_t params;
    uint32_t body_bytes;
    uint32_t local; /* 1: came over the local socket, token is from PEER_IS */
    char route_name[40]; /* e.g. "incident_pickup": the contract between web and core */
    char token[MSG_TOKEN_BYTES];
    char peer[64];
    char idempotency_key[64];
};

/* core → reader: a list the person may see. Tail as in msg_request without body. */
struct msg_query {
    uint64_t request;
    uint32_t params;
    uint32_t role; /* enum site_role of the person */
    char route_name[40];
    char user[MSG_ID_BYTES];
};

/* tail: JSON (a part of it while MORE is 1) */
struct msg_answer {
    uint64_t request;
    uint32_t status; /* HTTP */
    uint32_t more;
    char set_token[MSG_TOKEN_BYTES]; /* a new session's token, or "" */
    uint32_t clear_token;
    uint32_t reserved;
};

struct msg_cancel {
    uint64_t request;
};

/* descriptor: the accepted connection of tocsin.sock; core reads who is at the other end */
struct msg_peer {
    uint64_t request;
};

struct msg_peer_is {
    uint64_t request;
    char token[MSG_TOKEN_BYTES]; /* "": nobody we know */
};

/* tail: JSON of the changed thing; sent after the commit, in journal order */
struct msg_change {
    uint64_t seq;
    char kind[16];
};

/* core allows (or refuses) a live stream that web asked for with route "video_start" */
struct msg_live {
    uint64_t request;
    uint32_t camera;
    uint32_t status; /* 200: the ring comes from the supervisor in a RING message; 403, 404 */
};

/* The table's row of TYPE, or NULL. */
struct msg_row {
    const char *name;
    uint16_t type;
    uint32_t from, to; /* bits 1 << enum tc_role */
    uint32_t body_bytes;
    uint32_t tail_max;
    uint32_t fds_max;
};
const struct msg_row *msg_row(unsigned type);
/* Walks the table for documentation and tests; NULL behind the last row. */
const struct msg_row *msg_row_at(unsigned index);
/* Are the texts of this body NUL-terminated? BODY holds the row's body_bytes. */
bool msg_texts_ok(unsigned type, const void *body);

/* Appends one "name=value" parameter in the form of msg_request's tail; reads the next one back. */
struct tc_buf;
void msg_param_add(struct tc_buf *tail, struct tc_slice name, struct tc_slice value);
/* TC_E_FORMAT when the tail is damaged; both slices borrow from it. */
enum tc_err msg_param_next(struct tc_slice *tail, struct tc_slice *ret_name, struct tc_slice *ret_value) TC_MUST_USE;
