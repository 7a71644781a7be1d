/* certificate/certificates.c - reads and checks the files of TLS.
 *
 * Prefix: certificates_.
 */
#include "certificate/certificates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/own.h"
#include "base/secret.h"
#include "sys/file.h"
#include "tls/server.h"

enum { FILE_OCTETS_MAX = 1 << 20, DAY_S = 86400, WARN_DAYS = 21 };

/* ---- octets ---- */

static void wipe(struct octets *o)
{
	secret_wipe(o->at, o->len);
	free(o->at);
	*o = (struct octets){ 0 };
}

static struct span span_in(const struct octets *o)
{
	return (struct span){ o->at, o->len };
}

static bool is_same(const struct octets *a, const struct octets *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

static bool copy(const struct octets *from, struct octets *out)
{
	wipe(out);
	if (!from->at)
		return true;
	out->at = malloc(from->len + 1);
	if (!out->at)
		return false;
	memcpy(out->at, from->at, from->len);
	out->len = from->len;
	return true;
}

/* An empty path means no file. */
static enum fault read_file(const char *path, struct octets *out, struct why *why)
{
	if (!*path)
		return FAULT_NONE;
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fault_set(why, FAULT_SETUP, errno, "open", path);
	return file_read_all(fd, FILE_OCTETS_MAX, &out->at, &out->len, path, why);
}

/* ---- as a whole ---- */

static struct tls_pair pair_of(const struct octets files[PAIR_FILES])
{
	return (struct tls_pair){ span_in(&files[PAIR_CERTIFICATE]),
				  span_in(&files[PAIR_KEY]),
				  span_in(&files[PAIR_STAPLE]) };
}

void certificates_files(const struct certificates *c, struct tls_files *out)
{
	*out = (struct tls_files){ .count = c->count,
				   .client_ca = span_in(&c->client_ca),
				   .client_crl = span_in(&c->client_crl) };
	for (unsigned i = 0; i < c->count; i++)
		out->pairs[i] = pair_of(c->pairs[i]);
}

void certificates_done(struct certificates *c)
{
	for (unsigned i = 0; i < c->count; i++)
		for (int file = 0; file < PAIR_FILES; file++)
			wipe(&c->pairs[i][file]);
	wipe(&c->client_ca);
	wipe(&c->client_crl);
	c->count = 0;
}

/* ---- reading ---- */

struct reading {
	const struct settings *settings;
	const struct certificates *now; /* NULL: none yet */
	struct certificates *out;
	certificates_say_fn *say;
	void *arg;
};

static const char *nth(const struct text_list *list, unsigned i)
{
	return i < list->count ? list->at[i] : "";
}

/* The setting that is wrong. */
static enum setting_id setting_of(const struct why *why, enum setting_id standard)
{
	static const enum setting_id policy[] = { SETTING_ID_tls_ciphers,
						  SETTING_ID_tls_ciphersuites,
						  SETTING_ID_tls_groups };
	const struct span doing = span_of(why->doing ? why->doing : "");

	for (size_t i = 0; i < sizeof policy / sizeof *policy; i++)
		if (span_starts(doing, "understand ") &&
		    span_is(span_after(doing, strlen("understand ")),
			    settings_name(policy[i])))
			return policy[i];
	return standard;
}

/* The setting that names the file that is wrong; i is TLS_PAIRS_MAX for those of
 * clients. */
static enum setting_id setting_of_file(const struct settings *s, unsigned i,
				       const char *what)
{
	const char *key = i < TLS_PAIRS_MAX ? nth(&s->tls_key, i) : "";

	if (i == TLS_PAIRS_MAX)
		return SETTING_ID_tls_client_ca;
	return *key && span_starts(span_of(what), key) ? SETTING_ID_tls_key
						       : SETTING_ID_tls_certificate;
}

/* Report why files are refused, unless the last report was the same. */
static void refuse(const struct reading *r, unsigned i, const struct why *why,
		   const char *path)
{
	struct why *last = &r->out->refused[i];
	const struct certificate_notice notice = {
		.news = CERTIFICATE_REFUSED,
		.setting = setting_of(why, setting_of_file(r->settings, i, why->what)),
		.path = path,
		.why = why,
	};

	if (!r->now || last->doing != why->doing || last->sys != why->sys ||
	    strcmp(last->what, why->what) != 0)
		r->say(r->arg, &notice);
	*last = *why;
}

/* A missing OCSP response is no fault: the certificate works without it. The review of
 * staples reports it. */
static enum fault read_pair(const struct settings *s, unsigned i,
			    struct octets files[PAIR_FILES], struct why *why)
{
	struct why no_staple;
	enum fault f =
		read_file(nth(&s->tls_certificate, i), &files[PAIR_CERTIFICATE], why);

	if (f == FAULT_NONE)
		f = read_file(nth(&s->tls_key, i), &files[PAIR_KEY], why);
	if (f == FAULT_NONE)
		fault_ignore(read_file(nth(&s->tls_ocsp, i), &files[PAIR_STAPLE],
				       &no_staple));
	return f;
}

/* Would a server with these take connections? */
static enum fault try_server(const struct settings *s, const struct tls_files *files,
			     enum tls_verify verify, struct why *why)
{
	struct tls_policy policy = settings_tls_policy(s);
	OWN(tls_server) server = NULL;

	policy.verify = verify;
	return tls_server_new(files, &policy, &server, why);
}

/* The file that is wrong in a refused pair: the one of the key, if it holds no key. */
static const char *blame(const struct settings *s, unsigned i,
			 const struct octets files[PAIR_FILES])
{
	const char *key = nth(&s->tls_key, i);

	return *key && !tls_is_key(span_in(&files[PAIR_KEY]))
		       ? key
		       : s->tls_certificate.at[i];
}

/* At start, an expired certificate is better than none; later it must not replace one.
 */
static enum fault judge_pair(const struct reading *r, unsigned i,
			     const struct octets files[PAIR_FILES], struct why *why)
{
	const char *path = r->settings->tls_certificate.at[i];
	const struct tls_files alone = { .count = 1, .pairs = { pair_of(files) } };
	struct tls_pair_times times;
	struct why inner = { 0 };
	int64_t now = time(NULL);

	if (tls_pair_check(&alone.pairs[0], now, &times, &inner) ||
	    try_server(r->settings, &alone, TLS_VERIFY_NONE, &inner)) {
		char what[sizeof why->what];

		snprintf(what, sizeof what, "%.100s: %.80s",
			 blame(r->settings, i, files), inner.what);
		return fault_set(why, FAULT_SETUP, 0, inner.doing, what);
	}
	if (r->now && now >= times.until)
		return fault_set(why, FAULT_SETUP, 0,
				 "use a certificate that has expired,", path);
	if (r->now && now < times.from)
		return fault_set(why, FAULT_SETUP, 0,
				 "use a certificate that is not good yet,", path);
	return FAULT_NONE;
}

static bool is_same_pair(const struct octets a[PAIR_FILES],
			 const struct octets b[PAIR_FILES])
{
	bool same = true;

	for (int file = 0; file < PAIR_FILES; file++)
		same = same && is_same(&a[file], &b[file]);
	return same;
}

static bool copy_pair(const struct octets from[PAIR_FILES],
		      struct octets to[PAIR_FILES])
{
	bool ok = true;

	for (int file = 0; file < PAIR_FILES; file++)
		ok = ok && copy(&from[file], &to[file]);
	return ok;
}

/* Read one pair. False: it cannot be used, and there is no older one. */
static bool take_pair(const struct reading *r, unsigned i, bool *io_changed)
{
	struct octets *files = r->out->pairs[i];
	struct why why = { 0 };
	enum fault f = read_pair(r->settings, i, files, &why);

	if (r->now && f == FAULT_NONE && is_same_pair(files, r->now->pairs[i])) {
		r->out->refused[i] = (struct why){ 0 };
		return true;
	}
	if (f == FAULT_NONE)
		f = judge_pair(r, i, files, &why);
	if (f == FAULT_NONE) {
		r->out->refused[i] = (struct why){ 0 };
		*io_changed = true;
		return true;
	}
	refuse(r, i, &why, r->settings->tls_certificate.at[i]);
	return r->now && copy_pair(r->now->pairs[i], files);
}

static enum fault read_clients(const struct reading *r, bool *out_changed,
			       struct why *why)
{
	const struct settings *s = r->settings;
	struct certificates *out = r->out;
	const enum tls_verify verify = settings_lmtp_verify(s); /* or POP3's, if less */
	enum fault f = FAULT_NONE;

	if (verify != TLS_VERIFY_NONE)
		f = read_file(s->tls_client_ca, &out->client_ca, why);
	if (verify != TLS_VERIFY_NONE && f == FAULT_NONE)
		f = read_file(s->tls_client_crl, &out->client_crl, why);
	*out_changed = !r->now || !is_same(&out->client_ca, &r->now->client_ca) ||
		       !is_same(&out->client_crl, &r->now->client_crl);
	const struct tls_files alone = { .client_ca = span_in(&out->client_ca),
					 .client_crl = span_in(&out->client_crl) };
	if (f == FAULT_NONE && *out_changed)
		f = try_server(s, &alone, verify, why);
	return f;
}

/* Read the files for client certificates, and try them together with the policy. */
static bool take_clients(const struct reading *r, bool *out_changed)
{
	struct certificates *out = r->out;
	struct why why = { 0 };

	if (read_clients(r, out_changed, &why) == FAULT_NONE) {
		out->refused[TLS_PAIRS_MAX] = (struct why){ 0 };
		return true;
	}
	refuse(r, TLS_PAIRS_MAX, &why, r->settings->tls_client_ca);
	*out_changed = false;
	return r->now && copy(&r->now->client_ca, &out->client_ca) &&
	       copy(&r->now->client_crl, &out->client_crl);
}

bool certificates_read(const struct settings *s, const struct certificates *now,
		       struct certificates *out, bool *out_changed,
		       certificates_say_fn *say, void *arg)
{
	const struct reading r = { s, now, out, say, arg };

	*out = (struct certificates){ .count = s->tls_certificate.count };
	if (now)
		memcpy(out->refused, now->refused, sizeof out->refused);
	bool ok = take_clients(&r, out_changed);
	for (unsigned i = 0; i < out->count && (ok || i > 0); i++)
		ok = take_pair(&r, i, out_changed) && ok;
	if (!ok)
		certificates_done(out);
	return ok;
}

/* ---- time ---- */

static void review_staple(const char *path, const struct octets *staple,
			  const struct tls_pair_times *times, certificates_say_fn *say,
			  void *arg)
{
	struct why why = { 0 };
	const struct certificate_notice notice = { .news = CERTIFICATE_NO_STAPLE,
						   .path = path,
						   .why = &why };

	if (!*path || times->staple_until > 0)
		return;
	fault_set(&why, FAULT_SETUP, 0, "staple",
		  staple->at ? times->staple_wrong : "it cannot be read");
	say(arg, &notice);
}

int64_t certificates_review(const struct settings *s, const struct certificates *c,
			    certificates_say_fn *say, void *arg)
{
	int64_t now = time(NULL), next = 0;
	struct why why;

	for (unsigned i = 0; i < c->count; i++) {
		const struct tls_pair pair = pair_of(c->pairs[i]);
		struct tls_pair_times times;

		if (tls_pair_check(&pair, now, &times, &why))
			continue; /* it was good when it was read: memory ran out */
		const struct certificate_notice notice = {
			.news = now >= times.until ? CERTIFICATE_EXPIRED
						   : CERTIFICATE_EXPIRES,
			.path = s->tls_certificate.at[i],
			.days = (times.until - now) / DAY_S,
		};
		if (notice.days < WARN_DAYS)
			say(arg, &notice);
		if (times.alone)
			say(arg,
			    &(struct certificate_notice){ .news = CERTIFICATE_ALONE,
							  .path = notice.path });
		review_staple(nth(&s->tls_ocsp, i), &c->pairs[i][PAIR_STAPLE], &times,
			      say, arg);
		if (times.staple_until > 0 && (next == 0 || times.staple_until < next))
			next = times.staple_until;
	}
	return next;
}
