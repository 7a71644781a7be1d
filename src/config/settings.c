/* config/settings.c - the table of settings.
 *
 * Prefix: settings_.
 */
#include "config/settings.h"

#include "base/mechanism.h"

/* In the table, names of roles stand for sets of them. */
enum {
	PARENT = ROLE_BIT_PARENT,
	FRONT = ROLE_BIT_FRONT,
	AUTH = ROLE_BIT_AUTH,
	DROP = ROLE_BIT_DROP,
	LOOKUP = ROLE_BIT_LOOKUP,
	LMTP = ROLE_BIT_LMTP,
};

static const struct row table[SETTING_ID_COUNT] = {
#define X(c_name, c_type, low, high, value, for_roles, text)                           \
	[SETTING_ID_##c_name] = { .name = #c_name,                                     \
				  .type = SETTING_##c_type,                            \
				  .least = low,                                        \
				  .most = high,                                        \
				  .standard = value,                                   \
				  .roles = for_roles,                                  \
				  .help = text,                                        \
				  .at = offsetof(struct settings, c_name),             \
				  ROW_WORDS_##c_type(SETTING_CHOICES_##c_name) },
	SETTING_TABLE(X)
#undef X
};

static const struct rows rows = { table, SETTING_ID_COUNT };

struct rows settings_rows(void)
{
	return rows;
}

/* The spelling of the file is made from the C name at the first call. */
const char *settings_name(enum setting_id id)
{
	static char names[SETTING_ID_COUNT][ROW_NAME_MAX];

	if (names[id][0] == '\0')
		row_name(&table[id], names[id]);
	return names[id];
}

enum setting_type settings_type(enum setting_id id)
{
	return table[id].type;
}

const char *settings_help(enum setting_id id)
{
	return table[id].help;
}

unsigned settings_roles(enum setting_id id)
{
	return table[id].roles;
}

void settings_expected(enum setting_id id, char *out, size_t room)
{
	row_expected(&table[id], out, room);
}

bool settings_set(struct settings *s, enum setting_id id, struct span text)
{
	return row_set(&table[id], s, text);
}

void settings_clear_list(struct settings *s, enum setting_id id)
{
	row_clear_list(&table[id], s);
}

void settings_show(const struct settings *s, enum setting_id id, struct buf *out)
{
	row_show(&table[id], s, out);
}

enum fault settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	return rows_init(rows, s);
}

bool settings_mechanisms(const struct text_list *list, unsigned *out)
{
	enum mechanism m;
	unsigned set = 0;

	for (unsigned i = 0; i < list->count; i++) {
		if (!mechanism_find(span_of(list->at[i]), &m)) {
			*out = i;
			return false;
		}
		set |= 1u << m;
	}
	*out = set;
	return true;
}

void settings_done(struct settings *s)
{
	rows_done(rows, s);
	databases_done(&s->databases);
	boards_done(&s->boards);
	*s = (struct settings){ 0 };
}

void settings_pack(const struct settings *s, enum role role, struct buf *out)
{
	rows_pack(rows, s, role, out);
}

enum fault settings_unpack(struct settings *s, enum role role, struct span packed)
{
	return rows_unpack(rows, s, role, packed);
}

struct policy_site settings_policy(const struct settings *s)
{
	struct policy_site site = {
		.standard = { s->login_delay, POLICY_NEVER, POLICY_NEVER },
		.delay_most = s->login_delay_most > 0 ? s->login_delay_most
						      : s->login_delay,
	};
	struct policy least;

	if (!policy_parse_expire(span_of(s->expire), &site.standard))
		return site;
	site.expire_least = policy_parse_expire(span_of(s->expire_least), &least)
				    ? policy_expire(&least)
				    : policy_expire(&site.standard);
	return site;
}

struct tls_policy settings_tls_policy(const struct settings *s)
{
	return (struct tls_policy){
		.only_tls13 = s->tls_minimum > 0,
		.refuse_unknown = s->tls_unknown_name > 0,
		.ciphers = s->tls_ciphers,
		.ciphersuites = s->tls_ciphersuites,
		.groups = s->tls_groups,
		.protocol = "pop3",
		.verify = (enum tls_verify)s->tls_client_verify,
		.client_name = (enum tls_name)s->tls_client_name,
	};
}

enum tls_verify settings_lmtp_verify(const struct settings *s)
{
	if (s->tls_client_verify == TLS_VERIFY_NONE && s->lmtp_tls_names.count > 0)
		return TLS_VERIFY_OPTIONAL;
	return (enum tls_verify)s->tls_client_verify;
}
