/* cli/procfs.c - reads what the kernel shows of processes in /proc.
 *
 * Prefix: procfs_.
 */
#include "cli/procfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

static char *read_proc(const char *path, size_t *out_len)
{
	enum { STEP = 65536 };
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, room = 0;
	OWN_TEXT text = NULL;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		if (room - len < STEP) {
			char *more = realloc(text, room += STEP + room);

			if (!more)
				return NULL;
			text = more;
		}
		n = read(fd, text + len, room - len - 1);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return NULL;
	text[len] = '\0';
	*out_len = len;
	return TAKE(text);
}

static uint64_t hex(struct span s)
{
	char text[32];

	return span_copy(s, text, sizeof text) ? strtoull(text, NULL, 16) : 0;
}

static void take_four(struct span s, uint64_t out[4])
{
	for (int i = 0; i < 4; i++) {
		struct span field;

		span_cut(&s, '\t', &field);
		if (!span_u64(field, &out[i]))
			out[i] = UINT64_MAX;
	}
}

static void take_number(struct span s, uint64_t *out)
{
	if (!span_u64(s, out))
		*out = 0;
}

static void take_line(struct span line, struct procfs_facts *f)
{
	struct span key;

	span_cut(&line, '\t', &key);
	if (span_is(key, "Uid:"))
		take_four(line, f->uid);
	else if (span_is(key, "Gid:"))
		take_four(line, f->gid);
	else if (span_is(key, "CapEff:"))
		f->caps_now = hex(line);
	else if (span_is(key, "CapPrm:"))
		f->caps_may = hex(line);
	else if (span_is(key, "CapBnd:"))
		f->caps_bound = hex(line);
	else if (span_is(key, "NoNewPrivs:"))
		take_number(line, &f->no_new_privs);
	else if (span_is(key, "Seccomp:"))
		take_number(line, &f->seccomp);
	else if (span_is(key, "Seccomp_filters:"))
		take_number(line, &f->filters);
}

void procfs_parse_status(struct span text, struct procfs_facts *out)
{
	struct span line;

	*out = (struct procfs_facts){ 0 };
	for (int i = 0; i < 4; i++)
		out->uid[i] = out->gid[i] = UINT64_MAX;
	while (text.len > 0) {
		span_cut(&text, '\n', &line);
		take_line(line, out);
	}
}

bool procfs_facts(pid_t pid, struct procfs_facts *out)
{
	char path[64];
	size_t len;
	struct stat st;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	OWN_TEXT text = read_proc(path, &len);
	if (!text)
		return false;
	procfs_parse_status((struct span){ text, len }, out);
	/* The /proc files of a process that is not dumpable belong to root. */
	snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
	out->dumpable = out->uid[1] != 0 && (stat(path, &st) < 0 || st.st_uid != 0);
	return true;
}

int procfs_parse_flags(struct span text)
{
	struct span line;

	while (text.len > 0) {
		span_cut(&text, '\n', &line);
		if (span_starts(line, "flags:\t"))
			return (int)strtol(line.at + strlen("flags:\t"), NULL, 8);
	}
	return O_RDWR;
}

int procfs_open_flags(pid_t pid, const char *name)
{
	char path[PATH_MAX];
	size_t len = 0;

	snprintf(path, sizeof path, "/proc/%ld/fdinfo/%.20s", (long)pid, name);
	OWN_TEXT text = read_proc(path, &len);
	return procfs_parse_flags((struct span){ text, text ? len : 0 });
}

/* ---- sockets ---- */

static void add_socket(struct procfs_sockets *s, uint64_t inode, enum sandbox_kind kind)
{
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		struct procfs_socket *more = realloc(s->at, room * sizeof *more);

		if (!more)
			return;
		s->at = more;
		s->room = room;
	}
	s->at[s->count++] = (struct procfs_socket){ inode, kind };
}

/* Word n (from 0) of a line; any number of spaces separates words. */
static struct span word(struct span line, int n)
{
	struct span w = { 0 };

	for (int i = 0; i <= n; i++) {
		while (line.len > 0 && line.at[0] == ' ')
			line = span_after(line, 1);
		span_cut(&line, ' ', &w);
	}
	return w;
}

void procfs_parse_sockets(struct span text, struct procfs_columns columns,
			  struct procfs_sockets *s)
{
	struct span line;
	uint64_t inode;

	while (text.len > 0) {
		span_cut(&text, '\n', &line);
		if (!span_u64(word(line, columns.inode), &inode))
			continue;
		enum sandbox_kind kind = SANDBOX_KIND_LOCAL;
		if (columns.state >= 0)
			kind = span_is(word(line, columns.state), "0A")
				       ? SANDBOX_KIND_LISTENER
				       : SANDBOX_KIND_CLIENT;
		add_socket(s, inode, kind);
	}
}

void procfs_sockets(struct procfs_sockets *s)
{
	static const struct {
		const char *path;
		struct procfs_columns columns;
	} tables[] = {
		{ "/proc/net/unix", { 6, -1 } },
		{ "/proc/net/tcp", { 9, 3 } },
		{ "/proc/net/tcp6", { 9, 3 } },
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		size_t len = 0;
		OWN_TEXT text = read_proc(tables[i].path, &len);

		procfs_parse_sockets((struct span){ text, len }, tables[i].columns, s);
	}
}

void procfs_sockets_done(struct procfs_sockets *s)
{
	free(s->at);
	*s = (struct procfs_sockets){ 0 };
}

enum sandbox_kind procfs_socket_kind(const struct procfs_sockets *s, uint64_t inode)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->at[i].inode == inode)
			return s->at[i].kind;
	return SANDBOX_KIND_OTHER;
}
