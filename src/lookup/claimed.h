/* lookup/claimed.h - what the settings of a database of tokens ask of a token.
 *
 * For poplar-auth as well. Prefix: claimed_.
 */
#pragma once

#include "auth/token/claims.h"
#include "config/databases.h"

static inline struct claims_list claimed_list(const struct text_list *list)
{
	return (struct claims_list){ list->at, list->count };
}

/* The rules borrow all of their texts from the settings. */
static inline struct claims_rules claimed_rules(const struct database_settings *s)
{
	return (struct claims_rules){ .issuer = s->issuer,
				      .audience = claimed_list(&s->audience),
				      .scope = s->scope,
				      .user_claim = s->user_claim,
				      .leeway_s = s->leeway };
}
