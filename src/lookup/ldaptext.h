/* lookup/ldaptext.h - user names within LDAP's filters and names of entries.
 *
 * Does no I/O. Prefix: ldaptext_.
 */
#pragma once

#include "base/span.h"

/* Copy the filter with the name in the place of each %u, every octet of it that could
 * be more than itself as \\XX (RFC 4515 section 3). False: no room. */
MUST_USE bool ldaptext_filter(const char *filter, struct span name, char *out,
			      size_t room);

/* The same with the name of an entry (RFC 4514 section 2.4). */
MUST_USE bool ldaptext_dn(const char *dn, struct span name, char *out, size_t room);
