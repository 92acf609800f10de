/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: every row is whole, matching, parameters, bodies, OpenAPI, the gate. */
#include "test.h"

#include <jansson.h>

#include "base/buf.h"
#include "runtime/messages.h"
#include "web/gate.h"
#include "web/routes.h"

static void test_table__every_row__has_policy_answer_and_fitting_parameters(void **state)
{
    (void)state;
    const struct web_route *r;
    for (unsigned i = 0; (r = web_route_at(i)) != NULL; i++) {
        assert_true(r->policy > WEB_POLICY_NONE && r->policy < WEB_POLICY_COUNT);
        assert_true(r->handler != 0 && r->status >= 100);
        assert_true(strlen(r->answer) > 0 && strlen(r->summary) > 0);
        assert_true(strlen(r->name) < sizeof((struct msg_request *)0)->route_name);
        assert_int_equal(web_route_index(r), i);
        unsigned count = 0;
        for (const struct web_param *p = r->params; p->name != NULL; p++, count++) {
            char braces[80];
            (void)snprintf(braces, sizeof braces, "{%s}", p->name);
            assert_int_equal(p->place == WEB_IN_PATH, strstr(r->path, braces) != NULL);
            assert_true(p->place != WEB_IN_PATH || p->required);
            assert_true(p->max <= WEB_PARAM_BYTES_MAX || p->place == WEB_IN_BODY ||
                        p->type == WEB_TYPE_NUMBER);
            assert_int_equal(p->type == WEB_TYPE_WORD, p->words != NULL);
            assert_non_null(p->help);
        }
        assert_true(count <= MSG_PARAMS_MAX);
        for (unsigned k = 0; k < i; k++) /* one row per method and path */
            assert_false(web_route_at(k)->method == r->method &&
                         strcmp(web_route_at(k)->path, r->path) == 0);
    }
    assert_true(r == NULL);
}

/* Only these may be reached by somebody who is not signed in; a new one must be added here on
 * purpose. */
static void test_table__public_rows__are_the_known_ones(void **state)
{
    (void)state;
    static const char *const known[] = {"healthz", "openapi", "session_create"};
    const struct web_route *r;
    for (unsigned i = 0; (r = web_route_at(i)) != NULL; i++) {
        bool listed = false;
        for (size_t k = 0; k < TC_COUNT(known); k++)
            listed = listed || strcmp(known[k], r->name) == 0;
        assert_int_equal(r->policy == WEB_POLICY_PUBLIC, listed);
    }
}

static void test_find__paths__row_or_reason(void **state)
{
    static const struct {
        enum http_method method;
        const char *path, *name;
        enum tc_err err;
    } cases[] = {
        {HTTP_GET, "/api/v1/incidents", "incidents", TC_OK},
        {HTTP_HEAD, "/api/v1/incidents", "incidents", TC_OK},
        {HTTP_GET, "/api/v1/incidents/17", "incident", TC_OK},
        {HTTP_POST, "/api/v1/incidents/17/close", "incident_close", TC_OK},
        {HTTP_GET, "/api/v1/incidents/17/clip.mp4", "incident_clip", TC_OK},
        {HTTP_DELETE, "/api/v1/session", "session_delete", TC_OK},
        {HTTP_PUT, "/api/v1/session", NULL, TC_E_UNSUPPORTED},
        {HTTP_METHODS, "/api/v1/session", NULL, TC_E_UNSUPPORTED},
        {HTTP_GET, "/api/v1/incidents/", NULL, TC_E_NOT_FOUND},
        {HTTP_GET, "/api/v1/incidents//close", NULL, TC_E_NOT_FOUND},
        {HTTP_GET, "/api/v1/incidents/1/2/3", NULL, TC_E_NOT_FOUND},
        {HTTP_GET, "/API/v1/incidents", NULL, TC_E_NOT_FOUND},
        {HTTP_GET, "/", NULL, TC_E_NOT_FOUND},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct web_match m;
        assert_int_equal(web_route_find(cases[i].method, tc_slice_str(cases[i].path), &m),
                         cases[i].err);
        if (cases[i].name != NULL)
            assert_string_equal(m.route->name, cases[i].name);
    }
}

static enum tc_err params(const char *path, const char *query, struct tc_buf *tail,
                          struct web_param_fault *f)
{
    struct web_match m;
    uint32_t count = 0;
    tc_buf_clear(tail);
    assert_ok(web_route_find(HTTP_GET, tc_slice_str(path), &m), NULL);
    return web_route_params(&m, tc_slice_str(query), tail, &count, f);
}

