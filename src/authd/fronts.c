/* authd/fronts.c - poplar-auth's links to the fronts and to poplar-lmtp.
 *
 * Prefix: fronts_.
 */
#include "authd/fronts.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

struct link {
	struct threaded_link threaded; /* first: a link is a threaded link */
	uint64_t number;         /* poplard's name for the process, in FRONT_BROKEN */
	atomic_bool is_lost;     /* poplard has heard so */
	bool is_held;            /* watched until the peer has read most answers */
	struct answers *answers; /* of the member below that is in use */
	union {
		struct logins_link front;
		struct recipients_link lmtp;
	};
};

static bool hear(struct threaded_link *link, struct channel_inbox *in)
{
	struct link *l = (struct link *)link;
	const bool on = logins_hear(&l->front, in);

	secret_wipe(in, sizeof *in);
	return on;
}

static bool hear_lmtp(struct threaded_link *link, struct channel_inbox *in)
{
	struct link *l = (struct link *)link;

	return recipients_hear(&l->lmtp, in);
}

/* A peer that does not read its answers may ask no more until it has, so that no
 * thread has to wait for it. */
static void watch(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	l->is_held = atomic_load(&l->answers->unread) >= FRONTS_ANSWERS_MAX;
	if (l->is_held)
		pool_when_writable(link->process->pool, &link->post);
	else
		pool_again(link->process->pool, &link->post);
}

static bool may_hear(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	if (!l->is_held)
		return true;
	atomic_store(&l->answers->unread, 0);
	return false;
}

/* A process without a link can serve nobody: poplard ends it and starts another. */
static void give_up(const struct threaded *process, uint64_t number)
{
	const struct message broken = { .kind = MESSAGE_FRONT_BROKEN,
					.FRONT_BROKEN = { number } };

	fault_ignore(channel_send(process->child.parent.fd, &broken, -1, CHANNEL_NOW));
}

/* Threads that still use the link see that it has ended. A process that has closed its
 * end may have died: poplard knows. */
static void lose(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	shutdown(link->post.fd, SHUT_RDWR);
	if (!atomic_exchange(&l->is_lost, true))
		give_up(link->process, l->number);
}

static void free_link(struct threaded_link *link)
{
	struct link *l = (struct link *)link;

	exchanges_done(&l->front.exchanges);
	free(l);
}

static void free_lmtp(struct threaded_link *link)
{
	free(link);
}

static const struct threaded_kind front_links = {
	.peer = ROLE_FRONT,
	.hear = hear,
	.watch = watch,
	.may_hear = may_hear,
	.lost = lose,
	.free = free_link,
};

static const struct threaded_kind lmtp_links = {
	.peer = ROLE_LMTP,
	.hear = hear_lmtp,
	.watch = watch,
	.may_hear = may_hear,
	.lost = lose,
	.free = free_lmtp,
};

/* NULL: there is no memory, and fd has been closed. */
static struct link *new_link(const struct fronts *fronts, uint64_t number, int fd)
{
	struct link *link = calloc(1, sizeof *link);

	if (link) {
		link->number = number;
		return link;
	}
	close(fd);
	give_up(fronts->process, number);
	return NULL;
}

void fronts_link(struct fronts *fronts, uint64_t number, int fd)
{
	struct link *link = new_link(fronts, number, fd);

	if (!link)
		return;
	link->answers = &link->front.answers;
	logins_link_init(&link->front, fronts->logins, fd,
			 atomic_fetch_add(&fronts->linked, 1));
	threaded_link_begin(fronts->process, &link->threaded, &front_links, fd);
}

void fronts_link_lmtp(struct fronts *fronts, uint64_t number, int fd)
{
	struct link *link = new_link(fronts, number, fd);

	if (!link)
		return;
	link->answers = &link->lmtp.answers;
	recipients_link_init(&link->lmtp, fronts->logins, fd);
	threaded_link_begin(fronts->process, &link->threaded, &lmtp_links, fd);
}
