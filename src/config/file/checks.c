/* config/file/checks.c - checks of settings that their table cannot express.
 *
 * Prefix: config_.
 */
#include "config/file/checks.h"

#include <string.h>

#include "base/buf.h"
#include "base/mechanism.h"
#include "base/nets.h"
#include "base/policy.h"
#include "base/uidformat.h"
#include "config/file/board.h"
#include "config/file/database.h"
#include "config/file/mail.h"
#include "sys/sock.h"

/* ---- where it listens ---- */

/* The addresses of listen, listen-tls and listen-lmtp so far. */
struct named {
	struct loading *loading;
	unsigned count;
	struct one {
		struct sock_address address;
		enum setting_id id;
		const char *text;
	} at[6 * SETTING_LIST_MAX]; /* "*" is two addresses, and there are three lists
				     */
};

static bool is_any(const struct sock_address *a)
{
	const struct address host = sock_host(a);
	static const struct address any = { 0 };

	return memcmp(host.octets, any.octets, sizeof any.octets) == 0;
}

/* Do they exclude each other in bind(2)? */
static bool collide(const struct sock_address *a, const struct sock_address *b)
{
	if (a->addr.ss_family != b->addr.ss_family || sock_port(a) != sock_port(b))
		return false;
	return is_any(a) || is_any(b) ||
	       (a->len == b->len && memcmp(&a->addr, &b->addr, a->len) == 0);
}

static void add_address(struct named *n, const struct one *new)
{
	for (unsigned i = 0; i < n->count; i++) {
		const struct one *old = &n->at[i];

		if (!collide(&old->address, &new->address))
			continue;
		config_complain(n->loading, n->loading->lines[new->id],
				"%s: expected an address and port of its own, found "
				"\"%.100s\", which \"%.100s\" of %s takes already",
				settings_name(new->id), new->text, old->text,
				settings_name(old->id));
		return;
	}
	n->at[n->count++] = *new;
}

static void check_addresses(struct named *n, const struct text_list *list,
			    enum setting_id id)
{
	struct sock_address address[2];
	unsigned count;

	for (unsigned i = 0; i < list->count; i++) {
		if (id == SETTING_ID_listen_lmtp && *list->at[i] == '/')
			continue; /* a Unix socket */
		if (!sock_parse(span_of(list->at[i]), address, &count)) {
			config_complain(n->loading, n->loading->lines[id],
					"%s: expected address:port, such as *:110, "
					"127.0.0.1:110 or "
					"[::1]:110, found \"%.100s\"",
					settings_name(id), list->at[i]);
			continue;
		}
		const unsigned before = n->loading->wrong;
		for (unsigned k = 0; k < count && n->loading->wrong == before; k++)
			add_address(n, &(struct one){ address[k], id, list->at[i] });
	}
}

/* ---- values ---- */

static void check_networks(struct loading *l, const struct text_list *list,
			   enum setting_id id)
{
	struct nets nets = { 0 };

	for (unsigned i = 0; i < list->count; i++)
		if (!nets_add(&nets, span_of(list->at[i])))
			config_complain(
				l, l->lines[id],
				"%s: expected an address or network, such as "
				"192.0.2.1, 192.0.2.0/24 or 2001:db8::/32, found "
				"\"%.100s\"",
				settings_name(id), list->at[i]);
}

static void check_greeting(struct loading *l)
{
	const char *greeting = l->out->greeting;
	bool ok = greeting[0] != '[';

	for (const char *c = greeting; *c; c++)
		ok = ok && *c >= ' ' && *c < 0x7f && *c != '<';
	if (!ok)
		config_complain(
			l, l->lines[SETTING_ID_greeting],
			"greeting: expected printable ASCII that does not open with "
			"'[' and has "
			"no '<', found \"%.100s\"",
			greeting);
}

/* The domain is appended to a name after an '@'. */
static void check_domain(struct loading *l)
{
	if (strpbrk(l->out->default_domain, "@ \t:"))
		config_complain(l, l->lines[SETTING_ID_default_domain],
				"default-domain: expected a domain without '@', such "
				"as example.org, found \"%.100s\"",
				l->out->default_domain);
}

