/* parent/control.c - poplard's end of the operator's tool: it hands whoever comes on.
 *
 * Prefix: control_. The socket is the owner's alone by its mode, and
 * who comes is asked of the kernel again: root, or the user that poplard runs as.
 * poplard reads nothing of what is said.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "parent/parent.h"

enum { WAITING_MAX = 8, PATIENCE_S = 5 };

void control_open(struct parent *p)
{
	const struct sockaddr_un address = control_address(p->run_dir);
	OWN_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct why why;

	unlinkat(p->run_dir, CONTROL_NAME, 0); /* a killed poplard's */
	/* The mode before the name: nobody may be quicker. */
	if (fd >= 0 && fchmod(fd, 0600) == 0 &&
	    bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(fd, WAITING_MAX) == 0) {
		p->control = TAKE_FD(fd);
		return;
	}
	fault_set(&why, FAULT_SETUP, errno, "listen on", CONTROL_NAME);
	log_fault(&why, "no-control");
}

static bool may_come(int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

/* That of the newest generation that serves. */
static const struct worker *find_auth(const struct parent *p)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k && g->ready; k = k->next)
			if (k->role == ROLE_AUTH)
				return k;
	return NULL;
}

void control_accept(struct parent *p)
{
	OWN_FD fd = accept4(p->control, NULL, NULL, SOCK_CLOEXEC);
	const struct worker *auth = find_auth(p);

	if (fd < 0 || !auth || !may_come(fd))
		return;
	channel_send_timeout(fd, PATIENCE_S * 1000);
	worker_say(auth, &(struct message){ .kind = MESSAGE_CONTROL }, fd);
}
