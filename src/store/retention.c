/* store/retention.c - what is asked of a Maildir's user: to come not too often, and
 * not to leave mail for too long.
 *
 * Prefix: maildir_.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/maildir/maildir.h"

enum { DAY = 86400, TIDY_LEAST = 64 };

static uint64_t now_of(const struct maildir *d)
{
	return d->rules->now_ms / 1000;
}

bool maildir_expires(const struct maildir *d)
{
	return d->rules && (d->rules->policy.unread != POLICY_NEVER ||
			    d->rules->policy.retrieved != POLICY_NEVER);
}

/* ---- coming in ---- */

static enum fault open_ledger(struct maildir *d)
{
	const struct policy *p = &d->rules->policy;
	const bool look_only = d->rules->look == STORE_LOOK_ONLY;
	struct why why;

	if (p->login_delay == 0 && !maildir_expires(d))
		return FAULT_NONE;
	enum fault f = ledger_open(d->dir, look_only, &d->ledger, &why);
	if (f)
		d->trouble = why;
	return f;
}

enum fault maildir_admit(struct maildir *d, struct why *why)
{
	struct why trouble;

	if (!d->rules || open_ledger(d) || d->ledger.fd < 0)
		return FAULT_NONE;
	if (!policy_may_log_in(&d->rules->policy, d->rules->quick_logins,
			       d->rules->now_ms, &d->ledger.due_ms))
		return fault_set(why, FAULT_TOO_SOON, 0, "let in", NULL);
	if (d->rules->policy.login_delay > 0 && ledger_save(&d->ledger, &trouble))
		d->trouble = trouble;
	return FAULT_NONE;
}

/* ---- what is due to go ---- */

/* When the message is due to go; UINT64_MAX: never. */
static uint64_t due_at(const struct policy *p, uint64_t came, uint64_t retrieved)
{
	const uint32_t days = retrieved > 0 ? p->retrieved : p->unread;

	if (days == POLICY_NEVER)
		return UINT64_MAX;
	return (retrieved > 0 ? retrieved : came) + (uint64_t)days * DAY;
}

/* One look at all messages. */
struct look {
	uint64_t now, next;
	struct ledger_record *notes;
	uint32_t count, found;
	uint64_t *marks;            /* NULL: none yet */
	struct ledger_record *seen; /* the first time, so that they stay */
	uint32_t seen_count;
	bool spent; /* a note has served, and goes */
};

static bool mark(struct look *k, uint32_t i, uint32_t messages)
{
	if (!k->marks)
		k->marks = calloc(((size_t)messages + 63) / 64, sizeof *k->marks);
	if (k->marks)
		k->marks[i / 64] |= (uint64_t)1 << i % 64;
	return k->marks;
}

static struct ledger_record note_of(const struct listing_record *r,
				    enum ledger_kind kind, uint64_t when)
{
	struct ledger_record n = { .when = when, .kind = kind, .uid_len = r->uid_len };

	memcpy(n.uid, r->uid, r->uid_len);
	return n;
}

/* An array that doubles whenever its number of elements is a power of two. */
static bool note_seen(struct look *k, const struct listing_record *r)
{
	const uint32_t n = k->seen_count;

	if ((n & (n - 1)) == 0) {
		struct ledger_record *more =
			realloc(k->seen, (n ? 2 * (size_t)n : 1) * sizeof *more);

		if (!more)
			return false;
		k->seen = more;
	}
	k->seen[k->seen_count++] = note_of(r, LEDGER_SEEN, k->now);
	return true;
}

static struct ledger_record *find_note(struct look *k, enum ledger_kind kind,
				       const struct listing_record *r)
{
	struct ledger_record *note =
		ledger_find(k->notes, k->count, kind, listing_uid(r));

	k->found += note != NULL;
	if (note)
		note->stays = true;
	return note;
}

