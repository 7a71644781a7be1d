/* test/unit/peer.h - the other end of a channel, and the log, for tests of a process.
 */
#pragma once

#include "check.h"

#include <unistd.h>

#include "base/log.h"
#include "ipc/channel.h"

/* ---- the other end ---- */

/* A channel: *ours is for the code under test; returns the other end. */
static inline int peer_new(int *ours)
{
	int pair[2];

	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	*ours = pair[0];
	return pair[1];
}

static inline void peer_say(int fd, const struct message *m, int pass)
{
	CHECK_EQ(channel_send(fd, m, pass, CHANNEL_NOW), FAULT_NONE);
}

/* The next message, which must be of this kind. Its texts last until the next call. */
static inline const struct message *peer_hears(struct channel *c,
					       enum message_kind kind, int *out_fd)
{
	static struct channel_inbox inbox;

	CHECK_EQ(channel_receive(c, CHANNEL_WAIT, &inbox), CHANNEL_MESSAGE);
	CHECK_EQ(inbox.message.kind, kind);
	if (out_fd)
		*out_fd = inbox.files.at[0];
	else if (inbox.files.count > 0)
		close(inbox.files.at[0]);
	return &inbox.message;
}

/* What is there: CHANNEL_EMPTY while the channel is open, CHANNEL_CLOSED behind. */
static inline enum channel_got peer_got(struct channel *c)
{
	static struct channel_inbox inbox;

	return channel_receive(c, CHANNEL_NOW, &inbox);
}

/* ---- the log ---- */

static char peer_log[4096]; /* every line since peer_log_begin */

static inline void peer_log_line(int priority, struct span line)
{
	const size_t len = strlen(peer_log);

	(void)priority;
	snprintf(peer_log + len, sizeof peer_log - len, "%.*s\n", (int)line.len,
		 line.at);
}

static inline void peer_log_begin(void)
{
	peer_log[0] = '\0';
	log_to(peer_log_line);
}

static inline bool peer_log_has(const char *text)
{
	return strstr(peer_log, text) != NULL;
}
