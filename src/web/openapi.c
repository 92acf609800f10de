/* SPDX-License-Identifier: Apache-2.0 */
/* The route table as OpenAPI 3.1; see routes.h. */
#include <stdio.h>

#include "base/json_out.h"
#include "web/routes.h"

static void print_words(struct tc_json *j, const char *words)
{
    struct tc_slice rest = tc_slice_str(words);
    tc_json_key(j, "enum");
    tc_json_arr(j);
    while (rest.ptr != NULL)
        tc_json_str(j, tc_slice_split(&rest, '|'));
    tc_json_arr_end(j);
}

static void print_schema(struct tc_json *j, const struct web_param *p)
{
    bool number = p->type == WEB_TYPE_NUMBER;
    tc_json_obj(j);
    tc_json_kv_str(j, "type", number ? "integer" : p->type == WEB_TYPE_BOOL ? "boolean" : "string");
    if (number) {
        tc_json_kv_u64(j, "minimum", p->min);
        tc_json_kv_u64(j, "maximum", p->max);
    } else if (p->type == WEB_TYPE_TIME) {
        tc_json_kv_str(j, "format", "date-time");
    } else if (p->type == WEB_TYPE_WORD) {
        print_words(j, p->words);
    } else if (p->type == WEB_TYPE_ID || p->type == WEB_TYPE_TEXT) {
        tc_json_kv_u64(j, "minLength", p->min);
        tc_json_kv_u64(j, "maxLength", p->max);
        if (p->type == WEB_TYPE_ID)
            tc_json_kv_str(j, "pattern", "^[A-Za-z0-9._-]+$");
    }
    tc_json_kv_str(j, "description", p->help);
    tc_json_obj_end(j);
}

static void print_params(struct tc_json *j, const struct web_route *r)
{
    tc_json_key(j, "parameters");
    tc_json_arr(j);
    for (const struct web_param *p = r->params; p->name != NULL; p++) {
        if (p->place == WEB_IN_BODY)
            continue;
        tc_json_obj(j);
        tc_json_kv_str(j, "name", p->name);
        tc_json_kv_str(j, "in", p->place == WEB_IN_PATH ? "path" : "query");
        tc_json_kv_bool(j, "required", p->required);
        tc_json_key(j, "schema");
        print_schema(j, p);
        tc_json_obj_end(j);
    }
    tc_json_arr_end(j);
}

static void print_required(struct tc_json *j, const struct web_route *r)
{
    tc_json_key(j, "required");
    tc_json_arr(j);
    for (const struct web_param *p = r->params; p->name != NULL; p++)
        if (p->place == WEB_IN_BODY && p->required)
            tc_json_str(j, tc_slice_str(p->name));
    tc_json_arr_end(j);
}

static void print_content(struct tc_json *j, const char *type)
{
    tc_json_key(j, "content");
    tc_json_obj(j);
    tc_json_key(j, type);
    tc_json_obj(j);
    tc_json_key(j, "schema");
}

static void print_content_end(struct tc_json *j)
{
    tc_json_obj_end(j);
    tc_json_obj_end(j);
}

static void print_body(struct tc_json *j, const struct web_route *r)
{
    if (r->method == HTTP_GET || r->method == HTTP_DELETE)
        return;
    tc_json_key(j, "requestBody");
    tc_json_obj(j);
    print_content(j, "application/json");
    tc_json_obj(j);
    tc_json_kv_str(j, "type", "object");
    tc_json_kv_bool(j, "additionalProperties", false);
    print_required(j, r);
    tc_json_key(j, "properties");
    tc_json_obj(j);
    for (const struct web_param *p = r->params; p->name != NULL; p++) {
        if (p->place != WEB_IN_BODY)
            continue;
        tc_json_key(j, p->name);
        print_schema(j, p);
    }
    tc_json_obj_end(j);
    tc_json_obj_end(j);
    print_content_end(j);
    tc_json_obj_end(j);
}

static const char *answer_type(const struct web_route *r)
{
    switch (r->handler) {
    case WEB_HANDLER_CLIP:
        return "video/mp4";
    case WEB_HANDLER_STREAM:
        return "text/event-stream";
    case WEB_HANDLER_METRICS:
        return "application/openmetrics-text";
    case WEB_HANDLER_CHANGES:
    case WEB_HANDLER_VIDEO:
        return NULL;
    case WEB_HANDLER_CORE:
    case WEB_HANDLER_HEALTH:
    case WEB_HANDLER_OPENAPI:
        return r->status == 204 ? NULL : "application/json";
    }
    return NULL;
}

