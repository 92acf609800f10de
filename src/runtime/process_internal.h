/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct process, for process.c and process_fault.c only. */
#pragma once

#include "runtime/clock.h"
#include "runtime/process.h"

struct event;

struct link_slot {
    bool used;
    enum tc_role peer;
    unsigned instance;
    struct channel *channel; /* NULL while the peer is away */
    bool lost; /* we closed it: the peer lives, and nobody else knows that a new one is needed */
};

enum { FAULT_SLOTS = 64 };

struct fault_slot {
    struct msg_fault fault;
    struct tc_mono sent_at;
    uint32_t unsent; /* happened since it was last sent */
    uint64_t order;  /* of the last one, among all faults */
    bool used;
};

struct process {
    const struct process_ops *ops;
    void *user;
    struct event_base *base;
    struct channel *control;
    struct channel_ops link_ops;
    char label[TC_ROLE_LABEL_BYTES];
    struct msg_setup setup;
    struct tc_slice config;
    uint8_t config_sha256[32];
    struct link_slot links[PROCESS_LINKS_MAX];
    struct process_listen listens[PROCESS_LISTENS_MAX];
    size_t listens_count;
    struct process_dir dirs[PROCESS_DIRS_MAX];
    size_t dirs_count;
    struct process_secret *secrets;
    size_t secrets_count;
    struct fault_slot faults[FAULT_SLOTS];
    uint64_t faults_order;
    struct event *fault_tick;
    struct event *metrics_tick;
    struct tc_buf metrics_text;
    bool go, started, stopping;
    int status;
};

/* Asks the supervisor for new links in place of those that we closed; once a second. */
void process_links_ask(struct process *p);
void process_faults_init(struct process *p);
/* Core is back: what could not be told is told now. */
void process_faults_resend(struct process *p);
