/* sys/logsink.h - where the lines of the log go.
 *
 * Prefix: logsink_. A line is one write that never blocks: lines that a
 * stalled reader does not take are counted, and the count is logged when it reads
 * again.
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

/* Every line is told to `listener`, too; it may not log. */
void logsink_listen(log_sink_fn *listener);

/* Have all processes write at the end of the regular file fd, wherever that is then,
 * and remember its name for logsink_rotate. Other files are left alone. */
void logsink_append(int fd);

/* Another file may lie under the remembered name, or none: let fd, and standard error,
 * lead there from here on. False: it cannot be opened, and everything is as it was. */
MUST_USE bool logsink_rotate(int fd);

/* A descriptor for the same file as fd that does not block, where the kernel can give
 * one (pipes, terminals); otherwise a duplicate. -1 and errno. */
int logsink_reopen(int fd);
