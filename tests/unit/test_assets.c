/* SPDX-License-Identifier: Apache-2.0 */
/* The table of console files, here the one of a build without the console. */
#include "test.h"
#include "web/assets.h"

static void test_asset__root__is_the_index_page(void **state)
{
    (void)state;
    const struct web_asset *page = web_asset_find(tc_slice_str("/"));
    assert_non_null(page);
    assert_ptr_equal(page, web_asset_find(tc_slice_str("/index.html")));
    assert_string_equal(page->content_type, "text/html; charset=utf-8");
    assert_false(page->immutable);
    assert_true(tc_slice_starts(page->bytes, "<!doctype html>"));
    assert_true(tc_slice_find(page->bytes, "make console") < page->bytes.len);
}

static void test_asset__etag__is_quoted(void **state)
{
    (void)state;
    struct tc_slice etag = tc_slice_str(web_assets[0].etag);
    assert_int_equal(etag.len, 18);
    assert_int_equal(etag.ptr[0], '"');
    assert_int_equal(etag.ptr[17], '"');
}

static void test_asset__other_path__is_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"",   "index.html",     "/index",       "/INDEX.HTML",
                                        "//", "/../index.html", "/index.html/", "/assets/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(web_asset_find(tc_slice_str(paths[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asset__root__is_the_index_page),
        cmocka_unit_test(test_asset__etag__is_quoted),
        cmocka_unit_test(test_asset__other_path__is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
