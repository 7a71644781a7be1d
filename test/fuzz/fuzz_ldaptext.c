/* User names within LDAP's filters and names of entries: whatever a name is, a server
 * reads it back as it was, and nothing else of the text is another. One octet chooses
 * the room.
 */
#include "fuzz.h"

#include "lookup/ldaptext.h"

enum { NAME_MAX_OCTETS = 1024, ROOM_MAX = 4 * NAME_MAX_OCTETS };

typedef bool fill_fn(const char *text, struct span name, char *out, size_t room);

/* RFC 4515 section 3, RFC 4514 section 3: \XX is an octet. False: some other octet
 * could be more than itself. */
static bool read_back(const char *text, char *out, size_t *out_len)
{
	size_t n = 0;
	unsigned octet;

	for (; *text; text++) {
		if (strchr("*()&|!=~<>:,+\"#; ", *text) || (unsigned char)*text < ' ')
			return false;
		if (*text == '\\') {
			if (sscanf(text + 1, "%2x", &octet) != 1)
				return false;
			out[n++] = (char)octet;
			text += 2;
		} else {
			out[n++] = *text;
		}
	}
	*out_len = n;
	return true;
}

static void check(fill_fn *fill, struct span name, size_t room)
{
	static char out[ROOM_MAX], back[ROOM_MAX], framed[ROOM_MAX];
	size_t len;

	PROMISE(fill("%u", name, out, sizeof out));
	PROMISE(read_back(out, back, &len));
	PROMISE(len == name.len && memcmp(back, name.at, len) == 0);
	PROMISE(fill("(a%=%u)%", name, framed, sizeof framed));
	PROMISE(strncmp(framed, "(a%=", 4) == 0 &&
		strcmp(framed + strlen(framed) - 2, ")%") == 0);
	PROMISE(strlen(framed) == strlen(out) + 6);
	char *small = malloc(room);
	const bool fits = fill("%u", name, small, room);
	PROMISE(fits == (strlen(out) < room));
	PROMISE(!fits || strcmp(small, out) == 0);
	free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	const size_t room = fuzz_take(&in) + 1u;

	if (in.len > NAME_MAX_OCTETS)
		return 0;
	check(ldaptext_filter, in, room);
	check(ldaptext_dn, in, room);
	return 0;
}
