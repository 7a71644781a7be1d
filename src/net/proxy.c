/* net/proxy.c - parses the PROXY header, in which a proxy names its client.
 *
 * Prefix: proxy_. Sections are those of "The PROXY
 * protocol, versions 1 & 2".
 */
#include "net/proxy.h"

/* Section 2.2: signature, version and command, family and transport, length of the
 * rest: addresses, then runs of type, length, value. */
enum { VERSION_AT = 12, FAMILY_AT = 13, LENGTH_AT = 14, HEAD_OCTETS = 16 };
enum { COMMAND_LOCAL = 0, COMMAND_PROXY = 1 };
enum { CHECKSUM_OCTETS = 4 };

static const char text_signature[] = "PROXY ";
static const char binary_signature[] = "\r\n\r\n\0\r\nQUIT\n";

static unsigned octet(const char *at)
{
	return (unsigned char)*at;
}

static unsigned number16(const char *at)
{
	return octet(at) << 8 | octet(at + 1);
}

static uint32_t number32(const char *at)
{
	return (uint32_t)number16(at) << 16 | number16(at + 2);
}

/* ---- version 1: a line of text (section 2.1) ---- */

static bool read_port(struct span text, uint16_t *out)
{
	uint32_t port;

	if (text.len > 5 || !span_u32(text, &port) || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* Parse an address of the announced family. A parsed address does not show whether its
 * text was IPv4 or IPv4 mapped into IPv6, so a colon in the text decides. */
static bool read_host(struct span text, bool six, struct address *out)
{
	bool has_colon = text.len > 0 && memchr(text.at, ':', text.len);

	return has_colon == six && address_parse(text, out);
}

static enum proxy_got read_text(struct span line, struct proxy *out)
{
	struct proxy p = { .source = PROXY_SOURCE_ADDRESS };
	struct span family, from, to, port;
	struct address ours;
	uint16_t our_port;

	line = span_after(line, sizeof text_signature - 1);
	span_cut(&line, ' ', &family);
	if (span_is(family, "UNKNOWN")) { /* the rest of the line has no meaning */
		*out = (struct proxy){ .source = PROXY_SOURCE_UNKNOWN };
		return PROXY_DONE;
	}
	bool six = span_is(family, "TCP6");
	if (!six && !span_is(family, "TCP4"))
		return PROXY_BROKEN;
	if (!span_cut(&line, ' ', &from) || !span_cut(&line, ' ', &to) ||
	    !span_cut(&line, ' ', &port))
		return PROXY_BROKEN;
	if (!read_host(from, six, &p.address) || !read_host(to, six, &ours) ||
	    !read_port(port, &p.port) || !read_port(line, &our_port))
		return PROXY_BROKEN;
	*out = p;
	return PROXY_DONE;
}

static enum proxy_got feed_text(struct proxy_reader *r, struct proxy *out)
{
	char last = r->octets[r->len - 1];
	bool after_cr = r->octets[r->len - 2] == '\r';

	if (last == '\n' && after_cr)
		return read_text((struct span){ r->octets, r->len - 2u }, out);
	/* only CR LF ends the line; neither may stand alone in it */
	if (last == '\n' || after_cr || r->len == PROXY_TEXT_MAX)
		return PROXY_BROKEN;
	return PROXY_MORE;
}

/* ---- version 2: octets (section 2.2) ---- */

/* CRC32c (RFC 4960 appendix B, bit by bit) over the header, with its own field taken as
 * zero. */
static uint32_t checksum(struct span header, const char *field)
{
	uint32_t crc = UINT32_MAX;

	for (const char *at = header.at; at < header.at + header.len; at++) {
		if (at < field || at >= field + CHECKSUM_OCTETS)
			crc ^= octet(at);
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static bool take_checksum(struct span header, struct span value, struct proxy *p)
{
	(void)p;
	return value.len == CHECKSUM_OCTETS &&
	       checksum(header, value.at) == number32(value.at);
}

static bool take_authority(struct span header, struct span value, struct proxy *p)
{
	(void)header;
	p->authority = value;
	return value.len <= PROXY_NAME_MAX;
}

static bool take_tls_version(struct span header, struct span value, struct proxy *p)
{
	(void)header;
	p->tls_version = value;
	return value.len <= PROXY_NAME_MAX;
}

static bool take_common_name(struct span header, struct span value, struct proxy *p)
{
	(void)header;
	p->common_name = value;
	return value.len <= PROXY_NAME_MAX;
}

static bool take_tls(struct span header, struct span value, struct proxy *p);

/* The types that Poplar uses (section 2.2, PP2_TYPE_*); others are skipped. A header
 * that has one of them twice is malformed: the two could differ, and nothing says which
 * one is right. */
struct run_type {
	unsigned type;
	bool (*take)(struct span header, struct span value, struct proxy *p);
};

static const struct run_type outer_types[] = {
	{ 0x02, take_authority },
	{ 0x03, take_checksum },
	{ 0x20, take_tls },
	{ 0 },
};
static const struct run_type tls_types[] = {
	{ 0x21, take_tls_version },
	{ 0x22, take_common_name },
	{ 0 },
};

static bool take_runs(const struct run_type *types, struct span header,
		      struct span runs, struct proxy *p)
{
	enum { RUN_HEAD = 3 };
	unsigned seen = 0;

	while (runs.len > 0) {
		const struct run_type *t = types;

		if (runs.len < RUN_HEAD)
			return false;
		unsigned type = octet(runs.at);
		size_t len = number16(runs.at + 1);
		runs = span_after(runs, RUN_HEAD);
		if (len > runs.len)
			return false;
		while (t->take && t->type != type)
			t++;
		unsigned bit = 1u << (t - types);
		if (t->take && ((seen & bit) ||
				!t->take(header, (struct span){ runs.at, len }, p)))
			return false;
		seen |= bit;
		runs = span_after(runs, len);
	}
	return true;
}

/* Section 2.2.6: an octet of flags, then whether the client's certificate was verified
 * (0: it was), then runs. */
static bool take_tls(struct span header, struct span value, struct proxy *p)
{
	enum { FLAGS = 0, VERIFY = 1, RUNS = 5 };
	enum { OVER_TLS = 1, CERTIFICATE = 2 | 4 };

	if (value.len < RUNS ||
	    !take_runs(tls_types, header, span_after(value, RUNS), p))
		return false;
	unsigned flags = octet(value.at + FLAGS);
	p->tls = flags & OVER_TLS;
	if (!p->tls)
		p->tls_version = (struct span){ 0 };
	if (!p->tls || !(flags & CERTIFICATE) || number32(value.at + VERIFY) != 0)
		p->common_name = (struct span){ 0 };
	return true;
}

/* Section 2.2: octets of both addresses and ports by family, the high half; the low
 * half is the transport, of which only a stream can carry POP3. */
static const struct family {
	unsigned code;
	uint8_t address_bits;
	uint8_t octets;
} families[] = {
	{ 0x00, 0, 0 },   /* unspecified */
	{ 0x11, 32, 12 }, /* TCP over IPv4 */
	{ 0x21, 128, 36 },
	{ 0x31, 0, 216 }, /* a socket of the proxy's machine */
};

static const struct family *find_family(unsigned code)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (families[i].code == code)
			return &families[i];
	return NULL;
}

static enum proxy_got read_binary(struct span header, struct proxy *out)
{
	struct span rest = span_after(header, HEAD_OCTETS);
	const struct family *f = find_family(octet(header.at + FAMILY_AT));
	struct proxy p = { .source = PROXY_SOURCE_UNKNOWN };

	if ((octet(header.at + VERSION_AT) & 0xf) == COMMAND_LOCAL) {
		*out = (struct proxy){ .source = PROXY_SOURCE_OWN };
		return PROXY_DONE; /* the rest of the header must be ignored */
	}
	if (!f || rest.len < f->octets ||
	    !take_runs(outer_types, header, span_after(rest, f->octets), &p))
		return PROXY_BROKEN;
	if (f->address_bits > 0) { /* source, destination, their ports */
		p.source = PROXY_SOURCE_ADDRESS;
		p.address = address_of(rest.at, f->address_bits);
		p.port =
			(uint16_t)number16(rest.at + 2 * (f->address_bits / (size_t)8));
	}
	*out = p;
	return PROXY_DONE;
}

/* A header that is too long is refused as soon as its head has come, which has the
 * length. */
static enum proxy_got feed_binary(struct proxy_reader *r, struct proxy *out)
{
	if (r->len > VERSION_AT &&
	    (octet(r->octets + VERSION_AT) >> 4 != 2 ||
	     (octet(r->octets + VERSION_AT) & 0xf) > COMMAND_PROXY))
		return PROXY_BROKEN;
	if (r->len < HEAD_OCTETS)
		return PROXY_MORE;
	size_t whole = HEAD_OCTETS + number16(r->octets + LENGTH_AT);
	if (whole > PROXY_OCTETS_MAX)
		return PROXY_BROKEN;
	return r->len < whole ? PROXY_MORE
			      : read_binary((struct span){ r->octets, whole }, out);
}

/* ---- both ---- */

static bool begins(const struct proxy_reader *r, const char *signature, size_t len)
{
	return memcmp(r->octets, signature, r->len < len ? r->len : len) == 0;
}

/* A header is a few dozen octets, read once: one at a time is fast enough, and cannot
 * take one too many. */
enum proxy_got proxy_feed(struct proxy_reader *r, struct span *io_in, struct proxy *out)
{
	enum { TEXT = sizeof text_signature - 1, BINARY = sizeof binary_signature - 1 };
	enum proxy_got got = PROXY_MORE;

	while (got == PROXY_MORE && io_in->len > 0) {
		r->octets[r->len++] = *io_in->at;
		*io_in = span_after(*io_in, 1);
		bool text = begins(r, text_signature, TEXT);
		if (!text && !begins(r, binary_signature, BINARY))
			got = PROXY_MISSING;
		else if (text && r->len > TEXT)
			got = feed_text(r, out);
		else if (!text && r->len > BINARY)
			got = feed_binary(r, out);
	}
	return got;
}
