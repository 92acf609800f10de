/* SPDX-License-Identifier: Apache-2.0 */
/* The console's key and certificate: keys/tls.key and keys/tls.crt in the state directory,
 * self-made at the first start (P-256, the machine's name and addresses), replaced by whoever puts
 * others there. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "supervisor/internal.h"

enum { PEM_BYTES_MAX = 7168, CERT_DAYS = 825 };

static enum tc_err read_file(struct supervisor *s, const char *name, struct tc_buf *out,
                             struct tc_errinfo *info)
{
    int fd = openat(s->state_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return tc_fail_errno(info, errno, "opening %s/%s", s->options->state_dir, name);
    tc_buf_init(out, PEM_BYTES_MAX);
    uint8_t *at = tc_buf_reserve(out, PEM_BYTES_MAX);
    ssize_t n = at == NULL ? -1 : read(fd, at, PEM_BYTES_MAX);
    (void)close(fd);
    if (n <= 0)
        return tc_fail(info, TC_E_IO, "%s/%s cannot be read or is empty", s->options->state_dir,
                       name);
    out->len = (size_t)n;
    return TC_OK;
}

static enum tc_err write_file(struct supervisor *s, const char *name, BIO *pem,
                              struct tc_errinfo *info)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(pem, &bytes);
    int fd = openat(s->state_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return tc_fail_errno(info, errno, "writing %s/%s", s->options->state_dir, name);
    bool done = write(fd, bytes, (size_t)len) == len && fsync(fd) == 0;
    int errnum = errno;
    (void)close(fd);
    return done ? TC_OK : tc_fail_errno(info, errnum, "writing %s/%s", s->options->state_dir, name);
}

static bool add_names(X509 *cert, const char *listen_host)
{
    char host[128] = "localhost";
    char names[512];
    (void)gethostname(host, sizeof host - 1);
    bool any = strcmp(listen_host, "0.0.0.0") == 0 || strcmp(listen_host, "::") == 0;
    (void)snprintf(names, sizeof names, "DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1%s%s", host,
                   any ? "" : ",IP:", any ? "" : listen_host);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool done = san != NULL && X509_add_ext(cert, san, -1) == 1;
    X509_EXTENSION_free(san);
    return done;
}

static X509 *make_cert(EVP_PKEY *key, const char *listen_host)
{
    X509 *cert = X509_new();
    X509_NAME *name = cert == NULL ? NULL : X509_get_subject_name(cert);
    BIGNUM *serial = BN_new();
    bool done =
        cert != NULL && serial != NULL && X509_set_version(cert, 2) == 1 &&
        BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL &&
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(cert), CERT_DAYS * 86400L) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"Tocsin console", -1, -1, 0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
        add_names(cert, listen_host) && X509_sign(cert, key, EVP_sha256()) > 0;
    BN_free(serial);
    if (done)
        return cert;
    X509_free(cert);
    return NULL;
}

static enum tc_err make_files(struct supervisor *s, struct tc_errinfo *info)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key == NULL ? NULL : make_cert(key, s->site.console.listen.host);
    BIO *key_pem = BIO_new(BIO_s_mem());
    BIO *cert_pem = BIO_new(BIO_s_mem());
    enum tc_err err = TC_E_CRYPTO;
    if (cert != NULL && key_pem != NULL && cert_pem != NULL &&
        PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(cert_pem, cert) == 1) {
        err = write_file(s, "keys/tls.key", key_pem, info);
        if (err == TC_OK)
            err = write_file(s, "keys/tls.crt", cert_pem, info);
    } else {
        (void)tc_fail(info, err, "making the console's key and certificate failed");
    }
    BIO_free(cert_pem);
    BIO_free(key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}

static enum tc_err take_fingerprint(struct supervisor *s, struct tc_errinfo *info)
{
    BIO *pem = BIO_new_mem_buf(s->tls_crt.data, (int)s->tls_crt.len);
    X509 *cert = pem == NULL ? NULL : PEM_read_bio_X509(pem, NULL, NULL, NULL);
    unsigned char digest[32];
    unsigned len = 0;
    bool done =
        cert != NULL && X509_digest(cert, EVP_sha256(), digest, &len) == 1 && len == sizeof digest;
    X509_free(cert);
    BIO_free(pem);
    if (!done)
        return tc_fail(info, TC_E_CRYPTO, "%s/keys/tls.crt is no certificate in PEM form",
                       s->options->state_dir);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(s->fingerprint + i * 3, 4, i + 1 < sizeof digest ? "%02X:" : "%02X",
                       digest[i]);
    return TC_OK;
}

enum tc_err tls_open(struct supervisor *s, struct tc_errinfo *info)
{
    if (faccessat(s->state_fd, "keys/tls.key", F_OK, 0) != 0 ||
        faccessat(s->state_fd, "keys/tls.crt", F_OK, 0) != 0)
        TC_TRY(make_files(s, info));
    TC_TRY(read_file(s, "keys/tls.key", &s->tls_key, info));
    TC_TRY(read_file(s, "keys/tls.crt", &s->tls_crt, info));
    return take_fingerprint(s, info);
}
