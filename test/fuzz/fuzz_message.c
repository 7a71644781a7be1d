/* The codec between processes, and the records of a listing: one octet chooses sender,
 * receiver and whether a descriptor came along. What decodes encodes to the same. */
#include "fuzz.h"

#include "ipc/message.h"
#include "mail/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char again[MESSAGE_OCTETS_MAX];
	struct span in = { (const char *)data, size };
	uint8_t how = fuzz_take(&in);
	enum role from = how % ROLE_COUNT, to = how / ROLE_COUNT % ROLE_COUNT;
	struct message m;
	struct listing_record r;

	if (in.len >= LISTING_RECORD_OCTETS && listing_get(in.at, 0, 0, &r))
		PROMISE(listing_uid_ok(listing_uid(&r)));
	if (message_decode(in, from, to, how >> 7, &m))
		return 0;
	PROMISE(message_from(m.kind) >> from & 1 && message_to(m.kind) >> to & 1);
	PROMISE(message_encode(&m, again, sizeof again) == in.len);
	PROMISE(memcmp(again, in.at, in.len) == 0);
	return 0;
}
