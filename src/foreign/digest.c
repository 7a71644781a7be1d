/* foreign/digest.c - the digests that other servers use as unique-ids.
 *
 * Prefix: digest_.
 */
#include "foreign/digest.h"

#include <md5.h>

#include "foreign/header.h"
#include "foreign/mboxfile.h"

static void add(MD5_CTX *m, struct span s)
{
	MD5Update(m, (const uint8_t *)s.at, s.len);
}

static void put_digest(MD5_CTX *m, struct buf *out)
{
	unsigned char digest[MD5_DIGEST_LENGTH];

	MD5Final(digest, m);
	buf_hex(out, digest, sizeof digest);
}

/* Does the field count for popa3d? Fields of a relay that was passed early are the same
 * in all copies of a message, so they count only if there is nothing better. */
static bool counts(struct span field, bool *io_received, struct span *out_value)
{
	if (header_is(field, "Received", out_value)) {
		const bool first = !*io_received;

		*io_received = true;
		return first;
	}
	if (header_is(field, "Date", out_value) ||
	    header_is(field, "Message-ID", out_value))
		return !*io_received;
	return header_is(field, "Delivered-To", out_value) ||
	       header_is(field, "X-Delivery-ID", out_value);
}

void digest_popa3d(struct span message, struct buf *out)
{
	static const uint8_t order[] = { 3, 2, 1, 0, 7, 6, 5, 4 };
	unsigned char digest[MD5_DIGEST_LENGTH];
	struct span field, value;
	bool received = false;
	MD5_CTX m;

	MD5Init(&m);
	while (header_cut(&message, &field))
		if (counts(field, &received, &value))
			add(&m, field);
	MD5Final(digest, &m);
	for (size_t i = 0; i < sizeof order; i++)
		buf_hex(out, digest + order[i], 1);
}

/* The blanks behind the colon do not count, nor do line ends; the blanks in front of
 * the second line do. */
static void add_value(MD5_CTX *m, struct span value)
{
	while (value.len > 0 && (value.at[0] == ' ' || value.at[0] == '\t'))
		value = span_after(value, 1);
	while (value.len > 0) {
		struct span line = header_line(&value);

		while (line.len > 0 &&
		       (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
			line.len--;
		add(m, line);
	}
}

void digest_dovecot(struct span message, struct buf *out)
{
	struct span field, value;
	bool received = false;
	MD5_CTX m;

	MD5Init(&m);
	while (header_cut(&message, &field))
		if (counts(field, &received, &value))
			add_value(&m, value);
	put_digest(&m, out);
}

void digest_solid(struct span message, struct buf *out)
{
	struct span field;
	MD5_CTX m;

	MD5Init(&m);
	while (header_cut(&message, &field))
		if (span_starts(field, "Subject: ") || span_starts(field, "Date: ") ||
		    span_starts(field, "Received: "))
			add(&m, header_line(&field));
	put_digest(&m, out);
}

void digest_name(struct span base, struct buf *out)
{
	MD5_CTX m;

	MD5Init(&m);
	add(&m, base);
	put_digest(&m, out);
}

/* Servers write these fields into messages, and change them. */
static bool is_changed(struct span field)
{
	struct span value;

	return mboxfile_is_hidden(field) || header_is(field, "X-UIDL", &value);
}

void digest_content(struct span message, struct buf *out)
{
	struct span field;
	MD5_CTX m;

	MD5Init(&m);
	while (header_cut(&message, &field))
		if (!is_changed(field))
			add(&m, field);
	add(&m, message);
	put_digest(&m, out);
}
