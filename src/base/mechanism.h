/* base/mechanism.h - the ways to prove who one is.
 *
 * Prefix: mechanism_. The front says by it what a client wants,
 * poplar-auth what it can do.
 */
#pragma once

#include "base/span.h"

/* What a mechanism needs of the connection. */
enum {
	MECHANISM_SASL = 1u << 0,        /* begun by AUTH (RFC 5034) */
	MECHANISM_BARES = 1u << 1,       /* shows the credential: TLS, or permission */
	MECHANISM_BINDING = 1u << 2,     /* bound to the TLS connection */
	MECHANISM_CERTIFICATE = 1u << 3, /* rests on the client's certificate */
	MECHANISM_STARTS = 1u << 4,      /* the server speaks first */
	MECHANISM_TIMESTAMP = 1u << 5,   /* the greeting has held a timestamp */
};

/* clang-format off */
#define MECHANISM_TABLE(X) \
	/* identifier        name                  needs                      source */ \
	X(USER,              "USER",               BARES,                     "RFC 1939 section 7") \
	X(APOP,              "APOP",               BARES | TIMESTAMP,         "RFC 1939 section 7") \
	X(PLAIN,             "PLAIN",              SASL | BARES,              "RFC 4616") \
	X(LOGIN,             "LOGIN",              SASL | BARES | STARTS,     "draft-murchison-sasl-login") \
	X(SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS", SASL | BINDING,           "RFC 7677") \
	X(SCRAM_SHA_256,     "SCRAM-SHA-256",      SASL,                      "RFC 7677") \
	X(SCRAM_SHA_1_PLUS,  "SCRAM-SHA-1-PLUS",   SASL | BINDING,            "RFC 5802") \
	X(SCRAM_SHA_1,       "SCRAM-SHA-1",        SASL,                      "RFC 5802") \
	X(CRAM_MD5,          "CRAM-MD5",           SASL | STARTS,             "RFC 2195") \
	X(DIGEST_MD5,        "DIGEST-MD5",         SASL | STARTS,             "RFC 2831") \
	X(GSSAPI,            "GSSAPI",             SASL,                      "RFC 4752") \
	X(OAUTHBEARER,       "OAUTHBEARER",        SASL | BARES,              "RFC 7628") \
	X(XOAUTH2,           "XOAUTH2",            SASL | BARES,              "Google's and Microsoft's manuals") \
	X(EXTERNAL,          "EXTERNAL",           SASL | CERTIFICATE,        "RFC 4422 appendix A") \
	X(ANONYMOUS,         "ANONYMOUS",          SASL,                      "RFC 4505")
/* clang-format on */

enum mechanism {
#define X(id, name, needs, source) MECHANISM_ID_##id,
	MECHANISM_TABLE(X)
#undef X
		MECHANISM_COUNT
};

#define MECHANISM_BIT(id) (1u << MECHANISM_ID_##id)

const char *mechanism_name(enum mechanism m);
unsigned mechanism_needs(enum mechanism m);

/* The mechanism (a bit) that binds what this one does not: its -PLUS; 0: it has none.
 */
unsigned mechanism_bound(enum mechanism m);

/* The mechanism of this name, in any case of letters. False: none. */
MUST_USE bool mechanism_find(struct span name, enum mechanism *out);
