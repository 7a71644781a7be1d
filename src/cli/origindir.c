/* cli/origindir.c - reads the folders of another server's Maildir.
 *
 * Prefix: origin_.
 */
#include "cli/origindir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/originroom.h"
#include "mail/name.h"
#include "sys/file.h"

enum {
	READS = 5, /* of folders that change while they are read */
	LIST_OCTETS_MAX = 1 << 30,
	LINES_SHOWN = 10, /* of a list, that are no records */
};

static const char *const folders[] = { "new", "cur" };

static enum fault fail(const struct origin_place *p, const char *doing, struct why *why)
{
	return fault_set(why, FAULT_SETUP, errno, doing, p->path);
}

/* ---- folders ---- */

static enum fault add_file(struct origin *s, const char *folder, const char *name,
			   uint64_t time, struct why *why)
{
	char room[4 + NAME_MAX];
	struct buf path = BUF(room);

	buf_text(&path, folder);
	buf_char(&path, '/');
	buf_text(&path, name);
	const struct span kept = origin_keep(s, buf_span(&path));
	const struct origin_message m = { .path = kept.at,
					  .target = kept.at,
					  .time = time };
	if (!kept.at || !origin_add(s, &m))
		return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	s->at[s->count - 1].base = name_base(span_after(kept, strlen("new/")));
	return FAULT_NONE;
}

static bool is_file(int dir, const struct dirent *entry, enum origin_wanted wanted,
		    uint64_t *out_time)
{
	struct stat st;

	*out_time = 0;
	if (entry->d_name[0] == '.' || entry->d_name[0] == ':' ||
	    (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN))
		return false;
	if (wanted == ORIGIN_NAMES && entry->d_type == DT_REG)
		return true;
	if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	*out_time = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec : 0;
	return true;
}

static enum fault read_open(struct origin *s, DIR *dir, const char *folder,
			    enum origin_wanted wanted, struct why *why)
{
	struct dirent *entry;
	uint64_t time;
	enum fault f = FAULT_NONE;

	while (!f && (errno = 0, entry = readdir(dir)))
		if (is_file(dirfd(dir), entry, wanted, &time))
			f = add_file(s, folder, entry->d_name, time, why);
	if (!f && errno)
		f = fault_set(why, FAULT_IO, errno, "read", folder);
	return f;
}

static enum fault read_folder(struct origin *s, const struct origin_place *p,
			      const char *folder, enum origin_wanted wanted,
			      struct why *why)
{
	const int fd =
		openat(p->fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		own_fd_done(&fd);
		return fail(p, "open the folders new and cur of", why);
	}
	const enum fault f = read_open(s, dir, folder, wanted, why);
	closedir(dir);
	return f;
}

struct stamps {
	struct timespec at[2];
};

static struct stamps stamps_of(int fd)
{
	struct stamps out = { 0 };
	struct stat st;

	for (int i = 0; i < 2; i++)
		if (fstatat(fd, folders[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			out.at[i] = st.st_mtim;
	return out;
}

enum fault origin_read_folders(struct origin *s, const struct origin_place *p,
			       enum origin_wanted wanted, struct why *why)
{
	for (int i = 0; i < READS; i++) {
		const struct stamps before = stamps_of(p->fd);
		enum fault f;

		origin_empty(s);
		if ((f = read_folder(s, p, folders[0], wanted, why)) ||
		    (f = read_folder(s, p, folders[1], wanted, why)))
			return f;
		const struct stamps after = stamps_of(p->fd);
		if (memcmp(&before, &after, sizeof before) == 0)
			return FAULT_NONE;
	}
	errno = EBUSY;
	return fail(p, "read, because another program keeps changing it,", why);
}

/* ---- lists ---- */

enum fault origin_read_list(struct origin *s, const struct origin_place *p,
			    const char *name, struct span *out, struct why *why)
{
	OWN_FD fd = openat(p->list, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	OWN_TEXT text = NULL;
	size_t len = 0;

	*out = (struct span){ 0 };
	s->has_list = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		return FAULT_NONE;
	if (fd < 0)
		return fault_set(why, FAULT_SETUP, errno, "open", name);
	enum fault f = file_read_all(fd, LIST_OCTETS_MAX, &text, &len, name, why);
	if (f)
		return f;
	*out = origin_keep(s, (struct span){ text, len });
	return out->at ? FAULT_NONE : fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
}

void origin_report_line(struct origin *s, const struct origin_place *p,
			const char *name, uint32_t line)
{
	if (s->broken++ < LINES_SHOWN)
		fprintf(stderr,
			"poplar: %s/%s:%" PRIu32
			": this line is no record; its message counts as not listed\n",
			p->control, name, line);
}

struct origin_message *origin_match(struct origin *s, struct span base)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (name_base_order(s->at[middle].base, base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->count && name_base_order(s->at[low].base, base) == 0
		       ? &s->at[low]
		       : NULL;
}
