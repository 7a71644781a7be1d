/* store/maildir/record.c - what the index says about a Maildir: records of files, and
 * time stamps of folders.
 *
 * Prefix: maildir_.
 */
#include "mail/name.h"
#include "store/maildir/join.h"

/* ---- the head ---- */

/* Not after a crash of the machine: its head may have reached the disk, and a record
 * not. (Records that are there are still good, since each has its own sum.) Nor if the
 * setting for surrogates has changed. */
bool maildir_can_be_current(const struct index_head *h, const struct store_process *p)
{
	return h->quiescent == INDEX_QUIESCENT && h->boot == p->boot &&
	       h->downgrade == p->downgrade;
}

void maildir_get_stamps(const struct index_head *h, struct scan_stamp out[SCAN_DIRS])
{
	out[SCAN_NEW] = (struct scan_stamp){ h->source_1, h->source_2, h->source_3 };
	out[SCAN_CUR] = (struct scan_stamp){ h->source_4, h->source_5, h->source_6 };
}

void maildir_put_stamps(struct index_head *h, const struct scan_stamp stamp[SCAN_DIRS])
{
	h->source_1 = stamp[SCAN_NEW].inode;
	h->source_2 = stamp[SCAN_NEW].modified_ns;
	h->source_3 = stamp[SCAN_NEW].status_ns;
	h->source_4 = stamp[SCAN_CUR].inode;
	h->source_5 = stamp[SCAN_CUR].modified_ns;
	h->source_6 = stamp[SCAN_CUR].status_ns;
}

/* ---- records ---- */

/* In a record, the first letter of the folder comes before the name. */
size_t maildir_put_name(const struct scan *s, const struct scan_file *f,
			char out[LISTING_NAME_OCTETS])
{
	struct span name = scan_name(s, f);

	out[0] = scan_path(s, f)[0];
	memcpy(out + 1, name.at, name.len);
	return name.len + 1;
}

static const uint8_t trouble_flag[] = {
	[SCAN_CLOSED] = FLAG_CLOSED,
	[SCAN_PASSING] = FLAG_PASSING,
	[SCAN_PACKED] = FLAG_PACKED,
};

void maildir_put_record(const struct scan *s, const struct scan_file *f,
			struct listing_record *out)
{
	*out = (struct listing_record){
		.octets = f->octets,
		.form = f->form,
		.surrogate = f->surrogate,
		.difference = f->difference,
		.file = f->identity,
		.stored = f->stored,
		.modified = f->modified,
		.flags = (uint8_t)((f->duplicate ? FLAG_DUPLICATE : 0) |
				   (f->numberless ? FLAG_NUMBERLESS : 0) |
				   trouble_flag[f->trouble]),
	};
	out->uid_len = (uint8_t)maildir_uid(s, f, out->uid);
}
