/* cli/importing.c - takes over the maildrop of one user from another server.
 *
 * Prefix: import_. Messages are copied, their unique-ids pinned, and only then do the
 * copies become visible (cli/copy.h). All steps can be repeated.
 */
#include "cli/importing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/copy.h"
#include "cli/importreport.h"
#include "cli/origindir.h"
#include "cli/originpath.h"
#include "cli/originroom.h"
#include "mail/name.h"

struct job {
	struct import *import;
	struct origin_place place;
	struct origin origin;
	struct origin
		here; /* the messages in the maildrop, and those that are pinned */
	struct copy copy;
	int maildrop;
	bool *is_copied; /* of each message of the origin: there is a copy to rename */
	struct store_pins pins;
	struct import_counts counts;
	uint64_t doubles; /* copies that have got another base name */
	bool changed;
	char from[PLACE_PATH_MAX], control[PLACE_PATH_MAX];
};

static bool copies(const struct job *j)
{
	return j->import->from != NULL;
}

static enum fault no_memory(struct why *why)
{
	return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
}

/* ---- the origin ---- */

static enum fault open_one(const char *path, int *out, struct why *why)
{
	*out = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return *out >= 0 ? FAULT_NONE
			 : fault_set(why, FAULT_SETUP, errno, "open", path);
}

/* Dovecot keeps the list of the INBOX in a folder of its own below CONTROL. */
static enum fault open_control(struct job *j, struct why *why)
{
	const enum fault f = open_one(j->control, &j->place.list, why);
	const int inbox =
		f ? -1
		  : openat(j->place.list, ".INBOX", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (inbox >= 0) {
		close(j->place.list);
		j->place.list = inbox;
	}
	return f;
}

static enum fault open_origin(struct job *j, struct why *why)
{
	const struct import *i = j->import;

	j->maildrop = cli_maildrop_dir(&i->maildrop, why);
	if (j->maildrop < 0)
		return why->fault;
	j->place.format = &i->format;
	j->place.path = copies(j) ? j->from : i->maildrop.path;
	if (copies(j) && !origin_expand(i->from, i->maildrop.name, j->from))
		return fault_set(why, FAULT_SETUP, 0, "expand", i->from);
	if (copies(j) && open_one(j->from, &j->place.fd, why))
		return why->fault;
	if (!copies(j))
		j->place.fd = dup(j->maildrop);
	j->place.control = i->control ? j->control : j->place.path;
	if (!i->control) {
		j->place.list = dup(j->place.fd);
		return FAULT_NONE;
	}
	if (!origin_expand(i->control, i->maildrop.name, j->control))
		return fault_set(why, FAULT_SETUP, 0, "expand", i->control);
	return open_control(j, why);
}

/* Without its list, the origin says nothing about the unique-ids that clients know. */
static enum fault read_origin(struct job *j, struct why *why)
{
	const struct origin_kind *kind = j->import->kind;
	const enum fault f = origin_read(kind, &j->place, &j->origin, why);

	if (f)
		return f;
	if (!j->origin.has_list && j->origin.count > 0)
		return fault_set(why, FAULT_SETUP, ENOENT, kind->list,
				 j->place.control);
	j->import->shared->found += j->origin.count;
	j->counts.bad_lines = j->origin.broken;
	j->counts.ties = j->origin.ties;
	return FAULT_NONE;
}

/* ---- copies ---- */

static int by_base(const void *a, const void *b)
{
	return origin_by_base(a, b);
}

/* A second message of a base name is copied under another one. */
static bool rename_double(struct job *j, struct origin_message *m)
{
	char name[NAME_DUPLICATE_MAX], room[NAME_DUPLICATE_MAX + 64];
	struct buf path = BUF(room);
	const struct span whole = span_of(m->path);
	const struct span flags = span_after(whole, strlen("new/") + m->base.len);
	const struct span base = name_duplicate(m->base, j->doubles++, name);

	buf_put(&path, (struct span){ m->path, strlen("new/") });
	buf_put(&path, base);
	buf_put(&path, flags);
	m->base = origin_keep(&j->origin, base);
	m->target = origin_keep(&j->origin, buf_span(&path)).at;
	m->is_double = false;
	return m->base.at && m->target;
}

static void see_pin(void *arg, const struct pin *pin)
{
	struct job *j = arg;
	const struct origin_message m = {
		.base = origin_keep(&j->here, pin->key), .is_listed = true, /* pinned */
	};

	if (!m.base.at || !origin_add(&j->here, &m))
		j->here.room = 0; /* out of memory */
}

/* Find out what was pinned in the maildrop and, to copy, what is there. */
static enum fault read_maildrop(struct job *j, struct why *why)
{
	const struct origin_place here = { .path = j->import->maildrop.path,
					   .fd = j->maildrop };
	enum fault f = copies(j)
			       ? origin_read_folders(&j->here, &here, ORIGIN_NAMES, why)
			       : FAULT_NONE;

