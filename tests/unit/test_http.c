/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "proto/http.h"

static unsigned parse(const char *text, struct http_head *h)
{
    unsigned status = 0;
    struct tc_slice in = tc_slice_str(text);
    assert_int_equal(http_head_length(in), in.len);
    return http_head_parse(in, h, &status, NULL) == TC_OK ? 0 : status;
}

static void test_head__browser_request__every_part(void **state)
{
    (void)state;
    struct http_head h;
    assert_int_equal(parse("POST /a/b?c=d&e HTTP/1.1\r\nHost: x:1\r\ncontent-LENGTH:  12 \r\n"
                           "Connection: keep-alive, Upgrade\r\nX:\r\n\r\n",
                           &h),
                     0);
    assert_int_equal(h.method, HTTP_POST);
    assert_slice_is(h.path, "/a/b");
    assert_slice_is(h.query, "c=d&e");
    assert_slice_is(h.host, "x:1");
    assert_int_equal(h.content_length, 12);
    assert_true(h.upgrade);
    assert_false(h.close);
    assert_int_equal(h.header_count, 4);
    assert_slice_is(http_header(&h, "x"), "");
    assert_null(http_header(&h, "y").ptr);
}

static void test_head__connection_end__by_version_and_field(void **state)
{
    static const struct {
        const char *head;
        bool close;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
    };
    (void)state;
    struct http_head h;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        assert_int_equal(parse(cases[i].head, &h), 0);
        assert_int_equal(h.close, cases[i].close);
    }
}

