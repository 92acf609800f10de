/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/buf.h"
#include "proto/http_auth.h"

static struct http_challenge take(const char *value)
{
    struct http_challenge c = {0};
    http_challenge_take(tc_slice_str(value), &c);
    return c;
}

static struct http_login login_of(const char *user, const char *password)
{
    return (struct http_login){tc_slice_str(user), tc_slice_str(password)};
}

static const char *answer(struct tc_buf *b, const struct http_challenge *c, struct http_login login,
                          const char *method, const char *uri, uint32_t count, const char *cnonce)
{
    tc_buf_init(b, 4096);
    assert_int_equal(http_authorization_write(b, c, &login, tc_slice_str(method), tc_slice_str(uri),
                                              count, tc_slice_str(cnonce)),
                     TC_OK);
    return tc_buf_cstr(b);
}

/* RFC 7616 3.9.1, both algorithms; RFC 2617 3.5 and a form without qop as cameras use it. */
static void test_digest__published_vectors__give_the_published_response(void **state)
{
    (void)state;
    static const struct {
        const char *challenge, *user, *password, *method, *uri, *cnonce, *response;
    } rows[] = {
        {"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
         "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
         "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
         "Mufasa", "Circle of Life", "GET", "/dir/index.html",
         "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
         "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
        {"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
         "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
         "Mufasa", "Circle of Life", "GET", "/dir/index.html",
         "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
        {"Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
         "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
         "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b",
         "6629fae49393a05397450978507c4ef1"},
        {"Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
         "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "",
         "670fd8c2df070c60b045671b8b24ff02"},
    };
    for (size_t i = 0; i < TC_COUNT(rows); i++) {
        struct http_challenge c = take(rows[i].challenge);
        TC_CLEANUP(tc_buf_done) struct tc_buf b;
        struct http_login login = login_of(rows[i].user, rows[i].password);
        const char *text = answer(&b, &c, login, rows[i].method, rows[i].uri, 1, rows[i].cnonce);
        assert_slice_is(http_auth_param(tc_slice_str(text), "response"), rows[i].response);
        assert_true(http_authorization_check(tc_buf_view(&b), &c, &login, tc_slice_str("GET")));
        assert_false(http_authorization_check(tc_buf_view(&b), &c, &login, tc_slice_str("PUT")));
        login.password = tc_slice_str("wrong");
        assert_false(http_authorization_check(tc_buf_view(&b), &c, &login, tc_slice_str("GET")));
    }
}

static void test_challenge__several_offered__the_strongest_is_taken(void **state)
{
    (void)state;
    struct http_challenge c = take("Basic realm=\"cam\"");
    assert_int_equal(c.scheme, HTTP_AUTH_BASIC);
    http_challenge_take(tc_slice_str("Digest realm=\"cam\", nonce=\"n1\", algorithm=\"MD5\""), &c);
    assert_int_equal(c.scheme, HTTP_AUTH_DIGEST_MD5);
    http_challenge_take(tc_slice_str("Digest algorithm=SHA-256,realm=\"cam\",nonce=\"n2\""), &c);
    assert_int_equal(c.scheme, HTTP_AUTH_DIGEST_SHA256);
    assert_string_equal(c.nonce, "n2");
    http_challenge_take(tc_slice_str("Basic realm=\"cam\""), &c);
    assert_int_equal(c.scheme, HTTP_AUTH_DIGEST_SHA256);
    c = take("Basic realm=\"a\", Digest realm=\"b\", nonce=\"n3\", stale=TRUE");
    assert_int_equal(c.scheme, HTTP_AUTH_DIGEST_MD5);
    assert_string_equal(c.realm, "b");
    assert_true(c.stale);
}

static void test_challenge__useless_ones__are_passed_over(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ",,,",
        "=",
        "Digest",
        "Digest realm=\"x\"",
        "Digest realm=\"x\", nonce=\"\"",
        "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256",
        "Bearer realm=\"x\"",
        "realm=\"x\", nonce=\"n\"",
        "Digest nonce=\"unclosed",
        "\"",
    };
    for (size_t i = 0; i < TC_COUNT(texts); i++) {
        struct http_challenge c = take(texts[i]);
        bool unclosed = texts[i][0] == 'D' && c.scheme == HTTP_AUTH_DIGEST_MD5;
        assert_true(c.scheme == HTTP_AUTH_NONE || (unclosed && c.nonce[0] == 'u'));
    }
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 4096);
    tc_buf_add_str(&b, "Digest realm=\"x\", nonce=\"");
    for (int i = 0; i < HTTP_AUTH_TEXT_BYTES; i++)
        tc_buf_add_str(&b, "n");
    tc_buf_add_str(&b, "\"");
    struct http_challenge c = take(tc_buf_cstr(&b));
    assert_int_equal(c.scheme, HTTP_AUTH_NONE);
}

static void test_basic__user_and_password__are_encoded(void **state)
{
    (void)state;
    struct http_challenge c = take("Basic realm=\"x\"");
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    struct http_login login = login_of("Aladdin", "open sesame");
    assert_string_equal(answer(&b, &c, login, "GET", "/", 1, ""),
                        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_true(http_authorization_check(tc_buf_view(&b), &c, &login, tc_slice_str("GET")));
    login.password = tc_slice_str("open");
    assert_false(http_authorization_check(tc_buf_view(&b), &c, &login, tc_slice_str("GET")));
}

static void test_authorization__hostile_login__is_refused(void **state)
{
    (void)state;
    struct http_challenge c = take("Digest realm=\"x\", nonce=\"n\"");
    TC_CLEANUP(tc_buf_done) struct tc_buf b;
    tc_buf_init(&b, 4096);
    struct http_login login = login_of("a\", x=\"", "p");
    assert_int_equal(http_authorization_write(&b, &c, &login, tc_slice_str("GET"),
                                              tc_slice_str("/"), 1, tc_slice_str("c")),
                     TC_E_FORMAT);
    login.user = tc_slice_str("a\r\nEvil: 1");
    assert_int_equal(http_authorization_write(&b, &c, &login, tc_slice_str("GET"),
                                              tc_slice_str("/"), 1, tc_slice_str("c")),
                     TC_E_FORMAT);
    assert_int_equal(b.len, 0);
    static const struct http_challenge none;
    assert_int_equal(http_authorization_write(&b, &none, &login, tc_slice_str("GET"),
                                              tc_slice_str("/"), 1, tc_slice_str("c")),
                     TC_E_UNSUPPORTED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest__published_vectors__give_the_published_response),
        cmocka_unit_test(test_challenge__several_offered__the_strongest_is_taken),
        cmocka_unit_test(test_challenge__useless_ones__are_passed_over),
        cmocka_unit_test(test_basic__user_and_password__are_encoded),
        cmocka_unit_test(test_authorization__hostile_login__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
