/* config/file.c - reading poplar.conf.
 *
 * Floor 3 (config). Prefix: config_. The syntax is libconfuse's; values are read by the
 * table of settings.
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mechanism.h"
#include "base/nets.h"
#include "base/own.h"
#include "base/policy.h"
#include "config/loading.h"
#include "sys/file.h"
#include "sys/sock.h"

enum { FILE_OCTETS_MAX = 256 * 1024 };

/* libconfuse has no place for its caller's own in what it hands to its callbacks. A
 * file is read by one thread, at start and on reload. */
static struct loading *loading;

void config_complain(struct loading *l, int line, const char *format, ...)
{
	char text[512], where[64] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (line > 0)
		snprintf(where, sizeof where, ":%d", line);
	char whole[sizeof text + sizeof where + 256];
	snprintf(whole, sizeof whole, "%.250s%s: %s", l->path, where, text);
	l->say(l->arg, whole);
	l->wrong = true;
}

static void __attribute__((format(printf, 2, 0)))
say_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof text, format, args);
	config_complain(loading, cfg->line, "%s", text);
}

void config_refuse(struct loading *l, const struct row *row, int line,
		   const char *value)
{
	char expected[256], name[ROW_NAME_MAX];

	row_expected(row, expected, sizeof expected);
	row_name(row, name);
	config_complain(l, line, "%s: expected %s, found \"%.100s\"", name, expected,
			value);
}

static const struct config_section *section_of(const char *name)
{
	const struct config_section *s = config_sections;

	while (s < config_sections + CONFIG_SECTIONS && strcmp(name, s->name) != 0)
		s++;
	return s;
}

/* Called by libconfuse for each value as it is read. A list, and what stands in a
 * section, is taken as a whole later; its first value tells its line. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt)
{
	bool section = cfg_title(cfg) != NULL;
	struct rows rows = section ? section_of(cfg_name(cfg))->rows()
				   : settings_rows();
	const struct row *row = rows_find(rows, span_of(opt->name));
	unsigned count = cfg_opt_size(opt);

	if (!row || count == 0)
		return 0;
	int *line = (section ? loading->in_section : loading->lines) + (row - rows.at);
	if (row->type == SETTING_LIST) {
		if (count == 1 || *line == 0)
			*line = cfg->line;
		return 0;
	}
	if (*line > 0) {
		config_complain(loading, cfg->line, "%s was given already, in line %d",
				opt->name, *line);
		return -1;
	}
	*line = cfg->line;
	const char *value = cfg_opt_getnstr(opt, count - 1);
	if (!section && !row_set(row, loading->out, span_of(value))) {
		config_refuse(loading, row, cfg->line, value);
		return -1;
	}
	return 0;
}

static int take_section(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	section_of(cfg_opt_name(opt))
		->take(loading, cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
	memset(loading->in_section, 0, sizeof loading->in_section);
	return loading->wrong ? -1 : 0;
}

void config_take_list(struct loading *l, cfg_t *cfg, const struct row *row,
		      void *values, int line)
{
	char name[ROW_NAME_MAX];

	row_name(row, name);
	row_clear_list(row, values);
	if (cfg_size(cfg, name) == 1 && !*cfg_getnstr(cfg, name, 0))
		return; /* one empty text is no list */
	for (unsigned i = 0; i < cfg_size(cfg, name); i++) {
		const char *value = cfg_getnstr(cfg, name, i);

		if (!row_set(row, values, span_of(value))) {
			config_refuse(l, row, line, value);
			return;
		}
	}
}

/* What no single setting can know. */
static void check_addresses(const struct text_list *list, enum setting_id id)
{
	struct sock_address address[2];
	unsigned count;

	for (unsigned i = 0; i < list->count; i++)
		if (!sock_parse(span_of(list->at[i]), address, &count))
			config_complain(loading, loading->lines[id],
					"%s: expected address:port, such as *:110, "
					"127.0.0.1:110 or "
					"[::1]:110, found \"%.100s\"",
					settings_name(id), list->at[i]);
}

static void check_networks(const struct text_list *list, enum setting_id id)
{
	struct nets nets = { 0 };

	for (unsigned i = 0; i < list->count; i++)
		if (!nets_add(&nets, span_of(list->at[i])))
			config_complain(
				loading, loading->lines[id],
				"%s: expected an address or network, such as "
				"192.0.2.1, 192.0.2.0/24 or 2001:db8::/32, found "
				"\"%.100s\"",
				settings_name(id), list->at[i]);
}

static void check_greeting(const char *greeting)
{
	bool ok = greeting[0] != '[';

	for (const char *c = greeting; *c; c++)
		ok = ok && *c >= ' ' && *c < 0x7f && *c != '<';
	if (!ok)
		config_complain(
			loading, loading->lines[SETTING_ID_greeting],
			"greeting: expected printable ASCII that does not open with "
			"'[' and has "
			"no '<'");
}