static void test_params__good__in_the_messages_form(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf tail;
    tc_buf_init(&tail, 4096);
    struct web_param_fault f = {0};
    assert_ok(params("/api/v1/cameras/yard-ptz/clip.mp4",
                     "to=%402000&from=2026-01-31T12%3A00%3A00Z", &tail, &f),
              NULL);
    struct tc_slice rest = tc_buf_view(&tail), name, value;
    assert_ok(msg_param_next(&rest, &name, &value), NULL);
    assert_slice_is(name, "id");
    assert_slice_is(value, "yard-ptz");
    assert_ok(msg_param_next(&rest, &name, &value), NULL);
    assert_slice_is(value, "1970-01-01T00:33:20.000000Z");
    assert_ok(msg_param_next(&rest, &name, &value), NULL);
    assert_slice_is(value, "2026-01-31T12:00:00Z");
    assert_int_equal(rest.len, 0);
}

static void test_params__hostile__named_and_refused(void **state)
{
    static const struct {
        const char *path, *query, *field;
    } cases[] = {
        {"/api/v1/incidents/0", NULL, "id"},
        {"/api/v1/incidents/-1", NULL, "id"},
        {"/api/v1/incidents/1e3", NULL, "id"},
        {"/api/v1/incidents/9223372036854775808", NULL, "id"},
        {"/api/v1/incidents/1%00", NULL, "id"},
        {"/api/v1/incidents/..", NULL, "id"},
        {"/api/v1/incidents/%2e%2e%2f", NULL, "id"},
        {"/api/v1/cameras/a%2Fb/timeline", "from=@1&to=@2", "id"},
        {"/api/v1/cameras/a'--/timeline", "from=@1&to=@2", "id"},
        {"/api/v1/cameras/a/timeline", "from=@1", "to"},
        {"/api/v1/cameras/a/timeline", "from=yesterday&to=@2", "from"},
        {"/api/v1/cameras/a/timeline", "from=@1&to=@99999999999999", "to"},
        {"/api/v1/incidents", "state=open&state=closed", "state"},
        {"/api/v1/incidents", "state[]=open", "state[]"},
        {"/api/v1/incidents", "state=OPEN", "state"},
        {"/api/v1/incidents", "limit=0", "limit"},
        {"/api/v1/incidents", "limit=201", "limit"},
        {"/api/v1/incidents", "limit=", "limit"},
        {"/api/v1/incidents", "limit=1%0a", "limit"},
        {"/api/v1/incidents", "sort=id;drop", "sort"},
        {"/api/v1/events", "zone=%3Cscript%3E", "zone"},
    };
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf tail;
    tc_buf_init(&tail, 4096);
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct web_param_fault f = {0};
        if (params(cases[i].path, cases[i].query, &tail, &f) != TC_E_FORMAT ||
            strcmp(f.field, cases[i].field) != 0 || f.text[0] == 0)
            fail_msg("%s?%s: %s %s", cases[i].path, cases[i].query, f.field, f.text);
    }
}

static void test_body__type_confusion__refused(void **state)
{
    static const struct {
        const char *path, *body;
        bool ok;
    } cases[] = {
        {"/api/v1/session", "{\"user\":\"anna\",\"password\":\"x\"}", true},
        {"/api/v1/session", "{\"user\":[\"anna\"],\"password\":\"x\"}", false},
        {"/api/v1/session", "{\"user\":{\"$ne\":1},\"password\":\"x\"}", false},
        {"/api/v1/session", "{\"user\":\"anna\"}", false},
        {"/api/v1/session", "{\"user\":null,\"password\":\"x\"}", false},
        {"/api/v1/session", "{\"user\":\"\",\"password\":\"x\"}", false},
        {"/api/v1/session", "{\"user\":\"a\",\"user\":\"b\",\"password\":\"x\"}", false},
        {"/api/v1/session", "{\"user\":\"a\",\"password\":\"x\",\"role\":\"administrator\"}",
         false},
        {"/api/v1/session", "[]", false},
        {"/api/v1/session", "\"a\"", false},
        {"/api/v1/session", "{\"user\":\"a\\u0000b\",\"password\":\"x\"}", false},
        {"/api/v1/session", "{}x", false},
        {"/api/v1/session", "", false},
        {"/api/v1/incidents/1/pickup", "", true},
        {"/api/v1/incidents/1/pickup", "{}", true},
        {"/api/v1/incidents/1/close", "{\"outcome\":\"false\",\"force\":true,\"reason\":\"r\"}",
         true},
        {"/api/v1/incidents/1/close", "{\"outcome\":\"false\",\"force\":1}", false},
        {"/api/v1/incidents/1/close", "{\"outcome\":\"maybe\"}", false},
        {"/api/v1/incidents/1/note", "{\"text\":\"$(reboot)\\n../\\u00e4\"}", true},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct web_match m;
        struct web_param_fault f = {0};
        assert_ok(web_route_find(HTTP_POST, tc_slice_str(cases[i].path), &m), NULL);
        if ((web_route_body(m.route, tc_slice_str(cases[i].body), &f) == TC_OK) != cases[i].ok)
            fail_msg("%s: %s %s", cases[i].body, f.field, f.text);
    }
}

