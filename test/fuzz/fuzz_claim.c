/* At whose secret a response is a guess, before it is looked at: any octets, of every
 * mechanism. An input is the mechanism and the response, its base64 undone; one that
 * opens with '=' stands as it is. */
#include "fuzz.h"

#include <sodium.h>

#include "auth/sasl/exchange_inner.h"
#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"

/* In memory of exactly its size: a sanitizer sees who reads beyond. */
static char *exactly(struct span s)
{
	char *copy = malloc(s.len);

	return s.len > 0 ? memcpy(copy, s.at, s.len) : copy;
}

/* It stands between quotes behind its directive's name, and no other does so. */
static void check_digest_name(struct span response)
{
	static const char directive[] = "username=\"";
	const size_t before = strlen(directive);
	const struct span name = sasl_digest_name(response);

	if (name.len == 0)
		return;
	const size_t at = (size_t)(name.at - response.at);
	PROMISE(at >= before && at + name.len < response.len);
	PROMISE(span_starts_nocase((struct span){ name.at - before, before + name.len },
				   directive));
	PROMISE(name.at[name.len] == '"');
	PROMISE(!memchr(name.at, '"', name.len) && !memchr(name.at, '\0', name.len));
}

static void check_claim(enum mechanism m, struct span response)
{
	const struct login_rules rules = { .master_separator = '*', .realm = "" };
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	const struct sasl_channel channel = { .exporter = SPAN("octets") };
	struct sasl *sasl = sasl_new(&rules, &way, &channel);
	char name[LOGIN_NAME_OCTETS + 1];

	if (!sasl) {
		PROMISE(m == MECHANISM_ID_GSSAPI);
		return;
	}
	memset(name, 'x', sizeof name);
	const bool guess = sasl_is_guess(sasl, response, name);
	PROMISE(memchr(name, '\0', sizeof name));
	PROMISE(guess || !name[0]);
	PROMISE(!guess || response.len > 0);
	PROMISE(sasl_claimed_name(sasl).len == 0); /* it is not looked at */
	sasl_free(sasl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	char base64[4 * 3 * SASL_RESPONSE_MAX / 3 + 5];
	static bool started;

	if (!started)
		started = scheme_start() && login_start() && sasl_start();
	PROMISE(started);
	const enum mechanism m = MECHANISM_ID_PLAIN +
				 fuzz_take(&in) %
					 (MECHANISM_COUNT - MECHANISM_ID_PLAIN);
	if (in.len > 2 * SASL_RESPONSE_MAX)
		return 0;
	char *raw = exactly(in);
	check_digest_name((struct span){ raw, in.len });
	free(raw);
	struct span response = in;
	if (span_starts(in, "="))
		response = span_after(in, 1);
	else
		response = span_of(sodium_bin2base64(
			base64, sizeof base64, (const unsigned char *)in.at, in.len,
			sodium_base64_VARIANT_ORIGINAL));
	char *text = exactly(response);
	check_claim(m, (struct span){ text, response.len });
	free(text);
	return 0;
}
