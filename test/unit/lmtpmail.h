/* test/unit/lmtpmail.h - messages for a poplar-lmtp of lmtpworld.h.
 */
#pragma once

#include "lmtpworld.h"

#define TEXT "Subject: x\r\n\r\nbody\r\n"

static char file[1 << 20]; /* the message that a maildrop process got last */

/* Does what poplar-lmtp has said since the last look begin with `text`? */
static inline bool starts(const char *text)
{
	return strncmp(look(), text, strlen(text)) == 0;
}

/* A client of a new poplar-lmtp has said MAIL. */
static inline void begin_mail(void)
{
	start_lmtp();
	arrive();
	mail();
}

/* A recipient whose address is the user's name; returns its maildrop process. */
static inline unsigned to(const char *user)
{
	return recipient(user, user);
}

/* A client of a new poplar-lmtp has said DATA, for alice alone. Returns her maildrop
 * process. */
static inline unsigned begin_message(void)
{
	begin_mail();
	const unsigned i = to("alice");
	data();
	return i;
}

/* DATA, and a whole message. */
static inline void send_text(void)
{
	data();
	say(TEXT ".\r\n");
}

/* Lines of 1024 octets. */
static inline void send_lines(unsigned count)
{
	static char line[1025];

	memset(line, 'x', 1022);
	memcpy(line + 1022, "\r\n", 3);
	for (unsigned i = 0; i < count; i++)
		say(line);
}

/* Maildrop process i has been told to store a message, which is in `file`. Returns its
 * length. */
static inline size_t check_stored(unsigned i)
{
	const size_t len = stored(i, file, sizeof file);

	CHECK(len > 0);
	return len;
}

static inline void hang_up(void)
{
	close(w.client);
	w.client = -1;
	turn();
}
