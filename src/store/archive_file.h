/* SPDX-License-Identifier: Apache-2.0 */
/* A segment's file as the disk gives it: for the index after a crash, for its rebuilding, and for a
 * reader who finds a file still marked open. */
#pragma once

#include "media/fmp4_read.h"
#include "store/archive_segment.h"

/* Exactly LEN bytes from AT. TC_E_NOT_FOUND when the file ends before, TC_E_IO. */
enum tc_err archive_file_pread(int fd, void *out, size_t len, uint64_t at) TC_MUST_USE;

/* An input for media/fmp4_read.h that preads the descriptor *FD. TC_E_IO when the file's length is
 * not to be had. */
enum tc_err archive_file_input(int *fd, struct fmp4_input *ret,
                               struct tc_errinfo *info) TC_MUST_USE;

/* Walks FD to its last whole fragment and fills start, end, bytes (what is whole), init_bytes,
 * parameters and fragments of S; the rest of S stays. TC_E_FORMAT when it is no file of ours,
 * TC_E_NOT_FOUND when it has no whole fragment, TC_E_IO; S then has no fragments. */
enum tc_err archive_file_read(int fd, struct archive_segment *s,
                              struct tc_errinfo *info) TC_MUST_USE;
