/* convert/qmail.h - turns a run script of qmail-pop3d into a configuration of Poplar.
 *
 * Prefix: qmail_.
 */
#pragma once

#include "convert/result.h"

/* Read and convert the script at `path`, which runs
 *
 *	tcpserver OPTIONS HOST PORT qmail-popup NAME CHECKPASSWORD qmail-pop3d MAILDIR
 *
 * or the same with sslserver. False: a mistake (s->mistake), such as a script without
 * these words. */
MUST_USE bool qmail_run(struct source *s, struct result *r,
			const struct source_world *world, struct span path);
