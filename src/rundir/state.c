/* rundir/state.c - the file in the run directory that lists processes and ports.
 *
 * Prefix: statefile_.
 */
#include "rundir/state.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/version.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 1 << 20, ENTRIES_MAX = 16384 };

static void put_number(struct buf *b, uint64_t n)
{
	buf_char(b, ' ');
	buf_u64(b, n);
}

void statefile_put(struct buf *b, const struct statefile_entry *e)
{
	buf_text(b, role_name(e->role));
	put_number(b, (uint64_t)e->pid);
	put_number(b, e->started);
	put_number(b, e->uid);
	put_number(b, e->gid);
	put_number(b, e->generation);
	put_number(b, (uint64_t)e->abi);
	buf_char(b, ' ');
	buf_text(b, sandbox_name(e->sandbox));
	buf_char(b, '\n');
}

void statefile_put_port(struct buf *b, const char *setting, const char *name)
{
	buf_text(b, setting);
	buf_char(b, ' ');
	buf_text(b, name);
	buf_char(b, '\n');
}

bool statefile_has_port(const struct statefile *file, const char *setting,
			const char *name)
{
	struct span rest = { file->text, file->len }, line, kind;

	while (rest.len > 0) {
		span_cut(&rest, '\n', &line);
		if (span_cut(&line, ' ', &kind) && span_is(line, name) &&
		    span_is(kind, setting))
			return true;
	}
	return false;
}

static void put_build(struct buf *b)
{
	buf_text(b, "build " POPLAR_VERSION);
	put_number(b, sandbox_hash());
}

void statefile_put_build(struct buf *b)
{
	put_build(b);
	buf_char(b, '\n');
}

bool statefile_is_of_this_build(const struct statefile *file)
{
	struct span rest = { file->text, file->len }, line;
	char room[128];
	struct buf build = BUF(room);

	put_build(&build);
	const char *ours = buf_cstr(&build);
	while (rest.len > 0) {
		span_cut(&rest, '\n', &line);
		if (span_is(line, ours))
			return true;
	}
	return false;
}

static bool take_number(struct span *io_line, uint64_t *out)
{
	struct span field;

	span_cut(io_line, ' ', &field);
	return span_u64(field, out);
}

static bool parse_line(struct span line, struct statefile_entry *out)
{
	uint64_t pid, started, uid, gid, generation, abi;
	enum role role = 0;
	enum sandbox sandbox = 0;
	struct span name;

	span_cut(&line, ' ', &name);
	while (role < ROLE_COUNT && !span_is(name, role_name(role)))
		role++;
	if (role == ROLE_COUNT || !take_number(&line, &pid) ||
	    !take_number(&line, &started) || !take_number(&line, &uid) ||
	    !take_number(&line, &gid) || !take_number(&line, &generation) ||
	    !take_number(&line, &abi))
		return false;
	while (sandbox < SANDBOX_COUNT && !span_is(line, sandbox_name(sandbox)))
		sandbox++;
	if (sandbox == SANDBOX_COUNT || pid == 0 || pid > INT32_MAX ||
	    uid > UINT32_MAX || gid > UINT32_MAX || generation > UINT32_MAX ||
	    abi > 1000)
		return false;
	*out = (struct statefile_entry){
		role,       sandbox,    (pid_t)pid,           started,
		(uid_t)uid, (gid_t)gid, (unsigned)generation, (int)abi
	};
	return true;
}

enum fault statefile_parse(char *text, size_t len, struct statefile *out)
{
	struct span rest = { text, len }, line;

	*out = (struct statefile){ .at = calloc(ENTRIES_MAX, sizeof *out->at),
				   .text = text,
				   .len = len };
	if (!out->at) {
		statefile_done(out);
		return FAULT_NOMEM;
	}
	while (rest.len > 0 && out->count < ENTRIES_MAX) {
		span_cut(&rest, '\n', &line);
		if (parse_line(line, &out->at[out->count]))
			out->count++;
	}
	return FAULT_NONE;
}

enum fault statefile_read(int run_dir, struct statefile *out)
{
	OWN_FD fd = openat(run_dir, STATEFILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_TEXT text = NULL;
	size_t len;

	*out = (struct statefile){ 0 };
	if (fd < 0 ||
	    file_read_all(fd, FILE_OCTETS_MAX, &text, &len, STATEFILE_NAME, NULL))
		return FAULT_IO;
	return statefile_parse(TAKE(text), len, out);
}

void statefile_done(struct statefile *file)
{
	free(file->at);
	free(file->text);
	*file = (struct statefile){ 0 };
}
