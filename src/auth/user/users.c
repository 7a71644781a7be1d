/* auth/user/users.c - the passwd-style file of users, in Dovecot's format.
 *
 * Prefix: users_.
 */
#include "auth/user/users.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/user/scheme.h"
#include "base/nets.h"
#include "base/own.h"
#include "base/secret.h"

enum { STAND_IN_LOOKS = 64 };

struct users {
	atomic_uint keepers;
	char *text;
	size_t text_len;
	struct user *at; /* from the front the users, from the back those that are
			    left out, who have a name only */
	size_t count, left_out, room;
	uint32_t *slots;   /* open addressing: number in `at` plus 1, or 0 */
	size_t slot_count; /* a power of two, at least twice the users */
	unsigned ways;     /* bits, SCHEME_*: ways in which a password is stored */
	bool other_ways;   /* some are stored in another way */
	size_t usable;     /* number of the first user who can log in plus 1, or 0 */
};

struct reading {
	struct users *users;
	users_say_fn *say;
	void *arg;
	unsigned line;
};

static void say(const struct reading *r, const char *text)
{
	if (r->say)
		r->say(r->arg, r->line, text);
}

/* FNV-1a: the operator writes the file, so that no attacker chooses what is in the
 * table. */
static size_t hash(struct span name)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The slot where name is, or where it would go. */
static uint32_t *slot(const struct users *users, struct span name)
{
	size_t i = hash(name);

	for (;; i++) {
		uint32_t *s = &users->slots[i & (users->slot_count - 1)];

		if (*s == 0 || same(users->at[*s - 1].name, name))
			return s;
	}
}

static bool set_field(const struct reading *r, struct user *u, struct span key,
		      struct span value)
{
	const char *wrong = user_set_field(u, key, value);
	char text[128];

	if (!wrong)
		return true;
	snprintf(text, sizeof text, "%s: user left out", wrong);
	say(r, text);
	return false;
}

static bool set_extras(const struct reading *r, struct user *u, struct span extras)
{
	struct span field, key;

	while (extras.len > 0) {
		span_cut(&extras, ' ', &field);
		span_cut(&field, '=', &key);
		if (!set_field(r, u, key, field))
			return false;
	}
	return true;
}

/* Has the user no password on purpose, as in passwd(5) and shadow(5)? Such a user may
 * log in by Kerberos, a certificate or a token. */
static bool is_locked(struct span stored)
{
	return stored.len == 0 || stored.at[0] == '*' || stored.at[0] == '!' ||
	       span_is(stored, "x");
}

/* Say why the user of this line can never log in, or never by its password or from its
 * networks, if that is so. */
static void say_useless(const struct reading *r, const struct user *u)
{
	char text[128];

	if (u->over) {
		snprintf(text, sizeof text, "%s is too long: this user cannot log in",
			 u->over);
		say(r, text);
	} else if (!scheme_known(u->stored)) {
		say(r, "password scheme is not known: this user cannot log in");
	} else if (!is_locked(u->stored) && !scheme_can_match(u->stored)) {
		say(r,
		    "password is no hash of its scheme: no password lets this user in");
	}
	if (!nets_text_good(u->allow_nets))
		say(r,
		    "allow-nets names what is no address or network: nobody comes in "
		    "by that");
}

static bool parse_line(const struct reading *r, struct span line, struct user *out)
{
	struct span stored, uid, gid, gecos, home, shell;
	struct user u = { 0 };

	if (!span_cut(&line, ':', &u.name) || u.name.len == 0 ||
	    u.name.len > USER_NAME_MAX) {
		say(r, "no user name and ':' at the beginning: line left out");
		return false;
	}
	span_cut(&line, ':', &stored);
	user_set_text(&u, "password", stored, USER_STORED_MAX, &u.stored);
	span_cut(&line, ':', &uid);
	span_cut(&line, ':', &gid);
	span_cut(&line, ':', &gecos);
	span_cut(&line, ':', &home);
	span_cut(&line, ':', &shell);
	if (!set_field(r, &u, SPAN("uid"), uid) ||
	    !set_field(r, &u, SPAN("gid"), gid) ||
	    !set_field(r, &u, SPAN("home"), home) || !set_extras(r, &u, line))
		return false;
	say_useless(r, &u);
	*out = u;
	return true;
}