static void test_openapi__whole_table__valid_json_with_every_row(void **state)
{
    (void)state;
    TC_CLEANUP(tc_buf_done) struct tc_buf out;
    tc_buf_init(&out, 1 << 20);
    web_openapi(&out);
    assert_int_equal(out.err, TC_OK);
    json_t *root = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_t *paths = json_object_get(root, "paths");
    static const char *const words[HTTP_METHODS] = {
        [HTTP_GET] = "get", [HTTP_POST] = "post", [HTTP_DELETE] = "delete"};
    const struct web_route *r;
    for (unsigned i = 0; (r = web_route_at(i)) != NULL; i++) {
        json_t *op = json_object_get(json_object_get(paths, r->path), words[r->method]);
        assert_string_equal(json_string_value(json_object_get(op, "operationId")), r->name);
        assert_non_null(json_object_get(op, "x-tocsin-policy"));
    }
    json_decref(root);
}

/* ---- the gate ---- */

static bool named(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "console.example") == 0;
}

static void test_gate_host__ours_or_a_rebound_name(void **state)
{
    static const struct {
        const char *host;
        bool ok;
    } cases[] = {
        {"127.0.0.1:8443", true},
        {"10.40.0.5", true},
        {"[::1]:8443", true},
        {"localhost:8443", true},
        {"console.example:8443", true},
        {"evil.example:8443", false},
        {"127.0.0.1.evil.example", false},
        {"", false},
        {"[", false},
        {":8443", false},
        {"localhost.evil.example", false},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++)
        if (web_gate_host(tc_slice_str(cases[i].host), named, NULL) != cases[i].ok)
            fail_msg("%s", cases[i].host);
    assert_false(web_gate_host(tc_slice(NULL, 0), named, NULL));
}

static void verdicts(const char *fields, bool mutates, unsigned *token_status,
                     unsigned *origin_status, struct web_caller *who)
{
    char text[1024];
    struct http_head h;
    unsigned status = 0;
    (void)snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: h:1\r\n%s\r\n", fields);
    assert_ok(http_head_parse(tc_slice_str(text), &h, &status, NULL), NULL);
    *token_status = web_gate_token(&h, who).status;
    *origin_status = web_gate_origin(&h, who, mutates).status;
}

static void test_gate__tokens_and_origins__cookie_needs_our_page(void **state)
{
    static const struct {
        const char *fields;
        bool mutates;
        unsigned token, origin;
        const char *expect;
    } cases[] = {
        {"", true, 0, 0, ""},
        {"Cookie: tocsin_session=abc\r\n", false, 0, 0, "abc"},
        {"Cookie: tocsin_session=abc\r\n", true, 0, 403, "abc"},
        {"Cookie: tocsin_session=abc\r\nOrigin: https://h:1\r\n", true, 0, 0, "abc"},
        {"Cookie: tocsin_session=abc\r\nOrigin: https://H:1\r\n", true, 0, 0, "abc"},
        {"Cookie: tocsin_session=abc\r\nOrigin: http://h:1\r\n", true, 0, 403, "abc"},
        {"Cookie: tocsin_session=abc\r\nOrigin: https://h:1.evil\r\n", true, 0, 403, "abc"},
        {"Cookie: tocsin_session=abc\r\nOrigin: null\r\n", true, 0, 403, "abc"},
        {"Origin: https://evil\r\n", true, 0, 403, ""}, /* signing somebody in from elsewhere */
        {"Authorization: Bearer tok\r\n", true, 0, 0, "tok"},
        {"Authorization: Bearer tok\r\nOrigin: https://evil\r\n", true, 0, 403, "tok"},
        {"Authorization: Basic YTpi\r\n", true, 401, 0, ""},
        {"Authorization: Bearer a b\r\n", true, 401, 0, ""},
        {"Authorization: Bearer "
         "0123456789012345678901234567890123456789012345678901234567890123456789012\r\n",
         true, 401, 0, ""},
        {"Cookie: tocsin_session=a; tocsin_session=b\r\nOrigin: https://h:1\r\n", true, 400, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < TC_COUNT(cases); i++) {
        struct web_caller who;
        unsigned token, origin;
        verdicts(cases[i].fields, cases[i].mutates, &token, &origin, &who);
        if (token != cases[i].token || (token == 0 && origin != cases[i].origin) ||
            strcmp(who.token, cases[i].expect) != 0)
            fail_msg("%s: %u %u \"%s\"", cases[i].fields, token, origin, who.token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table__every_row__has_policy_answer_and_fitting_parameters),
        cmocka_unit_test(test_table__public_rows__are_the_known_ones),
        cmocka_unit_test(test_find__paths__row_or_reason),
        cmocka_unit_test(test_params__good__in_the_messages_form),
        cmocka_unit_test(test_params__hostile__named_and_refused),
        cmocka_unit_test(test_body__type_confusion__refused),
        cmocka_unit_test(test_openapi__whole_table__valid_json_with_every_row),
        cmocka_unit_test(test_gate_host__ours_or_a_rebound_name),
        cmocka_unit_test(test_gate__tokens_and_origins__cookie_needs_our_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
