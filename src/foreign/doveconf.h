/* foreign/doveconf.h - finds a setting in the configuration of Dovecot.
 *
 * Prefix: doveconf_.
 */
#pragma once

#include "base/span.h"

/* Find the last line "name = value" in the text of dovecot.conf or of `doveconf -n`,
 * also inside of blocks. False: there is none. */
MUST_USE bool doveconf_find(struct span text, const char *name, struct span *out_value);
