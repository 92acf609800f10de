/* SPDX-License-Identifier: Apache-2.0 */
/* What only the whole file can show. Every comparison here is bounded by the limits of the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "config/read.h"
#include "config/words.h"

static const struct tree_node *value_of(const struct tree_node *entry, const char *key)
{
    const struct tree_node *value = tree_find(entry, key);
    return value == NULL ? entry : value;
}

static void check_accounts(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->panels_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (s->panels[i].account[0] == 0 ||
                strcmp(s->panels[i].account, s->panels[k].account) != 0)
                continue;
            struct config_diag *d = cfg_report(
                r, CONFIG_ERROR, value_of(r->panel_nodes[i], "account"), "duplicate-account",
                "the panel \"%s\" has this account already", s->panels[k].id);
            d->other = tree_place(value_of(r->panel_nodes[k], "account"));
            cfg_fix(d, "give each panel an account of its own");
            break;
        }
    }
}

static bool same_port(const struct site_addr *a, const struct site_addr *b)
{
    if (a->port != b->port || a->port == 0 || a->host[0] == 0 || b->host[0] == 0)
        return false;
    bool any = strcmp(a->host, "0.0.0.0") == 0 || strcmp(b->host, "0.0.0.0") == 0 ||
               strcmp(a->host, "::") == 0 || strcmp(b->host, "::") == 0;
    return any || strcmp(a->host, b->host) == 0;
}

static void report_port(struct cfg_reader *r, const struct tree_node *node,
                        const struct site_addr *addr, const char *other_name,
                        const struct tree_node *other)
{
    struct config_diag *d = cfg_report(r, CONFIG_ERROR, node, "port-in-use",
                                       "port %u is %s's already", addr->port, other_name);
    if (other != NULL)
        d->other = tree_place(other);
    cfg_fix(d, "take another port");
}

static void check_ports(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->receivers_count; i++) {
        const struct tree_node *node = value_of(r->receiver_nodes[i], "listen");
        if (same_port(&s->receivers[i].listen, &s->console.listen))
            report_port(r, node, &s->receivers[i].listen, "the console", r->console_node);
        for (size_t k = 0; k < i; k++) {
            if (!same_port(&s->receivers[i].listen, &s->receivers[k].listen))
                continue;
            report_port(r, node, &s->receivers[i].listen, "another receiver",
                        value_of(r->receiver_nodes[k], "listen"));
            break;
        }
    }
    if (s->panels_count > 0 && s->receivers_count == 0) {
        struct config_diag *d =
            cfg_report_key(r, CONFIG_WARNING, r->panel_nodes[0]->parent, "no-receiver",
                           "there are panels but no receiver: no signal can arrive");
        cfg_fix(d, "add receivers: [ { protocol: sia-dc09, listen: 10.20.0.5:12128 } ]");
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Do the ids differ in digits only? gate-1 and gate-2, yard and yard2 are two things. */
static bool same_but_digits(const char *a, const char *b)
{
    for (;;) {
        while (is_digit(*a))
            a++;
        while (is_digit(*b))
            b++;
        if (*a != *b)
            return false;
        if (*a == 0)
            return true;
        a++;
        b++;
    }
}

/* Would a person take ID for a misspelling of OTHER? */
static bool looks_misspelt(const char *id, const char *other)
{
    struct tc_slice a = tc_slice_str(id);
    struct tc_slice b = tc_slice_str(other);
    return a.len >= 4 && b.len >= 4 && tc_edit_distance(a, b) == 1 && !same_but_digits(id, other);
}

/* Of two zones that look like one misspelt, the suspect is the one that no `zones` entry vouches
 * for and that is named once; of two such the later. */
static bool is_suspect(const struct cfg_zone_note *note, const struct cfg_zone_note *other)
{
    if (note->declared || note->mentions != 1)
        return false;
    if (other->declared || other->mentions != 1)
        return true;
    struct config_place a = tree_place(note->first);
    struct config_place b = tree_place(other->first);
    return a.line != b.line ? a.line > b.line : a.column > b.column;
}

/* A zone is made by naming it, so a misspelt name would silently be a zone that no camera covers.
 */
