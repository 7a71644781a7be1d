/* base/mechanism.h - the ways in which a user can log in.
 *
 * Prefix: mechanism_. A front names the mechanism that a client chose (AUTH_ASK);
 * poplar-auth names the mechanisms that it can check (AUTH_OFFERS).
 */
#pragma once

#include "base/span.h"

/* What a mechanism needs of the session and its connection. */
enum {
	MECHANISM_SASL = 1u << 0,        /* the command AUTH (RFC 5034) */
	MECHANISM_BARES = 1u << 1,       /* TLS, or permission to do without: whoever
					    reads the network's traffic sees the
					    credential, or for APOP its MD5 */
	MECHANISM_BINDING = 1u << 2,     /* a channel binding to the TLS connection */
	MECHANISM_CERTIFICATE = 1u << 3, /* a client certificate */
	MECHANISM_STARTS = 1u << 4,      /* a challenge before the first response */
	MECHANISM_TIMESTAMP = 1u << 5,   /* a timestamp in the greeting */
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
unsigned mechanism_needs(enum mechanism m); /* bits, MECHANISM_* */

/* The MECHANISM_BIT of the -PLUS variant of m, which adds a channel binding. 0: m has
 * no such variant. */
unsigned mechanism_bound(enum mechanism m);

/* Find the mechanism of this name, which may be in any case. False: no mechanism has
 * the name. */
MUST_USE bool mechanism_find(struct span name, enum mechanism *out);
