/* dropd/warning.h - warns users whose maildrop becomes full, by a message.
 *
 * Prefix: warning_.
 */
#pragma once

#include "config/settings.h"
#include "store/store.h"

/* What all warnings of the process have in common. Begin with all zero: the built-in
 * text, and no host. */
struct warning {
	char host[256]; /* the name of this machine, for {host} */
	char *text;     /* the template; NULL: the built-in one */
	size_t text_octets;
};

/* Learn the name of this machine; call it before the process enters its sandbox. */
void warning_begin(struct warning *w);

/* Use the text in this open file as the template, in which {user}, {percent}, {quota},
 * {host} and {date} stand for what they say. FAULT_SETUP: it is no regular file, or too
 * large; then the template stays as it was. FAULT_IO, FAULT_NOMEM. */
MUST_USE enum fault warning_read(struct warning *w, int fd, struct why *why);

/* A delivery to the maildrop of `user`, with this quota. */
struct warning_cause {
	const char *user;
	const struct store_quota *quota;
	const struct store_delivered *delivered;
};

/* If the delivery has taken the maildrop above one of these percents of its quota, put
 * a warning into the maildrop that `o` opens, and log that. The quota does not keep the
 * warning out. `percents` are texts such as "80%". */
void warning_give(const struct warning *w, const struct text_list *percents,
		  const struct store_opening *o, const struct warning_cause *cause);
