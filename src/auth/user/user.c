/* auth/user/user.c - a user, as any database describes one.
 *
 * Prefix: user_.
 */
#include "auth/user/user.h"

#include <stdlib.h>

#include "base/nets.h"
#include "base/secret.h"
#include "base/uidformat.h"

typedef const char *set_fn(struct user *u, struct span value);

/* An empty value leaves the field unset. */
static bool set_number(struct span value, bool *has, uint32_t *out)
{
	if (value.len == 0)
		return true;
	*has = span_u32(value, out);
	return *has;
}

static const char *set_uid(struct user *u, struct span value)
{
	return set_number(value, &u->has_uid, &u->uid) ? NULL : "uid is not a number";
}

static const char *set_gid(struct user *u, struct span value)
{
	return set_number(value, &u->has_gid, &u->gid) ? NULL : "gid is not a number";
}

void user_set_text(struct user *u, const char *field, struct span value, size_t max,
		   struct span *out)
{
	if (value.len > max && !u->over)
		u->over = field;
	*out = value.len > max ? SPAN("") : value;
}

static const char *set_home(struct user *u, struct span value)
{
	user_set_text(u, "home", value, USER_PATH_MAX, &u->home);
	return NULL;
}

static const char *set_maildrop(struct user *u, struct span value)
{
	user_set_text(u, "maildrop", value, USER_PATH_MAX, &u->maildrop);
	return NULL;
}

static const char *set_mail(struct user *u, struct span value)
{
	if (!span_starts(value, "maildir:"))
		return "mail is no maildir:PATH";
	struct span rest = span_after(value, strlen("maildir:"));
	struct span path;
	span_cut(&rest, ':', &path);
	user_set_text(u, "mail", path, USER_PATH_MAX, &u->maildrop);
	return NULL;
}

static const char *set_allow_nets(struct user *u, struct span value)
{
	u->allow_nets = value;
	return value.len > 0 ? NULL : "allow-nets is empty";
}

static const char *set_mechanisms(struct user *u, struct span value)
{
	u->mechanisms = value;
	return value.len > 0 ? NULL : "mechanisms is empty";
}

static const char *set_flag(struct span value, bool *out, const char *wrong)
{
	static const char *const yes[] = { "", "yes", "y", "true", "t", "1" };
	static const char *const no[] = { "no", "n", "false", "f", "0" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (span_is_nocase(value, yes[i])) {
			*out = true;
			return NULL;
		}
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		if (span_is_nocase(value, no[i])) {
			*out = false;
			return NULL;
		}
	}
	return wrong;
}

static const char *set_disabled(struct user *u, struct span value)
{
	return set_flag(value, &u->disabled, "disabled is neither yes nor no");
}

static const char *set_tls_required(struct user *u, struct span value)
{
	return set_flag(value, &u->tls_required, "tls-required is neither yes nor no");
}

static const char *set_master(struct user *u, struct span value)
{
	return set_flag(value, &u->master, "master is neither yes nor no");
}

static const char *set_read_only(struct user *u, struct span value)
{
	return set_flag(value, &u->read_only, "read-only is neither yes nor no");
}

static const char *set_no_delivery(struct user *u, struct span value)
{
	return set_flag(value, &u->no_delivery, "no-delivery is neither yes nor no");
}

static const char *set_login_delay(struct user *u, struct span value)
{
	u->has_delay = value.len > 0;
	return !u->has_delay || policy_parse_delay(value, &u->policy.login_delay)
		       ? NULL
		       : "login-delay is no time from 0 to 1d, such as 90s, 10m or 2h";
}

static const char *set_expire(struct user *u, struct span value)
{
	u->has_expire = value.len > 0;
	return !u->has_expire || policy_parse_expire(value, &u->policy)
		       ? NULL
		       : "expire is neither never nor a number of days, such as 7 or "
			 "7d, or two";
}

static const char *set_uidl_format(struct user *u, struct span value)
{
	struct uidformat format;
	const char *wrong = NULL;

	u->uidl_format = value;
	return value.len == 0 || uidformat_parse(value, &format, &wrong)
		       ? NULL
		       : "uidl-format is no format: see poplar.conf(5)";
}

static const char *set_quota(struct user *u, struct span value)
{
	u->has_quota = value.len > 0;
	return quota_parse(value, &u->quota);
}

/* ---- Dovecot's quotas ---- */

static const char *set_quota_rule(struct user *u, struct span value)
{
	u->has_quota = value.len > 0;
	return u->has_quota ? quota_parse_rule(value, &u->quota) : NULL;
}

