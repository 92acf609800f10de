/* SPDX-License-Identifier: Apache-2.0 */
/* The one program: a worker of the supervisor's (`tocsin worker ROLE`, not for people), or a verb. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/slice.h"
#include "capture/capture.h"
#include "core/core.h"
#include "intake/intake.h"
#include "model/role.h"
#include "supervisor/supervisor.h"

static const struct {
    enum tc_role role;
    int (*main)(void);
} workers[] = {
    {TC_ROLE_CORE, core_main},
    {TC_ROLE_INTAKE, intake_main},
    {TC_ROLE_CAPTURE, capture_main},
};

/* The label may carry an instance ("capture-1"); the instance itself comes with the set-up. */
static int worker_main(const char *label)
{
    struct tc_slice rest = tc_slice_str(label);
    struct tc_slice word = tc_slice_split(&rest, '-');
    enum tc_role role = TC_ROLE_SUPERVISOR;
    if (tc_role_parse(word, &role) != TC_OK)
        return 2;
    for (size_t i = 0; i < TC_COUNT(workers); i++) {
        if (workers[i].role == role)
            return workers[i].main();
    }
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "worker") == 0)
        return worker_main(argv[2]);
    if (argc == 4 && strcmp(argv[1], "run") == 0) {
        struct supervisor_options options = {
            .site_file = argv[2], .state_dir = argv[3], .program = "/proc/self/exe"};
        return supervisor_run(&options);
    }
    (void)fprintf(stderr, "usage: tocsin run SITE.yaml STATE\n");
    return 2;
}
