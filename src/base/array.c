/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 4 };

void *tc_array_add(void **array, size_t *count, size_t *cap, size_t element_bytes)
{
    if (*count == *cap) {
        size_t grown_cap = *cap == 0 ? FIRST_CAP : *cap * 2;
        void *grown = reallocarray(*array, grown_cap, element_bytes);
        if (grown == NULL)
            return NULL;
        *array = grown;
        *cap = grown_cap;
    }
    uint8_t *at = (uint8_t *)*array + *count * element_bytes;
    memset(at, 0, element_bytes);
    (*count)++;
    return at;
}
