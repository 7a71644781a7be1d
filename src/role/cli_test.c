/* role/cli_test.c - poplar user test: what the running server says of a user, step by
 * step.
 *
 * Floor 4 (role).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/database.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"
#include "role/cli.h"
#include "role/control.h"

/* Whence the login is said to come. */
#define PEER "127.0.0.1:110"

int cli_connect(const struct settings *s)
{
	OWN_FD dir = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct sockaddr_un address = control_address(dir);
	OWN_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (dir >= 0 && fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return TAKE_FD(fd);
	fprintf(stderr, "poplar: reach the server by %s/" CONTROL_NAME ": %s\n",
		s->run_dir, strerrordesc_np(errno));
	return -1;
}

/* What others say is shown without what a terminal would heed. */
static void print(const char *before, struct span text, const char *after)
{
	fputs(before, stdout);
	for (size_t i = 0; i < text.len; i++)
		putchar((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f
				? '?'
				: text.at[i]);
	fputs(after, stdout);
}

/* The name as it was prepared, which need not be the one that was asked about. */
static void print_name(const struct message_TEST_LOOKS *m)
{
	if (m->user.len > 0)
		print("looking for ", m->user, "\n");
	else
		puts("no user can have this name");
}

static void print_step(const struct message_TEST_SAYS *m)
{
	static const char *const words[] = {
		[DATABASE_UNKNOWN] = "does not know the user",
		[DATABASE_WRONG] = "the password is wrong, or the user is refused",
		[DATABASE_RIGHT] = "the password is right",
		[DATABASE_DOWN] = "cannot tell",
	};

	print("database ", m->database, ": ");
	fputs(m->says <= DATABASE_DOWN ? words[m->says] : "?", stdout);
	print(m->trouble.len > 0 ? ": " : "", m->trouble, "\n");
}

static int print_end(const struct settings *s, const struct message_TEST_IS *m)
{
	if (m->fault) {
		printf("login refused: %s", fault_text((enum fault)m->fault));
		print(m->trouble.len > 0 ? ": " : "", m->trouble, "\n");
		return CLI_BAD;
	}
	print("login as ", m->user, "");
	print(", maildrop ", span_of(s->mail_root), "");
	print("/", m->path, "");
	if (m->has_uid)
		printf(", kept by uid %ju\n", (uintmax_t)m->uid);
	else
		printf(", kept by %s\n", s->mail_user);
	return CLI_OK;
}

static int hear(int fd, const struct settings *s)
{
	struct channel_inbox inbox;
	struct message m;
	int none;

	while (channel_receive(fd, ROLE_AUTH, ROLE_TOOL, CHANNEL_WAIT, &inbox, &m,
			       &none) == CHANNEL_MESSAGE) {
		if (m.kind == MESSAGE_TEST_IS)
			return print_end(s, &m.TEST_IS);
		if (m.kind == MESSAGE_TEST_LOOKS)
			print_name(&m.TEST_LOOKS);
		else
			print_step(&m.TEST_SAYS);
	}
	cli_say("the server ended without an answer; it takes root, or its own user",
		NULL);
	return CLI_BAD;
}

int cli_test(const struct settings *s, const char *name, struct span password)
{
	OWN_FD fd = cli_connect(s);
	const struct message m = { .kind = MESSAGE_TEST_ASK,
				   .TEST_ASK = { SPAN(PEER), span_of(name),
						 password } };

	if (fd < 0)
		return CLI_BAD;
	if (channel_send(fd, &m, -1, CHANNEL_WAIT)) {
		cli_say("the server does not take the question", NULL);
		return CLI_BAD;
	}
	return hear(fd, s);
}
