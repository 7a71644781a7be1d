/* convert/dovecotrest.h - the settings of Dovecot that need no rule of their own.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotview.h"

/* Convert the settings that have one value in Poplar, and note all that no one has
 * taken: those without a counterpart, those that need nothing, and unknown ones. Call
 * it last. */
void dovecot_convert_rest(struct dovecot *d);
