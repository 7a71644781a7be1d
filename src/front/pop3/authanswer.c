/* front/pop3/authanswer.c - handles the messages of poplar-auth, each for the
 * connection that waits for it.
 *
 * Prefix: authanswer_.
 */
#include "front/pop3/authanswer.h"

#include "front/pop3/authlink.h"
#include "front/pop3/board.h"
#include "front/pop3/hearing.h"
#include "front/pop3/login.h"
#include "front/pop3/offers.h"

/* The connection that awaits an answer with this id: to a login, or to XTND. */
static struct conn *find(const struct front *f, uint64_t id, bool logged_in)
{
	struct conn *c = authlink_find(f, id);

	return c && conn_is_logged_in(c) == logged_in ? c : NULL;
}

static bool on_offers(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	offers_known(h->front, (unsigned)m->AUTH_OFFERS.mechanisms);
	return true;
}

static bool on_more(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	h->c = find(h->front, m->AUTH_MORE.id, false);
	return hearing_gives(h, login_take_more(h->front, h->c, &m->AUTH_MORE, h->ev));
}

static bool on_later(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	h->c = find(h->front, m->AUTH_LATER.id, false);
	return hearing_gives(h, login_take_later(h->front, h->c, &m->AUTH_LATER));
}

static bool on_ok(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	h->c = find(h->front, m->AUTH_OK.id, false);
	return hearing_gives(h, login_take_ok(h->c, &m->AUTH_OK, files->at[0], h->ev));
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	h->c = find(h->front, m->AUTH_FAILED.id, false);
	return hearing_gives(h, login_take_failed(h->c, &m->AUTH_FAILED, h->ev));
}

static bool on_board_ok(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	h->c = find(h->front, m->BOARD_OK.id, true);
	return hearing_gives(h, board_take_ok(h->c, &m->BOARD_OK, files->at[0], h->ev));
}

static bool on_board_failed(void *arg, const struct message *m,
			    struct channel_files *none)
{
	struct hearing *h = arg;

	(void)none;
	h->c = find(h->front, m->BOARD_FAILED.id, true);
	return hearing_gives(h, board_take_failed(h->c, m->BOARD_FAILED.fault, h->ev));
}

#define HEARS_AUTH(X)                                                                  \
	X(AUTH_OFFERS, on_offers)                                                      \
	X(AUTH_MORE, on_more)                                                          \
	X(AUTH_LATER, on_later)                                                        \
	X(AUTH_OK, on_ok)                                                              \
	X(AUTH_FAILED, on_failed)                                                      \
	X(BOARD_OK, on_board_ok)                                                       \
	X(BOARD_FAILED, on_board_failed)
DISPATCH(from_auth, AUTH, FRONT, HEARS_AUTH);

enum result authanswer_take(struct front *f, struct channel_inbox *in,
			    struct conn **out_c, struct session_event *ev)
{
	struct hearing h = { f, NULL, ev, RESULT_WAIT };

	dispatch(&from_auth, &h, in);
	*out_c = h.c;
	return h.result;
}

enum result authanswer_take_cut(const struct front *f, const struct message *m,
				struct conn **out_c, struct session_event *ev)
{
	if (m->kind == MESSAGE_BOARD_OK) {
		*out_c = find(f, m->BOARD_OK.id, true);
		return board_take_failed(*out_c, FAULT_LIMIT, ev);
	}
	if (m->kind != MESSAGE_AUTH_OK)
		return RESULT_WAIT;
	*out_c = find(f, m->AUTH_OK.id, false);
	return login_take_cut(*out_c, &m->AUTH_OK, ev);
}
