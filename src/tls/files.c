/* tls/files.c - packs the files that TLS needs into one run of octets, and unpacks
 * them.
 *
 * Prefix: tls_files_. Each file is its length in four octets, little-endian, and its
 * contents: client CA, client CRL, then certificate, key and staple of each pair.
 */
#include <endian.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tls/pair.h"

static void put(struct buf *b, struct span s)
{
	uint32_t le = htole32((uint32_t)s.len);

	buf_put(b, (struct span){ (const char *)&le, sizeof(uint32_t) });
	buf_put(b, s);
}

static bool get(struct span *io_in, struct span *out)
{
	uint32_t le;

	if (io_in->len < sizeof(uint32_t))
		return false;
	memcpy(&le, io_in->at, sizeof(uint32_t));
	struct span rest = span_after(*io_in, sizeof(uint32_t));
	size_t len = le32toh(le);
	if (len > rest.len)
		return false;
	*out = (struct span){ rest.at, len };
	*io_in = span_after(rest, len);
	return true;
}

enum fault tls_files_pack(const struct tls_files *files, char **out, size_t *out_len)
{
	size_t room = 2 * sizeof(uint32_t) + files->client_ca.len +
		      files->client_crl.len;

	for (unsigned i = 0; i < files->count; i++)
		room += 3 * sizeof(uint32_t) + files->pairs[i].certificate.len +
			files->pairs[i].key.len + files->pairs[i].staple.len;
	struct buf b = { .at = malloc(room), .room = room };
	if (!b.at)
		return FAULT_NOMEM;
	put(&b, files->client_ca);
	put(&b, files->client_crl);
	for (unsigned i = 0; i < files->count; i++) {
		put(&b, files->pairs[i].certificate);
		put(&b, files->pairs[i].key);
		put(&b, files->pairs[i].staple);
	}
	*out = b.at;
	*out_len = b.len;
	return FAULT_NONE;
}

enum fault tls_files_unpack(struct span packed, struct tls_files *out)
{
	struct tls_files f = { 0 };

	if (!get(&packed, &f.client_ca) || !get(&packed, &f.client_crl))
		return FAULT_PEER;
	while (packed.len > 0) {
		struct tls_pair *pair = &f.pairs[f.count];

		if (f.count++ == TLS_PAIRS_MAX || !get(&packed, &pair->certificate) ||
		    !get(&packed, &pair->key) || !get(&packed, &pair->staple))
			return FAULT_PEER;
	}
	*out = f;
	return FAULT_NONE;
}
