/* parent/renewal.h - reads the files of TLS again when they change.
 *
 * Prefix: renewal_. poplard watches directories, not files: certbot renames symbolic
 * links, other programs rename files. Half a second after a change in such a directory,
 * when the writer has probably written all files, poplard reads them again; and without
 * a change once a day.
 */
#pragma once

#include "parent/parent.h"

/* Read the files for a new generation. False: they cannot be used, which has been
 * logged. */
MUST_USE bool renewal_begin(struct parent *p, struct generation *g);

/* Watch the directories with the TLS files of all generations that do not drain, and
 * stop watching others. */
void renewal_watch(struct parent *p);

/* p->watch is readable: plan to read the files again. */
void renewal_heard(struct parent *p);

/* renewal_do_due: if it is time, read the files, or check the age of certificates. New
 * certificates go to the fronts and poplar-lmtp; if a new one cannot be used, that is
 * logged, and the old one stays. renewal_next_due: when to call it next, ms of
 * clock_ms(). */
void renewal_do_due(struct parent *p, uint64_t now);
uint64_t renewal_next_due(const struct parent *p);
