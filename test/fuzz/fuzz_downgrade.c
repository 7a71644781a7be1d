/* Surrogates: counted as they are written, ASCII in their headers, in short lines, and
 * of a text all is there when it is decoded again. Three octets choose way, piece and
 * room; what stands between two unit separators is repeated, so that fields grow longer
 * than what is held of one.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "mail/downgrade.h"

enum { INPUT_MAX = 1 << 16, OUTPUT_MAX = INPUT_MAX * 64, LONG = FOLD_FIELD_MAX + 2048 };

static struct downgrade d;
static char message[INPUT_MAX + LONG];
static char out[OUTPUT_MAX], text[INPUT_MAX + 64], decoded[OUTPUT_MAX];

static size_t put(struct span in, enum downgrade_way way, size_t piece, size_t room)
{
	struct wire w;
	size_t len = 0;

	wire_start(&w);
	downgrade_start(&d, way, in.len);
	while (in.len > 0) {
		const size_t n = in.len < piece ? in.len : piece;
		struct span part = { in.at, n };

		len += downgrade_encode(&d, &w, &part, out + len, room);
		in = span_after(in, n - part.len);
	}
	wire_end(&w, NULL);
	d.left = w.octets;
	return len;
}

static enum surrogate find(struct span in, enum downgrade_way way, size_t piece,
			   uint64_t *out_octets)
{
	struct wire w;
	int32_t difference;

	downgrade_judge_start(&d, way);
	for (struct span rest = in; rest.len > 0;) {
		const size_t n = rest.len < piece ? rest.len : piece;

		downgrade_judge(&d, (struct span){ rest.at, n }, n == rest.len);
		rest = span_after(rest, n);
	}
	const enum surrogate s = downgrade_verdict(&d, &difference);
	wire_start(&w);
	wire_count(&w, in);
	wire_end(&w, NULL);
	*out_octets = w.octets + (uint64_t)(int64_t)difference;
	return s;
}

/* Up to the first empty line. */
static struct span header(size_t len)
{
	size_t at = 0;

	while (at + 2 <= len && memcmp(out + at, "\r\n", 2) != 0) {
		const char *lf = memchr(out + at, '\n', len - at);

		at = lf ? (size_t)(lf - out) + 1 : len;
	}
	return (struct span){ out, at };
}

/* ---- what a header looks like ---- */

static bool is_in(struct span in, struct span s)
{
	return s.len == 0 || memmem(in.at, in.len, s.at, s.len) != NULL;
}

static void check_word(struct span word)
{
	while (word.len > 0 && strchr("()", word.at[0]))
		word = span_after(word, 1);
	while (word.len > 0 && strchr("()", word.at[word.len - 1]))
		word.len--;
	PROMISE(word.len > 75 || word.len < 9 || !span_starts(word, "=?UTF-8?") ||
		!span_is(span_after(word, word.len - 2), "?="));
}

/* RFC 2047 section 2, RFC 5322 section 2.1.1; not of what came like that. */
static void check_lines(struct span rest, struct span in)
{
	struct span line, word;

	while (span_cut(&rest, '\n', &line)) {
		line.len -= line.len > 0 && line.at[line.len - 1] == '\r';
		if (line.len <= FOLD_LINE_MAX || is_in(in, line))
			continue;
		PROMISE(line.len <= 998);
		while (line.len > 0) {
			span_cut(&line, ' ', &word);
			check_word(word);
		}
	}
}

/* Where nothing is made, no field is UTF-8 beyond ASCII: found by the first line of
 * each. */
static void check_none(struct span rest)
{
	struct span line, name, value;

	while (span_cut(&rest, '\n', &line) && line.len > 0 && !span_is(line, "\r"))
		PROMISE(strchr(" \t", line.at[0]) ||
			(rest.len > 0 && strchr(" \t", rest.at[0])) ||
			utf8_is_ascii(line) || !utf8_is(line) ||
			!field_cut(line, &name, &value));
}

/* With its middle repeated. */
static struct span grow(struct span in)
{
	struct span head, middle;
	size_t len;

	if (!span_cut(&in, '\x1f', &head) || !span_cut(&in, '\x1f', &middle) ||
	    middle.len == 0)
		return head;
	memcpy(message, head.at, len = head.len);
	for (; len < LONG; len += middle.len)
		memcpy(message + len, middle.at, middle.len);
	memcpy(message + len, in.at, in.len);
	return (struct span){ message, len + in.len };
}

/* ---- a text, decoded again ---- */

