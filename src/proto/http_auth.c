/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

/* ---- reading parameters ---- */

struct auth_param {
    struct tc_slice name; /* empty at the end */
    struct tc_slice value;
    bool has_value;
};

static bool is_separator(uint8_t c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '\n';
}

static struct tc_slice skip_separators(struct tc_slice s)
{
    while (s.len > 0 && is_separator(s.ptr[0]))
        s = tc_slice_sub(s, 1, s.len);
    return s;
}

/* Behind the opening quote; *REST goes behind the closing one. Backslashes stay: what cameras put
 * into realms and nonces is compared and sent back as it came. */
static struct tc_slice take_quoted(struct tc_slice *rest)
{
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != '"')
        end += rest->ptr[end] == '\\' && end + 1 < rest->len ? 2 : 1;
    struct tc_slice value = tc_slice_sub(*rest, 0, end);
    *rest = tc_slice_sub(*rest, end + 1, rest->len);
    return value;
}

/* The next `name`, `name=token` or `name="text"`; a scheme's word is a name without a value. */
static struct auth_param next_param(struct tc_slice *rest)
{
    struct tc_slice s = skip_separators(*rest);
    size_t end = 0;
    while (end < s.len && s.ptr[end] != '=' && !is_separator(s.ptr[end]))
        end++;
    struct auth_param p = {.name = tc_slice_sub(s, 0, end)};
    s = tc_slice_sub(s, end, s.len);
    struct tc_slice behind = skip_separators(s);
    if (behind.len == 0 || behind.ptr[0] != '=' || p.name.len == 0) {
        *rest = p.name.len == 0 ? tc_slice_sub(behind, 1, behind.len) : behind;
        return p;
    }
    p.has_value = true;
    s = skip_separators(tc_slice_sub(behind, 1, behind.len));
    if (s.len > 0 && s.ptr[0] == '"') {
        s = tc_slice_sub(s, 1, s.len);
        p.value = take_quoted(&s);
    } else {
        end = 0;
        while (end < s.len && !is_separator(s.ptr[end]))
            end++;
        p.value = tc_slice_sub(s, 0, end);
        s = tc_slice_sub(s, end, s.len);
    }
    *rest = s;
    return p;
}

static bool name_is(struct tc_slice name, const char *text)
{
    return tc_slice_eq_nocase(name, tc_slice_str(text));
}

struct tc_slice http_auth_param(struct tc_slice value, const char *name)
{
    for (struct tc_slice rest = value; rest.len > 0;) {
        struct auth_param p = next_param(&rest);
        if (p.has_value && name_is(p.name, name))
            return p.value;
    }
    return tc_slice(NULL, 0);
}

/* ---- challenges ---- */

static bool list_has(struct tc_slice list, const char *word)
{
    while (list.ptr != NULL)
        if (name_is(tc_slice_trim(tc_slice_split(&list, ',')), word))
            return true;
    return false;
}

