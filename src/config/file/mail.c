/* config/file/mail.c - checks of the settings for mail that comes in.
 *
 * Prefix: config_.
 */
#include "config/file/mail.h"

#include <string.h>

#include "base/ascii.h"
#include "base/quota.h"
#include "sys/localsock.h"
#include "sys/sock.h"

enum { SMTP_PORT = 25, PERCENT_MAX = 100 };

/* ---- where it listens ---- */

static bool is_named_before(const struct text_list *list, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (strcmp(list->at[i], list->at[at]) == 0)
			return true;
	return false;
}

/* The log and the state file have the path on one line. */
static bool is_socket_path(const char *path)
{
	const size_t len = strlen(path);

	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return len <= LOCALSOCK_PATH_MAX && path[len - 1] != '/';
}

static void check_path(struct loading *l, unsigned i)
{
	const struct text_list *list = &l->out->listen_lmtp;
	const int line = l->lines[SETTING_ID_listen_lmtp];

	if (!is_socket_path(list->at[i]))
		config_complain(l, line,
				"listen-lmtp: expected the path of a socket, of at "
				"most %d octets, found \"%.200s\"",
				LOCALSOCK_PATH_MAX, list->at[i]);
	if (is_named_before(list, i))
		config_complain(l, line, "listen-lmtp: \"%.100s\" stands there twice",
				list->at[i]);
}

static void check_port(struct loading *l, const char *name)
{
	struct sock_address address[2];
	unsigned count;

	if (sock_parse(span_of(name), address, &count) &&
	    sock_port(&address[0]) == SMTP_PORT)
		config_complain(l, l->lines[SETTING_ID_listen_lmtp],
				"listen-lmtp: expected another port than 25, found "
				"\"%.100s\": port 25 is for SMTP, and LMTP must not be "
				"spoken there",
				name);
}

static void check_listen(struct loading *l)
{
	const struct text_list *list = &l->out->listen_lmtp;

	for (unsigned i = 0; i < list->count; i++) {
		if (*list->at[i] == '/')
			check_path(l, i);
		else
			check_port(l, list->at[i]);
	}
}

static void check_mode(struct loading *l)
{
	const char *mode = l->out->lmtp_socket_mode;

	if (strspn(mode, "01234567") != strlen(mode) ||
	    (strlen(mode) == 4 && *mode != '0'))
		config_complain(l, l->lines[SETTING_ID_lmtp_socket_mode],
				"lmtp-socket-mode: expected an octal mode from 000 to "
				"0777, found \"%.100s\"",
				mode);
}

/* ---- recipients and quota ---- */

/* A delimiter must not be an '@', which begins the domain, nor a letter or digit, of
 * which names consist. */
static void check_delimiter(struct loading *l)
{
	const char *text = l->out->recipient_delimiter;
	bool ok = true;

	for (const char *c = text; *c; c++)
		ok = ok && *c > ' ' && *c < 0x7f && !ascii_is_plain(*c, "@");
	if (!ok)
		config_complain(l, l->lines[SETTING_ID_recipient_delimiter],
				"recipient-delimiter: expected printable ASCII other "
				"than letters, digits and '@', found \"%.100s\"",
				text);
}

static void check_quota(struct loading *l)
{
	struct quota quota;
	const char *wrong = quota_parse(span_of(l->out->quota), &quota);

	if (wrong)
		config_complain(l, l->lines[SETTING_ID_quota],
				"quota: expected a size, a number of messages, or "
				"both, such as \"500M, 10000 messages\", found "
				"\"%.100s\": %s",
				l->out->quota, wrong);
}

static bool is_percent(const char *text)
{
	const size_t len = strlen(text);
	uint32_t n;

	return len > 1 && text[len - 1] == '%' &&
	       span_u32((struct span){ text, len - 1 }, &n) && n > 0 &&
	       n <= PERCENT_MAX;
}

static void check_warnings(struct loading *l)
{
	const struct text_list *list = &l->out->quota_warn;

	for (unsigned i = 0; i < list->count; i++)
		if (!is_percent(list->at[i]))
			config_complain(l, l->lines[SETTING_ID_quota_warn],
					"quota-warn: expected a percentage from 1%% to "
					"100%%, found \"%.100s\"",
					list->at[i]);
	config_check_path(l, l->lines[SETTING_ID_quota_warn_text], "quota-warn-text",
			  l->out->quota_warn_text);
}

void config_check_mail(struct loading *l)
{
	check_listen(l);
	check_mode(l);
	check_delimiter(l);
	check_quota(l);
	check_warnings(l);
}

/* ---- settings that must agree ---- */

void config_check_mail_tls(struct loading *l)
{
	const struct settings *s = l->out;

	if (s->lmtp_tls_names.count > 0 &&
	    (s->tls_certificate.count == 0 || !*s->tls_client_ca))
		config_complain(l, l->lines[SETTING_ID_lmtp_tls_names],
				"lmtp-tls-names needs tls-certificate and "
				"tls-client-ca");
}
