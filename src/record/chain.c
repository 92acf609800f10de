/* SPDX-License-Identifier: Apache-2.0 */
#include "record/chain.h"

#include <openssl/evp.h>
#include <string.h>

enum tc_err record_chain_init(struct record_chain *c)
{
    memset(c, 0, sizeof(*c));
    /* Fetched once: looking the algorithm up costs more than hashing a small entry. */
    c->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    c->ctx = EVP_MD_CTX_new();
    if (c->md != NULL && c->ctx != NULL && EVP_DigestInit_ex2(c->ctx, c->md, NULL) == 1)
        return TC_OK;
    enum tc_err err = c->ctx == NULL ? TC_E_NOMEM : TC_E_CRYPTO;
    record_chain_done(c);
    return err;
}

void record_chain_done(struct record_chain *c)
{
    EVP_MD_CTX_free(c->ctx);
    EVP_MD_free(c->md);
    memset(c, 0, sizeof(*c));
}

void record_chain_set(struct record_chain *c, const uint8_t *hash)
{
    memcpy(c->hash, hash, RECORD_HASH_BYTES);
}

enum tc_err record_chain_step(struct record_chain *c, struct tc_slice bytes)
{
    uint8_t out[RECORD_HASH_BYTES];
    if (EVP_DigestInit_ex2(c->ctx, NULL, NULL) != 1 ||
        EVP_DigestUpdate(c->ctx, c->hash, RECORD_HASH_BYTES) != 1 ||
        EVP_DigestUpdate(c->ctx, bytes.ptr, bytes.len) != 1 ||
        EVP_DigestFinal_ex(c->ctx, out, NULL) != 1)
        return TC_E_CRYPTO;
    memcpy(c->hash, out, RECORD_HASH_BYTES);
    return TC_OK;
}
