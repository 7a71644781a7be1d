/* sys/logsink.h - writes the lines of the log.
 *
 * Prefix: logsink_. Each line is one write, which never blocks. If the reader of the
 * log stalls, lines are dropped and counted; once it reads again, the count is logged.
 */
#pragma once

#include "base/log.h"

/* The format of a line, by what reads the log. poplard passes the name to its children
 * as an argument. */
/* clang-format off */
#define LOGSINK_TABLE(X) \
	X(PLAIN,   "plain")   /* time, process, priority, text */ \
	X(JOURNAL, "journal") /* "<6>text": sd-daemon(3); the journal adds the rest */ \
	X(RELAY,   "relay")   /* a datagram "<6>name[pid]: text" for the parent's syslog(3) */
/* clang-format on */

enum logsink_kind {
#define X(id, name) LOGSINK_##id,
	LOGSINK_TABLE(X)
#undef X
		LOGSINK_COUNT
};

const char *logsink_name(enum logsink_kind kind);
bool logsink_parse(const char *name, enum logsink_kind *out);

/* LOGSINK_JOURNAL if standard error is a socket of the journal (JOURNAL_STREAM),
 * otherwise LOGSINK_PLAIN. */
enum logsink_kind logsink_detect(void);

/* Write the log's lines to `fd`, as those of the process `name`. The caller keeps both
 * for as long as the process logs. Call it, and the functions below, only while no
 * other thread logs. */
void logsink_use(int fd, enum logsink_kind kind, const char *name);

/* Call `listener` with each line, too. The listener must not log. */
void logsink_listen(log_sink_fn *listener);

/* If fd is a regular file, set O_APPEND, so that all processes write at its end, and
 * remember its name for logsink_rotate. Otherwise do nothing. */
void logsink_append(int fd);

/* Open the file of that name again, create it if it is missing, and make fd, standard
 * output and standard error refer to it. If logsink_append has remembered no name, do
 * nothing, and return true. False: the file cannot be opened, and nothing has changed.
 */
MUST_USE bool logsink_rotate(int fd);

/* Return another descriptor for the file of fd: a non-blocking one if the kernel can
 * open it again (pipes, terminals), otherwise a duplicate. -1 and errno. */
int logsink_reopen(int fd);