static bool is_usable(const struct user *u, unsigned wants)
{
	return !u->disabled && scheme_can_match(u->stored) &&
	       (wants == 0 || (scheme_good_for(u->stored) & wants));
}

/* The line is malformed: remember for whom it was, if it has a name. */
static void leave_out(struct users *users, struct span line)
{
	struct span name;
	const bool ends = span_cut(&line, ':', &name);
	uint32_t *const s = slot(users, name);

	if (!ends || name.len == 0 || *s > 0)
		return;
	*s = (uint32_t)(users->room - users->left_out++);
	users->at[*s - 1].name = name;
}

static bool is_left_out(const struct users *users, uint32_t number)
{
	return number > users->room - users->left_out;
}

static void read_line(struct reading *r, struct span line)
{
	struct users *users = r->users;
	struct user *u = &users->at[users->count];

	r->line++;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.at[0] == '#')
		return;
	if (!parse_line(r, line, u)) {
		leave_out(users, line);
		return;
	}
	uint32_t *s = slot(users, u->name);
	if (*s > 0 && !is_left_out(users, *s)) {
		say(r, "user was given already: line left out");
		return;
	}
	*s = (uint32_t)++users->count;
	unsigned way = scheme_good_for(u->stored);
	users->ways |= way;
	users->other_ways |= way == 0 && !u->disabled && !u->over;
	if (users->usable == 0 && is_usable(u, 0))
		users->usable = users->count;
}

static size_t count_lines(struct span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.at[i] == '\n';
	return n;
}

static struct users *new_users(struct span text)
{
	size_t lines = count_lines(text);
	OWN(users) users = calloc(1, sizeof *users);

	if (!users)
		return NULL;
	atomic_init(&users->keepers, 1);
	users->slot_count = 2;
	while (users->slot_count < 2 * lines)
		users->slot_count *= 2;
	users->text = malloc(text.len + 1);
	users->text_len = text.len;
	users->at = calloc(lines, sizeof *users->at);
	users->room = lines;
	users->slots = calloc(users->slot_count, sizeof *users->slots);
	if (!users->text || !users->at || !users->slots)
		return NULL;
	if (text.len > 0)
		memcpy(users->text, text.at, text.len);
	return TAKE(users);
}

struct users *users_parse(struct span text, users_say_fn *say_fn, void *arg)
{
	OWN(users) users = new_users(text);
	struct reading r = { users, say_fn, arg, 0 };

	if (!users)
		return NULL;
	struct span rest = { users->text, users->text_len };
	while (rest.len > 0) {
		struct span line;

		span_cut(&rest, '\n', &line);
		read_line(&r, line);
	}
	return TAKE(users);
}

struct users *users_keep(struct users *users)
{
	atomic_fetch_add(&users->keepers, 1);
	return users;
}

bool users_read_from(const struct users *users, struct span text)
{
	return same((struct span){ users->text, users->text_len }, text);
}

void users_free(struct users *users)
{
	if (!users || atomic_fetch_sub(&users->keepers, 1) > 1)
		return;
	if (users->text)
		secret_wipe(users->text, users->text_len);
	free(users->text);
	free(users->at);
	free(users->slots);
	free(users);
}

unsigned users_ways(const struct users *users)
{
	return users->other_ways ? 0 : users->ways;
}

const struct user *users_find(const struct users *users, struct span name)
{
	uint32_t at = *slot(users, name);

	return at && !is_left_out(users, at) ? &users->at[at - 1] : NULL;
}

bool users_leaves_out(const struct users *users, struct span name)
{
	return is_left_out(users, *slot(users, name));
}

/* The next usable user in the table behind the name's slot. Different names get
 * different users, so that the stored form tells nobody that a name is unknown. */
const struct user *users_stand_in(const struct users *users, struct span name,
				  unsigned wants)
{
	const size_t from = hash(name);
	const struct user *first = users->usable > 0 ? &users->at[users->usable - 1]
						     : NULL;

	for (size_t i = from; i < from + STAND_IN_LOOKS; i++) {
		const uint32_t at = users->slots[i & (users->slot_count - 1)];

		if (at > 0 && !is_left_out(users, at) &&
		    is_usable(&users->at[at - 1], wants))
			return &users->at[at - 1];
	}
	return first && is_usable(first, wants) ? first : NULL;
}

const struct user *users_at(const struct users *users, size_t i)
{
	return i < users->count ? &users->at[i] : NULL;
}
