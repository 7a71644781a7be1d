/* auth/scheme.h - stored passwords: "{SCHEME}hash" as Dovecot writes them.
 *
 * Floor 2 (auth). Prefix: scheme_. Hashing is libcrypt's and libsodium's.
 */
#pragma once

#include "base/fault.h"

/* Name, how it is checked, prefix for crypt_gensalt where one can be made, text. */
/* clang-format off */
#define SCHEME_TABLE(X) \
	X("CRYPT",        CRYPT,  "$y$",  "what crypt(5) of this system knows; made as yescrypt") \
	X("YESCRYPT",     CRYPT,  "$y$",  "yescrypt") \
	X("BLF-CRYPT",    CRYPT,  "$2b$", "bcrypt") \
	X("SHA512-CRYPT", CRYPT,  "$6$",  "SHA-512-crypt") \
	X("SHA256-CRYPT", CRYPT,  "$5$",  "SHA-256-crypt") \
	X("ARGON2ID",     ARGON2, "",     "Argon2id") \
	X("ARGON2I",      ARGON2, NULL,   "Argon2i") \
	X("SCRAM-SHA-256", SCRAM_256, "", "keys for SCRAM-SHA-256 (RFC 7677)") \
	X("SCRAM-SHA-1",  SCRAM_1, "",    "keys for SCRAM-SHA-1 (RFC 5802)") \
	X("PLAIN",        PLAIN,  "",     "the password itself") \
	X("CLEARTEXT",    PLAIN,  NULL,   "the password itself")
/* clang-format on */

enum { SCHEME_STORED_MAX = 512, SCHEME_PASSWORD_MAX = 255 };

#define SCHEME_DEFAULT "CRYPT"

/* Does the password (no NUL in it) match what is stored? A stored text without a scheme
 * is CRYPT. False also for schemes and hashes that we cannot check. Takes as long as
 * the scheme takes, whether it matches or not. */
MUST_USE bool scheme_verify(struct span stored, struct span password);

/* What a stored password is good for besides being compared with one that is shown. */
enum {
	SCHEME_PLAIN = 1u << 0,     /* it is the password itself */
	SCHEME_SCRAM_1 = 1u << 1,   /* keys for SCRAM-SHA-1 */
	SCHEME_SCRAM_256 = 1u << 2, /* keys for SCRAM-SHA-256 */
};

/* One of these, or 0; *out_rest is the stored text without its scheme. */
unsigned scheme_good_for(struct span stored, struct span *out_rest);

/* Can we check passwords stored like this? */
bool scheme_known(struct span stored);

/* Can any password match? Not where it is locked ("*", "!"), or no hash at all. */
bool scheme_can_match(struct span stored);

/* Make what is to be stored for a password, as "{SCHEME}hash" and a NUL. FAULT_SYNTAX:
 * no such scheme, or none that is made; FAULT_NOMEM; FAULT_LIMIT: the password is too
 * long or holds a NUL, CR or LF, which no mechanism carries, or for PLAIN a ':', which
 * the users file can't hold. */
MUST_USE enum fault scheme_make(const char *scheme, struct span password,
				char out[SCHEME_STORED_MAX]);

/* Must have succeeded once before any of the above, before threads and sandboxes. */
MUST_USE bool scheme_start(void);
