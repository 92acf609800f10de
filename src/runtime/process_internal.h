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
};

enum { FAULT_SLOTS = 64 };

struct fault_slot {
    struct msg_fault fault;
    struct tc_mono sent_at;
    uint32_t unsent; /* happened since it was last sent */
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
    struct event *fault_tick;
    struct event *metrics_tick;
    struct tc_buf metrics_text;
    bool go, started, stopping;
    int status;
};

void process_faults_init(struct process *p);
/* Core is back: what could not be told is told now. */
void process_faults_resend(struct process *p);
