/* auth/sasl/exchange.c - what is known of one SASL exchange, and of each mechanism.
 *
 * Prefix: sasl_.
 */
#include "auth/sasl/exchange_inner.h"

#include "auth/user/base64.h"
#include "auth/user/scheme.h"

/* What a user's password must be stored as for each mechanism (bits, SCHEME_*); 0: in
 * any way, or the mechanism needs no password. */
static const unsigned wants[MECHANISM_COUNT] = {
	/* clang-format off */
	[MECHANISM_ID_APOP]               = SCHEME_PLAIN,
	[MECHANISM_ID_SCRAM_SHA_256_PLUS] = SCHEME_PLAIN | SCHEME_SCRAM_256,
	[MECHANISM_ID_SCRAM_SHA_256]      = SCHEME_PLAIN | SCHEME_SCRAM_256,
	[MECHANISM_ID_SCRAM_SHA_1_PLUS]   = SCHEME_PLAIN | SCHEME_SCRAM_1,
	[MECHANISM_ID_SCRAM_SHA_1]        = SCHEME_PLAIN | SCHEME_SCRAM_1,
	[MECHANISM_ID_CRAM_MD5]           = SCHEME_PLAIN,
	[MECHANISM_ID_DIGEST_MD5]         = SCHEME_PLAIN,
	/* clang-format on */
};

unsigned sasl_wants(enum mechanism m)
{
	return wants[m];
}

bool sasl_has_failed(const struct sasl *s)
{
	return s->refused == FAULT_DENIED;
}

struct span sasl_claimed_name(const struct sasl *s)
{
	return span_of(s->claimed);
}

enum sasl_says sasl_ask(struct buf *out, const char *challenge)
{
	buf_text(out, challenge);
	buf_cstr(out);
	return SASL_MORE;
}

struct span sasl_proved(const struct sasl *s)
{
	return s->way.mechanism == MECHANISM_ID_ANONYMOUS ? SPAN("")
							  : span_of(s->claimed);
}

struct span sasl_peer(const struct sasl *s)
{
	return s->way.peer;
}
