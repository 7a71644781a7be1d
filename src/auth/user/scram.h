/* auth/user/scram.h - stored keys for SCRAM, as Dovecot writes them.
 *
 * Prefix: scram_. A text is "iterations,salt,StoredKey,ServerKey" (RFC 5802 section 3):
 * iterations in decimal, the others in base64. GNU SASL derives the keys.
 */
#pragma once

#include "base/fault.h"

enum scram_hash { SCRAM_SHA_1, SCRAM_SHA_256 };

enum { SCRAM_KEY_MAX = 32, SCRAM_SALT_MAX = 64, SCRAM_TEXT_MAX = 256 };

struct scram_keys {
	enum scram_hash hash;
	uint32_t iterations; /* from 1 to 10,000,000 */
	size_t salt_len;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[SCRAM_KEY_MAX], server[SCRAM_KEY_MAX];
};

/* The length of StoredKey and ServerKey: 20 or 32 octets. */
size_t scram_key_octets(enum scram_hash hash);

/* Parse a text. False: the text is malformed, or a value exceeds the bounds above; *out
 * is unchanged. */
MUST_USE bool scram_parse(enum scram_hash hash, struct span text,
			  struct scram_keys *out);

/* Derive keys from a password with 4096 iterations and a new random salt, and write
 * their text and a NUL. FAULT_LIMIT: GNU SASL cannot derive them, mostly because
 * SASLprep (RFC 4013) refuses the password. */
MUST_USE enum fault scram_make(enum scram_hash hash, const char *password,
			       char out[SCRAM_TEXT_MAX]);

/* Were these keys derived from this password? False also if SASLprep refuses it. */
MUST_USE bool scram_verify(const struct scram_keys *keys, const char *password);
