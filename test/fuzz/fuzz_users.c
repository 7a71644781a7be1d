/* The users file: whatever it holds, nobody is found who is not there, and edits change
 * one user only. */
#include "fuzz.h"

#include "auth/place.h"
#include "auth/user/edit.h"
#include "auth/user/users.h"

static void hear(void *arg, unsigned line, const char *text)
{
	unsigned *lines = arg;

	PROMISE(line >= *lines && *text);
	*lines = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	unsigned lines = 1;
	struct users *users = users_parse(in, hear, &lines);
	const struct user *u;
	char path[PLACE_PATH_MAX];

	PROMISE(users);
	for (size_t i = 0; (u = users_at(users, i)); i++) {
		PROMISE(users_find(users, u->name) == u);
		PROMISE(u->name.len > 0 && !memchr(u->name.at, ':', u->name.len));
		PROMISE(user_rule(u, SPAN("127.0.0.1:110"), true, "USER") ||
			!u->disabled);
		PROMISE(user_rule(u, SPAN("[2001:db8::1]:110"), false, "USER") ||
			!u->tls_required);
		if (place_maildrop(u, "/mail", "Maildir", path, NULL) == FAULT_NONE) {
			PROMISE(path[0] != '/' && path[0] != '\0');
			PROMISE(strncmp(path, "../", 3) != 0 && !strstr(path, "/../"));
		}
	}
	PROMISE(!users_find(users, SPAN("nobody:here")));
	if ((u = users_at(users, 0)) && edit_name_ok(u->name)) {
		char *out;
		size_t len;

		PROMISE(edit_delete(in, u->name, &out, &len) == EDIT_DONE);
		struct users *rest = users_parse((struct span){ out, len }, NULL, NULL);
		PROMISE(rest && !users_find(rest, u->name));
		users_free(rest);
		free(out);
	}
	users_free(users);
	return 0;
}
