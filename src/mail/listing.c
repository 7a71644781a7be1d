/* mail/listing.c - the records of a listing: what the store writes and the front reads.
 *
 * Floor 1 (mail): does no I/O. Prefix: listing_.
 */
#include "mail/listing.h"

#include <endian.h>

#include "mail/wire.h"

bool listing_uid_ok(struct span uid)
{
	for (size_t i = 0; i < uid.len; i++)
		if (uid.at[i] < 0x21 || uid.at[i] > 0x7e)
			return false;
	return uid.len >= 1 && uid.len <= LISTING_UID_MAX;
}

void listing_put(const struct listing_record *r, char out[LISTING_RECORD_OCTETS])
{
	uint64_t octets = htole64(r->octets);

	memcpy(out, &octets, 8);
	out[8] = (char)r->form;
	out[9] = (char)r->uid_len;
	memcpy(out + 10, r->uid, r->uid_len);
	memset(out + 10 + r->uid_len, 0, LISTING_UID_MAX - r->uid_len);
}

bool listing_get(const char at[LISTING_RECORD_OCTETS], struct listing_record *out)
{
	uint64_t octets;
	uint8_t form = (uint8_t)at[8], len = (uint8_t)at[9];

	if (form >= WIRE_FORM_COUNT || len > LISTING_UID_MAX ||
	    !listing_uid_ok((struct span){ at + 10, len }))
		return false;
	memcpy(&octets, at, 8);
	*out = (struct listing_record){ le64toh(octets), form, len, { 0 } };
	memcpy(out->uid, at + 10, len);
	return true;
}
