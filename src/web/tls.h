/* SPDX-License-Identifier: Apache-2.0 */
/* The console's TLS: 1.2 and newer, key and certificate from memory (the supervisor passes them).
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct ssl_ctx_st;

/* CERT_PEM may hold a chain, leaf first. TC_E_CRYPTO when they do not parse or do not belong
 * together. */
enum tc_err web_tls_new(struct tc_slice cert_pem, struct tc_slice key_pem, struct ssl_ctx_st **ret,
                        struct tc_errinfo *info) TC_MUST_USE;
struct ssl_ctx_st *web_tls_free(struct ssl_ctx_st *ctx);
