/* cli/direct.c - delivers a message to maildrops without a server.
 *
 * Prefix: direct_.
 */
#include "cli/direct.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/own.h"
#include "cli/maildrop.h"
#include "cli/place.h"
#include "cli/recipientfiles.h"
#include "lmtp/content.h"
#include "lmtp/path.h"
#include "lmtp/reply.h"
#include "mail/wire.h"
#include "sys/file.h"

enum { PIECE = 16384, WIRE_PIECE = 2 * PIECE };

/* A recipient's maildrop. */
struct target {
	struct cli_maildrop maildrop;
	struct ids owner;            /* unless by_path */
	const struct target *before; /* of an earlier recipient, who has the same one */
};

struct direct {
	const struct settings *settings;
	bool by_path;
	struct dialog_mail *mail;
	struct recipient_files files;
	struct cli_maildrop site; /* what all maildrops have in common */
	struct target *targets;   /* one for each recipient */
	int message;              /* a file, in the form that a maildrop keeps */
	uint64_t octets;          /* in the file */
	enum fault *outcome;      /* of a child process, in shared memory */
};

/* What a child process works on. */
struct work {
	struct direct *direct;
	struct target *target;
};

/* ---- verdicts ---- */

/* The reply of the server for this fault. */
static struct span reply_for(const struct direct *d, enum fault f, struct buf *out)
{
	const bool bounce = d->settings->quota_full == QUOTA_FULL_BOUNCE;

	if (f == FAULT_NONE)
		return SPAN("250");
	lmtp_reply_write(out, lmtp_reply_of(f, bounce), SPAN(""));
	return (struct span){ out->at, out->len - strlen("\r\n") };
}

static void judge_all(struct direct *d, enum fault f)
{
	char room[256];
	struct buf reply = BUF(room);
	const struct span line = reply_for(d, f, &reply);

	for (size_t i = 0; i < d->mail->count; i++)
		dialog_judge_rcpt(&d->mail->recipients[i], line);
}

/* ---- the message ---- */

static enum fault write_down(struct direct *d, struct span text, struct why *why)
{
	d->octets += text.len;
	if (file_write_all(d->message, text.at, text.len) == 0)
		return FAULT_NONE;
	return fault_set(why, FAULT_IO, errno, "write", "a temporary file");
}

static enum fault write_return_path(struct direct *d, struct why *why)
{
	char room[PATH_MAILBOX_MAX + 64];
	struct buf line = BUF(room);
	const struct span sender = d->mail->sender;

	buf_text(&line, "Return-Path: <");
	if (sender.len > 0 && !dialog_mailbox(sender, &line))
		return fault_set(why, FAULT_SYNTAX, 0, "write", "the sender");
	buf_text(&line, ">\n");
	return line.cut ? fault_set(why, FAULT_SYNTAX, 0, "write", "the sender")
			: write_down(d, buf_span(&line), why);
}

/* Take octets on the wire, as poplar-lmtp does. */
static enum fault take(struct direct *d, struct content *content, struct span sent,
		       struct why *why)
{
	static char stored[WIRE_PIECE + WIRE_END_MAX + CONTENT_HELD_MAX];
	const size_t len = content_take(content, &sent, stored, sizeof stored);

	return write_down(d, (struct span){ stored, len }, why);
}

/* Write the Return-Path field and the message into a file. The message is encoded for
 * the wire and then decoded as poplar-lmtp does, so that the maildrop gets the same
 * octets as by LMTP. */
static enum fault write_message(struct direct *d, const struct intake *in,
				struct why *why)
{
	static char piece[PIECE], sent[WIRE_PIECE];
	enum fault f = write_return_path(d, why);
	struct content content;
	struct wire wire;
	uint64_t at = 0;

