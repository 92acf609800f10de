/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/read.h"

static enum tc_err reader_init(struct cfg_reader *r, struct site *site,
                               struct config_report *report)
{
    *r = (struct cfg_reader){.site = site, .report = report};
    r->zone_notes = calloc(SITE_ZONES_MAX, sizeof *r->zone_notes);
    r->panel_nodes = calloc(SITE_PANELS_MAX, sizeof *r->panel_nodes);
    r->camera_nodes = calloc(SITE_CAMERAS_MAX, sizeof *r->camera_nodes);
    r->receiver_nodes = calloc(SITE_RECEIVERS_MAX, sizeof *r->receiver_nodes);
    r->volume_nodes = calloc(SITE_VOLUMES_MAX, sizeof *r->volume_nodes);
    r->user_nodes = calloc(SITE_USERS_MAX, sizeof *r->user_nodes);
    bool all = r->zone_notes != NULL && r->panel_nodes != NULL && r->camera_nodes != NULL &&
               r->receiver_nodes != NULL && r->volume_nodes != NULL && r->user_nodes != NULL;
    return all ? TC_OK : TC_E_NOMEM;
}

static void reader_done(struct cfg_reader *r)
{
    free(r->zone_notes);
    free(r->panel_nodes);
    free(r->camera_nodes);
    free(r->receiver_nodes);
    free(r->volume_nodes);
    free(r->user_nodes);
}

static enum tc_err read_root(struct cfg_reader *r, const struct tree_node *root)
{
    if (root->kind != TREE_MAP) {
        struct config_diag *d = cfg_report(r, CONFIG_ERROR, root, "wrong-kind",
                                           "the file must be a map that begins with `site:`");
        cfg_fix(d, "begin with site: { id: warehouse-7 }");
        return TC_OK;
    }
    const struct tree_node *console = tree_find(root, "console");
    r->console_node =
        console != NULL && console->kind == TREE_MAP ? tree_find(console, "listen") : NULL;
    TC_TRY(cfg_read_object(r, &cfg_root, root, r->site));
    cfg_check_site(r);
    return TC_OK;
}

static enum tc_err read_source(struct cfg_reader *r, struct tc_slice source)
{
    struct tree tree;
    enum tc_err err = tree_read(source, &tree, r->report);
    if (err == TC_OK && tree.root != NULL)
        err = read_root(r, tree.root);
    else if (err == TC_OK && r->report->errors == 0) {
        struct config_diag *d =
            config_report_add(r->report, CONFIG_ERROR, "empty-file", (struct config_place){0},
                              "the file holds nothing");
        cfg_fix(d, "begin with site: { id: warehouse-7 }");
    }
    tree_done(&tree);
    return err;
}

/* The id serves as the name of a site that gives none, and so on: what the file leaves to us. */
static void fill_defaults(struct site *s)
{
    if (s->name[0] == 0)
        tc_slice_to_str_cut(tc_slice_str(s->id), s->name, sizeof s->name);
}

enum tc_err config_load(struct tc_slice source, const char *name, struct site *ret,
                        struct config_report *report)
{
    struct cfg_reader r;
    config_report_init(report, name);
    site_init(ret);
    enum tc_err err = reader_init(&r, ret, report);
    if (err == TC_OK)
        err = read_source(&r, source);
    reader_done(&r);
    if (err == TC_OK && report->out_of_memory)
        err = TC_E_NOMEM;
    if (err == TC_OK && report->errors > 0)
        err = TC_E_CONFIG;
    struct tc_errinfo info = {0};
    if (err == TC_OK) {
        fill_defaults(ret);
        err = site_seal(ret, &info);
    }
    if (err == TC_E_CONFIG && report->errors == 0) /* a fault that only the model knows */
        (void)config_report_add(report, CONFIG_ERROR, "model", (struct config_place){0}, "%s",
                                info.text);
    config_report_sort(report);
    if (err != TC_OK)
        site_done(ret);
    return err;
}

enum tc_err config_take(struct tc_slice source, const char *name, struct site *ret,
                        struct tc_errinfo *info)
{
    struct config_report report;
    enum tc_err err = config_load(source, name, ret, &report);
    if (err != TC_OK && report.diags_count > 0)
        (void)tc_fail(info, err, "%s:%u:%u: %s", name, report.diags[0].at.line,
                      report.diags[0].at.column, report.diags[0].text);
    else if (err != TC_OK)
        (void)tc_fail(info, err, "%s: %s", name, tc_err_text(err));
    config_report_done(&report);
    return err;
}

/* The child that the front of *PATH names, ".key" or "[3]", which is taken off; NULL when there is
 * none. */
static const struct tree_node *step(const struct tree_node *node, struct tc_slice *path)
{
    bool list = path->ptr[0] == '[';
    size_t skip = list || path->ptr[0] == '.' ? 1 : 0;
    struct tc_slice rest = tc_slice_sub(*path, skip, path->len);
    size_t len = 0;
    while (len < rest.len && strchr(list ? "]" : ".[", rest.ptr[len]) == NULL)
        len++;
    struct tc_slice name = tc_slice_sub(rest, 0, len);
    *path = tc_slice_sub(rest, list ? len + 1 : len, rest.len);
    uint64_t index = 0;
    if (list && tc_slice_u64(name, TREE_NODES_MAX, &index) != TC_OK)
        return NULL;
    const struct tree_node *n = node->first;
    while (n != NULL && (list ? index-- > 0 : !tc_slice_eq(n->key, name)))
        n = n->next;
    return n;
}

struct config_place config_find(struct tc_slice source, const char *path)
{
    struct config_place at = {0};
    struct config_report report;
    struct tree tree;
    config_report_init(&report, "");
    struct tc_slice rest = tc_slice_str(path);
    if (tree_read(source, &tree, &report) == TC_OK && tree.root != NULL) {
        const struct tree_node *node = tree.root;
        while (node != NULL && rest.len > 0)
            node = step(node, &rest);
        if (node != NULL)
            at = tree_place(node);
    }
    tree_done(&tree);
    config_report_done(&report);
    return at;
}
