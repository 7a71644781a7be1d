/* front/authchannel.c - the channel to poplar-auth.
 *
 * Prefix: authchannel_.
 */
#include "front/authchannel.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/protocol.h"

static void lose(struct front *f)
{
	struct auth_channel *a = TAKE(f->auth);

	loop_watch(&f->loop, &a->watch, 0);
	loop_leave(&f->loop, &a->watch, a);
	close(a->watch.fd);
	f->protocol->auth_lost(f);
}

static void on_auth(struct loop_watch *at, unsigned events)
{
	struct auth_channel *a = (struct auth_channel *)at;
	struct front *f = a->front;

	if (events & LOOP_WRITE)
		f->protocol->auth_takes(f);
	while (f->auth == a)
		switch (channel_receive(&a->channel, CHANNEL_NOW, &f->inbox)) {
		case CHANNEL_MESSAGE:
			f->protocol->auth_says(f, false);
			break;
		case CHANNEL_CUT:
			f->protocol->auth_says(f, true);
			break;
		case CHANNEL_EMPTY:
			if (!(events & LOOP_BROKEN))
				return;
			lose(f);
			break;
		case CHANNEL_CLOSED:
		case CHANNEL_BROKEN:
			lose(f);
			break;
		}
}

void authchannel_use(struct front *f, int fd)
{
	if (f->auth)
		lose(f);
	struct auth_channel *a = malloc(sizeof *a);

	if (a)
		*a = (struct auth_channel){ { .fd = fd, .wake = on_auth },
					    f,
					    channel_of(fd, ROLE_AUTH, f->child.role) };
	if (!a || !loop_watch(&f->loop, &a->watch, LOOP_READ)) {
		log_event(LOG_ERR, "auth-link-lost", LOG_T("what", "out of memory"));
		free(a);
		close(fd);
		return;
	}
	f->auth = a;
	f->protocol->auth_opened(f);
}

enum fault authchannel_tell(const struct front *f, const struct message *m)
{
	return f->auth ? channel_send(f->auth->watch.fd, m, -1, CHANNEL_NOW)
		       : FAULT_PEER;
}

void authchannel_poll(struct front *f, bool waiting)
{
	if (f->auth)
		loop_watch(&f->loop, &f->auth->watch,
			   LOOP_READ | (waiting ? LOOP_WRITE : 0));
}
