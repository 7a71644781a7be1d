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

/* The contents of the files. If the new contents of a pair cannot be used, the pair
 * keeps the contents that were read before. */
struct certificates {
	unsigned count;
	struct octets pairs[TLS_PAIRS_MAX][PAIR_FILES];
	struct octets client_ca, client_crl;
	/* The last report about each pair and, at the end, about client_ca and
	 * client_crl: the same report is not repeated. */
	struct why refused[TLS_PAIRS_MAX + 1];
};

/* What is reported about a certificate. */
enum certificate_news {
	CERTIFICATE_REFUSED, /* the pair cannot be used: see `why` */
	CERTIFICATE_EXPIRED,
	CERTIFICATE_EXPIRES,   /* within three weeks, in `days` days */
	CERTIFICATE_NO_STAPLE, /* the OCSP response cannot be used: see why->what */
	CERTIFICATE_ALONE, /* the file lacks the intermediate certificate that signed it
			    */
};

struct certificate_notice {
	enum certificate_news news;
	enum setting_id setting; /* with REFUSED: the setting that is wrong */
	const char *path; /* of the certificate; with NO_STAPLE of the OCSP response */
	int64_t days;
	const struct why *why; /* borrowed */
};

#define CERTIFICATE_ALONE_TEXT                                                         \
	"the intermediate certificate that signed it should follow it in the file: "   \
	"clients may not find it elsewhere"

typedef void certificates_say_fn(void *arg, const struct certificate_notice *notice);

/* Read the files that the settings name, and report each pair that cannot be used.
 * `now` has the contents in use; NULL: none are in use yet. With `now`, a pair that
 * cannot be used, or whose certificate is not valid at this time, is replaced by that
 * of `now`, and so are the files for client certificates; without, an expired
 * certificate is used. *out_changed: *out differs from `now`. False: a pair, or the
 * files for client certificates, can be neither used nor replaced, and *out is empty.
 */
MUST_USE bool certificates_read(const struct settings *s,
				const struct certificates *now,
				struct certificates *out, bool *out_changed,
				certificates_say_fn *say, void *arg);

/* Report certificates that have expired or will within three weeks, certificates
 * without their intermediate one (CERTIFICATE_ALONE), and OCSP responses that cannot be
 * used. Returns when the next OCSP response goes stale, in seconds since 1970; 0: no
 * response is in use. */
int64_t certificates_review(const struct settings *s, const struct certificates *c,
			    certificates_say_fn *say, void *arg);

/* Convert the contents to the form that tls/ takes. *out borrows from *c. */
void certificates_files(const struct certificates *c, struct tls_files *out);
void certificates_done(struct certificates *c);
