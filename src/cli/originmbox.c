/* cli/originmbox.c - reads the mboxes of Dovecot, UW, popa3d, solid-pop3d and
 * mailutils.
 *
 * Prefix: origin_. An import writes each message into a file of its own. The base name
 * of that file follows from the message, so that a second import finds what is there:
 * the time in the "From " line, a digest of what no server changes, and a number that
 * tells equal messages apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/originkinds.h"
#include "cli/originroom.h"
#include "foreign/digest.h"
#include "foreign/header.h"
#include "foreign/mboxfile.h"
#include "mail/uidmake.h"

/* ---- names ---- */

static enum fault name_message(struct origin *s, struct origin_message *m,
			       struct why *why)
{
	char room[64];
	struct buf name = BUF(room);

	buf_u64(&name, m->time);
	buf_text(&name, ".H");
	digest_content(m->text, &name);
	buf_text(&name, ".mbox");
	m->base = origin_keep(s, buf_span(&name));
	return m->base.at ? FAULT_NONE : fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
}

/* The second and later ones of equal messages get a number. */
static enum fault number_equals(struct origin *s, const struct origin_view *all,
				struct why *why)
{
	struct span first = { 0 };
	uint64_t number = 0;

	for (size_t i = 0; i < s->count; i++) {
		char room[96];
		struct buf name = BUF(room);
		struct origin_message *m = all[i].message;

		const bool same = first.at && first.len == m->base.len &&
				  memcmp(first.at, m->base.at, first.len) == 0;
		if (!same) {
			first = m->base;
			number = 0;
			continue;
		}
		buf_put(&name, first);
		buf_text(&name, ",I=");
		buf_u64(&name, ++number);
		m->base = origin_keep(s, buf_span(&name));
		if (!m->base.at)
			return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	}
	return FAULT_NONE;
}

/* Where an import puts the message: into `cur` if its field Status says that it was
 * read. */
static bool place_message(struct origin *s, struct origin_message *m)
{
	char room[128];
	struct buf path = BUF(room);
	struct span status = { 0 };

	if (header_find(m->text, "Status", &status))
		status = header_trim(status);
	const bool is_read = status.len > 0 && memchr(status.at, 'R', status.len);

	buf_text(&path, is_read ? "cur/" : "new/");
	buf_put(&path, m->base);
	if (is_read)
		buf_text(&path, ":2,S");
	m->target = origin_keep(s, buf_span(&path)).at;
	return m->target != NULL;
}

static enum fault name_all(struct origin *s, struct why *why)
{
	struct origin_view *all = NULL;
	enum fault f = FAULT_NONE;

	for (size_t i = 0; !f && i < s->count; i++)
		f = name_message(s, &s->at[i], why);
	if (!f)
		all = origin_view_by_base(s);
	if (!f)
		f = all ? number_equals(s, all, why)
			: fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	free(all);
	for (size_t i = 0; !f && i < s->count; i++)
		if (!place_message(s, &s->at[i]))
			f = fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	return f;
}

/* ---- messages ---- */

static enum fault map_file(struct origin *s, const struct origin_place *p,
			   struct stat *out_st, struct why *why)
{
	s->is_mbox = s->has_list = true;
	if (fstat(p->fd, out_st) < 0)
		return fault_set(why, FAULT_IO, errno, "read", p->path);
	if (out_st->st_size == 0)
		return FAULT_NONE;
	void *at =
		mmap(NULL, (size_t)out_st->st_size, PROT_READ, MAP_PRIVATE, p->fd, 0);
	if (at == MAP_FAILED)
		return fault_set(why, FAULT_IO, errno, "read", p->path);
	s->map = at;
	s->map_len = (size_t)out_st->st_size;
	return FAULT_NONE;
}