	if (!f)
		f = store_pinned(&j->import->maildrop.opening, see_pin, j, why);
	if (!f && j->here.count > 0 && j->here.room == 0)
		f = no_memory(why);
	if (!f)
		origin_sort(&j->here, by_base);
	return f;
}

/* A message that was pinned and is not there was removed here, unless an earlier import
 * ended before it had renamed the copy. */
static bool is_wanted(struct job *j, const struct origin_message *m)
{
	const struct origin_message *there = origin_match(&j->here, m->base);

	if (!there)
		return true;
	if (copy_is_staged(&j->copy, m))
		return true;
	/* Of a pinned message that is there, both are in the list. */
	const struct origin_message *last = &j->here.at[j->here.count];
	bool is_there = false;

	for (; there < last && origin_by_base(there, m) == 0; there++)
		is_there |= there->path != NULL;
	j->counts.removed += !is_there;
	return false;
}

static enum fault copy_one(struct job *j, size_t i, struct why *why)
{
	struct origin_message *m = &j->origin.at[i];
	enum fault f = FAULT_NONE;

	if (m->is_double && !rename_double(j, m))
		return no_memory(why);
	j->is_copied[i] = is_wanted(j, m);
	if (j->is_copied[i] && !j->import->dry_run) {
		const uint64_t before = j->copy.octets;

		f = copy_stage(&j->copy, m, why);
		j->import->shared->octets += j->copy.octets - before;
	}
	j->counts.copied += j->is_copied[i];
	j->import->shared->seen++;
	return f;
}

static enum fault copy_all(struct job *j, struct why *why)
{
	enum fault f = FAULT_NONE;

	j->is_copied = calloc(j->origin.count + 1, sizeof *j->is_copied);
	if (!f && !j->is_copied)
		f = no_memory(why);
	if (!f && !j->import->dry_run)
		f = copy_begin(&j->copy, j->place.fd, j->maildrop, why);
	j->copy.without_hidden = j->origin.is_mbox && j->origin.hides_fields;
	for (size_t i = 0; !f && i < j->origin.count; i++)
		f = copy_one(j, i, why);
	j->counts.octets = j->copy.octets;
	return f || j->import->dry_run || j->counts.copied == 0
		       ? f
		       : copy_sync(&j->copy, why);
}

static enum fault publish_all(struct job *j, struct why *why)
{
	enum fault f = FAULT_NONE;

	for (size_t i = 0; !f && i < j->origin.count; i++)
		if (j->is_copied[i])
			f = copy_publish(&j->copy, &j->origin.at[i], why);
	return f ? f : copy_finish(&j->copy, why);
}

/* ---- pins ---- */

/* After an earlier import, messages come to the maildrop whose unique-ids clients have
 * got from Poplar. Those that the old server has not listed must be among them. */
static void leave_out_new(struct job *j)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->origin.count; i++) {
		const struct origin_message *m = &j->origin.at[i];
		const bool is_known = j->import->kind->list && m->is_listed;

		if (is_known || origin_match(&j->here, m->base))
			j->origin.at[kept++] = *m;
	}
	j->origin.count = kept;
	j->origin.next = j->origin.list_next;
}