static int digit(char c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

static size_t decode_word(struct span word, char *to)
{
	const bool q = span_starts(word, "=?UTF-8?Q?");
	const struct span s = { word.at + 10, word.len - 12 };
	size_t n = 0;

	PROMISE(word.len <= 75 && (q || span_starts(word, "=?UTF-8?B?")));
	PROMISE(span_is(span_after(word, word.len - 2), "?="));
	for (size_t i = 0; q && i < s.len; i++) {
		unsigned octet = s.at[i] == '_' ? ' ' : (unsigned char)s.at[i];

		PROMISE(octet >= ' ' && octet < 0x7f && octet != '?');
		if (octet == '=') {
			PROMISE(i + 2 < s.len &&
				sscanf(s.at + i + 1, "%2X", &octet) == 1);
			i += 2;
		}
		to[n++] = (char)octet;
	}
	for (size_t i = 0; !q && i < s.len; i += 4) {
		uint32_t three = 0;

		PROMISE(i + 4 <= s.len);
		for (size_t k = 0; k < 4; k++)
			three = three << 6 |
				(s.at[i + k] == '=' ? 0 : (uint32_t)digit(s.at[i + k]));
		for (size_t k = 0; k < 3 && s.at[i + k + 1] != '='; k++)
			to[n++] = (char)(three >> (16 - 8 * k));
	}
	PROMISE(utf8_is((struct span){ to, n }));
	return n;
}

/* White space between two encoded-words is none. */
static size_t decode(struct span s)
{
	bool before = false;
	size_t n = 0;

	while (s.len > 0) {
		size_t white = strspn(s.at, " \t\r\n"), len;

		len = strcspn(s.at + white, " \t\r\n");
		if (len == 0)
			break;
		const struct span word = { s.at + white, len };
		const bool is = span_starts(word, "=?UTF-8?");
		for (size_t i = 0; i < white && !(before && is); i++)
			if (!strchr("\r\n", s.at[i]))
				decoded[n++] = s.at[i];
		if (is) {
			n += decode_word(word, decoded + n);
		} else {
			memcpy(decoded + n, word.at, word.len);
			n += word.len;
		}
		before = is;
		s = span_after(s, white + len);
	}
	return n;
}

/* The same but for how much white space there is, which is none at both ends: long runs
 * are cut. */
static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i = 0, k = 0;

	for (;;) {
		const size_t i0 = i, k0 = k;

		while (i < a_len && strchr(" \t", a[i]))
			i++;
		while (k < b_len && strchr(" \t", b[k]))
			k++;
		if (i == a_len || k == b_len)
			return i == a_len && k == b_len;
		if ((i0 > 0 && (i > i0) != (k > k0)) || a[i++] != b[k++])
			return false;
	}
}

/* As the text of a Subject, where nothing is an encoded-word already. */
static void check_text(struct span in)
{
	size_t len = (size_t)sprintf(text, "Subject: ");
	const size_t from = len;
	uint64_t octets;

	for (size_t i = 0; i < in.len; i++)
		if (in.at[i] != '\0' && !strchr("\r\n=", in.at[i]))
			text[len++] = in.at[i];
	text[len] = '\0';
	const struct span value = { text + from, len - from };
	const struct span field = { text, len };
	if (!utf8_is(field) ||
	    find(field, DOWNGRADE_FULL, 100, &octets) != SURROGATE_MADE)
		return;
	len = put(field, DOWNGRADE_FULL, 100, 100);
	out[len] = '\0';
	const size_t n = decode((struct span){ out + 8, len - 8 });
	PROMISE(same(decoded, n, value.at, value.len));
}

/* What holds for a message of any length. */
static enum surrogate check_message(struct span in, enum downgrade_way way,
				    size_t piece, size_t room)
{
	uint64_t octets, again;
	const enum surrogate s = find(in, way, piece, &octets);

	PROMISE(find(in, way, in.len + 1, &again) == s && again == octets);
	const size_t len = put(in, way, piece, room);
	if (s == SURROGATE_MADE) {
		PROMISE(d.left == octets);
		PROMISE(utf8_is_ascii(header(len)));
		check_lines(header(len), in);
	} else {
		check_none(in);
	}
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	const enum downgrade_way way = fuzz_take(&in) % 2 ? DOWNGRADE_SIMPLE
							  : DOWNGRADE_FULL;
	const size_t piece = fuzz_take(&in) + 1u, room = fuzz_take(&in) + 2u;
	uint64_t octets;

	if (in.len > INPUT_MAX / 2)
		return 0;
	in = grow(in);
	if (in.at ==
	    message) { /* of which there is so much that small pieces take long */
		check_message(in, way, piece + 256, room + 1024);
		return 0;
	}
	const enum surrogate s = check_message(in, way, piece, room);
	PROMISE((find(in, DOWNGRADE_REFUSE, piece, &octets) == SURROGATE_NONE) ==
		(s == SURROGATE_NONE));
	check_text(in);
	return 0;
}
