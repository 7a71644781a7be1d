/* dropd/hearing.c - how a session or a delivery hears its peer.
 *
 * Prefix: hearing_.
 */
#include "dropd/hearing.h"

#include "base/buf.h"
#include "base/log.h"

bool hearing_illegal(const char *user, const char *message, const char *reason)
{
	log_event(LOG_CRIT, "front-broken", LOG_T("user", user), LOG_T("what", message),
		  LOG_T("reason", reason));
	return false;
}

bool hearing_one(struct channel *channel, const struct dispatch *handlers, void *arg,
		 const char *user)
{
	ROOM struct channel_inbox inbox;

	switch (channel_receive(channel, CHANNEL_NOW, &inbox)) {
	case CHANNEL_MESSAGE:
		return dispatch(handlers, arg, &inbox);
	case CHANNEL_EMPTY:
		return true;
	case CHANNEL_CLOSED:
		break;
	case CHANNEL_CUT:
		log_event(LOG_ERR, "session-lost", LOG_T("user", user),
			  LOG_T("what", "too many open files"));
		break;
	case CHANNEL_BROKEN:
		return hearing_illegal(user, channel->broken, channel->reason);
	}
	return false;
}