static void print_answers(struct tc_json *j, const struct web_route *r)
{
    char status[8];
    (void)snprintf(status, sizeof status, "%u", r->status);
    tc_json_key(j, "responses");
    tc_json_obj(j);
    tc_json_key(j, status);
    tc_json_obj(j);
    tc_json_kv_str(j, "description", r->answer);
    const char *type = answer_type(r);
    if (type != NULL) {
        print_content(j, type);
        tc_json_obj(j);
        tc_json_obj_end(j);
        print_content_end(j);
    }
    tc_json_obj_end(j);
    tc_json_key(j, "default");
    tc_json_obj(j);
    tc_json_kv_str(j, "$ref", "#/components/responses/Problem");
    tc_json_obj_end(j);
    tc_json_obj_end(j);
}

static void print_security(struct tc_json *j, const struct web_route *r)
{
    static const char *const schemes[] = {"cookie", "bearer"};
    tc_json_key(j, "security");
    tc_json_arr(j);
    for (int i = 0; i < 2 && r->policy != WEB_POLICY_PUBLIC; i++) {
        tc_json_obj(j);
        tc_json_key(j, schemes[i]);
        tc_json_arr(j);
        tc_json_arr_end(j);
        tc_json_obj_end(j);
    }
    tc_json_arr_end(j);
    tc_json_kv_str(j, "x-tocsin-policy", web_policy_text(r->policy));
}

static void print_route(struct tc_json *j, const struct web_route *r)
{
    static const char *const methods[HTTP_METHODS] = {[HTTP_GET] = "get",
                                                      [HTTP_POST] = "post",
                                                      [HTTP_PUT] = "put",
                                                      [HTTP_PATCH] = "patch",
                                                      [HTTP_DELETE] = "delete"};
    tc_json_key(j, methods[r->method]);
    tc_json_obj(j);
    tc_json_kv_str(j, "operationId", r->name);
    tc_json_kv_str(j, "summary", r->summary);
    print_security(j, r);
    print_params(j, r);
    print_body(j, r);
    print_answers(j, r);
    tc_json_obj_end(j);
}

/* A path with all its methods stands once, where its first row is. */
static bool is_first_of_path(unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (tc_slice_is(tc_slice_str(web_route_at(i)->path), web_route_at(index)->path))
            return false;
    return true;
}

static void print_paths(struct tc_json *j)
{
    tc_json_key(j, "paths");
    tc_json_obj(j);
    const struct web_route *r, *other;
    for (unsigned i = 0; (r = web_route_at(i)) != NULL; i++) {
        if (!is_first_of_path(i))
            continue;
        tc_json_key(j, r->path);
        tc_json_obj(j);
        for (unsigned k = i; (other = web_route_at(k)) != NULL; k++)
            if (tc_slice_is(tc_slice_str(other->path), r->path))
                print_route(j, other);
        tc_json_obj_end(j);
    }
    tc_json_obj_end(j);
}

static const char components[] =
    "{\"securitySchemes\":{\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"tocsin_"
    "session\"},"
    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}},\"responses\":{\"Problem\":{"
    "\"description\":"
    "\"what went wrong (RFC "
    "9457)\",\"content\":{\"application/problem+json\":{\"schema\":{\"type\":"
    "\"object\",\"required\":[\"type\",\"title\",\"status\"],\"properties\":{\"type\":{\"type\":"
    "\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{"
    "\"type\":"
    "\"string\"},\"field\":{\"type\":\"string\"}}}}}}}}";

void web_openapi(struct tc_buf *out)
{
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "openapi", "3.1.0");
    tc_json_key(&j, "info");
    tc_json_obj(&j);
    tc_json_kv_str(&j, "title", "Tocsin");
    tc_json_kv_str(&j, "version", TOCSIN_VERSION);
    tc_json_obj_end(&j);
    print_paths(&j);
    tc_json_key(&j, "components");
    tc_json_raw(&j, tc_slice_str(components));
    tc_json_obj_end(&j);
}