typedef bool parse_fn(struct span value, uint64_t *out);

static bool set_limit(struct user *u, struct span value, parse_fn *parse, uint64_t *out)
{
	if (value.len == 0)
		return true;
	u->has_quota = true;
	if (!span_is_nocase(value, "unlimited"))
		return parse(value, out);
	*out = 0;
	return true;
}

static const char *set_storage_size(struct user *u, struct span value)
{
	return set_limit(u, value, quota_parse_octets, &u->quota.octets)
		       ? NULL
		       : "quota_storage_size is no size, such as 500M";
}

static const char *set_message_count(struct user *u, struct span value)
{
	return set_limit(u, value, span_u64, &u->quota.messages)
		       ? NULL
		       : "quota_message_count is not a number";
}

static const struct {
	const char *name;
	set_fn *set;
} fields[] = {
	{ "uid", set_uid },
	{ "userdb_uid", set_uid },
	{ "gid", set_gid },
	{ "userdb_gid", set_gid },
	{ "home", set_home },
	{ "userdb_home", set_home },
	{ "maildrop", set_maildrop },
	{ "mail", set_mail },
	{ "userdb_mail", set_mail },
	{ "allow-nets", set_allow_nets },
	{ "mechanisms", set_mechanisms },
	{ "disabled", set_disabled },
	{ "nologin", set_disabled },
	{ "tls-required", set_tls_required },
	{ "ssl_required", set_tls_required },
	{ "master", set_master },
	{ "read-only", set_read_only },
	{ "no-delivery", set_no_delivery },
	{ "login-delay", set_login_delay },
	{ "expire", set_expire },
	{ "uidl-format", set_uidl_format },
	{ "quota", set_quota },
	{ "quota_rule", set_quota_rule },
	{ "userdb_quota_rule", set_quota_rule },
	{ "quota_storage_size", set_storage_size },
	{ "userdb_quota_storage_size", set_storage_size },
	{ "quota_message_count", set_message_count },
	{ "userdb_quota_message_count", set_message_count },
};

/* SQL column names have '_' for '-'. */
static bool is_field(struct span name, const char *field)
{
	if (name.len != strlen(field))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] != field[i] && !(name.at[i] == '_' && field[i] == '-'))
			return false;
	return true;
}

const char *user_set_field(struct user *u, struct span name, struct span value)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (is_field(name, fields[i].name))
			return fields[i].set(u, value);
	return NULL;
}

/* "USER,SCRAM-SHA-256": is it one of them? */
static bool names(struct span list, const char *mechanism)
{
	struct span one;

	while (list.len > 0) {
		span_cut(&list, ',', &one);
		if (span_is_nocase(one, mechanism))
			return true;
	}
	return false;
}

const char *user_rule(const struct user *u, struct span peer, bool tls,
		      const char *mechanism)
{
	if (u->disabled)
		return "nologin";
	if (u->tls_required && !tls)
		return "tls-required";
	if (u->mechanisms.len > 0 && !names(u->mechanisms, mechanism))
		return "mechanisms";
	if (u->allow_nets.len > 0 && !nets_text_holds(u->allow_nets, peer))
		return "allow-nets";
	return NULL;
}

void user_release(struct user_found *found)
{
	if (found->release)
		found->release(found->owner);
	*found = (struct user_found){ 0 };
}

/* ---- copies ---- */

struct copy {
	size_t len;
	char octets[];
};

static void copy_free(void *owner)
{
	struct copy *c = owner;

	secret_wipe(c->octets, c->len);
	free(c);
}

bool user_copy(const struct user *from, struct user_found *out)
{
	enum { TEXTS = 7 };
	struct user user = *from;
	struct span *const texts[TEXTS] = { &user.name,       &user.stored,
					    &user.home,       &user.maildrop,
					    &user.allow_nets, &user.mechanisms,
					    &user.uidl_format };
	size_t len = 0;

	for (size_t i = 0; i < TEXTS; i++)
		len += texts[i]->len;
	struct copy *c = malloc(sizeof *c + len);
	if (!c)
		return false;
	c->len = 0;
	for (size_t i = 0; i < TEXTS; i++) {
		if (texts[i]->len == 0)
			continue;
		memcpy(c->octets + c->len, texts[i]->at, texts[i]->len);
		texts[i]->at = c->octets + c->len;
		c->len += texts[i]->len;
	}
	*out = (struct user_found){ user, c, copy_free };
	return true;
}