static void check_mechanisms(const struct settings *s)
{
	const int line = loading->lines[SETTING_ID_mechanisms];
	unsigned set;

	if (!settings_mechanisms(&s->mechanisms, &set)) {
		config_complain(
			loading, line,
			"mechanisms: expected names of mechanisms, found \"%.100s\"",
			s->mechanisms.at[set]);
		return;
	}
	if ((set & MECHANISM_BIT(EXTERNAL)) && s->tls_client_verify == 0)
		config_complain(loading, line,
				"mechanisms: EXTERNAL needs tls-client-verify");
	if ((set & MECHANISM_BIT(GSSAPI)) && !*s->gssapi_keytab)
		config_complain(loading, line,
				"mechanisms: GSSAPI needs gssapi-keytab");
	if ((set & MECHANISM_BIT(ANONYMOUS)) && !*s->anonymous_user)
		config_complain(loading, line,
				"mechanisms: ANONYMOUS needs anonymous-user");
	if (!(set & MECHANISM_BIT(ANONYMOUS)) && *s->anonymous_user)
		config_complain(loading, loading->lines[SETTING_ID_anonymous_user],
				"anonymous-user needs ANONYMOUS in mechanisms");
}

/* The values must agree, or CAPA would tell what is not so. */
static void check_policy(const struct settings *s)
{
	struct policy p, least;

	if (!policy_take_expire(span_of(s->expire), &p)) {
		config_complain(loading, loading->lines[SETTING_ID_expire],
				"expire: expected never, days, or days,days, found "
				"\"%.100s\"",
				s->expire);
		return;
	}
	if (*s->expire_least && (strchr(s->expire_least, ',') ||
				 !policy_take_expire(span_of(s->expire_least), &least)))
		config_complain(loading, loading->lines[SETTING_ID_expire_least],
				"expire-least: expected never or days, found "
				"\"%.100s\"",
				s->expire_least);
	else if (*s->expire_least && policy_expire(&least) > policy_expire(&p))
		config_complain(loading, loading->lines[SETTING_ID_expire_least],
				"expire-least is more than expire");
	if (s->login_delay_most > 0 && s->login_delay_most < s->login_delay)
		config_complain(loading, loading->lines[SETTING_ID_login_delay_most],
				"login-delay-most is less than login-delay");
}

static void check_absolute(enum setting_id id, const char *path)
{
	if (*path && *path != '/')
		config_complain(loading, loading->lines[id],
				"%s: expected a path from the root, found \"%.100s\"",
				settings_name(id), path);
}

static void check_tls(const struct settings *s)
{
	static const enum setting_id lists[] = { SETTING_ID_tls_certificate,
						 SETTING_ID_tls_key,
						 SETTING_ID_tls_ocsp };
	const struct text_list *const values[] = { &s->tls_certificate, &s->tls_key,
						   &s->tls_ocsp };

	for (unsigned l = 0; l < 3; l++) {
		for (unsigned i = 0; i < values[l]->count; i++)
			check_absolute(lists[l], values[l]->at[i]);
		if (values[l]->count > s->tls_certificate.count)
			config_complain(
				loading, loading->lines[lists[l]],
				"%s without tls-certificate: there are more of these "
				"than of those",
				settings_name(lists[l]));
	}
	for (unsigned i = 0; i < s->tls_certificate.count; i++)
		if (!*s->tls_certificate.at[i])
			config_complain(loading,
					loading->lines[SETTING_ID_tls_certificate],
					"tls-certificate: expected a path, found \"\"");
	check_absolute(SETTING_ID_tls_client_ca, s->tls_client_ca);
	check_absolute(SETTING_ID_tls_client_crl, s->tls_client_crl);
	if (s->tls_client_verify > 0 && !*s->tls_client_ca)
		config_complain(loading, loading->lines[SETTING_ID_tls_client_verify],
				"tls-client-verify needs tls-client-ca");
	if (s->listen_tls.count > 0 && s->tls_certificate.count == 0)
		config_complain(
			loading, loading->lines[SETTING_ID_listen_tls],
			"listen-tls needs tls-certificate; write listen-tls = {} to "
			"do without TLS");
}

