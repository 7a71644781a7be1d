/* authd/recipients.c - answers the questions of poplar-lmtp about recipients.
 *
 * Prefix: recipients_.
 */
#include "authd/recipients.h"

#include "ipc/dispatch.h"

void recipients_link_init(struct recipients_link *link, struct logins *logins, int fd)
{
	*link = (struct recipients_link){ .logins = logins, .answers = { .fd = fd } };
}

/* Nobody gets mail. */
static bool on_ask(void *arg, const struct message *m, struct channel_files *none)
{
	struct recipients_link *link = arg;

	(void)none;
	return answers_send(&link->answers,
			    &(struct message){ .kind = MESSAGE_RCPT_FAILED,
					       .RCPT_FAILED = { m->RCPT_ASK.id,
								m->RCPT_ASK.recipient,
								FAULT_SETUP } },
			    -1);
}

#define HEARS_LMTP(X) X(RCPT_ASK, on_ask)
DISPATCH(from_lmtp, LMTP, AUTH, HEARS_LMTP);

bool recipients_hear(struct recipients_link *link, struct channel_inbox *in)
{
	return dispatch(&from_lmtp, link, in);
}
