/* cli/json.c - writes values of JSON (RFC 8259) to standard output.
 *
 * Prefix: json_.
 */
#include "cli/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"

void json_text(struct span text)
{
	putchar('"');
	while (text.len > 0) {
		const unsigned char c = (unsigned char)text.at[0];
		const size_t len = utf8_first(text);

		if (c == '"' || c == '\\')
			putchar('\\');
		if (c < ' ' || c == 0x7f)
			printf("\\u%04x", c);
		else if (len == 0)
			fputs("\\ufffd", stdout);
		else
			fwrite(text.at, 1, len, stdout);
		text = span_after(text, len > 0 ? len : 1);
	}
	putchar('"');
}

void json_limit(uint64_t n)
{
	if (n > 0)
		printf("%" PRIu64, n);
	else
		fputs("null", stdout);
}

void json_quota(const struct quota *quota)
{
	fputs("{\"octets\": ", stdout);
	json_limit(quota->octets);
	fputs(", \"messages\": ", stdout);
	json_limit(quota->messages);
	putchar('}');
}
