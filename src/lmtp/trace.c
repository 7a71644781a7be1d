/* lmtp/trace.c - writes the fields that the server puts in front of a message.
 *
 * Prefix: trace_.
 */
#include "lmtp/trace.h"

#include "base/address.h"

/* ---- the date ---- */

static void put_two(struct buf *out, unsigned n)
{
	buf_char(out, (char)('0' + n / 10 % 10));
	buf_char(out, (char)('0' + n % 10));
}

/* Days since 1 March of the year 0, as year, month and day of a year that begins with
 * March: the leap day is its last one. */
struct day {
	uint64_t year;
	unsigned month, day; /* month 0: March; day 0: the first of the month */
};

static struct day day_of(uint64_t days)
{
	const uint64_t era = days / 146097, of_era = days % 146097;
	const uint64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	const uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	const unsigned month = (unsigned)((5 * of_year + 2) / 153);

	return (struct day){ era * 400 + year, month,
			     (unsigned)of_year - (153 * month + 2) / 5 };
}

/* date-time of RFC 5322 section 3.3, in UTC. */
static void put_date(struct buf *out, uint64_t seconds)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1 January 1970 */
	static const char months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
	enum { BEFORE_1970 = 719468 };
	const uint64_t days = seconds / 86400;
	const unsigned of_day = (unsigned)(seconds % 86400);
	const struct day d = day_of(days + BEFORE_1970);

	buf_put(out, (struct span){ weekdays + 3 * (days % 7), 3 });
	buf_put(out, SPAN(", "));
	put_two(out, d.day + 1);
	buf_char(out, ' ');
	buf_put(out, (struct span){ months + 3 * (size_t)d.month, 3 });
	buf_char(out, ' ');
	buf_u64(out, d.year + (d.month >= 10));
	buf_char(out, ' ');
	put_two(out, of_day / 3600);
	buf_char(out, ':');
	put_two(out, of_day / 60 % 60);
	buf_char(out, ':');
	put_two(out, of_day % 60);
	buf_put(out, SPAN(" +0000"));
}

/* ---- the clauses of Received ---- */

/* RFC 3848, RFC 6531 section 3.7.3. */
static const char *protocol(const struct lmtp_session *s)
{
	if (s->utf8)
		return s->tls ? "UTF8LMTPS" : "UTF8LMTP";
	return s->tls ? "LMTPS" : "LMTP";
}

/* The name that the client gave, and the address that it has. */
static void put_from(const struct lmtp_session *s, const struct trace_stamp *stamp,
		     struct buf *out)
{
	struct address a;

	buf_put(out, SPAN("from "));
	buf_put(out, s->name_len > 0 ? lmtp_name(s) : SPAN("unknown"));
	if (!address_parse(stamp->peer, &a))
		return;
	buf_put(out, memchr(stamp->peer.at, ':', stamp->peer.len) ? SPAN(" ([IPv6:")
								  : SPAN(" (["));
	buf_put(out, stamp->peer);
	buf_put(out, SPAN("])"));
}

static void put_for(const struct lmtp_session *s, struct buf *out)
{
	if (s->recipients != 1)
		return;
	buf_put(out, SPAN("\n\tfor <"));
	buf_put(out, (struct span){ s->first, s->first_len });
	buf_char(out, '>');
}

void trace_write(const struct lmtp_session *s, const struct trace_stamp *stamp,
		 struct buf *out)
{
	buf_put(out, SPAN("Return-Path: <"));
	buf_put(out, lmtp_sender(s));
	buf_put(out, SPAN(">\nReceived: "));
	put_from(s, stamp, out);
	buf_put(out, SPAN("\n\tby "));
	buf_text(out, s->policy->host);
	buf_put(out, SPAN(" with "));
	buf_text(out, protocol(s));
	buf_put(out, SPAN(" id "));
	buf_put(out, stamp->id);
	put_for(s, out);
	buf_put(out, SPAN(";\n\t"));
	put_date(out, stamp->seconds);
	buf_char(out, '\n');
}
