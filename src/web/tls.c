/* SPDX-License-Identifier: Apache-2.0 */
#include "web/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static enum tc_err fail(struct tc_errinfo *info, const char *what)
{
    char text[160] = "";
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return tc_fail(info, TC_E_CRYPTO, "%s: %s", what, text);
}

static enum tc_err use_certificates(SSL_CTX *ctx, BIO *in, struct tc_errinfo *info)
{
    X509 *leaf = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (leaf == NULL)
        return fail(info, "the certificate cannot be read");
    int ok = SSL_CTX_use_certificate(ctx, leaf);
    X509_free(leaf);
    if (ok != 1)
        return fail(info, "the certificate cannot be used");
    X509 *next;
    while ((next = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            return fail(info, "the certificate chain cannot be used");
        }
    }
    ERR_clear_error(); /* the end of the PEM text is reported as an error */
    return TC_OK;
}

static enum tc_err use_key(SSL_CTX *ctx, BIO *in, struct tc_errinfo *info)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    if (key == NULL)
        return fail(info, "the TLS key cannot be read");
    int ok = SSL_CTX_use_PrivateKey(ctx, key);
    EVP_PKEY_free(key);
    if (ok != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return fail(info, "the TLS key does not belong to the certificate");
    return TC_OK;
}

static void set_options(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* The loop moves and cuts its buffers; idle connections give theirs back. */
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(
        ctx, SSL_SESS_CACHE_OFF); /* tickets resume, without memory here */
    (void)SSL_CTX_set_num_tickets(ctx, 1);
    (void)SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

enum tc_err web_tls_new(struct tc_slice cert_pem, struct tc_slice key_pem, struct ssl_ctx_st **ret,
                        struct tc_errinfo *info)
{
    if (cert_pem.len == 0 || key_pem.len == 0 || cert_pem.len > INT_MAX || key_pem.len > INT_MAX)
        return tc_fail(info, TC_E_CRYPTO, "no TLS key or certificate was given");
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    BIO *cert = BIO_new_mem_buf(cert_pem.ptr, (int)cert_pem.len);
    BIO *key = BIO_new_mem_buf(key_pem.ptr, (int)key_pem.len);
    enum tc_err err = TC_E_NOMEM;
    if (ctx != NULL && cert != NULL && key != NULL) {
        set_options(ctx);
        err = use_certificates(ctx, cert, info);
        if (err == TC_OK)
            err = use_key(ctx, key, info);
    }
    BIO_free(cert);
    BIO_free(key);
    if (err != TC_OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    *ret = ctx;
    return TC_OK;
}

struct ssl_ctx_st *web_tls_free(struct ssl_ctx_st *ctx)
{
    SSL_CTX_free(ctx);
    return NULL;
}
