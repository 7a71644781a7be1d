/* lmtp/path.h - parses the addresses of MAIL and RCPT.
 *
 * Prefix: path_. RFC 5321 section 4.1.2, RFC 6531 section 3.3. More is accepted than
 * the grammar allows, because a refusal would bounce mail that other servers have
 * accepted: dots at any place of a local part, hyphens and underscores at any place of
 * a domain, and an address without a domain.
 */
#pragma once

#include "base/buf.h"

/* The longest parts, in octets. RFC 5321 section 4.5.3.1 asks for at least 64 octets of
 * local part, and 255 of domain; a sender that encodes a recipient is longer. */
enum { PATH_LOCAL_MAX = 255, PATH_DOMAIN_MAX = 255, PATH_MAILBOX_MAX = 511 };

/* An address; borrows from the line. */
struct path {
	struct span mailbox; /* as it was written, without brackets and source route;
				empty: the null path "<>" */
	struct span local;   /* the part of it before the "@", with its quotes */
	struct span domain;  /* behind the "@"; empty: there is none */
	bool utf8;           /* it is not all ASCII */
};

/* Cut a path with its brackets off the front of *io_in. False: it is malformed, or too
 * long. */
MUST_USE bool path_cut(struct span *io_in, struct path *out);

/* Write the mailbox with its local part unquoted: "a\ b"@c.d becomes a b@c.d. Writes at
 * most PATH_MAILBOX_MAX octets. */
void path_write(const struct path *p, struct buf *out);

/* Is this a domain or an address literal, in ASCII? */
bool path_is_domain(struct span s);
