/* auth/place.c - finds the path of a user's maildrop.
 *
 * Prefix: place_.
 */
#include "auth/place.h"

#include "base/ascii.h"
#include "base/buf.h"

static bool is_plain(char c, size_t at)
{
	return c == '.' ? at > 0 : ascii_is_plain(c, "-_@+");
}

static void put_name(struct buf *b, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (is_plain(name.at[i], i)) {
			buf_char(b, name.at[i]);
			continue;
		}
		buf_char(b, '%');
		buf_hex(b, &name.at[i], 1);
	}
}

static void put_home(struct buf *b, const struct user *user, const char *mail_root)
{
	if (user->home.len > 0) {
		buf_put(b, user->home);
		return;
	}
	buf_text(b, mail_root);
	buf_char(b, '/');
	put_name(b, user->name);
}

/* Other servers have such folders already, so that octets stay as they are where they
 * can. */
static void put_part(struct buf *b, struct span part)
{
	for (size_t i = 0; i < part.len; i++) {
		const unsigned char c = (unsigned char)part.at[i];

		if (c < ' ' || c == 0x7f || c == '/' || c == '%' ||
		    (c == '.' && i == 0)) {
			buf_char(b, '%');
			buf_hex(b, &c, 1);
		} else {
			buf_char(b, part.at[i]);
		}
	}
}

/* False: the name lacks a part that the path needs, or there is no such variable. */
static bool put_variable(struct buf *b, const struct user *user, char letter)
{
	struct span domain = user->name, local;

	if (letter == '%')
		buf_char(b, '%');
	if (!letter || !strchr("und", letter))
		return letter == '%';
	span_cut(&domain, '@', &local);
	const struct span part = letter == 'n'   ? local
				 : letter == 'd' ? domain
						 : user->name;
	put_part(b, part);
	return part.len > 0;
}

static bool put_pattern(struct buf *b, const struct user *user, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern != '%')
			buf_char(b, *pattern);
		else if (!put_variable(b, user, *++pattern))
			return false;
	}
	return true;
}

/* False: a user of this name has no place. */
static bool put_absolute(struct buf *b, const struct user *user, const char *mail_root,
			 const char *maildir)
{
	struct span field = user->maildrop;
	bool below_home = span_starts(field, "~/") || span_starts(field, "%h/");

	if (field.len == 0 && *maildir == '/')
		return put_pattern(b, user, maildir);
	if (field.len == 0 || below_home) {
		put_home(b, user, mail_root);
		buf_char(b, '/');
	}
	if (field.len == 0)
		buf_text(b, maildir);
	else
		buf_put(b, below_home ? span_after(field, field.at[0] == '~' ? 2 : 3)
				      : field);
	return true;
}

static bool has_dot_dot(struct span path)
{
	struct span part;

	while (path.len > 0) {
		span_cut(&path, '/', &part);
		if (span_is(part, ".."))
			return true;
	}
	return false;
}

static void cut_slashes(struct span *io_path)
{
	while (io_path->len > 0 && io_path->at[0] == '/')
		*io_path = span_after(*io_path, 1);
	while (io_path->len > 0 && io_path->at[io_path->len - 1] == '/')
		io_path->len--;
}

enum fault place_maildrop(const struct user *user, const char *mail_root,
			  const char *maildir, char out[PLACE_PATH_MAX],
			  struct why *why)
{
	ROOM char room[PLACE_PATH_MAX];
	struct buf b = BUF(room);
	struct span root = span_of(mail_root);

	const bool has_place = put_absolute(&b, user, mail_root, maildir);
	struct span path = buf_span(&b);
	const char *shown = buf_cstr(&b);
	while (root.len > 0 && root.at[root.len - 1] == '/')
		root.len--;
	bool below = path.len > root.len && memcmp(path.at, root.at, root.len) == 0 &&
		     path.at[root.len] == '/';
	if (!has_place || b.cut || !below || has_dot_dot(path))
		return fault_set(why, FAULT_SETUP, 0, "find maildrop below mail-root",
				 shown);
	path = span_after(path, root.len);
	cut_slashes(&path);
	if (!span_copy(path, out, PLACE_PATH_MAX) || path.len == 0)
		return fault_set(why, FAULT_SETUP, 0, "find maildrop below mail-root",
				 shown);
	return FAULT_NONE;
}