static void refuse_mechanism(struct loading *l, const char *found)
{
	char room[512];
	struct buf names = BUF(room);

	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++) {
		if (m > 0)
			buf_text(&names, m + 1 < MECHANISM_COUNT ? ", " : " or ");
		buf_text(&names, mechanism_name(m));
	}
	config_complain(l, l->lines[SETTING_ID_mechanisms],
			"mechanisms: expected %s, found \"%.100s\"", buf_cstr(&names),
			found);
}

static void check_mechanism_names(struct loading *l)
{
	const struct text_list *list = &l->out->mechanisms;
	enum mechanism m;

	for (unsigned i = 0; i < list->count; i++)
		if (!mechanism_find(span_of(list->at[i]), &m))
			refuse_mechanism(l, list->at[i]);
	if (list->count == 0)
		config_complain(l, l->lines[SETTING_ID_mechanisms],
				"mechanisms: expected at least one, found {}: nobody "
				"could log in");
}

static void check_expire(struct loading *l)
{
	const struct settings *s = l->out;
	struct policy p;

	if (!policy_parse_expire(span_of(s->expire), &p))
		config_complain(l, l->lines[SETTING_ID_expire],
				"expire: expected never, days, or days,days, found "
				"\"%.100s\"",
				s->expire);
	if (*s->expire_least && (strchr(s->expire_least, ',') ||
				 !policy_parse_expire(span_of(s->expire_least), &p)))
		config_complain(l, l->lines[SETTING_ID_expire_least],
				"expire-least: expected never or days, found "
				"\"%.100s\"",
				s->expire_least);
}

static void check_uidl_format(struct loading *l)
{
	struct uidformat format;
	const char *wrong;

	if (!uidformat_parse(span_of(l->out->uidl_format), &format, &wrong))
		config_complain(l, l->lines[SETTING_ID_uidl_format],
				"uidl-format: \"%.100s\": %s", l->out->uidl_format,
				wrong);
}

static void check_absolute(struct loading *l, enum setting_id id, const char *path)
{
	if (*path && *path != '/')
		config_complain(l, l->lines[id],
				"%s: expected a path from the root, found \"%.100s\"",
				settings_name(id), path);
}

/* A name, or the pattern of a path (auth/place.h). */
static void check_maildir(struct loading *l, const char *maildir)
{
	const int line = l->lines[SETTING_ID_maildir];
	bool ok = true;

	if (*maildir != '/') {
		if (strchr(maildir, '/') || strcmp(maildir, "..") == 0)
			config_complain(
				l, line,
				"maildir: expected a name without '/', or a path "
				"from the root, found \"%.100s\"",
				maildir);
		return;
	}
	for (const char *c = maildir; ok && (c = strchr(c, '%')); c += 2)
		ok = c[1] && strchr("und%", c[1]);
	if (!ok || strstr(maildir, "/../"))
		config_complain(
			l, line,
			"maildir: expected a path without \"..\", in which %%u, "
			"%%n, %%d and %%%% stand for parts of the name, found "
			"\"%.100s\"",
			maildir);
}

static void check_paths(struct loading *l)
{
	const struct settings *s = l->out;

	check_absolute(l, SETTING_ID_tls_client_ca, s->tls_client_ca);
	check_absolute(l, SETTING_ID_tls_client_crl, s->tls_client_crl);
	check_absolute(l, SETTING_ID_users, s->users);
	check_absolute(l, SETTING_ID_gssapi_keytab, s->gssapi_keytab);
	check_absolute(l, SETTING_ID_mail_root, s->mail_root);
	check_absolute(l, SETTING_ID_run_dir, s->run_dir);
	check_maildir(l, s->maildir);
}

static void check_tls_files(struct loading *l)
{
	static const enum setting_id lists[] = { SETTING_ID_tls_certificate,
						 SETTING_ID_tls_key,
						 SETTING_ID_tls_ocsp };
	const struct settings *s = l->out;
	const struct text_list *const values[] = { &s->tls_certificate, &s->tls_key,
						   &s->tls_ocsp };

	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < values[k]->count; i++)
			check_absolute(l, lists[k], values[k]->at[i]);
		if (values[k]->count > s->tls_certificate.count)
			config_complain(l, l->lines[lists[k]],
					"%s without tls-certificate: there are more of "
					"these than of those",
					settings_name(lists[k]));
	}
	for (unsigned i = 0; i < s->tls_certificate.count; i++)
		if (!*s->tls_certificate.at[i])
			config_complain(l, l->lines[SETTING_ID_tls_certificate],
					"tls-certificate: expected a path, found \"\"");
}

