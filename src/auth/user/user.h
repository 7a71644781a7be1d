/* auth/user/user.h - a user, as any database describes one.
 *
 * Prefix: user_.
 */
#pragma once

#include "base/fault.h"
#include "base/policy.h"
#include "base/quota.h"

/* The spans point into memory that struct user_found owns. */
struct user {
	struct span name;
	struct span stored;   /* the password as "{SCHEME}..."; empty: the database does
				 not tell it */
	struct span home;     /* absolute, or empty */
	struct span maildrop; /* a path (see auth/place.h), or empty */
	struct span allow_nets; /* a list for nets_text_holds; empty: every address */
	struct span mechanisms; /* names with commas between; empty: every mechanism */
	bool has_uid, has_gid;
	uint32_t uid, gid;
	bool disabled;     /* may not log in */
	bool tls_required; /* may log in with TLS only, whatever the settings say */
	bool master;       /* may log in as another user */
	bool read_only;    /* may not remove messages */
	bool no_delivery;  /* gets no mail */
	bool has_delay, has_expire; /* which parts of `policy` the database has set */
	struct policy policy;
	struct span uidl_format; /* empty: as the settings say */
	bool has_quota;          /* the database has set `quota` */
	struct quota quota;
	/* The first field that is longer than its bound, and therefore empty here;
	 * NULL: none. Such a user may not log in (FAULT_SETUP). */
	const char *over;
};

/* The bounds of fields, in octets. */
enum { USER_NAME_MAX = 255, USER_STORED_MAX = 511, USER_PATH_MAX = 4095 };

/* Set *out, one of the user's texts, to `value`, which is borrowed. If `value` is
 * longer than `max`, *out becomes empty, and u->over borrows `field` (unless an earlier
 * field was too long). */
void user_set_text(struct user *u, const char *field, struct span value, size_t max,
		   struct span *out);

/* Set one field by its name, Poplar's or Dovecot's:
 *
 *	uid userdb_uid gid userdb_gid      numbers
 *	home userdb_home                   a path
 *	maildrop                           a path
 *	mail userdb_mail                   maildir:PATH; a second ':' ends the path
 *	allow-nets                         a list for nets_text_holds
 *	mechanisms                         of SASL, USER, APOP; commas between
 *	disabled nologin                   yes or no
 *	no-delivery                        yes or no
 *	tls-required ssl_required          yes or no
 *	master                             yes or no
 *	read-only                          yes or no
 *	login-delay                        see policy_parse_delay
 *	expire                             see policy_parse_expire
 *	uidl-format                        see uidformat_parse
 *	quota                              see quota_parse
 *	quota_rule userdb_quota_rule       see quota_parse_rule
 *	quota_storage_size userdb_quota_storage_size
 *	                                   a size (quota_parse_octets)
 *	quota_message_count userdb_quota_message_count
 *	                                   a number
 *
 * "y", "true", "t", "1" and nothing also mean yes, "n", "false", "f" and "0" also mean
 * no; case is ignored. An empty number, path, login-delay, expire, uidl-format or quota
 *counts as not given; an empty mail, allow-nets or mechanisms is wrong. In the last two
 *fields, "unlimited" and 0 set no limit. The user borrows `value`. A '_' may stand for
 *a '-' in a name. Fields of other names are ignored. Returns NULL, or a text that says
 *what is wrong with the value: then the caller refuses the user, because the
 *administrator may have meant the field to forbid the login. */
MUST_USE const char *user_set_field(struct user *u, struct span name,
				    struct span value);

/* The rule that forbids this login, from the address `peer` ("127.0.0.1:110",
 * "[::1]:110"; "unknown" is in no network), with or without TLS, by this mechanism: the
 * name of a field, which is "nologin" for `disabled`. NULL: the user may log in.
 * Malformed networks allow no address. */
MUST_USE const char *user_rule(const struct user *u, struct span peer, bool tls,
			       const char *mechanism);

/* A user, and the owner of the memory that its spans borrow. All zero: no user. */
struct user_found {
	struct user user;
	void *owner;
	void (*release)(void *owner); /* NULL: there is nothing to release */
};

/* Release the user's memory; *found becomes no user. */
void user_release(struct user_found *found);

/* Copy a user, texts included. False: out of memory; *out is unchanged. */
MUST_USE bool user_copy(const struct user *from, struct user_found *out);

/* Move the user out of *from, which becomes no user. */
static inline struct user_found user_take(struct user_found *from)
{
	struct user_found taken = *from;

	*from = (struct user_found){ 0 };
	return taken;
}
#define OWN_USER __attribute__((cleanup(user_release))) struct user_found
