/* test/unit/climail.h - a site of cliworld.h with users, and mail of one of them.
 *
 * Poplar never works as root: as root, somebody else owns the mail.
 */
#pragma once

#include "cliworld.h"

enum { SOMEBODY = 65534 };

static inline void mail_give_away(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	if (geteuid() == 0)
		CHECK_EQ(chown(path, SOMEBODY, SOMEBODY), 0);
}

/* A file of its owner. */
static inline void mail_file(const char *name, const char *text)
{
	cli_file(name, text);
	mail_give_away(name);
}

/* A Maildir below mail-root: "mail/ann/Maildir" for the user ann. */
static inline void mail_maildir(const char *user)
{
	static const char *const below[] = { "", "/Maildir", "/Maildir/cur",
					     "/Maildir/new", "/Maildir/tmp" };
	char name[96];

	mail_give_away("mail");
	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		snprintf(name, sizeof name, "mail/%s%s", user, below[i]);
		cli_mkdir(name);
		mail_give_away(name);
	}
}

/* Users ann, bob and cat. ann has two messages: 8 octets and 11 on the wire. */
static inline void mail_begin(const char *settings)
{
	cli_begin(settings);
	cli_file("auth/users", "ann:{PLAIN}x\n"
			       "bob:{PLAIN}x::::::quota=10,5messages\n"
			       "cat:{PLAIN}x::::::quota=none\n");
	mail_maildir("ann");
	mail_file("mail/ann/Maildir/new/1.a", "a: b\n\n");
	mail_file("mail/ann/Maildir/cur/2.b:2,", "c: d\n\nx\n");
}
