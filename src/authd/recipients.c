/* authd/recipients.c - answers the questions of poplar-lmtp about recipients.
 *
 * Prefix: recipients_.
 */
#include "authd/recipients.h"

#include "base/log.h"
#include "base/own.h"
#include "ipc/dispatch.h"

void recipients_link_init(struct recipients_link *link, struct logins *logins, int fd)
{
	*link = (struct recipients_link){ .logins = logins, .answers = { .fd = fd } };
}

/* poplar-lmtp logs refusals with the sender, which this process does not know. */
static bool refuse(struct recipients_link *link, const struct message_RCPT_ASK *ask,
		   const struct why *why)
{
	const struct message m = { .kind = MESSAGE_RCPT_FAILED,
				   .RCPT_FAILED = { ask->id, ask->recipient,
						    why->fault } };

	if (why->fault != FAULT_NO_USER && why->fault != FAULT_NO_DELIVERY)
		log_fault(why, "recipient-trouble", LOG_S("address", ask->address),
			  LOG_S("peer", ask->peer));
	return answers_send(&link->answers, &m, -1);
}

/* There is no throttle: a client that poplar-lmtp trusts may ask for any address. */
static bool on_ask(void *arg, const struct message *m, struct channel_files *none)
{
	struct recipients_link *link = arg;
	struct logins *l = link->logins;
	const struct message_RCPT_ASK *ask = &m->RCPT_ASK;
	struct why why = { 0 };
	OWN_USER found = { 0 };
	OWN_FD delivery = -1;

	(void)none;
	if (recipient_find(&l->recipients, ask->address, &found, &why) ||
	    grants_delivery(&l->grants, &found.user, ask->peer, ask->octets, &delivery,
			    &why))
		return refuse(link, ask, &why);
	return answers_send(&link->answers,
			    &(struct message){ .kind = MESSAGE_RCPT_OK,
					       .RCPT_OK = { ask->id, ask->recipient,
							    found.user.name } },
			    delivery);
}

#define HEARS_LMTP(X) X(RCPT_ASK, on_ask)
DISPATCH(from_lmtp, LMTP, AUTH, HEARS_LMTP);

bool recipients_hear(struct recipients_link *link, struct channel_inbox *in)
{
	return dispatch(&from_lmtp, link, in);
}
