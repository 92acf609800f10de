/* SPDX-License-Identifier: Apache-2.0 */
/* A camera that nobody here wrote: GStreamer's RTSP server with a test picture, H.264, 640x360, 15
 * frames a second. gst_rtsp_server [user password] [udp] Prints "port N" when it serves
 * rtsp://127.0.0.1:N/main (with a login: Digest), ends when its input ends. */
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>
#include <string.h>

static const char launch[] =
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 "
    "! timeoverlay ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=800 "
    "! rtph264pay name=pay0 pt=96 )";

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer loop)
{
    (void)channel;
    (void)condition;
    g_main_loop_quit(loop);
    return FALSE;
}

static void want_login(GstRTSPServer *server, GstRTSPMediaFactory *factory, const char *user,
                       const char *password)
{
    GstRTSPAuth *auth = gst_rtsp_auth_new();
    GstRTSPToken *token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
    gst_rtsp_auth_add_digest(auth, user, password, token);
    gst_rtsp_token_unref(token);
    gst_rtsp_server_set_auth(server, auth);
    g_object_unref(auth);
    gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                    G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                    G_TYPE_BOOLEAN, TRUE, NULL);
}

int main(int argc, char **argv)
{
    gst_init(NULL, NULL);
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GstRTSPServer *server = gst_rtsp_server_new();
    GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, launch);
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    if (argc > 1 && strcmp(argv[argc - 1], "udp") == 0)
        gst_rtsp_media_factory_set_protocols(factory, GST_RTSP_LOWER_TRANS_UDP);
    if (argc > 2)
        want_login(server, factory, argv[1], argv[2]);
    GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
    gst_rtsp_mount_points_add_factory(mounts, "/main", factory);
    g_object_unref(mounts);
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, "0");
    if (gst_rtsp_server_attach(server, NULL) == 0)
        return 1;
    printf("port %d\n", gst_rtsp_server_get_bound_port(server));
    fflush(stdout);
    GIOChannel *input = g_io_channel_unix_new(0);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, loop);
    g_main_loop_run(loop);
    return 0;
}
