/* SPDX-License-Identifier: Apache-2.0 */
/* What a process may touch, in words and in JSON: `tocsin privileges`. */
#include "base/check.h"
#include "base/json_out.h"
#include "runtime/sandbox_row.h"

#include <sys/utsname.h>

static const char *const layer_words[TC_SANDBOX_LAYER_COUNT] = {
#define X(name, word, text) [TC_SANDBOX_##name] = word,
    TC_SANDBOX_LAYER_LIST(X)
#undef X
};

static const char *const layer_texts[TC_SANDBOX_LAYER_COUNT] = {
#define X(name, word, text) [TC_SANDBOX_##name] = text,
    TC_SANDBOX_LAYER_LIST(X)
#undef X
};

static const char *const state_words[] = {
    [TC_SANDBOX_UNUSED] = "unused",
    [TC_SANDBOX_ENFORCED] = "enforced",
    [TC_SANDBOX_MISSING] = "missing",
};

static const char *const rights_words[] = {
    [DIR_NONE] = "none",
    [DIR_READ] = "read",
    [DIR_WRITE] = "read, write",
    [DIR_LINK] = "read, write, link, make directories",
};

const char *tc_sandbox_layer_name(enum tc_sandbox_layer layer)
{
    return (unsigned)layer < TC_SANDBOX_LAYER_COUNT ? layer_words[layer] : "unknown";
}

static void text_groups(const struct sandbox_row *row, struct tc_buf *out)
{
    if (!row_is_confined(row)) {
        tc_buf_add_str(out, "  calls     all but the kernel's own levers (mount, modules, clock, "
                            "ptrace): it starts "
                            "the others\n");
        return;
    }
    for (unsigned g = 0; g < GROUP_COUNT; g++) {
        if ((row->groups & (1U << g)) != 0)
            tc_buf_add_fmt(out, "  calls     %-10s %s\n", call_group_names[g], call_group_texts[g]);
    }
    tc_buf_add_fmt(out, "  killed by %s\n", sandbox_killed_text);
    tc_buf_add_str(out, "  any other call fails with EPERM and is an event\n");
}

void tc_sandbox_describe_text(const struct tc_sandbox_report *report, struct tc_buf *out)
{
    const struct sandbox_row *row = &sandbox_rows[report->role];
    tc_buf_add_fmt(out, "%s (uid %u, gid %u)\n", tc_role_name(report->role), report->uid,
                   report->gid);
    if (row_is_confined(row)) {
        tc_buf_add_fmt(out, "  files     state directory: %s; volumes: %s; elsewhere: none\n",
                       rights_words[row->state], rights_words[row->volume]);
    }
    text_groups(row, out);
    for (unsigned i = 0; i < TC_SANDBOX_LAYER_COUNT; i++) {
        enum tc_sandbox_state state = report->layers[i].state;
        if (state == TC_SANDBOX_ENFORCED)
            tc_buf_add_fmt(out, "  enforced  %-17s %s\n", layer_words[i], layer_texts[i]);
        else if (state == TC_SANDBOX_MISSING)
            tc_buf_add_fmt(out, "  MISSING   %-17s %s\n", layer_words[i], report->layers[i].why);
    }
}

static void json_layers(const struct tc_sandbox_report *report, struct tc_json *j)
{
    tc_json_key(j, "layers");
    tc_json_obj(j);
    for (unsigned i = 0; i < TC_SANDBOX_LAYER_COUNT; i++) {
        tc_json_key(j, layer_words[i]);
        tc_json_obj(j);
        tc_json_kv_str(j, "state", state_words[report->layers[i].state]);
        if (report->layers[i].state == TC_SANDBOX_MISSING)
            tc_json_kv_str(j, "why", report->layers[i].why);
        tc_json_obj_end(j);
    }
    tc_json_obj_end(j);
}

static void json_calls(const struct sandbox_row *row, struct tc_json *j)
{
    tc_json_key(j, "calls");
    tc_json_arr(j);
    for (unsigned g = 0; g < GROUP_COUNT; g++) {
        if ((row->groups & (1U << g)) != 0)
            tc_json_str(j, tc_slice_str(call_group_names[g]));
    }
    if (!row_is_confined(row))
        tc_json_str(j, tc_slice_str("all"));
    tc_json_arr_end(j);
    if (row_is_confined(row))
        tc_json_kv_str(j, "killed_by", sandbox_killed_text);
}

void tc_sandbox_describe_json(const struct tc_sandbox_report *report, struct tc_buf *out)
{
    const struct sandbox_row *row = &sandbox_rows[report->role];
    struct tc_json j = tc_json(out);
    tc_json_obj(&j);
    tc_json_kv_str(&j, "process", tc_role_name(report->role));
    tc_json_kv_u64(&j, "uid", report->uid);
    tc_json_kv_u64(&j, "gid", report->gid);
    if (row_is_confined(row)) {
        tc_json_kv_str(&j, "state_directory", rights_words[row->state]);
        tc_json_kv_str(&j, "volumes", rights_words[row->volume]);
    }
    json_calls(row, &j);
    json_layers(report, &j);
    tc_json_kv_i64(&j, "landlock_abi", report->landlock_abi);
    tc_json_obj_end(&j);
}

/* What each Landlock ABI brought that is used here. */
static const struct {
    int abi;
    const char *lost;
} landlock_steps[] = {
    {1, "no Landlock: files are kept apart by users, chroot and seccomp only"},
    {2, "Landlock ABI 1: archive, which makes hard links, runs without Landlock"},
    {3, "Landlock ABI 2: a file that a process may write it may also truncate; no rule for that "
        "alone"},
    {4, "Landlock ABI 3: no network rules; sockets are refused by seccomp only"},
    {5, "Landlock ABI 4: no rule for ioctl on devices; ioctl is limited by seccomp"},
    {6, "Landlock ABI 5: no scopes for signals and abstract sockets; both are refused by seccomp"},
};

void tc_sandbox_describe_kernel(struct tc_buf *out)
{
    struct utsname name;
    const char *release = uname(&name) == 0 ? name.release : "this kernel";
    int abi = landlock_abi();
    for (size_t i = 0; i < TC_COUNT(landlock_steps); i++) {
        if (abi < landlock_steps[i].abi) /* older steps say it all, newer ones are listed too */
            tc_buf_add_fmt(out, "kernel %s lacks: %s\n", release, landlock_steps[i].lost);
    }
    if (!seccomp_is_there())
        tc_buf_add_fmt(out,
                       "kernel %s lacks: seccomp filters: system calls are not limited at all\n",
                       release);
}