static void check_whole(const struct settings *s)
{
	check_addresses(&s->listen, SETTING_ID_listen);
	check_addresses(&s->listen_tls, SETTING_ID_listen_tls);
	check_networks(&s->proxy_from, SETTING_ID_proxy_from);
	check_networks(&s->trusted_networks, SETTING_ID_trusted_networks);
	check_greeting(s->greeting);
	check_mechanisms(s);
	check_policy(s);
	check_tls(s);
	check_absolute(SETTING_ID_users, s->users);
	check_absolute(SETTING_ID_gssapi_keytab, s->gssapi_keytab);
	check_absolute(SETTING_ID_mail_root, s->mail_root);
	check_absolute(SETTING_ID_run_dir, s->run_dir);
	if (s->listen.count + s->listen_tls.count == 0)
		config_complain(loading, 0, "listen and listen-tls are both empty");
	config_check_databases(loading);
	config_check_boards(loading);
	if (strchr(s->maildir, '/') || strcmp(s->maildir, "..") == 0)
		config_complain(loading, loading->lines[SETTING_ID_maildir],
				"maildir: expected a name without '/'");
}

/* What libconfuse is to know of a table. */
struct options {
	char names[CONFIG_ROWS_MAX][ROW_NAME_MAX];
	char standard[CONFIG_ROWS_MAX][256]; /* the defaults of lists */
	cfg_opt_t at[CONFIG_ROWS_MAX + CONFIG_SECTIONS + 1];
};

static void set_options(struct options *o, struct rows rows)
{
	for (unsigned i = 0; i < rows.count; i++) {
		struct buf b = BUF(o->standard[i]);

		row_name(&rows.at[i], o->names[i]);
		row_show_default(&rows.at[i], &b);
		buf_cstr(&b);
		o->at[i] =
			rows.at[i].type == SETTING_LIST
				? (cfg_opt_t)CFG_STR_LIST(o->names[i], o->standard[i],
							  CFGF_NONE)
				: (cfg_opt_t)CFG_STR(o->names[i], NULL, CFGF_NODEFAULT);
	}
	o->at[rows.count] = (cfg_opt_t)CFG_END();
}

/* Sections that may stand in the file, behind the settings. */
static void add_sections(struct options *whole)
{
	static struct options sections[CONFIG_SECTIONS];

	for (unsigned i = 0; i < CONFIG_SECTIONS; i++) {
		set_options(&sections[i], config_sections[i].rows());
		whole->at[SETTING_ID_COUNT + i] = (cfg_opt_t)CFG_SEC(
			config_sections[i].name, sections[i].at,
			CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	}
	whole->at[SETTING_ID_COUNT + CONFIG_SECTIONS] = (cfg_opt_t)CFG_END();
}

static void watch_section(cfg_t *cfg, const struct config_section *section)
{
	const struct rows rows = section->rows();
	char name[ROW_NAME_MAX], path[ROW_NAME_MAX + 16];

	for (unsigned i = 0; i < rows.count; i++) {
		row_name(&rows.at[i], name);
		snprintf(path, sizeof path, "%s|%s", section->name, name);
		cfg_set_validate_func(cfg, path, take_value);
	}
	cfg_set_validate_func(cfg, section->name, take_section);
}

static void parse(char *text)
{
	static struct options whole;

	set_options(&whole, settings_rows());
	add_sections(&whole);
	cfg_t *cfg = cfg_init(whole.at, CFGF_NONE);
	if (!cfg) {
		config_complain(loading, 0, "out of memory");
		return;
	}
	cfg_set_error_function(cfg, say_error);
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++)
		cfg_set_validate_func(cfg, settings_name(id), take_value);
	for (unsigned i = 0; i < CONFIG_SECTIONS; i++)
		watch_section(cfg, &config_sections[i]);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS && !loading->wrong)
		config_complain(loading, 0, "cannot be read");
	for (unsigned i = 0; i < SETTING_ID_COUNT; i++)
		if (settings_type(i) == SETTING_LIST)
			config_take_list(loading, cfg, &settings_rows().at[i],
					 loading->out, loading->lines[i]);
	cfg_free(cfg);
}

enum fault config_load(const char *path, struct settings *out, config_say_fn *say,
		       void *arg)
{
	struct loading state = { .path = path, .out = out, .say = say, .arg = arg };
	struct why why = { 0 };
	OWN_TEXT text = NULL;
	size_t len;

	loading = &state;
	if (settings_init(out) != FAULT_NONE) {
		config_complain(&state, 0, "out of memory");
		return FAULT_NOMEM;
	}
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		config_complain(&state, 0, "%s", strerrordesc_np(errno));
	else if (file_read_all(fd, FILE_OCTETS_MAX, &text, &len, path, &why))
		config_complain(&state, 0, "%s: %s", why.doing,
				why.sys ? strerrordesc_np(why.sys) : "out of memory");
	else if (config_prepare(&state, text, len))
		parse(text);
	if (!state.wrong)
		check_whole(out);
	return state.wrong ? FAULT_SETUP : FAULT_NONE;
}
