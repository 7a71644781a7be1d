/* convert/template.h - texts with Dovecot's variables, such as /srv/mail/%d/%n.
 *
 * Prefix: template_.
 *
 * Dovecot 2.3 has %u and %{user}, with modifiers between (%Lu); 2.4 has %{user | lower}
 * only, and takes %u for the two characters.
 */
#pragma once

#include "base/buf.h"

enum template_kind {
	TEMPLATE_TEXT,
	TEMPLATE_USER,   /* the whole user name */
	TEMPLATE_LOCAL,  /* the part before the '@', or all of it */
	TEMPLATE_DOMAIN, /* the part behind the '@', or nothing */
	TEMPLATE_HOME,
	TEMPLATE_SERVICE, /* the protocol: "pop3" */
	TEMPLATE_OTHER,   /* a variable or modifier that Poplar lacks; its text */
};

enum { TEMPLATE_PIECES_MAX = 32 };

struct template
{
	unsigned count;
	struct template_piece {
		enum template_kind kind;
		struct span text; /* of TEXT and OTHER; borrowed */
		bool lower;       /* in small letters */
	} at[TEMPLATE_PIECES_MAX];
	bool has_letter; /* 2.4: there is a %u, which Dovecot takes for text */
};

/* How a text has its variables. */
enum template_style { TEMPLATE_DOVECOT_23, TEMPLATE_DOVECOT_24 };

/* Split a text; "~/" at its beginning is the home. False: it has too many pieces, or a
 * "%{" is not closed. */
MUST_USE bool template_parse(struct span text, enum template_style style,
			     struct template *out);

/* Does the template have a piece of this kind? */
bool template_has(const struct template *t, enum template_kind kind);

/* The first piece of kind OTHER. Empty: there is none. */
struct span template_other(const struct template *t);

/* Replace the home in *io by another template. False: there are too many pieces. */
MUST_USE bool template_set_home(struct template *io, const struct template *home);

/* Append the template as Poplar's setting maildir has it: %u, %n, %d, and %% for '%'.
 * False: it has a home, or OTHER; or small letters, and not `folded`: user names are
 * not in small letters in Poplar, either. */
MUST_USE bool template_path(const struct template *t, bool folded, struct buf *out);

/* Append the folder of the part of a path before its first variable. False: the path
 * does not begin with '/', or that folder is the root. */
MUST_USE bool template_root(const struct template *t, struct buf *out);

/* The same text with %u for the whole user name only, as in filters of LDAP. False: it
 * has other variables. */
MUST_USE bool template_filter(const struct template *t, bool folded, struct buf *out);