/* Add all messages, and name them. */
static enum fault read_messages(struct origin *s, const struct origin_place *p,
				bool strict, struct why *why)
{
	struct mboxfile_message found;
	struct stat st;
	const enum fault f = map_file(s, p, &st, why);
	struct span rest = { s->map, s->map_len };

	if (f)
		return f;
	while (mboxfile_cut(&rest, strict, &found)) {
		struct origin_message m = { .text = found.text,
					    .time = mboxfile_time(found.from),
					    .is_listed = true };

		if (m.time == 0)
			m.time = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec
						       : 0;
		if (!origin_add(s, &m))
			return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	}
	if (rest.len > 0)
		return fault_set(why, FAULT_SETUP, 0,
				 "find the \"From \" line that begins an mbox in",
				 p->path);
	return name_all(s, why);
}

typedef void uid_fn(struct span message, struct buf *out);

/* The unique-id follows from each message alone. */
static enum fault read_digests(struct origin *s, const struct origin_place *p,
			       uid_fn *uid_of, struct why *why)
{
	enum fault f = read_messages(s, p, uid_of == digest_popa3d, why);

	for (size_t i = 0; !f && i < s->count; i++) {
		char room[DIGEST_MAX];
		struct buf uid = BUF(room);

		uid_of(s->at[i].text, &uid);
		s->at[i].uid = origin_keep(s, buf_span(&uid));
		if (!s->at[i].uid.at)
			f = fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	}
	return f;
}

enum fault origin_popa3d_mbox(struct origin *s, const struct origin_place *p,
			      struct why *why)
{
	return read_digests(s, p, digest_popa3d, why);
}

enum fault origin_solid_mbox(struct origin *s, const struct origin_place *p,
			     struct why *why)
{
	return read_digests(s, p, digest_solid, why);
}

enum fault origin_mailutils_mbox(struct origin *s, const struct origin_place *p,
				 struct why *why)
{
	const enum fault f = read_messages(s, p, false, why);

	for (size_t i = 0; !f && i < s->count; i++)
		if (header_find(s->at[i].text, "X-UIDL", &s->at[i].uid))
			s->at[i].uid = header_trim(s->at[i].uid);
	return f;
}

/* ---- Dovecot, UW ---- */

static bool format_uid(struct origin *s, const struct origin_place *p,
		       struct origin_message *m)
{
	char room[1024], md5[DIGEST_MAX];
	struct buf uid = BUF(room), digest = BUF(md5);

	digest_dovecot(m->text, &digest);
	const struct uidmake_values values = { .uid = m->number,
					       .validity = s->validity,
					       .filename = buf_span(&digest),
					       .guid = buf_span(&digest),
					       .md5 = buf_span(&digest) };
	uidmake(p->format, &values, &uid);
	m->uid = origin_keep(s, buf_span(&uid));
	return m->uid.at != NULL;
}

/* The pseudo message with the uids is no mail. */
static void drop_first(struct origin *s)
{
	s->count--;
	memmove(s->at, s->at + 1, s->count * sizeof *s->at);
}

static enum fault read_uids(struct origin *s, const struct origin_place *p, bool strict,
			    struct why *why)
{
	struct mboxfile_uids uids = { .strict = strict };
	const enum fault f = read_messages(s, p, false, why);

	s->hides_fields = true;
	if (f || s->count == 0)
		return f;
	mboxfile_base(&uids, s->at[0].text);
	if (mboxfile_is_pseudo(s->at[0].text))
		drop_first(s);
	s->validity = uids.validity;
	for (size_t i = 0; i < s->count; i++) {
		struct origin_message *m = &s->at[i];
		bool is_new;

		m->number = mboxfile_uid(&uids, m->text, &is_new);
		m->is_listed = !is_new;
		if (m->number > 0 && !format_uid(s, p, m))
			return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	}
	s->next = uids.last < UINT32_MAX ? uids.last + 1 : 0;
	return FAULT_NONE;
}

enum fault origin_dovecot_mbox(struct origin *s, const struct origin_place *p,
			       struct why *why)
{
	return read_uids(s, p, true, why);
}

enum fault origin_uw_mbox(struct origin *s, const struct origin_place *p,
			  struct why *why)
{
	return read_uids(s, p, false, why);
}
