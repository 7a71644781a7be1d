/* store/retention.c - applies the rules for a maildrop's user: how often to log in, and
 * how long to keep messages.
 *
 * Prefix: retention_.
 */
#include "store/retention.h"

#include <stdlib.h>

#include "base/own.h"

enum { DAY = 86400, TIDY_LEAST = 64 };

static uint64_t now_of(const struct maildrop *m)
{
	return m->rules->now_ms / 1000;
}

/* ---- login delay ---- */

/* False: the rules need no ledger, or the ledger does not exist or cannot be used. */
static bool open_ledger(struct maildrop *m)
{
	const bool look_only = m->rules->look == STORE_LOOK_ONLY;
	struct why why;

	if ((m->rules->policy.login_delay > 0 || store_expires(m)) &&
	    ledger_open(m->dir, look_only, &m->ledger, &why))
		m->ledger_trouble = why;
	return m->ledger.fd >= 0;
}

enum fault retention_admit(struct maildrop *m, struct why *why)
{
	struct why trouble;

	if (!m->rules || !open_ledger(m))
		return FAULT_NONE;
	if (!policy_may_log_in(&m->rules->policy, m->rules->quick_logins,
			       m->rules->now_ms, &m->ledger.due_ms))
		return fault_set(why, FAULT_TOO_SOON, 0, "let in", NULL);
	if (m->rules->policy.login_delay > 0 && ledger_save(&m->ledger, &trouble))
		m->ledger_trouble = trouble;
	return FAULT_NONE;
}

/* ---- what is due ---- */

/* When to remove the message; UINT64_MAX: never. */
static uint64_t due_at(const struct policy *p, uint64_t came, uint64_t retrieved)
{
	const uint32_t days = retrieved > 0 ? p->retrieved : p->unread;

	if (days == POLICY_NEVER)
		return UINT64_MAX;
	return (retrieved > 0 ? retrieved : came) + (uint64_t)days * DAY;
}

/* One look at all messages. */
struct look {
	uint64_t now, next;          /* seconds; no message will be due before next */
	struct ledger_record *notes; /* all of the ledger, sorted */
	uint32_t count, found;       /* notes, and those that a message here has */
	uint64_t *marks;             /* due messages; NULL: none so far */
	uint64_t *unsure; /* due, unless they were delivered later than modified */
	struct ledger_record *seen; /* notes to add: messages first seen when due */
	uint32_t seen_count;
	bool spent; /* some note is to be removed from the ledger */
};

