/* store/maildir/settle.c - appends the messages that this process has delivered to a
 * Maildir to the index.
 *
 * Prefix: settle_.
 */
#include "store/maildir/settle.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/own.h"
#include "sys/file.h"

enum { PAUSE_MS = 20, PAUSE_SECONDS_MS = 500 };

/* ---- beginning ---- */

/* Where inotify reports every change, whoever makes it, and where files have the inode
 * numbers that their folder has. Other machines may change a network file system; a
 * lower layer may change an overlayfs or a FUSE file system. */
static bool reports_all_changes(int folder)
{
	static const unsigned long types[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		F2FS_SUPER_MAGIC, TMPFS_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(folder, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

static bool read_last(struct settling *x)
{
	const struct index *ix = &x->known;
	struct listing_record r;
	char name[LISTING_NAME_OCTETS];

	if (ix->head.messages == 0)
		return true;
	if (!index_read(ix, listing_number(&ix->map, (uint32_t)ix->head.messages), &r,
			name) ||
	    r.name_len < 2 || memchr(name, '\0', r.name_len))
		return false;
	memcpy(x->last, name + 1, r.name_len - 1);
	x->last[r.name_len - 1] = '\0';
	return true;
}

bool settle_is_known(const struct settling *x)
{
	struct scan_stamp known[SCAN_DIRS];

	maildir_get_stamps(&x->known.head, known);
	return scan_is_known(x->dir, known);
}

static bool open_all(struct settling *x, int dir, const struct stat *st)
{
	struct scan_stamp known[SCAN_DIRS];
	struct why why;
	struct stat now;

	if (!index_open(&x->known, dir, &why) ||
	    !maildir_can_be_current(&x->known.head, &x->process) ||
	    x->known.head.uid_format > 0)
		return false;
	maildir_get_stamps(&x->known.head, known);
	if (!scan_same_stamp(scan_stamp_of(st), known[SCAN_NEW]) || !read_last(x))
		return false;
	own_fd_close(&x->known.fd);
	x->dir = file_open_beneath(dir, ".", O_RDONLY | O_DIRECTORY);
	x->folder = file_open_beneath(dir, "new", O_RDONLY | O_DIRECTORY);
	x->device = st->st_dev;
	return x->dir >= 0 && x->folder >= 0 && fstat(x->folder, &now) == 0 &&
	       now.st_dev == st->st_dev && now.st_ino == st->st_ino &&
	       reports_all_changes(x->folder);
}

struct settling *settle_new(const struct store_opening *o, int dir,
			    const struct stat *st)
{
	struct settling *x = malloc(sizeof *x);

	if (!x)
		return NULL;
	*x = (struct settling){
		.watch = -1,
		.dir = -1,
		.folder = -1,
		.process = o->process,
		.known = { .fd = -1 },
		.due_ms = UINT64_MAX,
	};
	if (open_all(x, dir, st))
		return x;
	settle_free(x);
	return NULL;
}

/* Let the arrival go: the deliverer frees it if it has not ended yet. */
static void part_with(struct arrival *r)
{
	if (r->ended)
		free(r);
	else
		r->of = NULL;
}

void settle_free(struct settling *x)
{
	for (struct arrival *r = x->pending, *next; r; r = next) {
		next = r->next;
		part_with(r);
	}
	index_close(&x->known);
	own_fd_close(&x->dir);
	own_fd_close(&x->folder);
	free(x);
}

/* ---- the first half ---- */

/* The name that the barrier looks for. It could only ever remove an empty folder. */
#define NO_NAME ".poplar"

/* The kernel looks for a name to remove under the folder's exclusive lock, and whoever
 * changes the folder has the lock until inotify has queued the event. */
static void pass_barrier(const struct settling *x)
{
	unlinkat(x->folder, NO_NAME, AT_REMOVEDIR);
}

/* Has the Maildir still the watched folder new, whose stat is *out, and the known cur?
 */
static bool has_folders(const struct settling *x, struct stat *out)
{
	struct scan_stamp known[SCAN_DIRS];

	maildir_get_stamps(&x->known.head, known);
	return fstatat(x->dir, "new", out, AT_SYMLINK_NOFOLLOW) == 0 &&
	       out->st_dev == x->device && out->st_ino == known[SCAN_NEW].inode &&
	       scan_is_as(x->dir, SCAN_CUR, known[SCAN_CUR]);
}

bool settle_barrier(const struct settling *x)
{
	struct stat st;

	if (!has_folders(x, &st))
		return false;
	pass_barrier(x);
	return true;
}

/* The order is part of the proof: the stamp, then the clock, then the barrier. */
enum settle_outcome settle_begin(struct settling *x, struct settle_way *way)
{
	struct why why;
	struct stat st;
	uint64_t now_ns;

	if (index_begin(&way->w, INDEX_SETTLE, x->dir, &x->known,
			(uint32_t)x->known.head.records, &why) ||
	    !has_folders(x, &st) || !index_file_clock(way->w.fd, &now_ns))
		return SETTLE_LOST;
	way->stamp = scan_stamp_of(&st);
	way->pause_ms = st.st_mtim.tv_nsec || st.st_ctim.tv_nsec ? PAUSE_MS
								 : PAUSE_SECONDS_MS;
	if (way->quiescent && !scan_is_over(way->stamp, now_ns))
		return SETTLE_LATER;
	pass_barrier(x);
	return SETTLE_DONE;
}

void settle_end(struct settle_way *way)
{
	index_writer_done(&way->w);
}

/* ---- the second half ---- */

/* Put all arrivals into *s, in delivery order; `record` counts those that appeared. */
static bool sort_pending(const struct settling *x, struct scan *s)
{
	for (const struct arrival *r = x->pending; r; r = r->next) {
		struct scan_file f = r->file;

		f.record = r->appeared ? 0 : SCAN_NO_RECORD;
		if (!scan_keep(s, &s->files, SCAN_NEW, span_of(r->name), &f))
			return false;
	}
	scan_sort(s);
	return true;
}

/* Keep in *s only the messages that can be appended at this time: those that appeared,
 * up to the first that has not, since records are in delivery order. LATER: some that
 * appeared come behind such a one. */
static enum settle_outcome keep_appeared(struct scan *s)
{
	uint32_t n = 0;

	while (n < s->files.count && s->files.at[n].record != SCAN_NO_RECORD)
		n++;
	for (uint32_t i = n; i < s->files.count; i++)
		if (s->files.at[i].record != SCAN_NO_RECORD) {
			s->files.count = n;
			return SETTLE_LATER;
		}
	s->files.count = n;
	return SETTLE_DONE;
}

/* Do the messages of *s come behind the last one of the index, each with a base name of
 * its own? */
static bool comes_last(const struct settling *x, const struct scan *s)
{
	const struct scan_key last = scan_key(s, span_of(x->last), UINT64_MAX);

	for (uint32_t i = 1; i < s->files.count; i++)
		if (scan_same_base(s, &s->files.at[i - 1], &s->files.at[i]))
			return false;
	return s->files.count == 0 || x->last[0] == '\0' ||
	       scan_order(s, s->files.at, &last) > 0;
}

/* Are they the files that we have delivered? If another program renames a file of its
 * own to such a name, inotify may report the two renames as one. */
static bool are_ours(const struct settling *x, const struct scan *s)
{
	for (uint32_t i = 0; i < s->files.count; i++) {
		const struct scan_file *f = &s->files.at[i];
		struct stat st;

		if (f->trouble != SCAN_SOUND ||
		    fstatat(x->folder, scan_name(s, f).at, &st, AT_SYMLINK_NOFOLLOW) <
			    0 ||
		    !scan_is_file(f, &st) || !scan_is_unchanged(f, &st))
			return false;
	}
	return true;
}

static enum fault append(struct settling *x, struct settle_way *way,
			 const struct scan *s)
{
	struct index_head *h = &x->known.head;
	struct scan_stamp stamps[SCAN_DIRS];
	char name[LISTING_NAME_OCTETS];
	enum fault f = FAULT_NONE;
	struct why why;

	for (uint32_t i = 0; i < s->files.count && f == FAULT_NONE; i++) {
		const struct scan_file *file = &s->files.at[i];
		struct listing_record r;

		maildir_put_record(s, file, &r);
		f = index_add(&way->w, &r,
			      (struct span){ name, maildir_put_name(s, file, name) },
			      &why);
		h->messages++;
		h->octets += file->octets;
		h->ascii_octets += scan_ascii_octets(file);
	}
	maildir_get_stamps(h, stamps);
	h->quiescent = way->quiescent ? INDEX_QUIESCENT : INDEX_STALE;
	if (way->quiescent)
		stamps[SCAN_NEW] = way->stamp;
	maildir_put_stamps(h, stamps);
	return f ? f : index_settle(&way->w, &x->known, &why);
}

/* The messages of *s are in the index: they are the first of `pending` in delivery
 * order. */
static void leave_out(struct settling *x, const struct scan *s)
{
	const struct scan_file *last = &s->files.at[s->files.count - 1];
	struct arrival **at = &x->pending;

	while (*at) {
		struct arrival *r = *at;
		const struct scan_key its =
			scan_key(s, span_of(r->name), r->file.identity);

		if (scan_order(s, last, &its) < 0) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		x->count--;
		part_with(r);
	}
	const struct span name = scan_name(s, last);
	memcpy(x->last, name.at, name.len + 1);
}

static enum settle_outcome write_sorted(struct settling *x, struct settle_way *way,
					struct scan *s)
{
	const enum settle_outcome all = keep_appeared(s);

	if (way->quiescent && all != SETTLE_DONE)
		return all;
	if (s->files.count == 0 &&
	    (!way->quiescent || x->known.head.quiescent == INDEX_QUIESCENT))
		return SETTLE_DONE;
	if (s->files.count > INDEX_RECORDS_MAX - x->known.head.records ||
	    !comes_last(x, s) || !are_ours(x, s) || append(x, way, s))
		return SETTLE_LOST;
	if (s->files.count > 0)
		leave_out(x, s);
	return SETTLE_DONE;
}

/* The register that the index comes from. Only a session that writes a new index as
 * well, or an importer that removes the index, changes it. */
static bool read_pins(const struct settling *x, struct pins *out)
{
	return x->known.head.uids == 0 || (pins_open(x->dir, out, NULL) == FAULT_NONE &&
					   out->generation == x->known.head.uids);
}

enum settle_outcome settle_write(struct settling *x, struct settle_way *way)
{
	struct pins pins = { 0 };
	struct scan s = { .pins = &pins };
	const enum settle_outcome outcome = read_pins(x, &pins) && sort_pending(x, &s)
						    ? write_sorted(x, way, &s)
						    : SETTLE_LOST;

	scan_done(&s);
	pins_close(&pins);
	return outcome;
}
