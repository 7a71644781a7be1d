/* certificate/certificates.h - reads and checks the files of TLS, for poplard and
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

/* The contents of the files. A pair may have older contents than its files, if the new
 * ones cannot be used. */
struct certificates {
	unsigned count;
	struct octets pairs[TLS_PAIRS_MAX][PAIR_FILES];
	struct octets client_ca, client_crl;
	/* The last reports about each pair, and about the files for clients: the same
	 * is reported once. */
	struct why refused[TLS_PAIRS_MAX + 1];
};

/* What is reported about a certificate. */
enum certificate_news {
	CERTIFICATE_REFUSED, /* `why` says why */
	CERTIFICATE_EXPIRED,
	CERTIFICATE_EXPIRES,   /* in `days` */
	CERTIFICATE_NO_STAPLE, /* the staple cannot be used; why->what says why */
	CERTIFICATE_ALONE,     /* the file lacks the certificate that signed it */
};

struct certificate_notice {
	enum certificate_news news;
	enum setting_id setting; /* with REFUSED: the setting that is wrong */
	const char *path;        /* the certificate; with NO_STAPLE the response */
	int64_t days;
	const struct why *why; /* borrowed */
};

#define CERTIFICATE_ALONE_TEXT                                                         \
	"the intermediate certificate that signed it should follow it in the file: "   \
	"clients may not find it elsewhere"

typedef void certificates_say_fn(void *arg, const struct certificate_notice *notice);

/* Read the files that the settings name, and report each pair that is wrong. If there
 * is an older `now` (NULL: none), a pair that is wrong or not valid at this time is
 * copied from it. *out_changed: *out differs from `now`. False: *out cannot be used,
 * and is empty. */
MUST_USE bool certificates_read(const struct settings *s,
				const struct certificates *now,
				struct certificates *out, bool *out_changed,
				certificates_say_fn *say, void *arg);

/* Report what has expired or will within three weeks, and staples that cannot be used.
 * Returns when the next staple goes stale, in seconds since 1970; 0: there is none. */
int64_t certificates_review(const struct settings *s, const struct certificates *c,
			    certificates_say_fn *say, void *arg);

/* The contents in the form that tls/ takes; borrowed from *c. */
void certificates_files(const struct certificates *c, struct tls_files *out);
void certificates_done(struct certificates *c);
