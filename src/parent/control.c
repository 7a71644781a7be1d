/* parent/control.c - poplard's end of the socket by which the tool reaches the server.
 *
 * Prefix: control_.
 */
#include "parent/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "parent/brief.h"
#include "rundir/control.h"

enum { WAITING_MAX = 8, SEND_TIMEOUT_MS = 5000 };

void control_open(struct parent *p)
{
	const struct sockaddr_un address = control_address(p->run_dir);
	OWN_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct why why;

	unlinkat(p->run_dir, CONTROL_NAME, 0); /* of a poplard that was killed */
	/* The mode is set before the name exists, so nobody can connect in between. */
	if (fd >= 0 && fchmod(fd, 0600) == 0 &&
	    bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(fd, WAITING_MAX) == 0) {
		p->control = TAKE_FD(fd);
		return;
	}
	fault_set(&why, FAULT_SETUP, errno, "listen on", CONTROL_NAME);
	log_fault(&why, "control-unavailable");
}

static bool may_come(int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

/* The poplar-auth of the newest generation in service. */
static const struct worker *find_auth(const struct parent *p)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k && g->ready; k = k->next)
			if (k->role == ROLE_AUTH)
				return k;
	return NULL;
}

void control_accept(const struct parent *p)
{
	OWN_FD fd = accept4(p->control, NULL, NULL, SOCK_CLOEXEC);
	const struct worker *auth = find_auth(p);

	if (fd < 0 || !auth || !may_come(fd))
		return;
	channel_send_timeout(fd, SEND_TIMEOUT_MS);
	tell(auth, &(struct message){ .kind = MESSAGE_CONTROL }, fd);
}
