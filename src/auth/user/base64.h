/* auth/user/base64.h - base64 (RFC 4648 section 4) and base64url (section 5).
 *
 * Prefix: base64_. The conversion is libsodium's: strict, and without branches that
 * depend on the octets.
 */
#pragma once

#include <sodium.h>

#include "base/buf.h"

/* The room that the base64 of `len` octets needs, a NUL included. */
#define BASE64_ROOM(len) sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL)

/* Decode base64 to `out`. False: the text is malformed, or the result longer than
 * `room`. */
MUST_USE static inline bool base64_decode(struct span text, void *out, size_t room,
					  size_t *out_len)
{
	return sodium_base642bin(out, room, text.at, text.len, NULL, out_len, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* The same for base64url without padding, as JSON Web Tokens have it. */
MUST_USE static inline bool base64_decode_url(struct span text, void *out, size_t room,
					      size_t *out_len)
{
	return sodium_base642bin(out, room, text.at, text.len, NULL, out_len, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* Replace the contents of *out by the base64 of `octets`, and a NUL that out->len does
 * not count. out->room must be at least BASE64_ROOM(octets.len). */
static inline void base64_encode(struct span octets, struct buf *out)
{
	sodium_bin2base64(out->at, out->room, (const unsigned char *)octets.at,
			  octets.len, sodium_base64_VARIANT_ORIGINAL);
	out->len = strlen(out->at);
}
