/* cli/direct.h - delivers a message to maildrops without a server.
 *
 * Prefix: direct_. Rules and outcomes are those of the server (doc/LMTP.md). The
 * message gets a Return-Path field, and no Received field, since no mail transfer took
 * place.
 */
#pragma once

#include "cli/dialog.h"
#include "cli/intake.h"
#include "config/settings.h"

/* Deliver to all recipients or, if one of them cannot be accepted, to none. A child
 * process that runs as the owner of the mail stores it. `by_path`: the address of each
 * recipient is the path of a Maildir below mail-root; otherwise it is a mailbox of a
 * user in the users files. Each recipient gets a verdict. What the verdict
 * does not say is printed on standard error. */
void direct_deliver(const struct settings *s, bool by_path,
		    const struct intake *message, struct dialog_mail *mail);
