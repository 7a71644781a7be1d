/* convert/dovecotlogin.c - Dovecot's mechanisms and user names.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotlogin.h"

#include "convert/value.h"

/* ---- mechanisms ---- */

static const struct {
	const char *theirs, *ours[2];
} mechanisms[] = {
	{ "plain", { "USER", "PLAIN" } },
	{ "login", { "LOGIN" } },
	{ "cram-md5", { "CRAM-MD5" } },
	{ "digest-md5", { "DIGEST-MD5" } },
	{ "apop", { "APOP" } },
	{ "scram-sha-1", { "SCRAM-SHA-1" } },
	{ "scram-sha-1-plus", { "SCRAM-SHA-1-PLUS" } },
	{ "scram-sha-256", { "SCRAM-SHA-256" } },
	{ "scram-sha-256-plus", { "SCRAM-SHA-256-PLUS" } },
	{ "gssapi", { "GSSAPI" } },
	{ "external", { "EXTERNAL" } },
	{ "oauthbearer", { "OAUTHBEARER" } },
	{ "xoauth2", { "XOAUTH2" } },
	{ "anonymous", { "ANONYMOUS" } },
};
enum { MECHANISMS = sizeof mechanisms / sizeof *mechanisms };

/* What a mechanism needs besides its name. False: it is not there. */
static bool prepare(struct dovecot *d, const struct source_item *item, struct span name)
{
	if (span_is_nocase(name, "gssapi")) {
		const struct source_item *keytab =
			dovecot_get(d, "auth_krb5_keytab", NULL);

		result_text(d->r, RESULT_NO_DATABASE, "gssapi-keytab",
			    dovecot_value(keytab, "/etc/krb5.keytab"),
			    dovecot_origin(d, keytab, "auth_krb5_keytab"));
	} else if (span_is_nocase(name, "anonymous")) {
		const struct source_item *user =
			dovecot_get(d, "auth_anonymous_username", NULL);

		result_text(d->r, RESULT_NO_DATABASE, "anonymous-user",
			    dovecot_value(user, "anonymous"),
			    dovecot_origin(d, user, "auth_anonymous_username"));
	} else if (span_is_nocase(name, "external") &&
		   !result_has(d->r, RESULT_NO_DATABASE, "tls-client-verify")) {
		result_about(
			d->r, RESULT_NONE, item,
			"The mechanism EXTERNAL needs client certificates "
			"(tls-client-verify), which Dovecot does not ask for here.");
		return false;
	}
	return true;
}

static void add_mechanism(struct dovecot *d, const struct source_item *item,
			  struct span name)
{
	for (unsigned i = 0; i < MECHANISMS; i++) {
		if (!span_is_nocase(name, mechanisms[i].theirs))
			continue;
		if (!prepare(d, item, name))
			return;
		for (unsigned k = 0; k < 2 && mechanisms[i].ours[k]; k++)
			result_list(d->r, RESULT_NO_DATABASE, "mechanisms",
				    span_of(mechanisms[i].ours[k]),
				    dovecot_origin(d, item, "auth_mechanisms"));
		return;
	}
	result_say(d->r, RESULT_NONE, item, "Poplar lacks the mechanism ", name, ".");
}

/* In 2.4 each member of the list may be an item of its own. */
static void convert_mechanisms(struct dovecot *d)
{
	const struct source_item *last = dovecot_get(d, "auth_mechanisms", NULL);
	struct span rest, name;

	for (unsigned i = 0; i < d->s->count && last; i++) {
		const struct source_item *item = &d->s->items[i];
		const bool member = item->section == last->section &&
				    span_is(item->name, "auth_mechanisms") &&
				    d->style == TEMPLATE_DOVECOT_24;

		if (!member && item != last)
			continue;
		rest = item->value;
		while (value_word(&rest, &name))
			add_mechanism(d, item, name);
	}
	if (!result_has(d->r, RESULT_NO_DATABASE, "mechanisms"))
		add_mechanism(d, NULL, SPAN("plain"));
}

/* ---- clear text ---- */

static void convert_clear_text(struct dovecot *d, bool tls, bool must_tls)
{
	const struct source_item *disable =
		dovecot_get(d, "disable_plaintext_auth", NULL);
	const struct source_item *allow = dovecot_get(d, "auth_allow_cleartext", NULL);
	const struct source_item *ssl = dovecot_get(d, "ssl", NULL);
	const bool allowed = allow ? dovecot_bool(d, allow, false)
				   : !dovecot_bool(d, disable, true);

	if (tls && must_tls)
		result_word(d->r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("no"),
			    dovecot_origin(d, ssl, "ssl"));
	else
		result_word(d->r, RESULT_NO_DATABASE, "plaintext-auth",
			    allowed ? SPAN("yes") : SPAN("loopback"),
			    dovecot_origin(d, allow ? allow : disable,
					   d->style == TEMPLATE_DOVECOT_24
						   ? "auth_allow_cleartext"
						   : "disable_plaintext_auth"));
}

/* ---- names ---- */

static void convert_format(struct dovecot *d)
{
	const struct source_item *item = dovecot_get(d, "auth_username_format", NULL);
	const bool is_24 = d->style == TEMPLATE_DOVECOT_24;
	struct template t = { 0 };

	if (!item) {
		d->folded = true;
		result_word(d->r, RESULT_NO_DATABASE, "fold-names", SPAN("yes"),
			    dovecot_origin(d, NULL,
					   is_24 ? "auth_username_format = "
						   "%{user | lower}"
						 : "auth_username_format = %Lu"));
		return;
	}
	if (item->value.len > 0 && !dovecot_template(d, item, item->value, &t))
		return;
	d->folded = t.count > 0 && t.at[0].lower;
	result_word(d->r, RESULT_NO_DATABASE, "fold-names",
		    d->folded ? SPAN("yes") : SPAN("no"), result_origin(d->r, item));
	if (t.count == 1 && t.at[0].kind == TEMPLATE_LOCAL) {
		result_word(d->r, RESULT_NO_DATABASE, "recipient-domains",
			    SPAN("strip"), result_origin(d->r, item));
		result_about(d->r, RESULT_DIFFERS, item,
			     "Poplar removes the domain of recipients, but not of "
			     "names that "
			     "users log in with: they log in without a domain.");
	} else if (t.count > 1 || (t.count == 1 && t.at[0].kind != TEMPLATE_USER)) {
		result_about(d->r, RESULT_NONE, item,
			     "Poplar makes user names no other way than in small "
			     "letters and "
			     "with default-domain.");
	}
}

void dovecot_convert_login(struct dovecot *d, bool tls, bool must_tls)
{
	convert_mechanisms(d);
	convert_clear_text(d, tls, must_tls);
	convert_format(d);
}