/* When the message came: its time of modification, or, where that is later and not in
 * the future, what its name says. Whoever restores a backup mostly sets neither; some
 * set the first to nothing. */
static enum fault find_arrival(const struct maildir *d, uint32_t msg, uint64_t now,
			       uint64_t *io_came, struct why *why)
{
	ROOM struct index_reader rd;
	struct scan s = { 0 };

	index_reader_init(&rd, &d->index, 1);
	enum fault f = maildir_load(&rd, msg, &s, why);
	if (f == FAULT_NONE) {
		const uint64_t named = s.files.at->time.seconds;

		if (named <= now && named > *io_came)
			*io_came = named;
	}
	scan_done(&s);
	return f;
}

/* Neither this session's index nor a note knows it from an earlier one. That it was
 * retrieved tells nothing: what went long ago may have been restored. Nor may a note
 * that it was seen tell so again, once it has let the message go. */
static bool is_first_seen(const struct maildir *d, struct look *k, uint32_t i,
			  const struct listing_record *r)
{
	if (!d->fresh || !(d->fresh[i / 64] >> i % 64 & 1))
		return false;
	struct ledger_record *note = find_note(k, LEDGER_SEEN, r);
	if (note && d->rules->look != STORE_LOOK_ONLY) {
		note->when = 0;
		k->spent = true;
	}
	return !note;
}

/* What is due goes, but never in the first session that sees it. */
static bool take_due(const struct maildir *d, struct look *k, uint32_t i,
		     const struct listing_record *r)
{
	const bool only_told = d->rules->look == STORE_LOOK_ONLY;

	if (!is_first_seen(d, k, i, r))
		return mark(k, i, d->base.listing.count);
	k->next = k->now;
	if ((only_told || !d->kept) && !note_seen(k, r))
		return false;
	return !only_told || mark(k, i, d->base.listing.count);
}

static enum fault look_at(const struct maildir *d, struct look *k, uint32_t i,
			  struct why *why)
{
	const struct policy *p = &d->rules->policy;
	struct listing_record r;

	if (!store_record(&d->base.listing, i + 1, &r))
		return fault_set(why, FAULT_IO, 0, "read listing", NULL);
	const struct ledger_record *note = find_note(k, LEDGER_RETRIEVED, &r);
	uint64_t came = r.modified / 1000000000;
	uint64_t due = due_at(p, came, note ? note->when : 0);
	if (due <= k->now && !note) {
		enum fault f = find_arrival(d, i + 1, k->now, &came, why);

		if (f)
			return f;
		due = due_at(p, came, 0);
	}
	if (due > k->now)
		k->next = due < k->next ? due : k->next;
	else if (!take_due(d, k, i, &r))
		return fault_set(why, FAULT_NOMEM, 0, "mark messages", NULL);
	return FAULT_NONE;
}

static enum fault look_at_all(const struct maildir *d, struct look *k, struct why *why)
{
	enum fault f = FAULT_NONE;

	for (uint32_t i = 0; i < d->base.listing.count && f == FAULT_NONE; i++)
		f = look_at(d, k, i, why);
	return f;
}

/* When most notes are of messages that are gone, they go too. */
static enum fault tidy(struct maildir *d, struct look *k, struct why *why)
{
	const bool stale = d->ledger.count >= TIDY_LEAST &&
			   d->ledger.count / 2 >= k->found;

	if (!stale && !k->spent)
		return ledger_save(&d->ledger, why);
	for (uint32_t i = 0; stale && i < k->count; i++)
		if (!k->notes[i].stays)
			k->notes[i].when = 0;
	return ledger_replace(d->dir, &d->ledger, k->notes, k->count, why);
}

static enum fault save(struct maildir *d, struct look *k, struct why *why)
{
	d->ledger.look = k->next;
	enum fault f = tidy(d, k, why);
	return f || k->seen_count == 0
		       ? f
		       : ledger_add(&d->ledger, k->seen, k->seen_count, why);
}

