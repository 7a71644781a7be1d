/* authd/recipients.h - answers the questions of poplar-lmtp about recipients.
 *
 * Prefix: recipients_. Several threads may call recipients_hear at the same time.
 */
#pragma once

#include "authd/answers.h"
#include "authd/logins.h"

/* poplar-lmtp, as the link to it. */
struct recipients_link {
	struct logins *logins;
	struct answers answers;
};

/* fd is the link's channel, which the caller goes on owning. */
void recipients_link_init(struct recipients_link *link, struct logins *logins, int fd);

/* Answer the message in the inbox. False: the caller must end the link, because
 * poplar-lmtp does not read its answers, which has been logged. */
MUST_USE bool recipients_hear(struct recipients_link *link, struct channel_inbox *in);
