/* cli/server.c - the tool's connection to the running server.
 *
 * Prefix: cli_.
 */
#include "cli/server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/cli.h"
#include "rundir/control.h"

int cli_connect(const struct settings *s)
{
	OWN_FD dir = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct sockaddr_un address = control_address(dir);
	OWN_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (dir >= 0 && fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return TAKE_FD(fd);
	fprintf(stderr, "poplar: cannot reach the server by %s/" CONTROL_NAME ": %s\n",
		s->run_dir, strerrordesc_np(errno));
	return -1;
}

enum fault cli_ask(int fd, const struct message *question)
{
	const char *over = message_over(question);

	if (!over)
		return channel_send(fd, question, -1, CHANNEL_WAIT);
	cli_say("longer than any user's", over);
	return FAULT_UNSENDABLE;
}

bool cli_hear(int fd, const struct dispatch *answers, void *arg)
{
	struct channel auth = channel_of(fd, ROLE_AUTH, ROLE_TOOL);
	struct channel_inbox inbox;

	while (channel_receive(&auth, CHANNEL_WAIT, &inbox) == CHANNEL_MESSAGE)
		if (!dispatch(answers, arg, &inbox))
			return true;
	cli_say("the server gave no answer: run this as root or as its user", NULL);
	return false;
}
