/* SPDX-License-Identifier: Apache-2.0 */
#include "model/role.h"

#include <stdio.h>

static const struct {
    const char *word;
    bool several;
} roles[TC_ROLE_COUNT] = {
#define X(name, word_, several_) [TC_ROLE_##name] = {.word = word_, .several = several_},
    TC_ROLE_LIST(X)
#undef X
};

const char *tc_role_name(enum tc_role role)
{
    return (unsigned)role < TC_ROLE_COUNT ? roles[role].word : "unknown";
}

bool tc_role_has_instances(enum tc_role role)
{
    return (unsigned)role < TC_ROLE_COUNT && roles[role].several;
}

enum tc_err tc_role_parse(struct tc_slice word, enum tc_role *ret)
{
    for (unsigned i = 0; i < TC_ROLE_COUNT; i++) {
        if (tc_slice_is(word, roles[i].word)) {
            *ret = (enum tc_role)i;
            return TC_OK;
        }
    }
    return TC_E_UNKNOWN;
}

const char *tc_role_label(enum tc_role role, unsigned instance, char *out)
{
    if (tc_role_has_instances(role))
        (void)snprintf(out, TC_ROLE_LABEL_BYTES, "%s-%u", tc_role_name(role), instance);
    else
        (void)snprintf(out, TC_ROLE_LABEL_BYTES, "%s", tc_role_name(role));
    return out;
}
