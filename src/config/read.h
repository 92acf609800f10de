/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the room: what the files that turn the tree into a site share. */
#pragma once

#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

/* Where a zone was first named, to tell a misspelling from a zone. */
struct cfg_zone_note {
    const struct tree_node *first; /* its entry under zones, or the first that names it */
    uint32_t mentions;
    bool declared; /* it stands under zones */
};

struct cfg_reader {
    struct site *site;
    struct config_report *report;
    struct cfg_zone_note *zone_notes; /* SITE_ZONES_MAX of them, parallel to site->zones */
    /* Where things of the site came from, for the checks that compare them: parallel to the arrays.
     */
    const struct tree_node **panel_nodes;
    const struct tree_node **camera_nodes;
    const struct tree_node **receiver_nodes;
    const struct tree_node **volume_nodes;
    const struct tree_node **user_nodes;
    const struct tree_node *console_node;
};

/* Adds a finding about a node's value, or about its key. */
struct config_diag *cfg_report(struct cfg_reader *r, enum config_severity severity,
                               const struct tree_node *node, const char *code, const char *fmt, ...)
    TC_PRINTF(5, 6);
struct config_diag *cfg_report_key(struct cfg_reader *r, enum config_severity severity,
                                   const struct tree_node *node, const char *code, const char *fmt,
                                   ...) TC_PRINTF(5, 6);
void cfg_fix(struct config_diag *d, const char *fmt, ...) TC_PRINTF(2, 3);
/* Remembers the nearest of LIST to NAME and offers it as the fix. */
void cfg_near(struct config_diag *d, struct tc_slice name, const char *const *list, size_t count);

/* Fills the struct at BASE from the map, key by key in the order of the table. TC_E_NOMEM or TC_OK;
 * faults are in the report. */
enum tc_err cfg_read_object(struct cfg_reader *r, const struct cfg_object *o,
                            const struct tree_node *map, void *base) TC_MUST_USE;
/* One value of a simple type into its field; reports what does not fit. */
enum tc_err cfg_read_value(struct cfg_reader *r, const struct cfg_key *key,
                           const struct tree_node *node, void *field) TC_MUST_USE;

/* The index of the zone that NODE names, SITE_NONE after reporting a fault. With MAKE a zone that
 * is not there is made; without, it must be there already. TC_E_NOMEM or TC_OK. */
enum tc_err cfg_zone(struct cfg_reader *r, const struct tree_node *node, struct tc_slice id,
                     bool make, uint32_t *ret) TC_MUST_USE;
/* Reports and returns false when ID (of the kind WHAT, at NODE's key) is no valid id. */
bool cfg_id_ok(struct cfg_reader *r, const struct tree_node *node, struct tc_slice id, bool at_key,
               const char *what);

/* The adders and putters of the table. */
cfg_add_fn cfg_add_receiver, cfg_add_panel, cfg_add_point, cfg_add_zone, cfg_add_area,
    cfg_add_camera, cfg_add_cover, cfg_add_volume, cfg_add_user, cfg_add_rule;
cfg_put_fn cfg_put_area_zone, cfg_put_adjacent, cfg_put_action;
/* CFG_WHEN. */
enum tc_err cfg_read_when(struct cfg_reader *r, const struct tree_node *node,
                          struct rule *rule) TC_MUST_USE;

/* What only the whole can show: accounts, ports, zones nobody watches, names that look misspelt. */
void cfg_check_site(struct cfg_reader *r);
