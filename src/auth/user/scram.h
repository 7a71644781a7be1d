/* auth/user/scram.h - stored keys for SCRAM, as Dovecot writes them.
 *
 * Prefix: scram_. A text has the iterations in decimal, and salt, StoredKey and
 * ServerKey (RFC 5802 section 3) in base64, with commas between. GNU SASL derives the
 * keys.
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

size_t scram_key_octets(enum scram_hash hash);

/* False: malformed, or out of the bounds above. *out is written on success only. */
MUST_USE bool scram_parse(enum scram_hash hash, struct span text,
			  struct scram_keys *out);

/* Make the text of the keys of a password, with a new salt. FAULT_LIMIT: SASLprep (RFC
 * 4013) refuses the password. */
MUST_USE enum fault scram_make(enum scram_hash hash, const char *password,
			       char out[SCRAM_TEXT_MAX]);

/* Are they the keys of this password? */
MUST_USE bool scram_verify(const struct scram_keys *keys, const char *password);
