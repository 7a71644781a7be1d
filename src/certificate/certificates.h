/* certificate/certificates.h - the files of TLS, read and judged: by poplard, and by
 * `poplar check`.
 *
 * Prefix: certificates_.
 */
#pragma once

#include "config/settings.h"
#include "tls/pair.h"

struct octets {
	char *at; /* NULL: none */
	size_t len;
};

enum { PAIR_CERTIFICATE, PAIR_KEY, PAIR_STAPLE, PAIR_FILES };

/* The files' contents. Those of a pair may be older than what the files hold now, if
 * that could not be used. */
struct certificates {
	unsigned count;
	struct octets pairs[TLS_PAIRS_MAX][PAIR_FILES];
	struct octets client_ca, client_crl;
	/* What was last wrong with the files of each pair, and of clients', so that it
	 * is told once. */
	struct why refused[TLS_PAIRS_MAX + 1];
};

/* What there is to tell of a certificate. */
enum certificate_news {
	CERTIFICATE_REFUSED, /* why tells */
	CERTIFICATE_EXPIRED,
	CERTIFICATE_EXPIRES,   /* in `days` */
	CERTIFICATE_NO_STAPLE, /* why->what tells: it cannot be used */
	CERTIFICATE_ALONE,     /* clients do not get who signed it */
};

struct certificate_notice {
	enum certificate_news news;
	enum setting_id setting; /* of REFUSED */
	const char *path;        /* of the certificate; of the response for NO_STAPLE */
	int64_t days;
	const struct why *why; /* borrowed */
};

#define CERTIFICATE_ALONE_TEXT                                                         \
	"the intermediate certificate that signed it should follow it in the file: "   \
	"clients may not find it elsewhere"

typedef void certificates_say_fn(void *arg, const struct certificate_notice *notice);

/* Read what the settings name. What is wrong with a pair is said, for each. With an
 * older `now` (NULL: none), a pair that is broken or out of time stays as it is in
 * there. False: *out cannot be used, and is empty. *out_changed tells whether it
 * differs from `now`. */
MUST_USE bool certificates_read(const struct settings *s,
				const struct certificates *now,
				struct certificates *out, bool *out_changed,
				certificates_say_fn *say, void *arg);

/* Say what has expired, or will within three weeks, and which staples cannot be used.
 * Returns when the next staple goes stale, in seconds since 1970; 0: none does. */
int64_t certificates_review(const struct settings *s, const struct certificates *c,
			    certificates_say_fn *say, void *arg);

/* As TLS wants them; borrowed from *c. */
void certificates_files(const struct certificates *c, struct tls_files *out);
void certificates_done(struct certificates *c);
