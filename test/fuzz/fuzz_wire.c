/* The encoder against the plain reference. Three octets choose lines, piece and room.
 */
#include "fuzz.h"

#include "../unit/plain_wire.h"
#include "mail/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plain p;
	static char out[PLAIN_ROOM];
	struct span in = { (const char *)data, size };
	uint8_t lines = fuzz_take(&in), piece = fuzz_take(&in), room = fuzz_take(&in);
	int64_t top = lines < 128 ? lines : -1;
	struct wire w, counted;
	size_t len = 0;

	if (in.len > PLAIN_ROOM / 4)
		return 0;
	plain_encode(&p, in, top);
	if (top < 0)
		wire_start(&w);
	else
		wire_start_top(&w, lines);
	for (struct span rest = in; rest.len > 0 && !w.full;) {
		size_t n = rest.len < piece + 1u ? rest.len : piece + 1u;
		struct span part = { rest.at, n };

		len += wire_encode(&w, &part, out + len, room + 2u);
		rest = span_after(rest, n - part.len);
	}
	len += wire_end(&w, out + len);
	PROMISE(len == p.len && memcmp(out, p.out, len) == 0);
	PROMISE(w.octets == p.octets);
	if (top < 0) {
		wire_start(&counted);
		wire_count(&counted, in);
		wire_end(&counted, NULL);
		PROMISE(counted.octets == p.octets);
	}
	return 0;
}
