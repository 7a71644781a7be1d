/* lookup/ldap.c - asks an LDAP server, by a search or by a template of entry names.
 *
 * There are two connections: one searches, bound as bind-dn; on the other one users
 * bind.
 */
#include <ldap.h>
#include <stdlib.h>

#include "base/own.h"
#include "lookup/driver.h"
#include "lookup/ldaptext.h"

enum { TEXT_MAX = 4096, ATTRIBUTES_MAX = 20 };

struct server {
	const struct database_settings *settings;
	const char *password;             /* bind-dn's */
	char *wanted[ATTRIBUTES_MAX + 1]; /* attributes to ask for */
	LDAP *search, *users;             /* NULL: not connected */
};

static void *open_server(const struct database_settings *settings, const char *secret,
			 struct why *why)
{
	struct server *s = calloc(1, sizeof *s);
	unsigned count = settings->attributes.count;

	if (!s) {
		fault_set(why, FAULT_NOMEM, 0, "keep settings", NULL);
		return NULL;
	}
	s->settings = settings;
	s->password = secret ? secret : "";
	for (unsigned i = 0; i < count && i < ATTRIBUTES_MAX; i++)
		s->wanted[i] = strchr(settings->attributes.at[i], '=') + 1;
	if (count == 0)
		s->wanted[0] = unconst(LDAP_NO_ATTRS);
	return s;
}

static void disconnect(LDAP **io_ld)
{
	if (*io_ld)
		ldap_unbind_ext_s(*io_ld, NULL, NULL);
	*io_ld = NULL;
}

/* ---- connections ---- */

static int set_options(const struct server *s, LDAP *ld)
{
	const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, no = 0;
	const char *ca = s->settings->ca_file;
	int e = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);

	if (e == LDAP_SUCCESS)
		e = ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	if (e == LDAP_SUCCESS)
		e = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (e == LDAP_SUCCESS && *ca)
		e = ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, ca);
	if (e == LDAP_SUCCESS && *ca)
		e = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &no);
	return e;
}

static int connect_to(const struct server *s, LDAP **out)
{
	int e = ldap_initialize(out, s->settings->uri);

	if (e == LDAP_SUCCESS)
		e = set_options(s, *out);
	if (e == LDAP_SUCCESS && s->settings->start_tls)
		e = ldap_start_tls_s(*out, NULL, NULL);
	return e;
}

static int bind_as(LDAP *ld, const char *dn, struct span password)
{
	struct berval secret = { password.len, unconst(password.at) };

	return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
}

/* The connection that searches. */
static int need_search(struct server *s)
{
	int e = LDAP_SUCCESS;

	if (s->search)
		return e;
	e = connect_to(s, &s->search);
	if (e == LDAP_SUCCESS && *s->settings->bind_dn)
		e = bind_as(s->search, s->settings->bind_dn, span_of(s->password));
	return e;
}

/* ---- entries ---- */

static bool put_attribute(LDAP *ld, LDAPMessage *entry, const char *pair,
			  struct lookup_answer *answer)
{
	const char *attribute = strchr(pair, '=') + 1;
	char field[64];
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	bool ok = true;

	if (!span_copy((struct span){ pair, (size_t)(attribute - pair) - 1 }, field,
		       sizeof field))
		ok = fault_set(&answer->why, FAULT_SETUP, 0, "take attribute", pair) ==
		     FAULT_NONE;
	else if (values && values[0])
		ok = lookup_field(
			answer, field,
			(struct span){ values[0]->bv_val, values[0]->bv_len });
	if (values)
		ldap_value_free_len(values);
	return ok;
}

static enum database_says put_entry(const struct server *s, LDAP *ld,
				    LDAPMessage *found, struct lookup_answer *answer)
{
	const struct text_list *attributes = &s->settings->attributes;
	int count = ldap_count_entries(ld, found);

	if (count == 0)
		return DATABASE_UNKNOWN;
	if (count != 1)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "find one user only with filter", NULL);
	for (unsigned i = 0; i < attributes->count; i++)
		if (!put_attribute(ld, ldap_first_entry(ld, found), attributes->at[i],
				   answer))
			return DATABASE_DOWN;
	return DATABASE_RIGHT;
}

static int search(struct server *s, LDAP *ld, const char *base, int scope,
		  const char *filter, LDAPMessage **out)
{
	struct timeval limit = { s->settings->timeout / 1000 + 1, 0 };

	return ldap_search_ext_s(ld, base, scope, filter, s->wanted, 0, NULL, NULL,
				 &limit, 2, out);
}

