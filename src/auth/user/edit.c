/* auth/user/edit.c - changes one user in the text of the users file.
 *
 * Prefix: edit_.
 */
#include "auth/user/edit.h"

#include <stdlib.h>

#include "base/buf.h"

enum { NAME_OCTETS_MAX = 248 };

bool edit_name_ok(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f ||
		    name.at[i] == ':')
			return false;
	return name.len >= 1 && name.len <= NAME_OCTETS_MAX && name.at[0] != '#';
}

/* Where a user's line stands in the text. */
struct found {
	struct span before, line, after; /* line: with its line end, if it has one */
};

static bool find(struct span text, struct span name, struct found *out)
{
	struct span rest = text, line, key;

	while (rest.len > 0) {
		const char *start = rest.at;

		span_cut(&rest, '\n', &line);
		if (!span_cut(&line, ':', &key) || key.len != name.len ||
		    memcmp(key.at, name.at, name.len) != 0)
			continue;
		*out = (struct found){ { text.at, (size_t)(start - text.at) },
				       { start, (size_t)(rest.at - start) },
				       rest };
		return true;
	}
	return false;
}

bool edit_has(struct span text, struct span name)
{
	struct found there;

	return find(text, name, &there);
}

/* All pieces, one behind the other. */
static enum edit_done join(const struct span *pieces, size_t count, char **out,
			   size_t *out_len)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += pieces[i].len;
	struct buf b = { .at = malloc(len + 1), .room = len };
	if (!b.at)
		return EDIT_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		buf_put(&b, pieces[i]);
	*out = b.at;
	*out_len = b.len;
	return EDIT_DONE;
}

enum edit_done edit_add(struct span text, struct span name, struct span line,
			char **out, size_t *out_len)
{
	bool whole = text.len == 0 || text.at[text.len - 1] == '\n';
	const struct span pieces[] = { text, whole ? SPAN("") : SPAN("\n"), line,
				       SPAN("\n") };
	struct found there;

	if (find(text, name, &there))
		return EDIT_EXISTS;
	return join(pieces, sizeof pieces / sizeof *pieces, out, out_len);
}

enum edit_done edit_password(struct span text, struct span name, struct span stored,
			     char **out, size_t *out_len)
{
	struct found there;
	struct span rest, key;

	if (!find(text, name, &there))
		return EDIT_NOT_FOUND;
	/* name ':' old [':' the rest of the line] */
	rest = there.line;
	span_cut(&rest, ':', &key);
	size_t end = 0;
	while (end < rest.len && rest.at[end] != ':' && rest.at[end] != '\n' &&
	       rest.at[end] != '\r')
		end++;
	const struct span pieces[] = {
		there.before, key, SPAN(":"), stored, span_after(rest, end), there.after
	};
	return join(pieces, sizeof pieces / sizeof *pieces, out, out_len);
}

/* Deletes every line of that name: otherwise a later line would take effect. */
enum edit_done edit_delete(struct span text, struct span name, char **out,
			   size_t *out_len)
{
	struct found there;

	if (!find(text, name, &there))
		return EDIT_NOT_FOUND;
	struct buf b = { .at = malloc(text.len + 1), .room = text.len };
	if (!b.at)
		return EDIT_NO_MEMORY;
	do {
		buf_put(&b, there.before);
		text = there.after;
	} while (find(text, name, &there));
	buf_put(&b, text);
	*out = b.at;
	*out_len = b.len;
	return EDIT_DONE;
}
