/* cli/talk.h - delivers a message to an LMTP server.
 *
 * Prefix: talk_.
 */
#pragma once

#include "cli/dialog.h"
#include "cli/intake.h"

/* Connect to `server`, the path of a Unix socket (it begins with '/') or
 * "address:port", and deliver the message. mail->recipients get the verdicts. Once the
 * server can have the whole message, this call blocks the signals that ask a process to
 * end, and leaves them blocked: whoever sends one would repeat a delivery that has
 * succeeded. */
void talk_deliver(const char *server, const struct intake *message,
		  struct dialog_mail *mail);
