/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated panels as a program. */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "runtime/clock.h"
#include "sim/panel_internal.h"

void panel_say(const struct panel *p, const char *what, struct tc_slice frame)
{
    FILE *out = p->all->out;
    if (out == NULL || p->all->count > 1)
        return;
    char time[TC_TIME_TEXT_BYTES];
    struct tc_slice body = tc_slice_trim(frame);
    if (tc_slice_find_byte(body, '"') < body.len) /* without CRC and length */
        body = tc_slice_sub(body, tc_slice_find_byte(body, '"'), body.len);
    (void)fprintf(out, "%s %s %s", tc_wall_format(clock_wall(), time), p->account, what);
    if (body.len > 0)
        (void)fprintf(out, " %.*s", TC_FMT(body));
    (void)fputc('\n', out);
    (void)fflush(out);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct sim_panels *all = arg;
    all->time_over = true;
    (void)event_base_loopbreak(all->base);
}

static void print_figures(const struct sim_panels *all, double seconds)
{
    const struct sim_panel_stats *s = &all->stats;
    printf("%" PRIu64 " sent, %" PRIu64 " acknowledged, %" PRIu64 " sent again, %" PRIu64
           " NAK, %" PRIu64 " DUH, %" PRIu64 " reconnected\n",
           s->sent, s->acked, s->resent, s->naks, s->duhs, s->reconnects);
    if (s->latency.count > 0)
        printf("%.0f a second; to the ACK: median %.3f ms, 99 %% %.3f ms, longest %.3f ms\n",
               (double)s->acked / (seconds > 0 ? seconds : 1),
               (double)latency_percentile(&s->latency, 50) / 1e6,
               (double)latency_percentile(&s->latency, 99) / 1e6, (double)s->latency.max_ns / 1e6);
}

static int run_panels(struct event_base *base, struct sim_panels *all)
{
    struct event *on_int = evsignal_new(base, SIGINT, on_signal, all);
    struct event *on_term = evsignal_new(base, SIGTERM, on_signal, all);
    if (on_int != NULL)
        (void)event_add(on_int, NULL);
    if (on_term != NULL)
        (void)event_add(on_term, NULL);
    struct tc_mono begin = clock_mono();
    (void)event_base_dispatch(base);
    double seconds = (double)(clock_mono().ns - begin.ns) / (double)TC_NS_PER_S;
    if (!all->options.quiet)
        print_figures(all, seconds);
    if (on_int != NULL)
        event_free(on_int);
    if (on_term != NULL)
        event_free(on_term);
    bool unreached = all->stats.sent == 0 && all->stats.reconnects > 0;
    return sim_panels_all_acked(all) && !unreached ? 0 : 1;
}

int sim_panel_main(const struct sim_panel_options *options)
{
    struct event_base *base = event_base_new();
    struct sim_panels *all = NULL;
    struct tc_errinfo info = {0};
    if (base == NULL || sim_panels_new(base, options, &all, &info) != TC_OK) {
        (void)fprintf(stderr, "tocsin: simulate panel: %s\n",
                      base == NULL ? "no memory" : info.text);
        if (base != NULL)
            event_base_free(base);
        return 2;
    }
    all->out = options->quiet ? NULL : stdout;
    int status = run_panels(base, all);
    sim_panels_free(all);
    event_base_free(base);
    return status;
}
