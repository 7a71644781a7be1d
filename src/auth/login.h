/* auth/login.h - who may come in, once it is known who is there.
 *
 * Prefix: login_.
 */
#pragma once

#include "auth/database.h"
#include "base/mechanism.h"

struct login_rules {
	struct database *databases;
	struct span default_domain; /* for names without '@'; empty: none */
	bool fold;                  /* letters of ASCII in names are made small */
	char master_separator;      /* "user*master"; NUL: none */
	struct span anonymous;      /* as whom ANONYMOUS lets in; empty: nobody */
	const char *realm;          /* of Kerberos; empty: any, as a part of the name */
	struct database *tokens;    /* databases of bearer tokens; NULL: none */
	/* What clients are told whose token is refused; empty or NULL: not told. */
	const char *token_scope, *openid_configuration;
	const struct database_watcher *watcher; /* told of every question; NULL: none */
};

/* How the client comes. */
struct login_way {
	enum mechanism mechanism;
	bool tls;
	struct span peer;
};

enum { LOGIN_NAME_OCTETS = 255, LOGIN_DIGEST_OCTETS = 32 };

/* Must have succeeded once before any of the below, before threads and sandboxes. */
MUST_USE bool login_start(void);

/* A name as the databases know it: prepared by SASLprep (RFC 4013), small, with a
 * domain. False: there can be no such user. */
struct login_name {
	size_t len;
	char text[LOGIN_NAME_OCTETS + 1]; /* ends with a NUL */
};
MUST_USE bool login_name(const struct login_rules *rules, struct span given,
			 struct login_name *out);

/* Who has this name? FAULT_DENIED: nobody has it, or can have it. */
MUST_USE enum fault login_find(const struct login_rules *rules, struct span given,
			       struct user_found *out, struct why *why);

/* The name whose secret is shown when the client says it is `given`, which may be
 * "user*master". False: there can be no such user. */
MUST_USE bool login_claimed_name(const struct login_rules *rules, struct span given,
				 struct login_name *out);

/* A name and a password were shown. `authzid` is who the client wants to be; empty: who
 * it is, or who "user*master" says. FAULT_DENIED, or trouble with the databases. */
MUST_USE enum fault login_by_password(const struct login_rules *rules,
				      const struct login_way *way, struct span authzid,
				      struct span authid, struct span password,
				      struct user_found *out, struct why *why);

/* The same by APOP (RFC 1939 section 7): `digest` is MD5, in hexadecimal, of the
 * greeting's timestamp and the password. */
MUST_USE enum fault login_by_digest(const struct login_rules *rules,
				    const struct login_way *way, struct span name,
				    struct span timestamp, struct span digest,
				    struct user_found *out, struct why *why);

/* It was proved that `authid` is there: may it come in, and as whom? */
MUST_USE enum fault login_proved(const struct login_rules *rules,
				 const struct login_way *way, struct span authzid,
				 struct span authid, struct user_found *out,
				 struct why *why);

/* The same, where the databases have been asked: *who is the callee's. */
MUST_USE enum fault login_admit(const struct login_rules *rules,
				const struct login_way *way, struct user_found *who,
				struct span authzid, struct user_found *out,
				struct why *why);