/* Set bit i of *bits, which are allocated at the first one. False: out of memory. */
static bool mark(const struct maildrop *m, uint64_t **bits, uint32_t i)
{
	if (!*bits)
		*bits = calloc(((size_t)m->listing.count + 63) / 64, sizeof **bits);
	if (*bits)
		(*bits)[i / 64] |= (uint64_t)1 << i % 64;
	return *bits;
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

/* Is this the first session that lists the message? No: if the index or a note
 * LEDGER_SEEN knows it from an earlier one. A note LEDGER_RETRIEVED does not count,
 * since the message may have been removed long ago and restored. For the same reason a
 * note LEDGER_SEEN is removed as soon as its message is due, whether or not the index
 * knows the message, too. */
static bool is_first_seen(const struct maildrop *m, struct look *k, uint32_t i,
			  const struct listing_record *r)
{
	const bool is_fresh = m->fresh && (m->fresh[i / 64] >> i % 64 & 1);
	struct ledger_record *note = find_note(k, LEDGER_SEEN, r);
	if (note && m->rules->look != STORE_LOOK_ONLY) {
		note->when = 0;
		k->spent = true;
	}
	return is_fresh && !note;
}

/* Mark a message that is due, but never in the first session that lists it: note it as
 * seen instead. */
static bool handle_due(const struct maildrop *m, struct look *k, uint32_t i,
		       const struct listing_record *r)
{
	const bool only_told = m->rules->look == STORE_LOOK_ONLY;

	if (!is_first_seen(m, k, i, r))
		return mark(m, &k->marks, i);
	k->next = k->now;
	if ((only_told || !m->kept) && !note_seen(k, r))
		return false;
	return !only_told || mark(m, &k->marks, i);
}

static enum fault read_record(const struct maildrop *m, uint32_t i,
			      struct listing_record *out, struct why *why)
{
	return store_record(&m->listing, i + 1, out)
		       ? FAULT_NONE
		       : fault_set(why, FAULT_IO, 0, "read listing", NULL);
}

static enum fault no_memory(struct why *why)
{
	return fault_set(why, FAULT_NOMEM, 0, "mark messages", NULL);
}

static enum fault look_at(const struct maildrop *m, struct look *k, uint32_t i,
			  struct why *why)
{
	struct listing_record r;
	enum fault f = read_record(m, i, &r, why);

	if (f)
		return f;
	const struct ledger_record *note = find_note(k, LEDGER_RETRIEVED, &r);
	const uint64_t due = due_at(&m->rules->policy, r.modified / 1000000000,
				    note ? note->when : 0);
	if (due > k->now)
		k->next = due < k->next ? due : k->next;
	else if (!(note ? handle_due(m, k, i, &r) : mark(m, &k->unsure, i)))
		return no_memory(why);
	return FAULT_NONE;
}

/* A message came at its time of modification, or at its time of delivery if that is
 * later and not in the future: a restored backup mostly lacks at most one of the two;
 * some programs set the time of modification to 0. */
static enum fault look_again(const struct maildrop *m, struct look *k, uint32_t i,
			     uint64_t delivered, struct why *why)
{
	struct listing_record r;
	enum fault f = read_record(m, i, &r, why);

	if (f)
		return f;
	uint64_t came = r.modified / 1000000000;
	if (delivered <= k->now && delivered > came)
		came = delivered;
	const uint64_t due = due_at(&m->rules->policy, came, 0);
	if (due > k->now)
		k->next = due < k->next ? due : k->next;
	else if (!handle_due(m, k, i, &r))
		return no_memory(why);
	return FAULT_NONE;
}

static enum fault look_at_unsure(struct maildrop *m, struct look *k, struct why *why)
{
	if (!k->unsure)
		return FAULT_NONE;
	uint64_t *delivered = calloc((size_t)m->listing.count + 1, sizeof *delivered);
	if (!delivered)
		return no_memory(why);
	enum fault f = m->kind->delivered(m, k->unsure, delivered, why);
	for (uint32_t i = 0; i < m->listing.count && f == FAULT_NONE; i++)
		if (store_is_marked(k->unsure, i))
			f = look_again(m, k, i, delivered[i], why);
	free(delivered);
	return f;
}

static enum fault look_at_all(struct maildrop *m, struct look *k, struct why *why)
{
	enum fault f = FAULT_NONE;

	for (uint32_t i = 0; i < m->listing.count && f == FAULT_NONE; i++)
		f = look_at(m, k, i, why);
	return f ? f : look_at_unsure(m, k, why);
}

/* Write the ledger. If most notes are about messages that are gone, remove those notes.
 */
static enum fault tidy(struct maildrop *m, struct look *k, struct why *why)
{
	const bool stale = m->ledger.count >= TIDY_LEAST &&
			   m->ledger.count / 2 >= k->found;

	if (!stale && !k->spent)
		return ledger_save(&m->ledger, why);
	for (uint32_t i = 0; stale && i < k->count; i++)
		if (!k->notes[i].stays)
			k->notes[i].when = 0;
	return ledger_replace(m->dir, &m->ledger, k->notes, k->count, why);
}

static enum fault save(struct maildrop *m, struct look *k, struct why *why)
{
	m->ledger.look = k->next;
	enum fault f = tidy(m, k, why);
	return f || k->seen_count == 0
		       ? f
		       : ledger_add(&m->ledger, k->seen, k->seen_count, why);
}

/* A dry run has shown the operator what is due, so the next session may remove it: note
 * these messages as seen. If the note cannot be written, they stay for one session
 * more. */
static void save_told(const struct maildrop *m, const struct look *k)
{
	struct ledger ledger;

	if (k->seen_count == 0 || ledger_open(m->dir, false, &ledger, NULL))
		return;
	fault_ignore(ledger_add(&ledger, k->seen, k->seen_count, NULL));
	ledger_close(&ledger);
}

/* All messages are checked at most once a day, or when the next one is due: the ledger
 * has that time. Mail that has come since then is due later; old mail that somebody has
 * copied there waits until the next day. */
uint64_t *retention_due(struct maildrop *m)
{
	struct why *why = &m->ledger_trouble;

	if (!store_expires(m))
		return NULL;
	if (m->ledger.fd < 0 &&
	    (m->rules->look != STORE_LOOK_ONLY || m->ledger_trouble.fault))
		return NULL;
	struct look k = { .now = now_of(m), .next = now_of(m) + DAY };
	if (m->rules->look == STORE_LOOK_DAILY && m->ledger.look > k.now &&
	    m->ledger.look <= k.next)
		return NULL;
	enum fault f = ledger_read(&m->ledger, &k.notes, &k.count, why);
	if (f == FAULT_NONE)
		f = look_at_all(m, &k, why);
	if (f == FAULT_NONE && m->rules->look != STORE_LOOK_ONLY)
		f = save(m, &k, why);
	else if (f == FAULT_NONE)
		save_told(m, &k);
	free(k.notes);
	free(k.seen);
	free(k.unsure);
	if (f)
		free(TAKE(k.marks));
	return k.marks;
}

/* ---- what was retrieved ---- */

static bool is_set(const uint64_t *bits, uint32_t i)
{
	return bits && store_is_marked(bits, i);
}

static bool note(struct maildrop *m, uint32_t i)
{
	struct listing_record r;

	if (m->ledger.fd < 0 || !store_record(&m->listing, i + 1, &r))
		return true;
	const struct ledger_record n = note_of(&r, LEDGER_RETRIEVED, now_of(m));
	return ledger_add(&m->ledger, &n, 1, &m->trouble) == FAULT_NONE;
}

/* If memory runs out, the messages stay unmarked. */
static void mark_seen(struct maildrop *m, const uint64_t *marks,
		      const uint64_t *retrieved)
{
	uint64_t *seen = NULL;

	for (uint32_t i = 0; i < m->listing.count; i++)
		if (is_set(retrieved, i) && !is_set(marks, i) && !mark(m, &seen, i))
			return;
	if (seen)
		m->kind->mark_seen(m, seen);
	free(seen);
}

void retention_note(struct maildrop *m, const uint64_t *marks,
		    const uint64_t *retrieved)
{
	if (!m->rules)
		return;
	bool writes = true;
	for (uint32_t i = 0; i < m->listing.count && writes; i++)
		if (is_set(retrieved, i) && !is_set(marks, i))
			writes = note(m, i);
	if (m->rules->mark_seen && m->kind->mark_seen)
		mark_seen(m, marks, retrieved);
}
