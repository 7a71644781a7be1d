/* front/authchannel.h - the channel to poplar-auth.
 *
 * Prefix: authchannel_. A front has one channel for all its connections, or none while
 * poplar-auth is being started again. What comes goes to the protocol
 * (front/protocol.h: auth_opened, auth_takes, auth_says, auth_lost).
 */
#pragma once

#include "front/state.h"
#include "ipc/channel.h"

struct auth_channel {
	struct loop_watch watch; /* first: a channel is a watch */
	struct front *front;
	struct channel channel;
};

/* Use fd, a new channel to poplar-auth, which the front takes over. The old one is
 * lost. If memory lacks, the front has none; that is logged. */
void authchannel_use(struct front *f, int fd);

/* Send a message without waiting. FAULT_PEER: the front has no channel. Other faults
 * are those of channel_send. */
MUST_USE enum fault authchannel_tell(const struct front *f, const struct message *m);

/* `waiting`: messages wait until the channel takes them. Then the protocol hears when
 * it does. */
void authchannel_poll(struct front *f, bool waiting);
