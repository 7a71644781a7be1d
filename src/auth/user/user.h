/* auth/user/user.h - what is known of a user, wherever it is kept.
 *
 * Prefix: user_.
 */
#pragma once

#include "base/fault.h"
#include "base/policy.h"

/* Spans are borrowed from wherever the user was found. */
struct user {
	struct span name;
	struct span stored;     /* password as "{SCHEME}..."; empty: not known */
	struct span home;       /* absolute, or empty */
	struct span maildrop;   /* a path, see auth/place.h, or empty */
	struct span allow_nets; /* addresses and networks; empty: from anywhere */
	struct span mechanisms; /* names with commas between; empty: any */
	bool has_uid, has_gid;
	uint32_t uid, gid;
	bool disabled;              /* may not log in */
	bool tls_required;          /* not without TLS, not even where others may */
	bool master;                /* may log in as others */
	bool read_only;             /* may not remove messages */
	bool has_delay, has_expire; /* of its own: */
	struct policy policy;
	/* The first field that is longer than its bound, and is empty here for that;
	 * NULL: none. Such a user is not let in (FAULT_SETUP). */
	const char *over;
};

/* The most octets that a field may have. */
enum { USER_NAME_MAX = 255, USER_STORED_MAX = 511, USER_PATH_MAX = 4095 };

/* Set one of the user's texts, or note that `field` is over its bound. */
void user_set_text(struct user *u, const char *field, struct span value, size_t max,
		   struct span *out);

/* Take one field by its name, ours or Dovecot's:
 *
 *	uid userdb_uid gid userdb_gid      numbers
 *	home userdb_home                   a path
 *	maildrop                           a path
 *	mail userdb_mail                   maildir:PATH
 *	allow-nets                         addresses and networks
 *	mechanisms                         names of SASL mechanisms, USER and APOP
 *	disabled nologin                   yes (or nothing) or no
 *	tls-required ssl_required          the same
 *	master                             the same
 *	read-only                          the same
 *	login-delay                        see policy_take_delay
 *	expire                             see policy_take_expire
 *
 * A '_' may stand for each '-' of a name. Others are left alone. Paths have a bound,
 * see `over`. NULL, or what is wrong with it: then the user must not be let in, since a
 * field that cannot be read may be there to keep someone out. */
MUST_USE const char *user_set_field(struct user *u, struct span name,
				    struct span value);

/* The rule by which the user may not log in from this address ("127.0.0.1:110",
 * "[::1]:110"), with or without TLS, by this mechanism: "nologin" or the name of a
 * field; NULL: the user may. What cannot be read allows nothing. */
MUST_USE const char *user_rule(const struct user *u, struct span peer, bool tls,
			       const char *mechanism);

/* A user, and who keeps what its spans point to. All zero: nobody. */
struct user_found {
	struct user user;
	void *owner;
	void (*release)(void *owner); /* NULL: nothing to let go */
};

void user_release(struct user_found *found);

/* A user with texts of its own. False: out of memory. */
MUST_USE bool user_copy(const struct user *from, struct user_found *out);

/* Hand over what is found; *from is nobody then. */
static inline struct user_found user_take(struct user_found *from)
{
	struct user_found taken = *from;

	*from = (struct user_found){ 0 };
	return taken;
}
#define OWN_USER __attribute__((cleanup(user_release))) struct user_found