	content_init(&content, CONTENT_DOTTED);
	wire_start(&wire);
	while (!f && at < in->octets) {
		const ssize_t n = pread(in->fd, piece, sizeof piece, (off_t)at);
		struct span rest = { piece, n > 0 ? (size_t)n : 0 };

		if (n <= 0)
			return fault_set(why, FAULT_IO, n < 0 ? errno : 0, "read",
					 "a temporary file");
		at += rest.len;
		while (!f && rest.len > 0) {
			const size_t len = wire_encode(&wire, &rest, sent, sizeof sent);

			f = take(d, &content, (struct span){ sent, len }, why);
		}
	}
	if (f)
		return f;
	return take(d, &content, (struct span){ sent, wire_end(&wire, sent) }, why);
}

/* ---- in a child process, as the owner ---- */

static struct store_quota quota_of(const struct work *w)
{
	const struct quota *quota = &w->target->maildrop.quota;

	return (struct store_quota){ quota->octets, quota->messages,
				     w->direct->settings->quota_grace };
}

static bool open_store(const struct work *w, struct why *why)
{
	const struct settings *s = w->direct->settings;
	struct cli_maildrop *m = &w->target->maildrop;

	umask(077);
	m->opening.place.path = m->path;
	m->opening.use.makes_home = s->create_home;
	m->opening.use.index = s->index ? STORE_INDEX_KEEP : STORE_INDEX_IGNORE;
	m->opening.process.locks = store_locks_new(1, s->lock_wait);
	if (m->opening.process.locks && store_start())
		return true;
	fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	return false;
}

/* Pass the outcome on to the parent, and print what is wrong with the maildrop, which a
 * reply does not say. */
static bool tell(const struct work *w, const struct why *why)
{
	*w->direct->outcome = why->fault;
	if (why->fault && why->fault != FAULT_QUOTA)
		cli_complain(why);
	return true;
}

static bool accept_one(void *arg)
{
	const struct work *w = arg;
	const struct store_quota quota = quota_of(w);
	struct why why = { 0 };

	if (open_store(w, &why))
		why.fault = store_accepts(&w->target->maildrop.opening, &quota,
					  w->direct->mail->octets, &why);
	return tell(w, &why);
}

static bool store_one(void *arg)
{
	const struct work *w = arg;
	const struct store_quota quota = quota_of(w);
	const struct store_message m = { .fd = w->direct->message,
					 .octets = w->direct->octets };
	struct store_delivered out;
	struct why why = { 0 };

	if (open_store(w, &why))
		why.fault = store_deliver(&w->target->maildrop.opening, &m, &quota,
					  &out, &why);
	return tell(w, &why);
}

static enum fault run(struct direct *d, struct target *t, cli_task_fn *task)
{
	struct work w = { d, t };

	*d->outcome = FAULT_PEER;
	const bool done = d->by_path ? cli_maildrop_as_owner(&t->maildrop, task, &w)
				     : cli_run_as(t->owner, task, &w);

	return done ? *d->outcome : FAULT_PEER;
}

/* ---- recipients ---- */

static bool is_mailbox(struct span address, struct buf *out)
{
	char room[PATH_MAILBOX_MAX + 64];
	struct buf text = BUF(room);
	struct path path;

	buf_char(&text, '<');
	if (!dialog_mailbox(address, &text))
		return false;
	buf_char(&text, '>');
	struct span rest = buf_span(&text);
	if (text.cut || !path_cut(&rest, &path) || rest.len > 0)
		return false;
	path_write(&path, out);
	return true;
}

static enum fault find_owner(const struct direct *d, const struct user *user,
			     struct ids *out)
{
	struct ids mail;

	if (!cli_find_ids(d->settings->mail_user, &mail))
		return FAULT_SETUP;
	const char *wrong = cli_owner_wrong(d->settings, user, mail);
	if (wrong)
		cli_say(wrong, NULL);
	*out = user->has_uid ? (struct ids){ user->uid, user->gid } : mail;
	return wrong ? FAULT_SETUP : FAULT_NONE;
}

static enum fault find_user(struct direct *d, struct span address, struct target *out)
{
	char room[PATH_MAILBOX_MAX + 1];
	struct buf mailbox = BUF(room);
	OWN_USER found = { 0 };
	struct why why = { 0 };

