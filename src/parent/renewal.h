/* parent/renewal.h - poplard notices when files of TLS change, and reads them again.
 *
 * Prefix: renewal_. Directories are watched, not files: certbot renames symbolic links,
 * others rename files. After any change there the files are read again half a second
 * later, when their writer has probably written all of them; and once a day without a
 * change.
 */
#pragma once

#include "parent/parent.h"

/* Read the files for a new generation. False: they cannot be used, which has been
 * logged. */
MUST_USE bool renewal_begin(struct parent *p, struct generation *g);

/* Watch the directories with the files of all generations that do not drain, in place
 * of those watched before. */
void renewal_watch(struct parent *p);

/* p->watch is readable. */
void renewal_heard(struct parent *p);

/* Do what is due, and when (ms) the next thing is. A new certificate that cannot be
 * used is logged, and the old one stays; new good ones go to the fronts. */
void renewal_do_due(struct parent *p, uint64_t now);
uint64_t renewal_next_due(const struct parent *p);
