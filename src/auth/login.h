/* auth/login.h - checks a proof of identity, and decides who may log in as whom.
 *
 * Prefix: login_. In SASL's words (RFC 4422), the authid is the user who proves an
 * identity, and the authzid is the user whose mail is wanted. They differ when a master
 * logs in as another user. `why` may not be NULL. Several threads may call all
 * functions but login_start at the same time.
 */
#pragma once

#include "auth/database.h"
#include "base/mechanism.h"

struct login_rules {
	struct database *databases; /* NULL: none, and every login is denied */
	struct span default_domain; /* appended with an '@' to names without one; empty:
				       nothing */
	bool fold;                  /* ASCII letters of names become lower case */
	char master_separator; /* the '*' of "user*master"; NUL: names are not split */
	struct span anonymous; /* the user that ANONYMOUS becomes; empty: nobody */
	const char *realm;     /* the accepted Kerberos realm; empty: any realm, and the
				  user name is the whole principal */
	struct database *tokens; /* databases of bearer tokens; NULL: none */
	/* Sent to a client whose token is refused (RFC 7628); empty or NULL: left out.
	 */
	const char *token_scope, *openid_configuration;
	const struct database_watcher
		*watcher; /* observes all questions; may be NULL */
};

/* How the client logs in. */
struct login_way {
	enum mechanism mechanism;
	bool tls;
	struct span peer; /* the client's address, as address_text writes it */
};

enum { LOGIN_NAME_OCTETS = 255, LOGIN_DIGEST_OCTETS = 32 };

/* Call this once and with success before any of the functions below, before threads
 * start, and before the process enters its sandbox. */
MUST_USE bool login_start(void);

/* Bring a name into the form in which the databases know it: prepared by SASLprep (RFC
 * 4013), in lower case and with a domain if the rules say so. False: no user can have
 * this name. */
struct login_name {
	size_t len;
	char text[LOGIN_NAME_OCTETS + 1]; /* ends with a NUL */
};
MUST_USE bool login_name(const struct login_rules *rules, struct span given,
			 struct login_name *out);

/* Find the user of this name. *out, which the caller releases, is written on success
 * only. FAULT_DENIED: no user has the name, or can have it. Other faults are those of
 * database_find. */
MUST_USE enum fault login_find(const struct login_rules *rules, struct span given,
			       struct user_found *out, struct why *why);

/* The name of the user whose secret proves a login as `given`: for "user*master" the
 * master, otherwise all of `given`; in the form of login_name. False: no user can have
 * this name. */
MUST_USE bool login_claimed_name(const struct login_rules *rules, struct span given,
				 struct login_name *out);

/* The functions below fill *out with the user whose mail the client may read; the
 * caller releases *out, which is written on success only. FAULT_DENIED: the proof is
 * wrong, or a rule forbids the login. Other faults are those of database_find. */

/* The client has sent a name and a password. If `authzid` is empty, the mail is the
 * authid's own or, for "user*master", that of `user`. */
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

/* The caller has checked another proof that the client is `authid`: find that user, and
 * admit as login_admit does. */
MUST_USE enum fault login_proved(const struct login_rules *rules,
				 const struct login_way *way, struct span authzid,
				 struct span authid, struct user_found *out,
				 struct why *why);

/* The client has proved to be the user *who, which comes from the databases. Check the
 * rules, and whether *who may log in as `authzid` (empty: as itself). login_admit takes
 * over *who. */
MUST_USE enum fault login_admit(const struct login_rules *rules,
				const struct login_way *way, struct user_found *who,
				struct span authzid, struct user_found *out,
				struct why *why);
