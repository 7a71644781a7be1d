/* cli/originpath.c - the path of a user's mail on another server.
 *
 * Prefix: origin_.
 */
#include "cli/originpath.h"

#include "base/buf.h"

static bool put_variable(char letter, const char *user, struct buf *out)
{
	struct span domain = span_of(user), local;

	span_cut(&domain, '@', &local);
	const struct span value = letter == 'u'   ? span_of(user)
				  : letter == 'n' ? local
				  : letter == 'd' ? domain
						  : (struct span){ 0 };
	buf_put(out, value);
	return value.len > 0 && value.at[0] != '.' && !span_has_any(value, "/");
}

bool origin_expand(const char *path, const char *user, char out[PLACE_PATH_MAX])
{
	struct buf b = { .at = out, .room = PLACE_PATH_MAX };

	for (; *path; path++) {
		if (*path != '%') {
			buf_char(&b, *path);
			continue;
		}
		path++;
		if (*path == '%')
			buf_char(&b, '%');
		else if (!put_variable(*path, user, &b))
			return false;
	}
	buf_cstr(&b);
	return !b.cut;
}

bool origin_is_of_user(const char *path)
{
	for (; *path; path++) {
		if (path[0] == '%' && path[1] != '%')
			return true;
		path += path[0] == '%';
	}
	return false;
}