static void check_zone_names(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->zones_count; i++) {
        for (size_t k = 0; k < s->zones_count; k++) {
            if (!is_suspect(&r->zone_notes[i], &r->zone_notes[k]) ||
                !looks_misspelt(s->zones[i].id, s->zones[k].id))
                continue;
            struct config_diag *d =
                cfg_report(r, CONFIG_ERROR, r->zone_notes[i].first, "unknown-name",
                           "unknown zone \"%s\"", s->zones[i].id);
            tc_slice_to_str_cut(tc_slice_str(s->zones[k].id), d->near, sizeof d->near);
            cfg_fix(d, "write \"%s\", or list \"%s\" under zones when it is another zone",
                    s->zones[k].id, s->zones[i].id);
            break;
        }
    }
}

/* Which zones a point reports on; NULL without memory. */
static bool *zones_with_points(const struct site *s)
{
    bool *with = calloc(s->zones_count + 1, sizeof *with);
    for (size_t i = 0; with != NULL && i < s->panels_count; i++) {
        for (size_t k = 0; k < s->panels[i].points_count; k++)
            with[s->panels[i].points[k].zone] = true;
    }
    return with;
}

static void check_unused_zones(struct cfg_reader *r)
{
    const struct site *s = r->site;
    bool *used = zones_with_points(s);
    if (used == NULL) {
        r->report->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < s->cameras_count; i++) {
        for (size_t k = 0; k < s->cameras[i].covers_count; k++)
            used[s->cameras[i].covers[k].zone] = true;
    }
    for (size_t i = 0; i < s->zones_count; i++) {
        const struct cfg_zone_note *note = &r->zone_notes[i];
        if (used[i])
            continue;
        struct config_diag *d = (note->declared ? cfg_report_key : cfg_report)(
            r, CONFIG_WARNING, note->first, "unused-zone",
            "the zone \"%s\" has no point and no camera", s->zones[i].id);
        cfg_fix(d, "give it a point of a panel or let a camera cover it, or remove it");
    }
    free(used);
}

static void check_coverage(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->cameras_count; i++) {
        const struct site_camera *c = &s->cameras[i];
        if (c->covers_count > 0)
            continue;
        struct config_diag *d =
            cfg_report_key(r, CONFIG_WARNING, r->camera_nodes[i], "covers-nothing",
                           "the camera \"%s\" covers no zone: no alarm will show it", c->id);
        cfg_fix(d, "add covers: { ZONE: {} }");
    }
}

static void check_streams(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->cameras_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (s->cameras[i].url.text[0] == 0 ||
                strcmp(s->cameras[i].url.text, s->cameras[k].url.text) != 0)
                continue;
            struct config_diag *d =
                cfg_report(r, CONFIG_WARNING, value_of(r->camera_nodes[i], "url"), "same-stream",
                           "the camera \"%s\" has this stream already", s->cameras[k].id);
            d->other = tree_place(value_of(r->camera_nodes[k], "url"));
            break;
        }
    }
}

static void check_volumes(struct cfg_reader *r)
{
    const struct site_archive *a = &r->site->archive;
    for (size_t i = 0; i < a->volumes_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (a->volumes[i].path[0] == 0 || strcmp(a->volumes[i].path, a->volumes[k].path) != 0)
                continue;
            (void)cfg_report(r, CONFIG_ERROR, value_of(r->volume_nodes[i], "path"),
                             "duplicate-volume", "this volume stands twice");
            break;
        }
    }
}

static void check_users(struct cfg_reader *r)
{
    const struct site *s = r->site;
    for (size_t i = 0; i < s->users_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (s->users[i].uid < 0 || s->users[i].uid != s->users[k].uid)
                continue;
            (void)cfg_report(r, CONFIG_ERROR, value_of(r->user_nodes[i], "uid"), "duplicate-uid",
                             "the user \"%s\" has this uid already", s->users[k].id);
            break;
        }
    }
}

void cfg_check_site(struct cfg_reader *r)
{
    check_accounts(r);
    check_ports(r);
    check_zone_names(r);
    check_streams(r);
    check_volumes(r);
    check_users(r);
    if (r->report->errors > 0)
        return; /* what follows would mostly follow from them */
    check_unused_zones(r);
    check_coverage(r);
}
