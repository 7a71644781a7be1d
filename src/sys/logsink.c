/* sys/logsink.c - writes the lines of the log.
 *
 * Prefix: logsink_.
 */
#include "sys/logsink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"

static const char *const names[LOGSINK_COUNT] = {
#define X(id, name) [LOGSINK_##id] = name,
	LOGSINK_TABLE(X)
#undef X
};

/* With base/log.c's sink, the only global state. */
static struct {
	int fd;
	enum logsink_kind kind;
	const char *name;
	pid_t pid;
	bool is_socket;
	atomic_uint lost;
	log_sink_fn *listener; /* NULL: none */
	char path[PATH_MAX];   /* of the log file; empty: the log is no regular file */
} sink;

const char *logsink_name(enum logsink_kind kind)
{
	return names[kind];
}

bool logsink_parse(const char *name, enum logsink_kind *out)
{
	for (enum logsink_kind kind = 0; kind < LOGSINK_COUNT; kind++) {
		if (strcmp(name, names[kind]) == 0) {
			*out = kind;
			return true;
		}
	}
	return false;
}

enum logsink_kind logsink_detect(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char ours[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return LOGSINK_PLAIN;
	snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0 ? LOGSINK_JOURNAL : LOGSINK_PLAIN;
}

static void put_time(struct buf *b)
{
	struct timespec now;
	struct tm tm;
	char text[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		 tm.tm_sec, now.tv_nsec / 1000000);
	buf_text(b, text);
}

static void put_process(struct buf *b)
{
	buf_text(b, sink.name);
	buf_char(b, '[');
	buf_u64(b, (uint64_t)sink.pid);
	buf_char(b, ']');
}

static void put_head(struct buf *b, int priority)
{
	static const char *const words[] = { "emerg",   "alert",  "crit", "error",
					     "warning", "notice", "info", "debug" };

	if (sink.kind == LOGSINK_PLAIN) {
		put_time(b);
		put_process(b);
		buf_char(b, ' ');
		buf_text(b, words[priority & 7]);
		buf_char(b, ' ');
		return;
	}
	buf_char(b, '<');
	buf_char(b, (char)('0' + (priority & 7)));
	buf_char(b, '>');
	if (sink.kind == LOGSINK_RELAY) {
		put_process(b);
		buf_text(b, ": ");
	}
}

static bool put_line(int priority, struct span line)
{
	char head[128];
	struct buf b = BUF(head);

	put_head(&b, priority);
	struct iovec iov[3] = { { b.at, b.len },
				{ unconst(line.at), line.len },
				{ (char[]){ '\n' },
				  sink.kind == LOGSINK_RELAY ? 0 : 1 } };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 3 };
	ssize_t n;

	do
		n = sink.is_socket ? sendmsg(sink.fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL)
				   : writev(sink.fd, iov, 3);
	while (n < 0 && errno == EINTR);
	return n >= 0;
}

static void write_line(int priority, struct span line)
{
	unsigned lost = atomic_exchange(&sink.lost, 0);
	char text[LOG_LINE_MAX];

	if (lost > 0) {
		const struct log_field fields[] = { LOG_N("lines", lost), { 0 } };
		size_t n = log_format(text, sizeof text, "log-lines-lost", fields);

		if (!put_line(LOG_WARNING, (struct span){ text, n }))
			atomic_fetch_add(&sink.lost, lost);
	}
	if (!put_line(priority, line))
		atomic_fetch_add(&sink.lost, 1);
	if (sink.listener)
		sink.listener(priority, line);
}

void logsink_listen(log_sink_fn *listener)
{
	sink.listener = listener;
}

void logsink_use(int fd, enum logsink_kind kind, const char *name)
{
	struct stat st;

	sink.fd = fd;
	sink.kind = kind;
	sink.name = name;
	sink.pid = getpid();
	sink.is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
	tzset(); /* early: it opens a file, which the sandbox forbids */
	log_to(write_line);
}

void logsink_append(int fd)
{
	const int flags = fcntl(fd, F_GETFL);
	char link[64];
	struct stat st, named;

	if (flags < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	/* The flag then holds for all processes that share the open file. */
	fcntl(fd, F_SETFL, flags | O_APPEND);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, sink.path, sizeof sink.path - 1);
	sink.path[n > 0 ? n : 0] = '\0';
	if (stat(sink.path, &named) < 0 || named.st_ino != st.st_ino ||
	    named.st_dev != st.st_dev)
		sink.path[0] = '\0'; /* the file has been renamed or removed */
}

bool logsink_rotate(int fd)
{
	struct stat st;

	if (!*sink.path)
		return true;
	const mode_t mode = fstat(fd, &st) == 0 ? st.st_mode & 0777 : 0600;
	OWN_FD fresh =
		open(sink.path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		     mode);
	return fresh >= 0 && dup3(fresh, fd, O_CLOEXEC) >= 0 &&
	       dup2(fresh, STDERR_FILENO) >= 0 && dup2(fresh, STDOUT_FILENO) >= 0;
}

int logsink_reopen(int fd)
{
	char path[64];
	struct stat st;

	if (fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || isatty(fd))) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		int own = open(path,
			       O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (own >= 0)
			return own;
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}
