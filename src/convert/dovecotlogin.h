/* convert/dovecotlogin.h - Dovecot's mechanisms and user names.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotview.h"

/* Convert mechanisms, clear text, and how user names are made; this sets d->folded. */
void dovecot_convert_login(struct dovecot *d, bool tls, bool must_tls);
