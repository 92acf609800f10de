/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a disk may give them back: the init, every fragment, and the SPS on its own. What is
 * read must add up, and a fragment that parses must be written again to a head that says the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "media/fmp4_read.h"

static enum tc_err read_input(void *ctx, uint64_t at, void *out, size_t len)
{
    const uint8_t *bytes = ctx;
    memcpy(out, bytes + at, len);
    return TC_OK;
}

static struct fmp4_sample samples[FMP4_SAMPLES_MAX];

static void check_fragment(struct tc_slice in)
{
    struct fmp4_head head, same;
    if (fmp4_head_parse(in, &head, samples, FMP4_SAMPLES_MAX, NULL) != TC_OK)
        return;
    struct fmp4_fragment again = {.sequence = head.sequence,
                                  .entry = head.entry,
                                  .at = head.at,
                                  .start = head.start,
                                  .samples = samples,
                                  .count = head.count};
    struct tc_buf out;
    tc_buf_init(&out, 1 << 20);
    TC_ASSERT(fmp4_fragment_head(&out, &again) == TC_OK);
    TC_ASSERT(fmp4_head_parse(tc_buf_view(&out), &same, samples, FMP4_SAMPLES_MAX, NULL) == TC_OK);
    TC_ASSERT(same.at == head.at && same.count == head.count && same.entry == head.entry);
    TC_ASSERT(same.duration == head.duration && same.payload_bytes == head.payload_bytes);
    TC_ASSERT(same.start.ns == head.start.ns);
    tc_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct avc_size picture;
    (void)avc_size(tc_slice(data, size), &picture, NULL);
    check_fragment(tc_slice(data, size));
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    struct fmp4_input in = {.ctx = copy, .read = read_input, .bytes = size};
    struct fmp4_walk walk = {0};
    struct fmp4_init_info init;
    struct fmp4_head head;
    uint64_t begin, end = 0;
    if (fmp4_walk_init(&walk, in, &init, NULL) == TC_OK) {
        while (fmp4_walk_next(&walk, &head, &begin, NULL) == TC_OK) {
            TC_ASSERT(begin >= end && walk.at <= size);
            check_fragment(tc_slice(data + begin, (size_t)(walk.at - begin)));
            end = walk.at;
        }
    }
    fmp4_walk_done(&walk);
    free(copy);
    return 0;
}
