/* config/file.c - reading poplar.conf.
 *
 * Floor 3 (config). Prefix: config_. The syntax is libconfuse's; values are read by the
 * table of settings.
 */
#include "config/file.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/own.h"
#include "sys/file.h"
#include "sys/sock.h"

enum { FILE_OCTETS_MAX = 256 * 1024 };

/* libconfuse has no place for its caller's own in what it hands to its callbacks. A
 * file is read by one thread, at start and on reload. */
static struct loading {
	const char *path;
	struct settings *out;
	config_say_fn *say;
	void *arg;
	bool wrong;
	int lines[SETTING_ID_COUNT]; /* where each was given; 0: default */
} * loading;

static void __attribute__((format(printf, 2, 3)))
complain(int line, const char *format, ...)
{
	char text[512], where[64] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (line > 0)
		snprintf(where, sizeof where, ":%d", line);
	char whole[sizeof text + sizeof where + 256];
	snprintf(whole, sizeof whole, "%.250s%s: %s", loading->path, where, text);
	loading->say(loading->arg, whole);
	loading->wrong = true;
}

static void __attribute__((format(printf, 2, 0)))
say_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof text, format, args);
	complain(cfg->line, "%s", text);
}

static enum setting_id find(const char *name)
{
	enum setting_id id = 0;

	while (id < SETTING_ID_COUNT && strcmp(settings_name(id), name) != 0)
		id++;
	return id;
}

static int refuse_value(enum setting_id id, int line, const char *value)
{
	char expected[256];

	settings_expected(id, expected, sizeof expected);
	complain(line, "%s: expected %s, found \"%.100s\"", settings_name(id), expected,
		 value);
	return -1;
}

/* Called by libconfuse for each value as it is read. A list is taken as a whole later;
 * its first value tells its line. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt)
{
	enum setting_id id = find(opt->name);
	unsigned count = cfg_opt_size(opt);

	if (id == SETTING_ID_COUNT || count == 0)
		return 0;
	if (settings_type(id) == SETTING_LIST) {
		if (count == 1 || loading->lines[id] == 0)
			loading->lines[id] = cfg->line;
		return 0;
	}
	if (loading->lines[id] > 0) {
		complain(cfg->line, "%s was given already, in line %d", opt->name,
			 loading->lines[id]);
		return -1;
	}
	loading->lines[id] = cfg->line;
	const char *value = cfg_opt_getnstr(opt, count - 1);
	if (!settings_set(loading->out, id, span_of(value)))
		return refuse_value(id, cfg->line, value);
	return 0;
}

static void take_list(cfg_t *cfg, enum setting_id id)
{
	unsigned count = cfg_size(cfg, settings_name(id));

	settings_clear_list(loading->out, id);
	for (unsigned i = 0; i < count; i++) {
		const char *value = cfg_getnstr(cfg, settings_name(id), i);

		if (!settings_set(loading->out, id, span_of(value))) {
			refuse_value(id, loading->lines[id], value);
			return;
		}
	}
}

/* Blank a comment that opens at text[i], but for its line ends. Returns its last octet.
 */
static size_t blank_comment(char *text, size_t len, size_t i, int *io_line)
{
	bool block = text[i] == '/' && text[i + 1] == '*';
	size_t end = i;

	if (block) {
		const char *close = memmem(text + i + 2, len - i - 2, "*/", 2);

		end = close ? (size_t)(close - text) + 1 : len - 1;
	} else {
		while (end + 1 < len && text[end + 1] != '\n')
			end++;
	}
	for (; i <= end; i++) {
		*io_line += text[i] == '\n';
		if (text[i] != '\n')
			text[i] = ' ';
	}
	return end;
}

/* libconfuse miscounts the lines of comments, and silently drops a '*' that stands
 * outside quotes: blank the first, refuse the second, before it sees the text. The text
 * ends with a NUL. */
static bool prepare(char *text, size_t len)
{
	int line = 1;
	char quote = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		line += c == '\n';
		if (c == '\0') {
			complain(line, "NUL octet");
			return false;
		}
		if (quote) {
			if (c == '\\' && text[i + 1] != '\n')
				i++;
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#' ||
			   (c == '/' && (text[i + 1] == '/' || text[i + 1] == '*'))) {
			i = blank_comment(text, len, i, &line);
		} else if (c == '*') {
			complain(line, "a value with * must stand in quotes");
			return false;
		}
	}
	return true;
}

