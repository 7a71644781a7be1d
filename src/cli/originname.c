/* cli/originname.c - reads the Maildirs of servers that keep no list: unique-ids and
 * order follow from names, times of modification and contents.
 *
 * Prefix: origin_.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/origindir.h"
#include "cli/originkinds.h"
#include "cli/originroom.h"
#include "foreign/digest.h"
#include "foreign/header.h"
#include "mail/name.h"

enum { HEADER_OCTETS_MAX = 1 << 18, MAILFRONT_UID_MAX = 70 };

static int by_time(const void *a, const void *b)
{
	const struct origin_message *x = a, *y = b;
	const int by = origin_by_number(x->time, y->time);

	return by ? by : name_order(x->base, y->base);
}

/* Messages with the same time of modification have no order that a session could
 * repeat. */
static void count_ties(struct origin *s)
{
	for (size_t i = 0; i < s->count; i++)
		s->ties += (i > 0 && s->at[i - 1].time == s->at[i].time) ||
			   (i + 1 < s->count && s->at[i + 1].time == s->at[i].time);
}

static enum fault begin(struct origin *s, const struct origin_place *p,
			enum origin_wanted wanted, struct why *why)
{
	s->has_list = true; /* none is needed */
	return origin_read_folders(s, p, wanted, why);
}

static enum fault read_by_time(struct origin *s, const struct origin_place *p,
			       struct why *why)
{
	const enum fault f = begin(s, p, ORIGIN_TIMES, why);

	if (f)
		return f;
	origin_sort(s, by_time);
	count_ties(s);
	return origin_find_doubles(s, why);
}

static enum fault set_uid(struct origin *s, struct origin_message *m, struct span uid,
			  struct why *why)
{
	m->is_listed = true;
	m->uid = origin_keep(s, uid);
	return m->uid.at ? FAULT_NONE : fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
}

enum fault origin_qmail(struct origin *s, const struct origin_place *p, struct why *why)
{
	const enum fault f = read_by_time(s, p, why);

	for (size_t i = 0; !f && i < s->count; i++) {
		s->at[i].is_listed = true;
		s->at[i].uid = s->at[i].base;
	}
	return f;
}

enum fault origin_solid(struct origin *s, const struct origin_place *p, struct why *why)
{
	enum fault f = read_by_time(s, p, why);

	for (size_t i = 0; !f && i < s->count; i++) {
		char room[DIGEST_MAX];
		struct buf uid = BUF(room);

		digest_name(s->at[i].base, &uid);
		f = set_uid(s, &s->at[i], buf_span(&uid), why);
	}
	return f;
}

static int by_name(const void *a, const void *b)
{
	const struct origin_message *x = a, *y = b;

	return name_order(x->base, y->base);
}

/* The name up to the first comma, at most 70 octets of it. */
enum fault origin_mailfront(struct origin *s, const struct origin_place *p,
			    struct why *why)
{
	enum fault f = begin(s, p, ORIGIN_NAMES, why);

	if (f)
		return f;
	origin_sort(s, by_name);
	for (size_t i = 0; i < s->count; i++) {
		struct origin_message *m = &s->at[i];
		struct span rest = m->base;

		span_cut(&rest, ',', &m->uid);
		if (m->uid.len > MAILFRONT_UID_MAX)
			m->uid.len = MAILFRONT_UID_MAX;
		m->is_listed = true;
	}
	return origin_find_doubles(s, why);
}

/* ---- mailutils ---- */

static int by_octets(const void *a, const void *b)
{
	return origin_by_base(a, b);
}

/* Read the beginning of a message, as much of it as a header may have. */
static ssize_t read_beginning(int dir, const char *path, char *at, size_t room)
{
	OWN_FD fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && len < room &&
	       !memmem(at, len, "\n\n", 2)) /* the end of the header */
		if ((got = read(fd, at + len, room - len)) > 0)
			len += (size_t)got;
	return got < 0 ? -1 : (ssize_t)len;
}

/* mailutils writes its unique-id into the message; it does so when a session has asked
 * for unique-ids, and ends other than by a crash. */
static enum fault find_uid(struct origin *s, const struct origin_place *p,
			   struct origin_message *m, struct why *why)
{
	static char header[HEADER_OCTETS_MAX];
	struct span uid;
	const ssize_t len = read_beginning(p->fd, m->path, header, sizeof header);

	if (len < 0)
		return fault_set(why, FAULT_SETUP, errno, "read", m->path);
	if (!header_find((struct span){ header, (size_t)len }, "X-UIDL", &uid))
		return FAULT_NONE;
	uid = header_trim(uid);
	return uid.len > 0 ? set_uid(s, m, uid, why) : FAULT_NONE;
}

enum fault origin_mailutils(struct origin *s, const struct origin_place *p,
			    struct why *why)
{
	enum fault f = begin(s, p, ORIGIN_NAMES, why);

	origin_sort(s, by_octets);
	for (size_t i = 0; !f && i < s->count; i++)
		f = find_uid(s, p, &s->at[i], why);
	return f ? f : origin_find_doubles(s, why);
}
