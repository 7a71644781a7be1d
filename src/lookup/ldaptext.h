/* lookup/ldaptext.h - puts user names into LDAP filters and entry names, escaped.
 *
 * Prefix: ldaptext_. No I/O.
 */
#pragma once

#include "base/span.h"

/* Copy the filter, with the name in place of each %u. Octets of the name that have a
 * meaning in filters become \XX (RFC 4515 section 3). False: no room. */
MUST_USE bool ldaptext_filter(const char *filter, struct span name, char *out,
			      size_t room);

/* The same for the name of an entry (RFC 4514 section 2.4). */
MUST_USE bool ldaptext_dn(const char *dn, struct span name, char *out, size_t room);
