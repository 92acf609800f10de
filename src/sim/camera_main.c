/* SPDX-License-Identifier: Apache-2.0 */
/* `tocsin simulate camera`: the cameras with a loop of their own. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include "base/time.h"
#include "sim/camera.h"

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(arg);
}

static void print_urls(const struct sim_camera_options *options, uint16_t port)
{
    const char *address = options->address == NULL ? "127.0.0.1" : options->address;
    for (size_t i = 0; i < options->name_count; i++)
        (void)printf("rtsp://%s:%u/%s\n", address, port, options->names[i]);
    (void)fflush(stdout);
}

static int serve(struct event_base *base, const struct sim_camera_options *options)
{
    struct sim_cameras *cameras = NULL;
    struct tc_errinfo info = {0};
    if (sim_cameras_start(base, options, &cameras, &info) != TC_OK) {
        (void)fprintf(stderr, "tocsin simulate camera: %s\n", info.text);
        return 1;
    }
    print_urls(options, sim_cameras_port(cameras));
    (void)event_base_dispatch(base);
    sim_cameras_stop(cameras);
    return 0;
}

int sim_camera_main(const struct sim_camera_options *options)
{
    struct event_base *base = event_base_new();
    if (base == NULL) {
        (void)fprintf(stderr, "tocsin simulate camera: no event loop\n");
        return 1;
    }
    struct event *interrupted = evsignal_new(base, SIGINT, on_end, base);
    struct event *terminated = evsignal_new(base, SIGTERM, on_end, base);
    int status = 1;
    if (interrupted != NULL && terminated != NULL && event_add(interrupted, NULL) == 0 &&
        event_add(terminated, NULL) == 0) {
        const struct timeval run = {.tv_sec = options->run_ms / 1000,
                                    .tv_usec = options->run_ms % 1000 * 1000};
        if (options->run_ms > 0)
            (void)event_base_loopexit(base, &run);
        status = serve(base, options);
    }
    if (interrupted != NULL)
        event_free(interrupted);
    if (terminated != NULL)
        event_free(terminated);
    event_base_free(base);
    return status;
}
