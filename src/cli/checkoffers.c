/* cli/checkoffers.c - poplar check: can anybody log in at all?
 *
 * Prefix: check_.
 * The rules are those of poplar-auth.
 */
#include "cli/checkoffers.h"

#include "auth/sasl/sasl.h"
#include "base/own.h"
#include "sys/file.h"

/* The databases that decide which mechanisms are offered: users files, by the forms of
 * their stored passwords, and any database of tokens. Other databases take no part. */
struct known {
	struct database *at[DATABASES_MAX], *tokens;
	int dirs[DATABASES_MAX];
	unsigned count;
};

static void add_file(struct known *k, const char *path)
{
	const char *name;
	struct why why;
	int dir;

	if (file_open_parent(path, &dir, &name, &why))
		return; /* checkusers.c reports it */
	struct database *db = passwdfile_new(dir, name);
	if (!db) {
		own_fd_close(&dir);
		return;
	}
	if (k->count > 0)
		k->at[k->count - 1]->next = db;
	k->dirs[k->count] = dir;
	k->at[k->count++] = db;
}

static void add(struct known *k, const struct settings *s)
{
	static const struct database_driver none = { .name = "tokens" };
	static struct database tokens = { .driver = &none };

	for (unsigned i = 0; i < s->databases.count; i++) {
		const struct database_settings *db = &s->databases.at[i];

		if (database_has_tokens(db))
			k->tokens = &tokens;
		else if (!database_is_asked(db))
			add_file(k, *db->path ? db->path : s->users);
	}
}

static void known_done(struct known *k)
{
	if (k->count > 0)
		database_free(k->at[0]);
	for (unsigned i = 0; i < k->count; i++)
		own_fd_close(&k->dirs[i]);
}

void check_offers(struct checking *c)
{
	const struct settings *s = &c->settings;
	struct known known = { .count = 0 };
	char room[512];
	struct buf why = BUF(room);
	unsigned allowed;

	/* Another check reports a keytab that does not work. */
	if (!settings_mechanisms(&s->mechanisms, &allowed) ||
	    (allowed & MECHANISM_BIT(GSSAPI)))
		return;
	add(&known, s);
	const struct login_rules rules = {
		.databases = known.count > 0 ? known.at[0] : NULL,
		.tokens = known.tokens,
		.anonymous = span_of(s->anonymous_user),
	};
	const unsigned offers = sasl_offers(&rules, allowed);
	known_done(&known);
	if (offers > 0)
		return;
	sasl_explain(allowed, &why);
	setup_complain(&c->setup, SETUP_TROUBLE, SETTING_ID_mechanisms,
		       "nobody can log in: %s", buf_cstr(&why));
}
