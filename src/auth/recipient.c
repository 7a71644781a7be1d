/* auth/recipient.c - finds the user who gets the mail of an address.
 *
 * Prefix: recipient_.
 */
#include "auth/recipient.h"

#include "base/ascii.h"
#include "base/buf.h"

/* Domains are compared without regard to case (RFC 5321 section 2.4), whether names
 * are folded or not: databases have them in lower case. */
struct parts {
	struct span local, domain; /* domain: with its '@', or empty */
};

static struct parts split(struct span address)
{
	const char *at = address.len > 0 ? memrchr(address.at, '@', address.len) : NULL;
	const size_t before = at ? (size_t)(at - address.at) : address.len;

	return (struct parts){ { address.at, before }, span_after(address, before) };
}

/* Cut the detail off. False: there is none. */
static bool cut_detail(const struct recipient_rules *rules, struct span *io_local)
{
	for (size_t i = 1; i < io_local->len; i++) {
		if (rules->delimiters.len > 0 &&
		    memchr(rules->delimiters.at, io_local->at[i],
			   rules->delimiters.len)) {
			io_local->len = i;
			return true;
		}
	}
	return false;
}

/* The name of the user without a domain gets the default domain, which must not take
 * the place of a domain that the local part itself seems to have. */
static bool name_of_local(const struct login_rules *login, struct span local,
			  struct login_name *out)
{
	struct login_rules bare = *login;
	struct login_name name;

	bare.default_domain = SPAN("");
	return login_name(&bare, local, &name) && !memchr(name.text, '@', name.len) &&
	       login_name(login, (struct span){ name.text, name.len }, out);
}

/* The name of the user. False: no user can have the address. */
static bool name_of(const struct recipient_rules *rules, struct span local,
		    struct span domain, struct login_name *out)
{
	char room[LOGIN_NAME_OCTETS + 1];
	struct buf b = BUF(room);

	if (local.len == 0)
		return false;
	if (rules->domains == RECIPIENT_STRIP)
		return name_of_local(rules->login, local, out);
	if (rules->domains == RECIPIENT_REQUIRE && domain.len == 0 &&
	    !span_is_nocase(local, "postmaster"))
		return false;
	buf_put(&b, local);
	for (size_t i = 0; i < domain.len; i++)
		buf_char(&b, ascii_lower(domain.at[i]));
	return !b.cut && login_name(rules->login, buf_span(&b), out);
}

static enum fault ask(const struct recipient_rules *rules,
		      const struct login_name *name, struct user_found *out,
		      struct why *why)
{
	const struct login_rules *login = rules->login;

	return database_recipient(login->databases,
				  (struct span){ name->text, name->len },
				  login->watcher, out, why);
}

/* FAULT_DENIED: nobody has the address as it is or without its detail. */
static enum fault find(const struct recipient_rules *rules, struct span address,
		       struct user_found *out, struct why *why)
{
	struct parts parts = split(address);
	struct login_name name;
	enum fault f = FAULT_DENIED;

	if (name_of(rules, parts.local, parts.domain, &name))
		f = ask(rules, &name, out, why);
	if (f == FAULT_DENIED && cut_detail(rules, &parts.local) &&
	    name_of(rules, parts.local, parts.domain, &name))
		f = ask(rules, &name, out, why);
	return f;
}

/* The operator wants the mail to be taken: it waits for the user of this setting. */
static enum fault find_user(const struct recipient_rules *rules, struct span user,
			    const char *setting, struct user_found *out,
			    struct why *why)
{
	struct login_name name;
	enum fault f = FAULT_DENIED;

	if (login_name(rules->login, user, &name))
		f = ask(rules, &name, out, why);
	return f == FAULT_DENIED ? fault_set(why, FAULT_SETUP, 0,
					     "find the user of the setting", setting)
				 : f;
}

/* RFC 5321 section 4.5.1: postmaster in any case, and with any domain. */
static enum fault find_substitute(const struct recipient_rules *rules,
				  struct span address, struct user_found *out,
				  struct why *why)
{
	if (rules->postmaster.len > 0 &&
	    span_is_nocase(split(address).local, "postmaster"))
		return find_user(rules, rules->postmaster, "postmaster", out, why);
	if (rules->catch_all.len > 0)
		return find_user(rules, rules->catch_all, "catch-all", out, why);
	return fault_set(why, FAULT_NO_USER, 0, NULL, NULL);
}

enum fault recipient_find(const struct recipient_rules *rules, struct span address,
			  struct user_found *out, struct why *why)
{
	struct user_found found = { 0 };
	enum fault f = find(rules, address, &found, why);

	if (f == FAULT_DENIED)
		f = find_substitute(rules, address, &found, why);
	if (f)
		return f;
	if (found.user.no_delivery) {
		user_release(&found);
		return fault_set(why, FAULT_NO_DELIVERY, 0, "by the rule",
				 "no-delivery");
	}
	*out = user_take(&found);
	/* *why may tell of the name with the detail */
	return fault_set(why, FAULT_NONE, 0, NULL, NULL);
}
