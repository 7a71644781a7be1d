/* sys/logsink.h - writes the lines of the log.
 *
 * Prefix: logsink_. A line is one write that never blocks. If the log's reader stalls,
 * lines are dropped and counted, and the count is logged when it reads again.
 */
#pragma once

#include "base/log.h"

/* How the descriptor wants its lines; the names are passed to children as an argument.
 */
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

/* Is standard error a socket of the journal (JOURNAL_STREAM)? */
enum logsink_kind logsink_detect(void);

/* Send the log's lines to `fd` as coming from process `name`. */
void logsink_use(int fd, enum logsink_kind kind, const char *name);

/* Call `listener` with each line, too. The listener must not log. */
void logsink_listen(log_sink_fn *listener);

/* If fd is a regular file, set O_APPEND, so that all processes write at its end, and
 * keep its name for logsink_rotate. Other kinds of files are left alone. */
void logsink_append(int fd);

/* Open the file of the kept name again, creating it if need be, and make fd and
 * standard error refer to it. False: it cannot be opened, and nothing has changed. */
MUST_USE bool logsink_rotate(int fd);

/* A descriptor for the same file as fd that does not block, where the kernel can give
 * one (pipes, terminals); otherwise a duplicate. -1 and errno. */
int logsink_reopen(int fd);
