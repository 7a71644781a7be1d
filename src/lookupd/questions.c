/* lookupd/questions.c - answers the questions of poplar-auth.
 *
 * Prefix: questions_.
 */
#include "lookupd/questions.h"

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/dispatch.h"

void questions_from(struct questions *q, int fd)
{
	own_fd_close(&q->auth.fd);
	q->auth = channel_of(fd, ROLE_AUTH, ROLE_LOOKUP);
}

/* Ask the database. *a is what it says, for DATABASE_RIGHT with the user's fields, and
 * for trouble with its story. */
static enum database_says ask(const struct questions *q,
			      const struct message_LOOKUP_ASK *ask,
			      struct lookup_answer *a)
{
	const struct lookup_question question = { ask->user, ask->password, ask->peer,
						  ask->judge > 0 };
	enum database_says says = DATABASE_UNKNOWN;

	*a = (struct lookup_answer){ .fields = BUF(a->room) };
	if (!span_has_any(question.name, "") && !span_has_any(question.password, ""))
		says = q->driver->ask(q->self, &question, a);
	if (says == DATABASE_RIGHT && a->fields.cut)
		says = DATABASE_DOWN; /* some of its fields would be missing */
	if (says != DATABASE_RIGHT)
		a->fields.len = 0;
	return says;
}

static bool send_answer(const struct questions *q, const struct message_LOOKUP_IS *is)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_IS, .LOOKUP_IS = *is };
	const struct message unfit = {
		.kind = MESSAGE_LOOKUP_IS,
		.LOOKUP_IS = { .says = DATABASE_DOWN, .unfit = true },
	};
	enum fault f = channel_send(q->auth.fd, &m, -1, CHANNEL_NOW);

	if (f == FAULT_UNSENDABLE)
		f = channel_send(q->auth.fd, &unfit, -1, CHANNEL_NOW);
	return f == FAULT_NONE;
}

static bool on_ask(void *arg, const struct message *m, struct channel_files *none)
{
	struct questions *q = arg;
	struct lookup_answer *a = &q->answer;
	const enum database_says says = ask(q, &m->LOOKUP_ASK, a);
	const bool has_trouble = says == DATABASE_DOWN || says == DATABASE_WRONG;
	char text[191];
	struct buf trouble = BUF(text);

	(void)none;
	if (has_trouble)
		fault_story(&a->why, &trouble);
	const bool said = send_answer(
		q, &(struct message_LOOKUP_IS){ says, a->why.fault == FAULT_UNSENDABLE,
						buf_span(&trouble),
						buf_span(&a->fields) });
	secret_wipe(a->room, sizeof a->room);
	return said;
}

#define HEARS_AUTH(X) X(LOOKUP_ASK, on_ask)
DISPATCH(from_auth, AUTH, LOOKUP, HEARS_AUTH);

bool questions_hear(struct questions *q)
{
	switch (channel_receive(&q->auth, CHANNEL_NOW, &q->inbox)) {
	case CHANNEL_MESSAGE:
		if (!dispatch(&from_auth, q, &q->inbox))
			own_fd_close(&q->auth.fd);
		secret_wipe(&q->inbox, sizeof q->inbox);
		break;
	case CHANNEL_EMPTY:
		break;
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		log_event(LOG_CRIT, "link-broken", LOG_T("peer", role_name(ROLE_AUTH)),
			  LOG_T("message", q->auth.broken),
			  LOG_T("reason", q->auth.reason));
		return false;
	case CHANNEL_CLOSED:
		own_fd_close(&q->auth.fd);
		break;
	}
	return true;
}
