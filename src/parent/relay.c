/* parent/relay.c - passes the children's log lines on to syslog(3).
 *
 * Prefix: relay_.
 */
#include "parent/relay.h"

#include <sys/socket.h>
#include <sys/syslog.h>

enum { LINE_OCTETS_MAX = 2048 };

bool relay_open(struct parent *p, const struct settings *s)
{
	static const int facilities[] = { LOG_MAIL,   LOG_LOCAL0, LOG_LOCAL1,
					  LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4,
					  LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	p->relay = pair[0];
	p->log = pair[1];
	p->log_kind = LOGSINK_RELAY;
	openlog("poplar", LOG_NDELAY, facilities[s->syslog_facility]);
	return true;
}

/* The C library and the dynamic linker write lines without a priority: those are
 * errors. */
static void pass_on(const char *line)
{
	const bool marked = line[0] == '<' && line[1] >= '0' && line[1] <= '7' &&
			    line[2] == '>';

	syslog(marked ? line[1] - '0' : LOG_ERR, "%s", line + (marked ? 3 : 0));
}

void relay_pass_on(const struct parent *p)
{
	char line[LINE_OCTETS_MAX];
	ssize_t n;

	while ((n = recv(p->relay, line, sizeof line - 1, MSG_DONTWAIT)) > 0) {
		line[n] = '\0';
		pass_on(line);
	}
}
