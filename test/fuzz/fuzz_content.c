/* A message on the wire against the plain routine. Three octets choose form, piece and
 * room. */
#include "fuzz.h"

#include "../unit/plain_content.h"
#include "lmtp/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plain_content p;
	static char out[PLAIN_CONTENT_MAX + CONTENT_HELD_MAX];
	struct span in = { (const char *)data, size };
	const enum content_form form = fuzz_take(&in) & 1 ? CONTENT_DOTTED
							  : CONTENT_COUNTED;
	const size_t piece = fuzz_take(&in) + 1u;
	const size_t room = fuzz_take(&in) + CONTENT_HELD_MAX + 1u;
	struct content c;
	struct span rest = in;
	size_t len = 0;

	if (in.len > PLAIN_CONTENT_MAX)
		return 0;
	plain_content(&p, in, form == CONTENT_DOTTED);
	content_init(&c, form);
	while (rest.len > 0 && !c.ended) {
		struct span part = { rest.at, rest.len < piece ? rest.len : piece };
		const size_t given = part.len;
		char some[256 + CONTENT_HELD_MAX];
		const size_t n = content_take(&c, &part, some, room);

		PROMISE(n <= room);
		memcpy(out + len, some, n);
		len += n;
		rest = span_after(rest, given - part.len);
	}
	PROMISE(c.ended == p.ended);
	/* A message that the client did not end is not delivered. */
	if (form == CONTENT_DOTTED && !c.ended)
		return 0;
	len += content_end(&c, out + len);
	PROMISE(in.len - rest.len == p.taken);
	PROMISE(len == p.len && memcmp(out, p.out, len) == 0);
	PROMISE(form == CONTENT_DOTTED || c.octets == in.len);
	return 0;
}
