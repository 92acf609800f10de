/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver's counters as OpenMetrics lines. */
#include <inttypes.h>
#include <stddef.h>

#include "base/check.h"
#include "intake/receiver_internal.h"

static const struct {
    const char *name;
    size_t at;
} counters[] = {
    {"acknowledged", offsetof(struct receiver_counters, acks)},
    {"refused_nak", offsetof(struct receiver_counters, naks)},
    {"refused_duh", offsetof(struct receiver_counters, duhs)},
    {"connections_accepted", offsetof(struct receiver_counters, accepted)},
    {"connections_refused", offsetof(struct receiver_counters, refused)},
    {"connections_evicted", offsetof(struct receiver_counters, evicted)},
    {"connections_timed_out", offsetof(struct receiver_counters, timed_out)},
    {"bytes_received", offsetof(struct receiver_counters, bytes_in)},
    {"junk_bytes", offsetof(struct receiver_counters, junk_bytes)},
    {"throttled", offsetof(struct receiver_counters, throttled)},
    {"signals_resent", offsetof(struct receiver_counters, resent)},
    {"signals_durable_late", offsetof(struct receiver_counters, late)},
};

static void add_latency(const struct receiver_counters *n, struct tc_buf *out)
{
    uint64_t sum = 0;
    tc_buf_add_str(out, "# TYPE tocsin_intake_ack_seconds histogram\n");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += n->latency[i];
        tc_buf_add_fmt(out, "tocsin_intake_ack_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                       (double)receiver_bucket_ns[i] / (double)TC_NS_PER_S, sum);
    }
    sum += n->latency[HISTOGRAM_BUCKETS];
    tc_buf_add_fmt(out, "tocsin_intake_ack_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
    tc_buf_add_fmt(out, "tocsin_intake_ack_seconds_sum %g\n",
                   (double)n->latency_sum_ns / (double)TC_NS_PER_S);
    tc_buf_add_fmt(out, "tocsin_intake_ack_seconds_count %" PRIu64 "\n", sum);
}

void receiver_metrics(const struct receiver *r, struct tc_buf *out)
{
    const struct receiver_counters *n = &r->n;
    tc_buf_add_fmt(out, "# TYPE tocsin_intake_connections gauge\ntocsin_intake_connections %zu\n",
                   r->conns_count);
    tc_buf_add_fmt(out, "# TYPE tocsin_intake_waiting gauge\ntocsin_intake_waiting %zu\n",
                   r->pending.count);
    tc_buf_add_str(out, "# TYPE tocsin_intake_frames counter\n");
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        tc_buf_add_fmt(out, "tocsin_intake_frames_total{result=\"%s\"} %" PRIu64 "\n",
                       outcome_rows[i].label, n->outcomes[i]);
    for (size_t i = 0; i < TC_COUNT(counters); i++) {
        uint64_t v = *(const uint64_t *)(const void *)((const char *)n + counters[i].at);
        tc_buf_add_fmt(out, "# TYPE tocsin_intake_%s counter\ntocsin_intake_%s_total %" PRIu64 "\n",
                       counters[i].name, counters[i].name, v);
    }
    add_latency(n, out);
}
