/* lookup/ldaptext.c - puts user names into LDAP filters and entry names, escaped.
 *
 * Prefix: ldaptext_. No I/O.
 */
#include "lookup/ldaptext.h"

#include "base/ascii.h"
#include "base/buf.h"

/* Both grammars accept any octet as a backslash and two digits, so that only letters
 * and digits stay as they are. Octets beyond ASCII stay, too, since a server may check
 * them as UTF-8. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x80 || ascii_is_plain(c, ".-_@");
}

static void put_name(struct buf *b, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (is_plain(name.at[i])) {
			buf_char(b, name.at[i]);
			continue;
		}
		buf_char(b, '\\');
		buf_hex(b, &name.at[i], 1);
	}
}

static bool fill(const char *text, struct span name, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };

	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 'u') {
			put_name(&b, name);
			text++;
		} else {
			buf_char(&b, *text);
		}
	}
	buf_char(&b, '\0');
	return !b.cut;
}

bool ldaptext_filter(const char *filter, struct span name, char *out, size_t room)
{
	return fill(filter, name, out, room);
}

bool ldaptext_dn(const char *dn, struct span name, char *out, size_t room)
{
	return fill(dn, name, out, room);
}