/* Whoever was told by a dry run has seen what is due: what he was told of is what goes
 * the next time. Where that cannot be written it stays for longer. */
static void save_told(const struct maildir *d, const struct look *k)
{
	struct ledger ledger;

	if (k->seen_count == 0 || ledger_open(d->dir, false, &ledger, NULL))
		return;
	fault_ignore(ledger_add(&ledger, k->seen, k->seen_count, NULL));
	ledger_close(&ledger);
}

/* All messages are looked at once a day at most, however many there are: in between,
 * nothing can be due before the time that was found then. Mail that came since is due
 * later than that, or, where somebody put old mail there, the next day. */
enum fault maildir_due(struct maildir *d, uint64_t **out, struct why *why)
{
	*out = NULL;
	if (!maildir_expires(d))
		return FAULT_NONE;
	if (d->ledger.fd < 0 && (d->rules->look != STORE_LOOK_ONLY || d->trouble.fault))
		return FAULT_NONE;
	struct look k = { .now = now_of(d), .next = now_of(d) + DAY };
	if (d->rules->look == STORE_LOOK_DAILY && d->ledger.look > k.now &&
	    d->ledger.look <= k.next)
		return FAULT_NONE;
	enum fault f = ledger_read(&d->ledger, &k.notes, &k.count, why);
	if (f == FAULT_NONE)
		f = look_at_all(d, &k, why);
	if (f == FAULT_NONE && d->rules->look != STORE_LOOK_ONLY)
		f = save(d, &k, why);
	else if (f == FAULT_NONE)
		save_told(d, &k);
	free(k.notes);
	free(k.seen);
	if (f)
		free(k.marks);
	else
		*out = k.marks;
	return f;
}

/* ---- what was retrieved ---- */

/* "new/x" or "cur/x:2,FR" as "cur/x:2,FRS": the letters in order (see the Maildir's own
 * rules). False: it has the letter, or is too long. */
static bool seen_name(struct span name, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };
	struct span base = span_after(name, strlen("new/")), flags;
	const char *colon = memmem(base.at, base.len, ":2,", 3);
	bool done = false;

	flags = colon ? span_after(base, (size_t)(colon - base.at) + 3) : SPAN("");
	if (memchr(flags.at, 'S', flags.len))
		return false;
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
	buf_cstr(&b);
	return !b.cut;
}

/* Whoever has moved or marked it meanwhile is right. */
static void mark_seen(const struct maildir *d, uint32_t i)
{
	char seen[LISTING_NAME_OCTETS + sizeof "cur/"];
	ROOM struct index_reader rd;
	struct scan s = { 0 };

	index_reader_init(&rd, &d->index, 1);
	if (maildir_load(&rd, i + 1, &s, NULL) == FAULT_NONE) {
		const char *path = scan_path(&s, s.files.at);

		if (seen_name(span_of(path), seen, sizeof seen))
			scan_move(d->dir, path, seen);
	}
	scan_done(&s);
}

static bool is_set(const uint64_t *bits, uint32_t i)
{
	return bits && (bits[i / 64] >> i % 64 & 1);
}

static bool note(struct maildir *d, uint32_t i, struct why *why)
{
	struct listing_record r;

	if (d->ledger.fd < 0 || !store_record(&d->base.listing, i + 1, &r))
		return true;
	const struct ledger_record n = note_of(&r, LEDGER_RETRIEVED, now_of(d));
	return ledger_add(&d->ledger, &n, 1, why) == FAULT_NONE;
}

void maildir_note(struct maildir *d, const uint64_t *marks, const uint64_t *retrieved)
{
	bool writes = true;

	for (uint32_t i = 0; d->rules && i < d->base.listing.count; i++) {
		if (!is_set(retrieved, i) || is_set(marks, i))
			continue;
		writes = writes && note(d, i, &d->base.trouble);
		if (d->rules->mark_seen)
			mark_seen(d, i);
	}
}
