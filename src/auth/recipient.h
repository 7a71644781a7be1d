/* auth/recipient.h - finds the user who gets the mail of an address.
 *
 * Prefix: recipient_. Several threads may call these functions at the same time.
 */
#pragma once

#include "auth/login.h"

/* What becomes of the domain of an address. */
enum recipient_domains {
	RECIPIENT_STRIP,   /* the user is named after the local part */
	RECIPIENT_KEEP,    /* the user is named after the whole address */
	RECIPIENT_REQUIRE, /* as KEEP, but an address without a domain names no user, so
			      that only the catch-all user can get its mail. The one
			      exception is "postmaster", which names the user
			      postmaster (RFC 5321 section 4.5.1) */
};

struct recipient_rules {
	const struct login_rules *login; /* databases, and how names are prepared */
	enum recipient_domains domains;
	struct span delimiters; /* each octet begins the detail of "user+detail" */
	struct span catch_all;  /* the user who gets the mail of addresses without a
				   user; empty: nobody */
	struct span postmaster; /* the user who gets the mail of postmaster, if no
				   database knows such a user; empty: that of catch_all
				 */
};

/* Find the user who gets the mail of `address`, a mailbox whose local part is unquoted;
 * the domain begins behind its last '@'. The name is prepared as that of a login. The
 * databases are asked for the whole address first, then for the address without its
 * detail, then for the user of postmaster or the catch-all user. *out, which the caller
 * releases, is written on success only; its `stored` may be empty. `why` may not be
 * NULL.
 *
 * FAULT_NO_USER: certainly no user gets the mail. FAULT_NO_DELIVERY: the user takes no
 * mail. FAULT_SETUP: there is no such catch-all user or postmaster. Other faults are
 * those of database_recipient: a database that is down leaves open whose mail it is,
 * even if another database knows the address without its detail. */
MUST_USE enum fault recipient_find(const struct recipient_rules *rules,
				   struct span address, struct user_found *out,
				   struct why *why);
