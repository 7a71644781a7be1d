/* store/maildir/seen.c - marks messages of a Maildir as seen.
 *
 * Prefix: maildir_.
 */
#include "base/buf.h"
#include "base/own.h"
#include "store/maildir/maildir.h"

/* Make the path of a message that is marked as seen: "new/x" becomes "cur/x:2,S",
 * "cur/x:2,FR" becomes "cur/x:2,FRS". Maildir wants the letters sorted. Returns it in
 * `out`, or NULL: the message is marked already, or the path is too long. */
static const char *seen_name(struct span name, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };
	struct span base = span_after(name, strlen("new/")), flags;
	const char *colon = memmem(base.at, base.len, ":2,", 3);
	bool done = false;

	flags = colon ? span_after(base, (size_t)(colon - base.at) + 3) : SPAN("");
	if (memchr(flags.at, 'S', flags.len))
		return NULL;
	if (colon)
		base.len = (size_t)(colon - base.at);
	buf_text(&b, "cur/");
	buf_put(&b, base);
	buf_text(&b, ":2,");
	for (size_t i = 0; i < flags.len; i++) {
		if (!done && flags.at[i] > 'S') {
			buf_char(&b, 'S');
			done = true;
		}
		buf_char(&b, flags.at[i]);
	}
	if (!done)
		buf_char(&b, 'S');
	const char *made = buf_cstr(&b);
	return b.cut ? NULL : made;
}

/* If another program has moved or marked the message meanwhile, the rename fails, and
 * that is fine. */
static void mark_seen(int dir, struct index_reader *rd, uint32_t msg)
{
	char room[LISTING_NAME_OCTETS + sizeof "cur/"];
	struct scan s = { 0 };

	if (maildir_load(rd, msg, &s, NULL) == FAULT_NONE) {
		const char *path = scan_path(&s, s.files.at);

		const char *seen = seen_name(span_of(path), room, sizeof room);

		if (seen)
			scan_move(dir, path, seen);
	}
	scan_done(&s);
}

void maildir_mark_seen(struct maildrop *m, const uint64_t *which)
{
	ROOM struct index_reader rd;

	index_reader_init(&rd, &((struct maildir *)m)->index, LOADS_AT_A_TIME);
	for (uint32_t i = 0; i < m->listing.count; i++)
		if (store_is_marked(which, i))
			mark_seen(m->dir, &rd, i + 1);
}