static bool collect_pins(struct job *j)
{
	j->pins = (struct store_pins){ .at = calloc(j->origin.count + 1,
						    sizeof *j->pins.at),
				       .validity = j->origin.validity,
				       .next = j->origin.next,
				       .replaces = j->import->replace,
				       .dry_run = j->import->dry_run };
	for (size_t i = 0; j->pins.at && i < j->origin.count; i++) {
		const struct origin_message *m = &j->origin.at[i];

		if (!m->is_double)
			j->pins.at[j->pins.count++] = (struct store_pin){
				.key = m->base, .uid = m->uid, .number = m->number
			};
	}
	return j->pins.at != NULL;
}

static bool has_its_uid(const struct origin_message *m, const struct store_pin *pin)
{
	return pin->given_len == m->uid.len &&
	       memcmp(pin->given, m->uid.at, m->uid.len) == 0;
}

static void count_pin(struct job *j, const struct origin_message *m,
		      const struct store_pin *pin)
{
	const enum store_pin_outcome outcome = pin->outcome;
	struct import_counts *c = &j->counts;

	if (m->uid.len == 0)
		c->without_id++;
	else if (outcome != STORE_PIN_OTHER && !listing_uid_ok(m->uid))
		c->unusable++;
	else if (outcome != STORE_PIN_OTHER && !has_its_uid(m, pin))
		c->duplicates++;
	else if (outcome == STORE_PIN_OTHER && m->is_listed)
		c->conflicts++;
	else if (m->is_listed)
		c->pinned++;
	else
		c->derived++;
}

static enum fault pin_all(struct job *j, struct why *why)
{
	size_t next = 0;

	if (!collect_pins(j))
		return no_memory(why);
	const enum fault f = store_pin(&j->import->maildrop.opening, &j->pins, why);
	if (f)
		return f;
	for (size_t i = 0; i < j->origin.count; i++) {
		const struct origin_message *m = &j->origin.at[i];

		if (m->is_double) /* its file gets another name at the next login */
			j->counts.duplicates++;
		else
			count_pin(j, m, &j->pins.at[next++]);
	}
	j->counts.messages = j->origin.count;
	j->changed = j->pins.changed || j->counts.copied > 0;
	return FAULT_NONE;
}

/* ---- the whole ---- */

/* Other programs keep the sum of the mail in a file of the Maildir. */
static enum fault recount(struct job *j, struct why *why)
{
	const struct cli_maildrop *m = &j->import->maildrop;
	const struct store_quota quota = { .octets = m->quota.octets,
					   .messages = m->quota.messages };

	return store_recount(&m->opening, &quota, false, why);
}

static enum fault run(struct job *j, struct why *why)
{
	enum fault f = open_origin(j, why);

	if (!f)
		f = read_origin(j, why);
	if (!f)
		f = read_maildrop(j, why);
	if (!f && copies(j))
		f = copy_all(j, why);
	else if (!f && j->here.count > 0)
		leave_out_new(j);
	if (!f)
		f = pin_all(j, why);
	if (!f && copies(j) && !j->import->dry_run)
		f = publish_all(j, why);
	if (!f && j->counts.copied > 0 && !j->import->dry_run)
		f = recount(j, why);
	return f;
}

static void end(struct job *j)
{
	free(j->pins.at);
	free(j->is_copied);
	copy_end(&j->copy);
	origin_done(&j->origin);
	origin_done(&j->here);
	own_fd_close(&j->place.fd);
	own_fd_close(&j->place.list);
	own_fd_close(&j->maildrop);
}

bool import_one(void *arg)
{
	struct import *i = arg;
	struct job j = { .import = i,
			 .place = { .fd = -1, .list = -1 },
			 .copy = { .stage = -1 },
			 .maildrop = -1 };
	struct why why = { 0 };

	own_fd_close(&i->maildrop.server); /* the owner of the mail must not have it */
	if (!cli_maildrop_ready(&i->maildrop))
		return false;
	const enum fault f = run(&j, &why);
	if (f)
		import_complain(i, &why);
	else
		import_report(i, &j.counts, j.changed);
	end(&j);
	return fflush(stdout) == 0 && f == FAULT_NONE;
}
