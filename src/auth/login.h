/* auth/login.h - checks a proof of identity, and decides who may log in as whom.
 *
 * Prefix: login_. In SASL's words (RFC 4422), the authid is the user who proves who it
 * is, and the authzid the user whose mail is wanted. They differ for masters.
 */
#pragma once

#include "auth/database.h"
#include "base/mechanism.h"

struct login_rules {
	struct database *databases;
	struct span default_domain; /* appended to names without '@'; empty: nothing */
	bool fold;                  /* ASCII letters of names become lower case */
	char master_separator;      /* the '*' of "user*master"; NUL: not split */
	struct span anonymous;      /* the user that ANONYMOUS becomes; empty: nobody */
	const char *realm; /* of Kerberos; empty: every realm, as a part of the name */
	struct database *tokens; /* databases of bearer tokens; NULL: none */
	/* Sent to a client whose token is refused (RFC 7628); empty or NULL: left out.
	 */
	const char *token_scope, *openid_configuration;
	const struct database_watcher *watcher; /* follows all questions; may be NULL */
};

/* How the client logs in. */
struct login_way {
	enum mechanism mechanism;
	bool tls;
	struct span peer; /* the client's address, as address_text writes it */
};

enum { LOGIN_NAME_OCTETS = 255, LOGIN_DIGEST_OCTETS = 32 };

/* Must succeed once before any of the functions below, before threads and sandboxes. */
MUST_USE bool login_start(void);

/* A name in the form in which the databases know it: prepared by SASLprep (RFC 4013),
 * in lower case and with a domain as the rules say. False: no user can have this name.
 */
struct login_name {
	size_t len;
	char text[LOGIN_NAME_OCTETS + 1]; /* ends with a NUL */
};
MUST_USE bool login_name(const struct login_rules *rules, struct span given,
			 struct login_name *out);

/* Find the user of this name. FAULT_DENIED: no user has it, or can have it. Other
 * faults are those of database_find. */
MUST_USE enum fault login_find(const struct login_rules *rules, struct span given,
			       struct user_found *out, struct why *why);

/* The name of the user whose secret proves a login as `given`: the part behind the
 * separator in "user*master", and otherwise all of it. False: no user can have this
 * name. */
MUST_USE bool login_claimed_name(const struct login_rules *rules, struct span given,
				 struct login_name *out);

/* The functions below fill *out with the user whose mail the client may have; the
 * caller releases it. FAULT_DENIED: the proof is wrong, or a rule forbids the login.
 * Other faults are those of database_find. */

/* The client has shown a name and a password. `authzid` empty: authid's own mail, or
 * that of the user in "user*master". */
MUST_USE enum fault login_by_password(const struct login_rules *rules,
				      const struct login_way *way, struct span authzid,
				      struct span authid, struct span password,
				      struct user_found *out, struct why *why);

/* APOP (RFC 1939 section 7): `digest` is the MD5, in lower-case hexadecimal, of the
 * greeting's timestamp followed by the password. */
MUST_USE enum fault login_by_digest(const struct login_rules *rules,
				    const struct login_way *way, struct span name,
				    struct span timestamp, struct span digest,
				    struct user_found *out, struct why *why);

/* The client has proved to be `authid`, in a way that the caller has checked. */
MUST_USE enum fault login_proved(const struct login_rules *rules,
				 const struct login_way *way, struct span authzid,
				 struct span authid, struct user_found *out,
				 struct why *why);

/* The client has proved to be *who, whom the databases have given. login_admit owns
 * *who. */
MUST_USE enum fault login_admit(const struct login_rules *rules,
				const struct login_way *way, struct user_found *who,
				struct span authzid, struct user_found *out,
				struct why *why);
