/* SPDX-License-Identifier: Apache-2.0 */
/* A browser's end of a connection for tests of the web room: TLS (or plain) over a socket pair, in
 * the same thread and on the same loop as the server, so that a test is the same every time and
 * nothing sleeps. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "test.h"

#include "base/buf.h"
#include "base/time.h"
#include "web/conn.h"
#include "web/tls.h"

static struct tc_mono test_clock = {.ns = 1000 * TC_NS_PER_S};

static inline struct tc_mono test_now(void)
{
    return test_clock;
}

static inline void test_advance(struct web_server *s, int64_t ns)
{
    test_clock.ns += ns;
    web_server_sweep(s);
}

static inline void pump(struct event_base *base)
{
    for (int i = 0; i < 4; i++)
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline struct tc_slice bio_text(BIO *bio)
{
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    return tc_slice(at, (size_t)len);
}

/* A self-signed certificate for localhost, made once. */
static inline SSL_CTX *test_tls(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, name);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    BIO *cert = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(cert, x), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL), 1);
    SSL_CTX *ctx = NULL;
    struct tc_errinfo info = {0};
    assert_ok(web_tls_new(bio_text(cert), bio_text(pem), &ctx, &info), &info);
    BIO_free(cert);
    BIO_free(pem);
    X509_free(x);
    EVP_PKEY_free(key);
    return ctx;
}

struct web_client {
    struct event_base *base;
    SSL_CTX *ctx;
    SSL *ssl; /* NULL: plain */
    int fd;
    bool closed;
};

static inline void client_done(struct web_client *k)
{
    if (k->ssl != NULL)
        SSL_free(k->ssl);
    if (k->ctx != NULL)
        SSL_CTX_free(k->ctx);
    if (k->fd >= 0)
        (void)close(k->fd);
    *k = (struct web_client){.fd = -1};
}

/* A new connection to S from 10.0.0.HOST (127.0.0.1 when 0). False when the server did not take it.
 */
static inline bool client_init(struct web_client *k, struct event_base *base, struct web_server *s,
                               enum web_door door, unsigned host)
{
    int pair[2], small = 65536;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    *k = (struct web_client){.base = base, .fd = pair[0]};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(40000)};
    from.sin_addr.s_addr = htonl(host == 0 ? INADDR_LOOPBACK : 0x0a000000 + host);
    web_server_adopt(s, pair[1], door,
                     door == WEB_DOOR_TLS ? (const struct sockaddr *)&from : NULL);
    if (door == WEB_DOOR_LOCAL)
        return true;
    k->ctx = SSL_CTX_new(TLS_client_method());
    k->ssl = SSL_new(k->ctx);
    assert_int_equal(SSL_set_fd(k->ssl, k->fd), 1);
    for (int i = 0; i < 50; i++) {
        if (SSL_connect(k->ssl) == 1)
            return true;
        pump(base);
    }
    return false;
}

/* Sends what the server takes; returns how much that was. */
static inline size_t client_try_send(struct web_client *k, const void *data, size_t len)
{
    size_t sent = 0;
    for (int idle = 0; sent < len && idle < 8;) {
        const uint8_t *at = (const uint8_t *)data + sent;
        ssize_t n = k->ssl != NULL ? SSL_write(k->ssl, at, (int)(len - sent))
                                   : send(k->fd, at, len - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        idle = n > 0 ? 0 : idle + 1;
        pump(k->base);
    }
    return sent;
}

static inline void client_send(struct web_client *k, const char *text)
{
    assert_int_equal(client_try_send(k, text, strlen(text)), strlen(text));
}

/* Appends what has come to OUT (which must be initialised). Sets k->closed when the server has
 * closed. */
static inline void client_read(struct web_client *k, struct tc_buf *out)
{
    for (int idle = 0; idle < 4;) {
        uint8_t *room = tc_buf_reserve(out, 65536);
        assert_non_null(room);
        ssize_t n = k->ssl != NULL ? SSL_read(k->ssl, room, 65536) : recv(k->fd, room, 65536, 0);
        if (n > 0) {
            out->len += (size_t)n;
            idle = 0;
            continue;
        }
        if (k->ssl != NULL ? SSL_get_error(k->ssl, (int)n) != SSL_ERROR_WANT_READ
                           : (n == 0 || errno != EAGAIN)) {
            k->closed = true;
            return;
        }
        pump(k->base);
        idle++;
    }
}

/* One request, and everything that came back, as a C string in OUT. */
static inline const char *client_ask(struct web_client *k, struct tc_buf *out, const char *request)
{
    client_send(k, request);
    tc_buf_clear(out);
    client_read(k, out);
    return tc_buf_cstr(out);
}
