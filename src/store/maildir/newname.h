/* store/maildir/newname.h - names for new files of a Maildir.
 *
 * Prefix: maildir_. No two calls give the same name, be they in other threads,
 * processes or machines; and the names of one process ascend in the order of delivery
 * (name_order), also if the clock is set back.
 */
#pragma once

#include "base/buf.h"

/* Learn the name of this machine; call this before the process enters its sandbox.
 * False: the kernel gives no random octets. */
MUST_USE bool maildir_start(void);

/* The longest name, in octets, without S= and W=. */
enum { MAILDIR_NEW_NAME_MAX = 192 };

/* Append a new name, such as "1276528487.M364837P9451Q7.kurkku"; the caller appends S=
 * and W=. Returns the number behind Q, which is one higher for each call, and goes on
 * with 0 behind 65535. */
unsigned maildir_new_name(struct buf *out);