/* ---- questions ---- */

static enum database_says trouble(LDAP **io_ld, struct lookup_answer *answer,
				  const char *doing, int error)
{
	disconnect(io_ld);
	return lookup_down(answer, FAULT_IO, 0, doing, ldap_err2string(error));
}

/* Bind as the user. DATABASE_WRONG: the server refuses the bind, or the entry name is
 * unknown or malformed. */
static enum database_says judge_bind(struct server *s, const char *dn,
				     struct span password, struct lookup_answer *answer)
{
	int e = LDAP_SUCCESS;

	/* RFC 4513 section 5.1.2: a bind without a password succeeds, and proves
	 * nothing. */
	if (password.len == 0 || !*dn)
		return DATABASE_WRONG;
	for (int attempt = 0; attempt < 2; attempt++) {
		bool kept = s->users != NULL;

		e = kept ? LDAP_SUCCESS : connect_to(s, &s->users);
		if (e == LDAP_SUCCESS)
			e = bind_as(s->users, dn, password);
		if (e == LDAP_SUCCESS)
			return DATABASE_RIGHT;
		if (e == LDAP_INVALID_CREDENTIALS || e == LDAP_NO_SUCH_OBJECT ||
		    e == LDAP_INVALID_DN_SYNTAX || e == LDAP_INAPPROPRIATE_AUTH)
			return DATABASE_WRONG;
		disconnect(&s->users);
		if (!kept)
			break;
	}
	return trouble(&s->users, answer, "bind as the user:", e);
}

/* Find the entry; *out_dn is the caller's, for ldap_memfree. */
static enum database_says find_entry(struct server *s, const char *filter,
				     struct lookup_answer *answer, char **out_dn)
{
	LDAPMessage *found = NULL;
	int e = LDAP_SUCCESS;

	for (int attempt = 0; attempt < 2; attempt++) {
		bool kept = s->search != NULL;

		e = need_search(s);
		if (e == LDAP_SUCCESS)
			e = search(s, s->search, s->settings->base, LDAP_SCOPE_SUBTREE,
				   filter, &found);
		if (e == LDAP_SUCCESS || e == LDAP_SIZELIMIT_EXCEEDED || !kept)
			break;
		ldap_msgfree(found);
		found = NULL;
		disconnect(&s->search);
	}
	enum database_says says;
	if (e == LDAP_SUCCESS || e == LDAP_SIZELIMIT_EXCEEDED)
		says = put_entry(s, s->search, found, answer);
	else
		says = trouble(&s->search, answer, "search:", e);
	if (says == DATABASE_RIGHT)
		*out_dn = ldap_get_dn(s->search, ldap_first_entry(s->search, found));
	ldap_msgfree(found);
	return says;
}

static enum database_says ask_search(struct server *s, const struct lookup_question *q,
				     struct lookup_answer *answer)
{
	char filter[TEXT_MAX];
	char *dn = NULL;

	if (!ldaptext_filter(s->settings->filter, q->name, filter, sizeof filter))
		return DATABASE_UNKNOWN;
	enum database_says says = find_entry(s, filter, answer, &dn);
	if (says == DATABASE_RIGHT && q->judge)
		says = judge_bind(s, dn ? dn : "", q->password, answer);
	ldap_memfree(dn);
	return says;
}

/* Bind as the user, and read the user's entry. */
static enum database_says ask_template(struct server *s,
				       const struct lookup_question *q,
				       struct lookup_answer *answer)
{
	char dn[TEXT_MAX];
	LDAPMessage *found = NULL;

	if (!q->judge)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "find a user without a password by bind-template",
				   NULL);
	if (!ldaptext_dn(s->settings->bind_template, q->name, dn, sizeof dn))
		return DATABASE_UNKNOWN;
	enum database_says says = judge_bind(s, dn, q->password, answer);
	if (says != DATABASE_RIGHT || s->settings->attributes.count == 0)
		return says;
	int e = search(s, s->users, dn, LDAP_SCOPE_BASE, "(objectClass=*)", &found);
	if (e == LDAP_SUCCESS)
		says = put_entry(s, s->users, found, answer);
	else
		says = trouble(&s->users, answer, "read the user's entry:", e);
	ldap_msgfree(found);
	return says;
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	struct server *s = self;

	return *s->settings->bind_template ? ask_template(s, q, answer)
					   : ask_search(s, q, answer);
}

const struct lookup_driver lookup_ldap = { open_server, ask };