/* ---- values that must agree ---- */

static void check_mechanisms(struct loading *l)
{
	const struct settings *s = l->out;
	const int line = l->lines[SETTING_ID_mechanisms];
	unsigned set;

	if (!settings_mechanisms(&s->mechanisms, &set))
		return; /* reported already */
	if ((set & MECHANISM_BIT(EXTERNAL)) && s->tls_client_verify == 0)
		config_complain(l, line,
				"mechanisms: EXTERNAL needs tls-client-verify");
	if ((set & MECHANISM_BIT(GSSAPI)) && !*s->gssapi_keytab)
		config_complain(l, line, "mechanisms: GSSAPI needs gssapi-keytab");
	if ((set & MECHANISM_BIT(ANONYMOUS)) && !*s->anonymous_user)
		config_complain(l, line, "mechanisms: ANONYMOUS needs anonymous-user");
	if (!(set & MECHANISM_BIT(ANONYMOUS)) && *s->anonymous_user)
		config_complain(l, l->lines[SETTING_ID_anonymous_user],
				"anonymous-user needs ANONYMOUS in mechanisms");
}

/* Otherwise CAPA would announce what does not hold. */
static void check_policy(struct loading *l)
{
	const struct settings *s = l->out;
	struct policy p, least;

	if (*s->expire_least && policy_parse_expire(span_of(s->expire), &p) &&
	    policy_parse_expire(span_of(s->expire_least), &least) &&
	    policy_expire(&least) > policy_expire(&p))
		config_complain(l, l->lines[SETTING_ID_expire_least],
				"expire-least is more than expire");
	if (s->login_delay_most > 0 && s->login_delay_most < s->login_delay)
		config_complain(l, l->lines[SETTING_ID_login_delay_most],
				"login-delay-most is less than login-delay");
}

static void check_tls(struct loading *l)
{
	const struct settings *s = l->out;

	if (s->tls_client_verify > 0 && !*s->tls_client_ca)
		config_complain(l, l->lines[SETTING_ID_tls_client_verify],
				"tls-client-verify needs tls-client-ca");
	if (s->listen_tls.count > 0 && s->tls_certificate.count == 0)
		config_complain(
			l, l->lines[SETTING_ID_listen_tls],
			"listen-tls needs tls-certificate; write listen-tls = {} to "
			"do without TLS");
}

void config_check(struct loading *l)
{
	const struct settings *s = l->out;
	struct named named = { .loading = l };
	const unsigned before = l->wrong;

	check_addresses(&named, &s->listen, SETTING_ID_listen);
	check_addresses(&named, &s->listen_tls, SETTING_ID_listen_tls);
	check_addresses(&named, &s->listen_lmtp, SETTING_ID_listen_lmtp);
	config_check_mail(l);
	check_networks(l, &s->lmtp_from, SETTING_ID_lmtp_from);
	check_networks(l, &s->proxy_from, SETTING_ID_proxy_from);
	check_networks(l, &s->trusted_networks, SETTING_ID_trusted_networks);
	check_greeting(l);
	check_domain(l);
	check_mechanism_names(l);
	check_expire(l);
	check_uidl_format(l);
	check_paths(l);
	if (!rows_fit(settings_rows(), s))
		config_complain(l, 0,
				"the settings are longer than a process can be told, "
				"which is %d octets",
				ROWS_PACKED_MAX);
	if (before == 0) {
		check_tls_files(l);
		check_mechanisms(l);
		check_policy(l);
		check_tls(l);
		config_check_mail_tls(l);
		config_check_databases(l);
		config_check_boards(l);
		if (s->listen.count + s->listen_tls.count == 0)
			config_complain(l, 0, "listen and listen-tls are both empty");
	}
}