static void test_head__two_readings_possible__refused(void **state)
{
    static const struct {
        const char *head;
        unsigned status;
    } cases[] = {
        {"\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 505},
        {"GET / FTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n A: folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501},
    };
    (void)state;
    struct http_head h;
    for (size_t i = 0; i < TC_COUNT(cases); i++)
        if (parse(cases[i].head, &h) != cases[i].status)
            fail_msg("%s: %u", cases[i].head, parse(cases[i].head, &h));
}

static void test_head__over_a_limit__says_which(void **state)
{
    (void)state;
    static char text[HTTP_TARGET_BYTES_MAX + 1000];
    struct http_head h;
    size_t at = (size_t)snprintf(text, sizeof text, "GET /");
    memset(text + at, 'a', HTTP_TARGET_BYTES_MAX);
    (void)strcpy(text + at + HTTP_TARGET_BYTES_MAX, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(parse(text, &h), 414);
    at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "A: b\r\n");
    (void)strcpy(text + at, "\r\n");
    assert_int_equal(parse(text, &h), 431);
}

static void test_head_length__blank_line_missing__zero(void **state)
{
    (void)state;
    assert_int_equal(http_head_length(tc_slice_str("GET / HTTP/1.1\r\nHost: x\r\n")), 0);
    assert_int_equal(http_head_length(tc_slice(NULL, 0)), 0);
    assert_int_equal(http_head_length(tc_slice_str("\r\n\r\nGET")), 4);
}

static void test_range__every_form__as_the_rfc_says(void **state)
{
    static const struct {
        const char *field;
        uint64_t total;
        enum http_range want;
        uint64_t first, last;
    } cases[] = {
        {NULL, 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-0", 100, HTTP_RANGE_PART, 0, 0},
        {"bytes=0-", 100, HTTP_RANGE_PART, 0, 99},
        {"Bytes=10-19", 100, HTTP_RANGE_PART, 10, 19},
        {"bytes=90-1000", 100, HTTP_RANGE_PART, 90, 99},
        {"bytes=-1", 100, HTTP_RANGE_PART, 99, 99},
        {"bytes=-1000", 100, HTTP_RANGE_PART, 0, 99},
        {"bytes=-0", 100, HTTP_RANGE_BEYOND, 0, 0},
        {"bytes=100-", 100, HTTP_RANGE_BEYOND, 0, 0},
        {"bytes=0-", 0, HTTP_RANGE_BEYOND, 0, 0},
        {"bytes=-1", 0, HTTP_RANGE_BEYOND, 0, 0},
        {"bytes=20-10", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-1,5-6", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=-", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"lines=1-2", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=18446744073709551615-", 100, HTTP_RANGE_BEYOND, 0, 0},
        {"bytes=18446744073709551616-", 100, HTTP_RANGE_WHOLE, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        uint64_t first = 0, last = 0;
        enum http_range got =
            http_range(tc_slice_str(cases[i].field), cases[i].total, &first, &last);
        if (got != cases[i].want || first != cases[i].first || last != cases[i].last)
            fail_msg("%s of %u: %d %u-%u", cases[i].field, (unsigned)cases[i].total, (int)got,
                     (unsigned)first, (unsigned)last);
    }
}

static void test_cookie__among_others__found_planted_twin_refused(void **state)
{
    (void)state;
    struct tc_slice v = tc_slice(NULL, 0);
    assert_ok(http_cookie(tc_slice_str("a=1; tocsin_session=xyz; b=2"), "tocsin_session", &v),
              NULL);
    assert_slice_is(v, "xyz");
    assert_int_equal(
        http_cookie(tc_slice_str("xtocsin_session=1; tocsin_sessionx=2"), "tocsin_session", &v),
        TC_E_NOT_FOUND);
    assert_int_equal(
        http_cookie(tc_slice_str("tocsin_session=a; tocsin_session=b"), "tocsin_session", &v),
        TC_E_CONFLICT);
    assert_ok(http_cookie(tc_slice_str("tocsin_session=a; tocsin_session=a"), "tocsin_session", &v),
              NULL);
    assert_int_equal(http_cookie(tc_slice(NULL, 0), "tocsin_session", &v), TC_E_NOT_FOUND);
}

static void test_gzip__offered_or_refused(void **state)
{
    (void)state;
    assert_true(http_accepts_gzip(tc_slice_str("gzip, deflate, br")));
    assert_true(http_accepts_gzip(tc_slice_str("br, GZIP;q=0.5")));
    assert_false(http_accepts_gzip(tc_slice_str("gzip;q=0")));
    assert_false(http_accepts_gzip(tc_slice_str("gzip;q=0.000")));
    assert_false(http_accepts_gzip(tc_slice_str("br, xgzip")));
    assert_false(http_accepts_gzip(tc_slice(NULL, 0)));
}

static void test_etag__list_weak_and_star(void **state)
{
    (void)state;
    struct tc_slice tag = tc_slice_str("\"b\"");
    assert_true(http_etag_matches(tc_slice_str("\"a\", W/\"b\""), tag));
    assert_true(http_etag_matches(tc_slice_str("*"), tag));
    assert_false(http_etag_matches(tc_slice_str("\"a\""), tag));
    assert_false(http_etag_matches(tc_slice(NULL, 0), tag));
}

static void test_decode__escapes__text_or_error(void **state)
{
    static const struct {
        const char *in;
        enum tc_err err;
        const char *out;
    } cases[] = {
        {"a%20b+c", TC_OK, "a b c"},
        {"%C3%A4", TC_OK, "\xc3\xa4"},
        {"", TC_OK, ""},
        {"%2", TC_E_FORMAT, ""},
        {"%zz", TC_E_FORMAT, ""},
        {"%00", TC_E_FORMAT, ""},
        {"%0a", TC_E_FORMAT, ""},
        {"%ff", TC_E_FORMAT, ""},
        {"%C0%AF", TC_E_FORMAT, ""},
        {"0123456789abcdefg", TC_E_LIMIT, ""},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        char out[16];
        size_t len = 0;
        assert_int_equal(http_decode(tc_slice_str(cases[i].in), true, out, sizeof out, &len),
                         cases[i].err);
        if (cases[i].err == TC_OK)
            assert_slice_is(tc_slice(out, len), cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head__browser_request__every_part),
        cmocka_unit_test(test_head__connection_end__by_version_and_field),
        cmocka_unit_test(test_head__two_readings_possible__refused),
        cmocka_unit_test(test_head__over_a_limit__says_which),
        cmocka_unit_test(test_head_length__blank_line_missing__zero),
        cmocka_unit_test(test_range__every_form__as_the_rfc_says),
        cmocka_unit_test(test_cookie__among_others__found_planted_twin_refused),
        cmocka_unit_test(test_gzip__offered_or_refused),
        cmocka_unit_test(test_etag__list_weak_and_star),
        cmocka_unit_test(test_decode__escapes__text_or_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