	if (!is_mailbox(address, &mailbox))
		return FAULT_NO_USER;
	const enum fault f =
		recipient_find(&d->files.rules, buf_span(&mailbox), &found, &why);
	if (f && f != FAULT_NO_USER && f != FAULT_NO_DELIVERY)
		cli_complain(&why);
	if (f)
		return f;
	return cli_maildrop_of(&out->maildrop, &found.user)
		       ? find_owner(d, &found.user, &out->owner)
		       : FAULT_SETUP;
}

static enum fault find_path(struct span path, struct target *out)
{
	return cli_maildrop_find(&out->maildrop, path.at) ? FAULT_NONE : FAULT_SETUP;
}

static const struct target *find_before(const struct direct *d, const struct target *t)
{
	for (const struct target *b = d->targets; b < t; b++)
		if (strcmp(b->maildrop.path, t->maildrop.path) == 0)
			return b;
	return NULL;
}

/* RCPT: find the maildrop, and ask whether it takes the message. */
static void accept_recipient(struct direct *d, size_t i)
{
	struct dialog_recipient *r = &d->mail->recipients[i];
	struct target *t = &d->targets[i];
	char room[256];
	struct buf reply = BUF(room);

	t->maildrop = d->site;
	enum fault f = d->by_path ? find_path(r->address, t)
				  : find_user(d, r->address, t);
	t->before = find_before(d, t);
	if (!f && !t->before)
		f = run(d, t, accept_one);
	dialog_judge_rcpt(r, reply_for(d, f, &reply));
}

/* ---- all ---- */

/* A maildrop that several recipients have gets the message once, for all of them. */
static void store_all(struct direct *d)
{
	/* If a signal ended the command now, its caller would deliver again. */
	cli_hold_signals();
	for (size_t i = 0; i < d->mail->count; i++) {
		struct dialog_recipient *r = &d->mail->recipients[i];
		struct target *t = &d->targets[i];
		char room[256];
		struct buf reply = BUF(room);

		if (!t->before)
			dialog_judge_result(r,
					    reply_for(d, run(d, t, store_one), &reply));
		else
			*r = (struct dialog_recipient){
				.address = r->address,
				.verdict = d->mail->recipients[t->before - d->targets]
						   .verdict,
			};
	}
}

static enum fault begin(struct direct *d, const struct intake *message, struct why *why)
{
	d->targets = calloc(d->mail->count, sizeof *d->targets);
	d->outcome = mmap(NULL, sizeof *d->outcome, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (d->outcome == MAP_FAILED || !d->targets)
		return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	if (d->mail->octets > d->settings->max_message_size)
		return fault_set(why, FAULT_TOO_LARGE, 0, NULL, NULL);
	if (!cli_maildrop_begin(&d->site, d->settings))
		return fault_set(why, FAULT_SETUP, 0, "open", "mail-root");
	d->message = intake_file();
	if (d->message < 0)
		return fault_set(why, FAULT_IO, errno, "make", "a temporary file");
	const enum fault f = write_message(d, message, why);
	return f || d->by_path ? f : recipient_files_begin(&d->files, d->settings, why);
}

static void end(struct direct *d)
{
	if (!d->by_path)
		recipient_files_end(&d->files);
	cli_maildrop_end(&d->site);
	own_fd_close(&d->message);
	if (d->outcome != MAP_FAILED)
		munmap(d->outcome, sizeof *d->outcome);
	free(d->targets);
}

void direct_deliver(const struct settings *s, bool by_path,
		    const struct intake *message, struct dialog_mail *mail)
{
	struct direct d = { .settings = s,
			    .by_path = by_path,
			    .mail = mail,
			    .site = { .server = -1, .opening.place.root = -1 },
			    .message = -1 };
	struct why why = { 0 };
	const enum fault f = begin(&d, message, &why);

	if (f) {
		cli_complain(&why);
		judge_all(&d, f);
	}
	for (size_t i = 0; !f && i < mail->count; i++)
		accept_recipient(&d, i);
	if (!f && dialog_may_send(mail))
		store_all(&d);
	end(&d);
}
