/* OAUTHBEARER and XOAUTH2: whatever a client says, its name and token are clean, and
 * the error is JSON that its contents cannot break. */
#include "fuzz.h"

#include "auth/sasl/bearer.h"

static void check_error(enum bearer_dialect dialect, const char *text)
{
	char room[BEARER_ERROR_MAX];
	struct buf b = BUF(room);
	size_t quotes = 0;

	bearer_put_error(dialect, FAULT_DENIED, text, text, &b);
	for (size_t i = 0; i < b.len; i++) {
		PROMISE((unsigned char)room[i] >= ' ');
		if (room[i] == '\\')
			i++;
		else
			quotes += room[i] == '"';
	}
	PROMISE(!b.cut && quotes % 4 == 0);
	PROMISE(room[0] == '{' && room[b.len - 1] == '}');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	enum bearer_dialect dialect = fuzz_take(&in) % BEARER_COUNT;
	struct bearer b;

	if (bearer_parse(dialect, in, &b))
		return 0;
	PROMISE(strlen(b.user) <= BEARER_USER_MAX);
	PROMISE(!span_has_any(span_of(b.user), "\x01\r\n\t"));
	PROMISE(b.token.len <= BEARER_TOKEN_MAX && !span_has_any(b.token, "\x01 ,\""));
	if (b.token.len > 0)
		PROMISE(b.token.at >= in.at &&
			b.token.at + b.token.len <= in.at + in.len);
	PROMISE(*b.user || dialect == BEARER_OAUTHBEARER);
	check_error(dialect, b.user);
	return 0;
}
