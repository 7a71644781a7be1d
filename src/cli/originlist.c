/* cli/originlist.c - reads the Maildirs of Dovecot and Courier, which keep lists of
 * their messages.
 *
 * Prefix: origin_.
 */
#include <errno.h>

#include "cli/origindir.h"
#include "cli/originkinds.h"
#include "cli/originroom.h"
#include "foreign/sizelist.h"
#include "foreign/uidlist.h"
#include "mail/name.h"
#include "mail/uidmake.h"

static const char uidlist_name[] = "dovecot-uidlist";
static const char sizelist_name[] = "courierpop3dsizelist";

static int by_base(const void *a, const void *b)
{
	return origin_by_base(a, b);
}

static enum fault no_memory(struct why *why)
{
	return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
}

/* Read the folders, sorted by base name, and the list. */
static enum fault begin(struct origin *s, const struct origin_place *p,
			const char *name, struct span *out_list, struct why *why)
{
	enum fault f = origin_read_list(s, p, name, out_list, why);

	if (f || (f = origin_read_folders(s, p, ORIGIN_NAMES, why)))
		return f;
	origin_sort(s, by_base);
	return origin_find_doubles(s, why);
}

/* ---- Dovecot ---- */

/* The unique-id by pop3_uidl_format. */
static bool format_uid(struct origin *s, const struct origin_place *p, struct span guid,
		       struct origin_message *m)
{
	char room[1024];
	struct buf uid = BUF(room);
	const struct uidmake_values values = {
		.uid = m->number,
		.validity = s->validity,
		.filename = m->base,
		.guid = guid.len > 0 ? guid : m->base,
	};

	uidmake(p->format, &values, &uid);
	m->uid = origin_keep(s, buf_span(&uid));
	return m->uid.at != NULL;
}

/* A name that is listed twice has the later record. */
static bool take_record(struct origin *s, const struct origin_place *p,
			const struct uidlist_record *r)
{
	struct origin_message *m = origin_match(s, r->base);

	if (!m)
		return true;
	m->is_listed = true;
	m->number = r->uid;
	m->order = r->order;
	if (!r->has_uidl)
		return format_uid(s, p, r->guid, m);
	m->uid = r->uidl.len > 0 ? r->uidl : m->base;
	return true;
}

static int by_time_of_delivery(const void *a, const void *b)
{
	const struct origin_message *x = a, *y = b;

	if (x->is_listed != y->is_listed)
		return x->is_listed ? -1 : 1;
	return uidlist_order_new(x->base, y->base);
}

static int by_order(const void *a, const void *b)
{
	const struct origin_message *x = a, *y = b;
	const int by = origin_by_number(x->order, y->order);

	return by ? by : origin_by_number(x->number, y->number);
}

/* Give uids to the messages that the list lacks, as Dovecot would. */
static bool number_others(struct origin *s, const struct origin_place *p)
{
	origin_sort(s, by_time_of_delivery);
	for (size_t i = 0; i < s->count; i++) {
		struct origin_message *m = &s->at[i];

		if (m->is_listed)
			continue;
		m->order = UIDLIST_NO_ORDER;
		m->number = s->next < UINT32_MAX ? s->next++ : 0;
		if (!format_uid(s, p, (struct span){ 0 }, m))
			return false;
	}
	origin_sort(s, by_order);
	return true;
}

enum fault origin_dovecot(struct origin *s, const struct origin_place *p,
			  struct why *why)
{
	struct uidlist_record r;
	enum uidlist_found found;
	struct span text;
	struct uidlist l;
	const enum fault f = begin(s, p, uidlist_name, &text, why);

	if (f || !s->has_list)
		return f;
	if (!uidlist_begin(&l, text))
		return fault_set(why, FAULT_SETUP, 0,
				 "use the first line of dovecot-uidlist in",
				 p->control);
	s->validity = l.validity;
	s->next = l.next;
	while ((found = uidlist_next(&l, &r)) != UIDLIST_END) {
		if (found == UIDLIST_BROKEN)
			origin_report_line(s, p, uidlist_name, l.line);
		else if (!take_record(s, p, &r))
			return no_memory(why);
		if (r.uid >= s->next && r.uid < UINT32_MAX)
			s->next = r.uid + 1;
	}
	s->list_next = s->next;
	return number_others(s, p) ? FAULT_NONE : no_memory(why);
}

/* ---- Courier ---- */

static bool set_number(struct origin *s, const struct sizelist_record *r,
		       struct origin_message *m)
{
	char room[1024];
	struct buf uid = BUF(room);

	sizelist_uidl(r, &uid);
	m->uid = origin_keep(s, buf_span(&uid));
	return m->uid.at != NULL;
}

static bool take_number(struct origin *s, const struct sizelist_record *r)
{
	struct origin_message *m = origin_match(s, name_base(r->name));

	if (!m)
		return true;
	m->is_listed = true;
	return set_number(s, r, m);
}

/* Give numbers to the messages that the list lacks, as Courier would. */
static bool number_new(struct origin *s, struct sizelist *l)
{
	for (size_t i = 0; i < s->count; i++) {
		struct origin_message *m = &s->at[i];
		const struct sizelist_record r = { .name = m->base,
						   .number = l->next,
						   .validity = l->validity };

		if (m->is_listed || m->is_double || l->next == 0)
			continue;
		if (!set_number(s, &r, m))
			return false;
		l->next = l->next < UINT32_MAX ? l->next + 1 : 0;
	}
	return true;
}

static int by_sizelist(const void *a, const void *b)
{
	const struct origin_message *x = a, *y = b;

	return sizelist_order(x->base, y->base);
}

enum fault origin_courier(struct origin *s, const struct origin_place *p,
			  struct why *why)
{
	struct sizelist_record r;
	enum sizelist_found found;
	struct sizelist l;
	struct span text;
	const enum fault f = begin(s, p, sizelist_name, &text, why);

	if (f || !s->has_list)
		return f;
	if (!sizelist_begin(&l, text))
		return fault_set(why, FAULT_SETUP, 0,
				 "use the first line of courierpop3dsizelist in",
				 p->control);
	while ((found = sizelist_next(&l, &r)) != SIZELIST_END) {
		if (found == SIZELIST_BROKEN)
			origin_report_line(s, p, sizelist_name, l.line);
		else if (!take_number(s, &r))
			return no_memory(why);
	}
	origin_sort(s, by_sizelist);
	return number_new(s, &l) ? FAULT_NONE : no_memory(why);
}
