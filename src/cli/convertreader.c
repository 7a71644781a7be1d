/* cli/convertreader.c - reads the files of another server's configuration.
 *
 * Prefix: convert_reader_.
 */
#include "cli/convertreader.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/own.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 64 << 20, PIPE_OCTETS_MAX = 1 << 20 };

/* Keep a text until the end. False: there is no room for it, and it has been freed. */
static bool keep(struct convert_reader *reader, char *text)
{
	if (text && reader->count < CONVERT_READER_FILES_MAX) {
		reader->kept[reader->count++] = text;
		return true;
	}
	free(text);
	return false;
}

/* A path of the other server, as it is on this machine. */
static bool place(const struct convert_reader *reader, struct span path,
		  char out[PATH_MAX])
{
	const struct span root = span_of(reader->root);
	struct buf b = { .at = out, .room = PATH_MAX };

	if (path.len > 0 && path.at[0] == '/' && !span_starts(path, reader->root))
		buf_put(&b, root);
	buf_put(&b, path);
	buf_cstr(&b);
	return !b.cut && !span_has_any(path, "");
}

/* A pipe has no size to begin with. */
static bool read_pipe(struct convert_reader *reader, int fd, struct span *out)
{
	char *text = malloc(PIPE_OCTETS_MAX);
	size_t len = 0;
	ssize_t n = text ? 1 : -1;

	while (n > 0 && len < PIPE_OCTETS_MAX) {
		n = read(fd, text + len, PIPE_OCTETS_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	}
	*out = (struct span){ text, len };
	return keep(reader, text) && n == 0;
}

static bool read_whole(void *arg, struct span path, struct span *out)
{
	struct convert_reader *reader = arg;
	char room[PATH_MAX], *text = NULL;
	struct why why = { 0 };
	size_t len;

	*out = SPAN("cannot be read");
	if (span_is(path, "-"))
		return read_pipe(reader, STDIN_FILENO, out);
	if (!place(reader, path, room))
		return false;
	OWN_FD fd = open(room, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || file_read_all(fd, FILE_OCTETS_MAX, &text, &len, room, &why)) {
		*out = span_of(strerrordesc_np(fd < 0    ? errno
					       : why.sys ? why.sys
							 : EIO));
		return false;
	}
	*out = (struct span){ text, len };
	return keep(reader, text);
}

static bool match(void *arg, struct span pattern, unsigned n, struct span *out)
{
	struct convert_reader *reader = arg;
	char room[PATH_MAX];
	glob_t found;

	if (!place(reader, pattern, room) || glob(room, 0, NULL, &found) != 0)
		return false;
	char *path = n < found.gl_pathc ? strdup(found.gl_pathv[n]) : NULL;
	globfree(&found);
	if (!keep(reader, path))
		return false;
	*out = span_of(path);
	return true;
}

static bool user_of(void *arg, uint32_t uid, struct span *out)
{
	const struct passwd *pw = getpwuid(uid);
	char *name = pw ? strdup(pw->pw_name) : NULL;

	if (!keep(arg, name))
		return false;
	*out = span_of(name);
	return true;
}

struct source_world convert_reader_world(struct convert_reader *reader)
{
	return (struct source_world){ reader, read_whole, match, user_of };
}

void convert_reader_done(struct convert_reader *reader)
{
	while (reader->count > 0)
		free(reader->kept[--reader->count]);
}
