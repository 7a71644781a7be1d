/* dropd/warning.c - warns users whose maildrop becomes full, by a message.
 *
 * Prefix: warning_.
 */
#include "dropd/warning.h"

#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/quota.h"
#include "sys/file.h"

enum { TEMPLATE_MAX = 65536, MESSAGE_MAX = 2 * TEMPLATE_MAX };

static const char standard[] =
	"Return-Path: <>\n"
	"From: Mail system <postmaster@{host}>\n"
	"Date: {date}\n"
	"Subject: Your mailbox is {percent}% full\n"
	"Auto-Submitted: auto-generated\n"
	"MIME-Version: 1.0\n"
	"Content-Type: text/plain; charset=utf-8\n"
	"\n"
	"The mailbox of {user} is {percent}% full: it may hold {quota}.\n"
	"When it is full, no more mail can be delivered to it. Please remove\n"
	"messages that you no longer need.\n";

void warning_begin(struct warning *w)
{
	if (gethostname(w->host, sizeof w->host - 1) < 0 || w->host[0] == '\0')
		memcpy(w->host, "localhost", sizeof "localhost");
}

enum fault warning_read(struct warning *w, int fd, struct why *why)
{
	char *text;
	size_t octets;
	enum fault f = file_read_all(fd, TEMPLATE_MAX, &text, &octets,
				     "the text of quota warnings", why);

	if (f)
		return f;
	free(w->text);
	w->text = text;
	w->text_octets = octets;
	return FAULT_NONE;
}

/* ---- the percent ---- */

static bool crosses(uint64_t before, uint64_t after, uint64_t limit, uint32_t percent)
{
	const uint64_t mark = limit / 100 * percent + limit % 100 * percent / 100;

	return limit > 0 && before <= mark && after > mark;
}

/* The highest of the percents above which the delivery has taken the maildrop; 0: none.
 */
static uint32_t crossed(const struct text_list *percents,
			const struct warning_cause *cause)
{
	const struct store_usage *before = &cause->delivered->before;
	const struct store_usage *after = &cause->delivered->after;
	const struct store_quota *quota = cause->quota;
	uint32_t highest = 0;

	for (unsigned i = 0; i < percents->count; i++) {
		struct span rest = span_of(percents->at[i]), number;
		uint32_t percent;

		span_cut(&rest, '%', &number);
		if (!span_u32(number, &percent) || percent <= highest)
			continue;
		if (crosses(before->octets, after->octets, quota->octets, percent) ||
		    crosses(before->messages, after->messages, quota->messages,
			    percent))
			highest = percent;
	}
	return highest;
}

/* ---- the message ---- */

struct filling {
	const struct warning *w;
	const struct warning_cause *cause;
	uint32_t percent;
};

static void put_user(const struct filling *f, struct buf *out)
{
	buf_text(out, f->cause->user);
}

static void put_percent(const struct filling *f, struct buf *out)
{
	buf_u64(out, f->percent);
}

static void put_quota(const struct filling *f, struct buf *out)
{
	const struct store_quota *q = f->cause->quota;

	quota_print(&(struct quota){ q->octets, q->messages }, out);
}

static void put_host(const struct filling *f, struct buf *out)
{
	buf_text(out, f->w->host);
}

static void put_date(const struct filling *f, struct buf *out)
{
	const time_t now = time(NULL);
	char text[64];
	struct tm tm;

	(void)f;
	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_text(out, text);
}

static const struct {
	const char *name;
	void (*put)(const struct filling *f, struct buf *out);
} fields[] = {
	{ "{user}", put_user }, { "{percent}", put_percent }, { "{quota}", put_quota },
	{ "{host}", put_host }, { "{date}", put_date },
};

/* Put what stands at the beginning of *text, a field or one octet, and remove it there.
 */
static void put_next(const struct filling *f, struct span *text, struct buf *out)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const size_t len = strlen(fields[i].name);

		if (text->len < len || memcmp(text->at, fields[i].name, len) != 0)
			continue;
		fields[i].put(f, out);
		*text = span_after(*text, len);
		return;
	}
	buf_char(out, text->at[0]);
	*text = span_after(*text, 1);
}

static enum fault deliver(const struct filling *f, const struct store_opening *o,
			  struct why *why)
{
	const struct store_quota none = { 0 };
	struct span text = f->w->text ? (struct span){ f->w->text, f->w->text_octets }
				      : span_of(standard);
	OWN_TEXT room = malloc(MESSAGE_MAX);
	struct buf b = { .at = room, .room = room ? MESSAGE_MAX : 0 };
	struct store_delivered out;

	while (text.len > 0)
		put_next(f, &text, &b);
	OWN_FD fd = room ? file_sealed("warning", buf_span(&b)) : -1;
	if (fd < 0)
		return fault_set(why, FAULT_NOMEM, 0, "write a warning", NULL);
	const struct store_message m = { .fd = fd, .octets = b.len };
	return store_deliver(o, &m, &none, &out, why);
}

void warning_give(const struct warning *w, const struct text_list *percents,
		  const struct store_opening *o, const struct warning_cause *cause)
{
	const struct filling f = { w, cause, crossed(percents, cause) };
	struct why why = { 0 };

	if (f.percent == 0)
		return;
	if (deliver(&f, o, &why))
		log_fault(&why, "warning-failed", LOG_T("user", cause->user));
	else
		log_event(LOG_INFO, "quota-warning", LOG_T("user", cause->user),
			  LOG_N("percent", f.percent));
}
