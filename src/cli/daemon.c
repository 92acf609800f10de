/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/daemon.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/site_file.h"

enum { ASK_WITHIN_S = 30 };

struct transfer {
    CURL *curl;
    struct daemon_answer *answer;
    int fd;
    int write_errno;
};

void daemon_answer_done(struct daemon_answer *a)
{
    tc_buf_done(&a->body);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * count;
    long status = 0;
    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->fd < 0 || status != 200) {
        tc_buf_add(&t->answer->body, bytes, len);
        return t->answer->body.err == TC_OK ? len : 0;
    }
    for (size_t at = 0; at < len;) {
        ssize_t put = write(t->fd, bytes + at, len - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            t->write_errno = errno;
            return 0;
        }
        at += (size_t)put;
    }
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    static const char name[] = "X-Tocsin-Clip:";
    struct transfer *t = ctx;
    struct tc_slice line = tc_slice_trim(tc_slice(bytes, size * count));
    if (tc_slice_starts_nocase(line, name))
        tc_slice_to_str_cut(tc_slice_trim(tc_slice_sub(line, sizeof name - 1, line.len)),
                            t->answer->clip, sizeof t->answer->clip);
    return size * count;
}

static void set_up(struct transfer *t, const char *method, const char *socket, const char *url,
                   struct curl_slist *headers, const char *json)
{
    (void)curl_easy_setopt(t->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    (void)curl_easy_setopt(t->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, (long)ASK_WITHIN_S);
    /* a clip may take long; what must not happen is that nothing comes */
    (void)curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, (long)ASK_WITHIN_S);
    (void)curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
    if (json != NULL)
        (void)curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, json);
}

static enum tc_err outcome(const struct transfer *t, CURLcode code, const char *socket,
                           struct tc_errinfo *info)
{
    if (code == CURLE_OK)
        return TC_OK;
    if (t->write_errno != 0)
        return tc_fail_errno(info, t->write_errno, "writing the answer");
    if (code == CURLE_COULDNT_CONNECT)
        return tc_fail(info, TC_E_CLOSED, "no daemon listens on %s; start it with: tocsin run",
                       socket);
    return tc_fail(info, TC_E_IO, "asking the daemon on %s: %s", socket, curl_easy_strerror(code));
}

enum tc_err daemon_ask(const struct cli_args *args, const char *method, const char *path,
                       const char *json, int fd, struct daemon_answer *ret, struct tc_errinfo *info)
{
    char socket[CLI_PATH_BYTES];
    char url[2048];
    *ret = (struct daemon_answer){0};
    tc_buf_init(&ret->body, DAEMON_ANSWER_BYTES_MAX);
    (void)snprintf(socket, sizeof socket, "%s/tocsin.sock", cli_state_path(args));
    (void)snprintf(url, sizeof url, "http://localhost%s", path);
    struct transfer t = {.curl = curl_easy_init(), .answer = ret, .fd = fd};
    if (t.curl == NULL)
        return tc_fail(info, TC_E_NOMEM, "libcurl did not start");
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    set_up(&t, method, socket, url, headers, json);
    CURLcode code = curl_easy_perform(t.curl);
    (void)curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(t.curl);
    return outcome(&t, code, socket, info);
}

enum tc_err daemon_problem(const struct daemon_answer *a, struct tc_errinfo *info)
{
    json_t *root = json_loadb((const char *)a->body.data, a->body.len, 0, NULL);
    const char *title = json_string_value(json_object_get(root, "title"));
    const char *detail = json_string_value(json_object_get(root, "detail"));
    const char *owner = json_string_value(json_object_get(root, "owner"));
    bool owned = owner != NULL && owner[0] != 0;
    enum tc_err err = tc_fail(
        info, a->status == 401 || a->status == 403 ? TC_E_DENIED : TC_E_CONFLICT, "%s: %s%s%s%s",
        title == NULL ? "the daemon refuses" : title, detail == NULL ? "it gave no reason" : detail,
        owned ? " (" : "", owned ? owner : "", owned ? ")" : "");
    json_decref(root);
    return err;
}