/* "MD5", "SHA-256", each also with "-sess". NONE for what we do not know. */
static enum http_auth_scheme algorithm_of(struct tc_slice name, bool *ret_session)
{
    static const struct {
        const char *name;
        enum http_auth_scheme scheme;
        bool session;
    } rows[] = {
        {"MD5", HTTP_AUTH_DIGEST_MD5, false},
        {"MD5-sess", HTTP_AUTH_DIGEST_MD5, true},
        {"SHA-256", HTTP_AUTH_DIGEST_SHA256, false},
        {"SHA-256-sess", HTTP_AUTH_DIGEST_SHA256, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (name_is(name, rows[i].name)) {
            *ret_session = rows[i].session;
            return rows[i].scheme;
        }
    return HTTP_AUTH_NONE;
}

/* One parameter into the challenge being read. A text that is too long makes it useless: scheme
 * NONE. */
static void take_param(struct http_challenge *c, const struct auth_param *p)
{
    enum tc_err err = TC_OK;
    if (name_is(p->name, "realm")) {
        err = tc_slice_to_str(p->value, c->realm, sizeof c->realm);
    } else if (name_is(p->name, "nonce")) {
        err = tc_slice_to_str(p->value, c->nonce, sizeof c->nonce);
    } else if (name_is(p->name, "opaque")) {
        err = tc_slice_to_str(p->value, c->opaque, sizeof c->opaque);
        c->has_opaque = true;
    } else if (name_is(p->name, "qop")) {
        c->qop_auth = list_has(p->value, "auth");
    } else if (name_is(p->name, "stale")) {
        c->stale = name_is(p->value, "true");
    } else if (name_is(p->name, "algorithm") && c->scheme >= HTTP_AUTH_DIGEST_MD5) {
        c->scheme = algorithm_of(p->value, &c->session);
    }
    if (err != TC_OK)
        c->scheme = HTTP_AUTH_NONE;
}

static void keep_better(struct http_challenge *best, const struct http_challenge *c)
{
    bool usable = c->scheme == HTTP_AUTH_BASIC || c->nonce[0] != '\0';
    if (usable && c->scheme > best->scheme)
        *best = *c;
}

void http_challenge_take(struct tc_slice value, struct http_challenge *best)
{
    struct http_challenge c = {0};
    for (struct tc_slice rest = value; rest.len > 0;) {
        struct auth_param p = next_param(&rest);
        if (p.has_value) {
            take_param(&c, &p);
            continue;
        }
        if (p.name.len == 0)
            continue;
        keep_better(best, &c);
        memset(&c, 0, sizeof c);
        if (name_is(p.name, "Digest"))
            c.scheme = HTTP_AUTH_DIGEST_MD5;
        else if (name_is(p.name, "Basic"))
            c.scheme = HTTP_AUTH_BASIC;
    }
    keep_better(best, &c);
}

/* ---- answers ---- */

enum { HEX_BYTES = 2 * 32 + 1 };

static const char hex_digits[] = "0123456789abcdef";

/* Hash of the parts joined by ':', in hex. */
static enum tc_err hash_joined(enum http_auth_scheme scheme, const struct tc_slice *parts,
                               size_t count, char out[HEX_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return TC_E_NOMEM;
    int ok =
        EVP_DigestInit_ex(ctx, scheme == HTTP_AUTH_DIGEST_SHA256 ? EVP_sha256() : EVP_md5(), NULL);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            ok = ok && EVP_DigestUpdate(ctx, ":", 1);
        if (parts[i].len > 0)
            ok = ok && EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, digest, &len) && len <= 32;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return TC_E_CRYPTO;
    for (unsigned i = 0; i < len; i++) {
        out[2 * i] = hex_digits[digest[i] >> 4];
        out[2 * i + 1] = hex_digits[digest[i] & 15];
    }
    out[2 * len] = '\0';
    return TC_OK;
}

/* RFC 7616 3.4.1. NC is the eight digits of the count; both it and CNONCE are unused without qop.
 */
static enum tc_err digest_response(const struct http_challenge *c, const struct http_login *login,
                                   struct tc_slice method, struct tc_slice uri, struct tc_slice nc,
                                   struct tc_slice cnonce, char out[HEX_BYTES])
{
    char a1[HEX_BYTES], a2[HEX_BYTES];
    struct tc_slice nonce = tc_slice_str(c->nonce);
    struct tc_slice who[] = {login->user, tc_slice_str(c->realm), login->password};
    TC_TRY(hash_joined(c->scheme, who, 3, a1));
    if (c->session) {
        struct tc_slice again[] = {tc_slice_str(a1), nonce, cnonce};
        char inner[HEX_BYTES];
        TC_TRY(hash_joined(c->scheme, again, 3, inner));
        memcpy(a1, inner, sizeof a1);
    }
    struct tc_slice what[] = {method, uri};
    TC_TRY(hash_joined(c->scheme, what, 2, a2));
    if (c->qop_auth) {
        struct tc_slice all[] = {tc_slice_str(a1),     nonce,           nc, cnonce,
                                 tc_slice_str("auth"), tc_slice_str(a2)};
        return hash_joined(c->scheme, all, 6, out);
    }
    struct tc_slice all[] = {tc_slice_str(a1), nonce, tc_slice_str(a2)};
    return hash_joined(c->scheme, all, 3, out);
}

static enum tc_err basic_text(const struct http_login *login, char *out, size_t size)
{
    unsigned char plain[2 * HTTP_AUTH_USER_BYTES_MAX + 1];
    if (login->user.len > HTTP_AUTH_USER_BYTES_MAX ||
        login->password.len > HTTP_AUTH_USER_BYTES_MAX || size < 4 * ((sizeof plain + 2) / 3) + 1)
        return TC_E_LIMIT;
    size_t len = 0;
    if (login->user.len > 0)
        memcpy(plain, login->user.ptr, login->user.len);
    len = login->user.len;
    plain[len++] = ':';
    if (login->password.len > 0)
        memcpy(plain + len, login->password.ptr, login->password.len);
    len += login->password.len;
    EVP_EncodeBlock((unsigned char *)out, plain, (int)len);
    OPENSSL_cleanse(plain, sizeof plain);
    return TC_OK;
}

/* What stands between quotes or ends a line must not. */
static bool quotable(struct tc_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7f || s.ptr[i] == '"')
            return false;
    return true;
}

static void write_digest(struct tc_buf *out, const struct http_challenge *c,
                         const struct http_login *login, struct tc_slice uri, const char *response)
{
    tc_buf_add_fmt(out, "Digest username=\"%.*s\", realm=\"%s\", nonce=\"%s\", uri=\"%.*s\"",
                   TC_FMT(login->user), c->realm, c->nonce, TC_FMT(uri));
    tc_buf_add_fmt(out, ", response=\"%s\"", response);
    if (c->scheme == HTTP_AUTH_DIGEST_SHA256)
        tc_buf_add_str(out, c->session ? ", algorithm=SHA-256-sess" : ", algorithm=SHA-256");
    else if (c->session)
        tc_buf_add_str(out, ", algorithm=MD5-sess");
    if (c->has_opaque)
        tc_buf_add_fmt(out, ", opaque=\"%s\"", c->opaque);
}

enum tc_err http_authorization_write(struct tc_buf *out, const struct http_challenge *challenge,
                                     const struct http_login *login, struct tc_slice method,
                                     struct tc_slice uri, uint32_t count, struct tc_slice cnonce)
{
    if (challenge->scheme == HTTP_AUTH_NONE)
        return TC_E_UNSUPPORTED;
    if (challenge->scheme == HTTP_AUTH_BASIC) {
        char text[4 * (2 * HTTP_AUTH_USER_BYTES_MAX + 3) / 3 + 8];
        TC_TRY(basic_text(login, text, sizeof text));
        tc_buf_add_fmt(out, "Basic %s", text);
        OPENSSL_cleanse(text, sizeof text);
        return out->err;
    }
    if (!quotable(login->user) || !quotable(uri) || !quotable(cnonce))
        return TC_E_FORMAT;
    char response[HEX_BYTES], nc[9];
    for (int i = 0; i < 8; i++)
        nc[i] = hex_digits[count >> (28 - 4 * i) & 15];
    nc[8] = '\0';
    TC_TRY(digest_response(challenge, login, method, uri, tc_slice_str(nc), cnonce, response));
    write_digest(out, challenge, login, uri, response);
    if (challenge->qop_auth)
        tc_buf_add_fmt(out, ", qop=auth, nc=%s", nc);
    if (challenge->qop_auth || challenge->session)
        tc_buf_add_fmt(out, ", cnonce=\"%.*s\"", TC_FMT(cnonce));
    return out->err;
}

/* In time that does not depend on where they differ. */
static bool same_secret(struct tc_slice a, struct tc_slice b)
{
    return a.len == b.len && a.len > 0 && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool http_authorization_check(struct tc_slice value, const struct http_challenge *challenge,
                              const struct http_login *login, struct tc_slice method)
{
    if (challenge->scheme == HTTP_AUTH_BASIC) {
        char text[4 * (2 * HTTP_AUTH_USER_BYTES_MAX + 3) / 3 + 8];
        if (!tc_slice_starts_nocase(value, "Basic ") ||
            basic_text(login, text, sizeof text) != TC_OK)
            return false;
        bool same =
            same_secret(tc_slice_trim(tc_slice_sub(value, 6, value.len)), tc_slice_str(text));
        OPENSSL_cleanse(text, sizeof text);
        return same;
    }
    if (challenge->scheme == HTTP_AUTH_NONE || !tc_slice_starts_nocase(value, "Digest "))
        return false;
    char response[HEX_BYTES];
    if (!tc_slice_eq(http_auth_param(value, "username"), login->user) ||
        !tc_slice_is(http_auth_param(value, "nonce"), challenge->nonce) ||
        digest_response(challenge, login, method, http_auth_param(value, "uri"),
                        http_auth_param(value, "nc"), http_auth_param(value, "cnonce"),
                        response) != TC_OK)
        return false;
    return same_secret(http_auth_param(value, "response"), tc_slice_str(response));
}
