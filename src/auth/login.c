/* auth/login.c - checks a proof of identity, and decides who may log in as whom.
 *
 * Prefix: login_.
 */
#include "auth/login.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "auth/user/prep.h"
#include "auth/user/scheme.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"

bool login_name(const struct login_rules *rules, struct span given,
		struct login_name *out)
{
	struct buf b = { .at = out->text, .room = sizeof out->text };

	if (given.len > LOGIN_NAME_OCTETS ||
	    !prep_name(given, out->text, sizeof out->text))
		return false;
	b.len = strlen(out->text);
	if (b.len == 0)
		return false;
	if (rules->default_domain.len > 0 && !memchr(b.at, '@', b.len)) {
		buf_char(&b, '@');
		buf_put(&b, rules->default_domain);
	}
	for (size_t i = 0; rules->fold && i < b.len; i++)
		b.at[i] = ascii_lower(b.at[i]);
	buf_cstr(&b);
	out->len = b.len;
	return !b.cut;
}

static struct span name_span(const struct login_name *name)
{
	return (struct span){ name->text, name->len };
}

static enum fault deny(struct why *why)
{
	return fault_set(why, FAULT_DENIED, 0, NULL, NULL);
}

/* Split "user*master" at its last separator, unless there is an authzid already. */
static void split(const struct login_rules *rules, struct span *io_authzid,
		  struct span *io_authid)
{
	const char *at = rules->master_separator && io_authzid->len == 0
				 ? memrchr(io_authid->at, rules->master_separator,
					   io_authid->len)
				 : NULL;
	size_t before = at ? (size_t)(at - io_authid->at) : 0;

	if (before == 0)
		return;
	*io_authzid = (struct span){ io_authid->at, before };
	*io_authid = span_after(*io_authid, before + 1);
}

bool login_claimed_name(const struct login_rules *rules, struct span given,
			struct login_name *out)
{
	struct span authzid = SPAN("");

	if (given.len > 0)
		split(rules, &authzid, &given);
	return login_name(rules, given, out);
}

/* A name or password that no user can have takes as long as any other, since it goes
 * through database_check, too. SASLprep for both: RFC 6856 section 2.2, RFC 4616
 * section 2. */
enum fault login_by_password(const struct login_rules *rules,
			     const struct login_way *way, struct span authzid,
			     struct span authid, struct span password,
			     struct user_found *out, struct why *why)
{
	struct login_name name;
	struct prep_text secret;
	struct user_found who = { 0 };

	split(rules, &authzid, &authid);
	const bool is_name = login_name(rules, authid, &name);
	const bool good = prep_password(password, PREP_QUERY, &secret) && is_name;
	enum fault f = database_check(rules->databases,
				      good ? name_span(&name) : SPAN(""), secret.text,
				      way->peer, rules->watcher, &who, why);
	prep_done(&secret);
	return f ? f : login_admit(rules, way, &who, authzid, out, why);
}

enum fault login_find(const struct login_rules *rules, struct span given,
		      struct user_found *out, struct why *why)
{
	struct login_name name;

	if (!login_name(rules, given, &name))
		return deny(why);
	return database_find(rules->databases, name_span(&name), rules->watcher, out,
			     why);
}

/* In hexadecimal, with a NUL. False: this OpenSSL has no MD5. */
static bool digest_of(struct span timestamp, struct span password,
		      char out[LOGIN_DIGEST_OCTETS + 1])
{
	unsigned char sum[LOGIN_DIGEST_OCTETS / 2];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool made = ctx && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
		    EVP_DigestUpdate(ctx, timestamp.at, timestamp.len) == 1 &&
		    EVP_DigestUpdate(ctx, password.at, password.len) == 1 &&
		    EVP_DigestFinal_ex(ctx, sum, NULL) == 1;

	EVP_MD_CTX_free(ctx); /* wipes what it held */
	if (made)
		sodium_bin2hex(out, LOGIN_DIGEST_OCTETS + 1, sum, sizeof sum);
	return made;
}

bool login_start(void)
{
	char digest[LOGIN_DIGEST_OCTETS + 1];

	return digest_of(SPAN("<"), SPAN(""), digest);
}

/* Only a plain stored password can be hashed with the timestamp; SASLprep treats it as
 * a stored string (RFC 6856 section 2.2). */
enum fault login_by_digest(const struct login_rules *rules, const struct login_way *way,
			   struct span name, struct span timestamp, struct span digest,
			   struct user_found *out, struct why *why)
{
	char made[LOGIN_DIGEST_OCTETS + 1], room[SCHEME_STORED_MAX];
	struct user_found who = { 0 };
	struct span password = SPAN("");
	enum fault f = login_find(rules, name, &who, why);

	if (f && f != FAULT_DENIED)
		return f;
	const bool known = f == FAULT_NONE &&
			   scheme_good_for(who.user.stored) == SCHEME_PLAIN &&
			   scheme_secret(who.user.stored, room, &password);
	struct prep_text secret;
	const bool fit = prep_password(password, PREP_STORED, &secret);
	const bool good = digest_of(timestamp, secret.text, made) && fit &&
			  digest.len == LOGIN_DIGEST_OCTETS &&
			  sodium_memcmp(digest.at, made, digest.len) == 0;
	prep_done(&secret);
	secret_wipe(room, sizeof room);
	if (known && good)
		return login_admit(rules, way, &who, SPAN(""), out, why);
	user_release(&who);
	return deny(why);
}

enum fault login_proved(const struct login_rules *rules, const struct login_way *way,
			struct span authzid, struct span authid, struct user_found *out,
			struct why *why)
{
	struct user_found who = { 0 };
	enum fault f = login_find(rules, authid, &who, why);

	return f ? f : login_admit(rules, way, &who, authzid, out, why);
}

/* The proof was right, but a rule forbids the login. Only the log names the rule, or
 * *why if an operator asks; a client is told the same as after a wrong password. */
static enum fault deny_by(const struct login_rules *rules, const struct login_way *way,
			  const struct user *user, const char *rule, struct why *why)
{
	if (!rules->watcher)
		log_event(LOG_INFO, "login-refused", LOG_S("user", user->name),
			  LOG_S("peer", way->peer),
			  LOG_T("tls", way->tls ? "yes" : "no"),
			  LOG_T("method", mechanism_name(way->mechanism)),
			  LOG_T("rule", rule));
	return fault_set(why, FAULT_DENIED, 0, "by the rule", rule);
}

enum fault login_admit(const struct login_rules *rules, const struct login_way *way,
		       struct user_found *who, struct span authzid,
		       struct user_found *out, struct why *why)
{
	struct login_name name;
	OWN_USER proved = user_take(who);

	const char *mechanism = mechanism_name(way->mechanism);
	const char *rule = user_rule(&proved.user, way->peer, way->tls, mechanism);

	if (rule)
		return deny_by(rules, way, &proved.user, rule, why);
	if (authzid.len > 0 && !login_name(rules, authzid, &name))
		return deny(why);
	if (authzid.len == 0 || span_is(proved.user.name, name.text)) {
		*out = user_take(&proved);
		return FAULT_NONE;
	}
	if (!proved.user.master)
		return deny_by(rules, way, &proved.user, "master", why);
	OWN_USER other = { 0 };
	enum fault f = database_find(rules->databases, name_span(&name), rules->watcher,
				     &other, why);
	if (f)
		return f;
	rule = user_rule(&other.user, way->peer, way->tls, mechanism);
	if (rule)
		return deny_by(rules, way, &other.user, rule, why);
	*out = user_take(&other);
	return FAULT_NONE;
}
