/* auth/user/scheme.h - stored passwords: "{SCHEME}hash" as Dovecot writes them.
 *
 * Prefix: scheme_. libcrypt, libsodium and OpenSSL do the hashing. The name of a scheme
 * may end in the encoding of the hash: ".hex", ".b64" or ".base64". Names ignore case.
 * Several threads may call all functions but scheme_start at the same time.
 */
#pragma once

#include "base/fault.h"

/* Name; the way to check a password (scheme.c), and its digest, if the way has one; the
 * encoding of the hash; prefix for crypt_gensalt ("": the way needs none; NULL:
 * scheme_make does not make this scheme); what the hash is. */
/* clang-format off */
#define SCHEME_TABLE(X) \
	X("CRYPT",         CRYPT,     MD5,    AS_IS,  "$y$",  "what crypt(5) of this system knows; made as yescrypt") \
	X("YESCRYPT",      CRYPT,     MD5,    AS_IS,  "$y$",  "yescrypt") \
	X("BLF-CRYPT",     CRYPT,     MD5,    AS_IS,  "$2b$", "bcrypt") \
	X("SHA512-CRYPT",  CRYPT,     MD5,    AS_IS,  "$6$",  "SHA-512-crypt") \
	X("SHA256-CRYPT",  CRYPT,     MD5,    AS_IS,  "$5$",  "SHA-256-crypt") \
	X("MD5-CRYPT",     CRYPT,     MD5,    AS_IS,  NULL,   "MD5-crypt") \
	X("DES-CRYPT",     CRYPT,     MD5,    AS_IS,  NULL,   "the first crypt of all") \
	X("ARGON2ID",      ARGON2,    MD5,    AS_IS,  "",     "Argon2id") \
	X("ARGON2I",       ARGON2,    MD5,    AS_IS,  NULL,   "Argon2i") \
	X("ARGON2",        ARGON2,    MD5,    AS_IS,  NULL,   "either") \
	X("SCRAM-SHA-256", SCRAM_256, SHA256, AS_IS,  "",     "keys for SCRAM-SHA-256 (RFC 7677)") \
	X("SCRAM-SHA-1",   SCRAM_1,   SHA1,   AS_IS,  "",     "keys for SCRAM-SHA-1 (RFC 5802)") \
	X("PBKDF2",        PBKDF2,    SHA1,   AS_IS,  NULL,   "PBKDF2 with HMAC-SHA-1") \
	X("SSHA512",       SALTED,    SHA512, BASE64, NULL,   "SHA-512 with a salt") \
	X("SSHA256",       SALTED,    SHA256, BASE64, NULL,   "SHA-256 with a salt") \
	X("SSHA",          SALTED,    SHA1,   BASE64, NULL,   "SHA-1 with a salt") \
	X("SMD5",          SALTED,    MD5,    BASE64, NULL,   "MD5 with a salt") \
	X("SHA512",        DIGEST,    SHA512, BASE64, NULL,   "SHA-512") \
	X("SHA256",        DIGEST,    SHA256, BASE64, NULL,   "SHA-256") \
	X("SHA1",          DIGEST,    SHA1,   BASE64, NULL,   "SHA-1") \
	X("SHA",           DIGEST,    SHA1,   BASE64, NULL,   "SHA-1") \
	X("LDAP-MD5",      DIGEST,    MD5,    BASE64, NULL,   "MD5") \
	X("PLAIN-MD5",     DIGEST,    MD5,    HEX,    NULL,   "MD5") \
	X("MD5",           MD5_EITHER, MD5,   AS_IS,  NULL,   "MD5-crypt or, without a '$' in front, MD5") \
	X("DIGEST-MD5",    REALM,     MD5,    HEX,    NULL,   "MD5 of name, realm and password") \
	X("CRAM-MD5",      CONTEXT,   MD5,    HEX,    NULL,   "HMAC-MD5 that has taken in the password") \
	X("HMAC-MD5",      CONTEXT,   MD5,    HEX,    NULL,   "the same") \
	X("PLAIN",         PLAIN,     MD5,    AS_IS,  "",     "the password itself") \
	X("CLEAR",         PLAIN,     MD5,    AS_IS,  NULL,   "the password itself") \
	X("CLEARTEXT",     PLAIN,     MD5,    AS_IS,  NULL,   "the password itself")
/* clang-format on */

/* Room for a stored password and the NUL behind it; the longest password, in octets
 * without a NUL. */
enum { SCHEME_STORED_MAX = 512, SCHEME_PASSWORD_MAX = 255 };

#define SCHEME_DEFAULT "CRYPT"

/* Does the password match `stored`? A stored text without a scheme is CRYPT. False also
 * if the scheme is unknown, the hash is malformed, or the password is too long or holds
 * a NUL. A match takes as long as a mismatch. Only DIGEST-MD5 depends on `user`. */
MUST_USE bool scheme_verify(struct span stored, struct span user, struct span password);

/* The mechanisms for which a stored password is usable, besides those that send the
 * password. */
enum {
	SCHEME_PLAIN = 1u << 0,     /* all mechanisms: it is the password itself */
	SCHEME_SCRAM_1 = 1u << 1,   /* keys for SCRAM-SHA-1 */
	SCHEME_SCRAM_256 = 1u << 2, /* keys for SCRAM-SHA-256 */
};
unsigned scheme_good_for(struct span stored); /* one of these, or 0 */

/* Decode what stands behind the scheme of a stored password: the password itself, a
 * hash or keys. *out_secret lies in `out`, which the caller wipes. False: it is
 * malformed. */
MUST_USE bool scheme_secret(struct span stored, char out[SCHEME_STORED_MAX],
			    struct span *out_secret);

/* Is the scheme of this stored password known? */
bool scheme_known(struct span stored);

/* Can any password match? False for a locked password ("*", "!"), for an unknown scheme
 * and for a malformed hash. */
bool scheme_can_match(struct span stored);

/* Make the stored form of a password, "{SCHEME}hash" and a NUL. FAULT_SYNTAX: the
 * scheme is unknown, or one that Poplar checks but does not make. FAULT_NOMEM.
 * FAULT_LIMIT: the password is empty, too long, or holds a NUL, CR or LF, which no
 * mechanism carries; or, for PLAIN, a ':', which the users file cannot hold. */
MUST_USE enum fault scheme_make(const char *scheme, struct span password,
				char out[SCHEME_STORED_MAX]);

/* Call this once and with success before any of the functions above, before threads
 * start, and before the process enters its sandbox. */
MUST_USE bool scheme_start(void);
