/* SPDX-License-Identifier: Apache-2.0 */
/* A growable array of plain structs: pointer, count and room are the owner's own members. */
#pragma once

#include <stddef.h>

/* Adds one zeroed element of ELEMENT_BYTES behind the last and returns it, or NULL without memory
 * (unchanged then). The array may move. It doubles its room when full. */
void *tc_array_add(void **array, size_t *count, size_t *cap, size_t element_bytes);

/* For the members WHAT, WHAT_count and WHAT_cap of *OWNER. */
#define TC_ARRAY_ADD(owner, what)                                                                  \
    tc_array_add((void **)&(owner)->what, &(owner)->what##_count, &(owner)->what##_cap,            \
                 sizeof *(owner)->what)
