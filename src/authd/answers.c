/* authd/answers.c - the answers of poplar-auth to one front, or to poplar-lmtp.
 *
 * Prefix: answers_.
 */
#include "authd/answers.h"

#include "base/log.h"
#include "sys/clock.h"

/* How often an answer is tried that the kernel has no room for: another process's
 * descriptors are under way, and are received within milliseconds as a rule. */
enum { TRIES = 10, PAUSE_MS = 20 };
_Static_assert(2 * (TRIES - 1) * PAUSE_MS <= ANSWERS_PAUSE_MS_MAX,
	       "an answer and the failure in its place");

static enum fault try(const struct answers *to, const struct message *m, int pass)
{
	enum fault f = channel_send(to->fd, m, pass, CHANNEL_WAIT);

	for (int tries = 1; f == FAULT_NOMEM && tries < TRIES; tries++) {
		clock_pause(PAUSE_MS);
		f = channel_send(to->fd, m, pass, CHANNEL_WAIT);
	}
	return f;
}

/* Every answer but AUTH_OFFERS begins with the id of its question. */
_Static_assert(offsetof(struct message_AUTH_OK, id) == 0 &&
		       offsetof(struct message_AUTH_MORE, id) == 0 &&
		       offsetof(struct message_AUTH_LATER, id) == 0 &&
		       offsetof(struct message_AUTH_FAILED, id) == 0 &&
		       offsetof(struct message_BOARD_OK, id) == 0 &&
		       offsetof(struct message_BOARD_FAILED, id) == 0,
	       "the id of an answer can be read as that of AUTH_OK");

static struct message failure(const struct message *m, enum fault f)
{
	const uint64_t id = m->AUTH_OK.id;

	if (m->kind == MESSAGE_BOARD_OK || m->kind == MESSAGE_BOARD_FAILED)
		return (struct message){ .kind = MESSAGE_BOARD_FAILED,
					 .BOARD_FAILED = { id, f } };
	if (m->kind == MESSAGE_RCPT_OK)
		return (struct message){ .kind = MESSAGE_RCPT_FAILED,
					 .RCPT_FAILED = { m->RCPT_OK.id,
							  m->RCPT_OK.recipient, f } };
	return (struct message){ .kind = MESSAGE_AUTH_FAILED,
				 .AUTH_FAILED = { .id = id, .fault = f } };
}

bool answers_send(struct answers *to, const struct message *m, int pass)
{
	enum fault f = try(to, m, pass);

	atomic_fetch_add(&to->unread, 1);
	if ((f == FAULT_UNSENDABLE || f == FAULT_NOMEM) &&
	    m->kind != MESSAGE_AUTH_OFFERS) {
		const struct message failed = failure(m, f);

		f = try(to, &failed, -1);
	}
	if (f == FAULT_LIMIT)
		log_event(LOG_ERR, "front-stuck",
			  LOG_T("what", "the front does not read its answers"));
	else if (f != FAULT_NONE && f != FAULT_PEER)
		log_event(LOG_ERR, "answer-lost",
			  LOG_T("message", message_name(m->kind)),
			  LOG_T("what", "the kernel has no room"));
	return f != FAULT_LIMIT;
}
