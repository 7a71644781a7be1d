/* authd/tokens.c - the databases of tokens that poplar-auth asks.
 *
 * Prefix: tokens_.
 */
#include "authd/tokens.h"

#include "auth/token/jwtbase.h"

struct database *tokens_new(const struct database_settings *settings, int dir,
			    const char *name)
{
	const struct jwtbase_rules rules = {
		.claims = database_claims_rules(settings),
		.algorithms = { settings->algorithms.at, settings->algorithms.count },
	};

	return jwtbase_new(dir, name, &rules);
}

static void append(struct database **list, struct database *db)
{
	while (*list)
		list = &(*list)->next;
	*list = db;
}

/* `before`, or if that is empty, `text`. */
static const char *first(const char *before, const char *text)
{
	return before && *before ? before : text;
}

void tokens_split(const struct databases *all, struct database *const *made,
		  struct login_rules *rules)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct database_settings *s = &all->at[i];
		bool tokens = database_has_tokens(s);

		append(tokens ? &rules->tokens : &rules->databases, made[i]);
		if (!tokens)
			continue;
		rules->token_scope = first(rules->token_scope, s->scope);
		rules->openid_configuration =
			first(rules->openid_configuration, s->openid_configuration);
	}
}
