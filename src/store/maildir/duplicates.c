/* store/maildir/duplicates.c - files that share a base name, which Maildir forbids.
 *
 * Prefix: maildir_. Each needs a stable unique-id that survives the deletion of the
 * others. Only the file itself can keep it, since an index may be lost. So all but one
 * are renamed: the unique-id is made from the name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "store/maildir/join.h"

struct span maildir_base(const struct scan *s, const struct scan_file *f,
			 char room[NAME_DUPLICATE_MAX])
{
	const uint64_t file[2] = { f->identity, f->modified };
	const struct span base = name_base(scan_name(s, f));

	if (!f->duplicate)
		return base;
	return name_duplicate(
		base, listing_sum((struct span){ (const char *)file, sizeof file }, 0),
		room);
}

/* If the index has a record for a file under the plain base name, that file keeps the
 * name and its unique-id. Without such a record, we cannot know which file had the name
 * first, so all of them are duplicates. */
static uint32_t mark_duplicates(struct scan *s)
{
	bool before = false;
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->files.count; i++) {
		struct scan_file *f = &s->files.at[i];
		bool behind = i + 1 < s->files.count && scan_same_base(s, f, f + 1);
		bool had_it = f->record != SCAN_NO_RECORD && !f->duplicate;
		bool duplicate = (before || behind) && !had_it;

		f->changed |= f->duplicate != duplicate;
		f->duplicate = duplicate;
		count += duplicate;
		before = behind;
	}
	return count;
}

/* Rename a duplicate. If that fails, or if another program has changed the file,
 * nothing changes. False: out of memory. */
static bool give_name(int dir, struct scan *s, struct scan_file *f)
{
	char duplicate[NAME_DUPLICATE_MAX], path[LISTING_NAME_OCTETS + sizeof "cur/"];
	const struct span name = scan_name(s, f);
	const struct span base = maildir_base(s, f, duplicate);
	const struct span info = span_after(name, name_base(name).len);
	struct buf b = BUF(path);
	struct stat st;

	buf_put(&b, (struct span){ scan_path(s, f), strlen("new/") });
	buf_put(&b, base);
	buf_put(&b, info);
	buf_cstr(&b);
	if (b.cut || fstatat(dir, scan_path(s, f), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !scan_is_file(f, &st) || scan_move(dir, scan_path(s, f), path) < 0)
		return true;
	f->duplicate = false;
	f->changed = true;
	return scan_rename(s, f, f->where, span_of(path + strlen("new/")));
}

enum fault maildir_separate_duplicates(struct update *u, struct why *why)
{
	struct scan *s = &u->scan;

	if (mark_duplicates(s) == 0 || u->opening->use.read_only)
		return FAULT_NONE;
	for (uint32_t i = 0; i < s->files.count; i++)
		if (s->files.at[i].duplicate &&
		    !give_name(u->d->base.dir, s, &s->files.at[i]))
			return fault_set(why, FAULT_NOMEM, 0, "rename", NULL);
	scan_sort(s);
	return FAULT_NONE;
}