/* What no single setting can know. */
static void check_addresses(const struct text_list *list, enum setting_id id)
{
	struct sock_address address[2];
	unsigned count;

	for (unsigned i = 0; i < list->count; i++)
		if (!sock_parse(span_of(list->at[i]), address, &count))
			complain(loading->lines[id],
				 "%s: expected address:port, such as *:110, "
				 "127.0.0.1:110 or "
				 "[::1]:110, found \"%.100s\"",
				 settings_name(id), list->at[i]);
}

static void check_greeting(const char *greeting)
{
	bool ok = greeting[0] != '[';

	for (const char *c = greeting; *c; c++)
		ok = ok && *c >= ' ' && *c < 0x7f && *c != '<';
	if (!ok)
		complain(loading->lines[SETTING_ID_greeting],
			 "greeting: expected printable ASCII that does not open with "
			 "'[' and has "
			 "no '<'");
}

static void check_mechanisms(const struct text_list *list)
{
	unsigned set;

	if (!settings_mechanisms(list, &set))
		complain(loading->lines[SETTING_ID_mechanisms],
			 "mechanisms: expected names of mechanisms, found \"%.100s\"",
			 list->at[set]);
}

static void check_absolute(enum setting_id id, const char *path)
{
	if (*path && *path != '/')
		complain(loading->lines[id],
			 "%s: expected a path from the root, found \"%.100s\"",
			 settings_name(id), path);
}

static void check_whole(const struct settings *s)
{
	check_addresses(&s->listen, SETTING_ID_listen);
	check_addresses(&s->listen_tls, SETTING_ID_listen_tls);
	check_greeting(s->greeting);
	check_mechanisms(&s->mechanisms);
	check_absolute(SETTING_ID_tls_certificate, s->tls_certificate);
	check_absolute(SETTING_ID_tls_key, s->tls_key);
	check_absolute(SETTING_ID_users, s->users);
	check_absolute(SETTING_ID_mail_root, s->mail_root);
	check_absolute(SETTING_ID_run_dir, s->run_dir);
	if (s->listen_tls.count > 0 && !*s->tls_certificate)
		complain(loading->lines[SETTING_ID_listen_tls],
			 "listen-tls needs tls-certificate; write listen-tls = {} to "
			 "do without TLS");
	if (s->listen.count + s->listen_tls.count == 0)
		complain(0, "listen and listen-tls are both empty");
	if (*s->tls_key && !*s->tls_certificate)
		complain(loading->lines[SETTING_ID_tls_key],
			 "tls-key without tls-certificate");
	if (strchr(s->maildir, '/') || strcmp(s->maildir, "..") == 0)
		complain(loading->lines[SETTING_ID_maildir],
			 "maildir: expected a name without '/'");
}

static void parse(char *text)
{
	cfg_opt_t opts[SETTING_ID_COUNT + 1];
	char standard[SETTING_ID_COUNT][256];

	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		struct buf b = BUF(standard[id]);

		if (settings_type(id) == SETTING_LIST)
			settings_show(loading->out, id, &b);
		buf_cstr(&b);
		opts[id] = settings_type(id) == SETTING_LIST
				   ? (cfg_opt_t)CFG_STR_LIST(settings_name(id),
							     standard[id], CFGF_NONE)
				   : (cfg_opt_t)CFG_STR(settings_name(id), NULL,
							CFGF_NODEFAULT);
	}
	opts[SETTING_ID_COUNT] = (cfg_opt_t)CFG_END();
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg) {
		complain(0, "out of memory");
		return;
	}
	cfg_set_error_function(cfg, say_error);
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++)
		cfg_set_validate_func(cfg, settings_name(id), take_value);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS && !loading->wrong)
		complain(0, "cannot be read");
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++)
		if (settings_type(id) == SETTING_LIST)
			take_list(cfg, id);
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
		complain(0, "out of memory");
		return FAULT_NOMEM;
	}
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		complain(0, "%s", strerrordesc_np(errno));
	else if (file_read_all(fd, FILE_OCTETS_MAX, &text, &len, path, &why))
		complain(0, "%s: %s", why.doing,
			 why.sys ? strerrordesc_np(why.sys) : "out of memory");
	else if (prepare(text, len))
		parse(text);
	if (!state.wrong)
		check_whole(out);
	return state.wrong ? FAULT_SETUP : FAULT_NONE;
}
