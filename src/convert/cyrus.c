/* convert/cyrus.c - turns a configuration of Cyrus into one of Poplar.
 *
 * Prefix: cyrus_.
 */
#include "convert/cyrus.h"

#include "convert/assignfile.h"
#include "convert/cyrusfile.h"
#include "convert/notes.h"
#include "convert/value.h"

/* clang-format off */
static const struct notes_row rows[] = {
	{ "defaultdomain", NOTES_TEXT, "default-domain" },
	{ "tls_ciphers", NOTES_TEXT, "tls-ciphers" },
	{ "popuseacl", NOTES_IF_ON, "Poplar has no lists of rights." },
	{ "popsubfolders", NOTES_IF_ON, "POP3 has the INBOX only." },
	{ "popuseimapflags", NOTES_RULE, NULL }, { "popminpoll", NOTES_RULE, NULL }, { "poptimeout", NOTES_RULE, NULL },
	{ "popexpiretime", NOTES_IF_ON, "Poplar removes old messages by the setting expire." },
	{ "allowanonymouslogin", NOTES_IF_ON, "Poplar lets everybody in by the mechanism ANONYMOUS: see anonymous-user." },
	{ "sasl_pwcheck_method", NOTES_RULE, NULL },
	{ "sasl_auxprop_plugin", NOTES_NONE, "Poplar does not read databases of Cyrus SASL: write the users into a users file, or add a database." },
	{ "sasl_sql_*", NOTES_NONE, "Write a database with the driver postgresql or sqlite, and its query-find." },
	{ "sasl_ldapdb_*", NOTES_NONE, "Write a database with the driver ldap." },
	{ "sasl_*", NOTES_NEEDLESS, "Poplar does not use Cyrus SASL." },
	{ "ldap_*", NOTES_NEEDLESS, "This is for groups of IMAP." },
	{ "partition-*", NOTES_NONE, "The mail is in Cyrus' own spool, and Poplar serves Maildirs: import the mail." },
	{ "virtdomains", NOTES_IF_ON, "In Poplar, a user name is one word, with or without a domain: see default-domain and recipient-domains." },
	{ "loginrealms", NOTES_IF_ON, "In Poplar, the databases say which names there are." },
	{ "altnamespace", NOTES_NEEDLESS, "This is for IMAP." },
	{ "unixhierarchysep", NOTES_IF_ON, "In Poplar, a name with dots is any other name." },
	{ "autocreate_quota", NOTES_RULE, NULL }, { "lmtp_downcase_rcpt", NOTES_NEEDLESS, "See fold-names." }, { "username_tolower", NOTES_RULE, NULL },
	{ "quotawarn", NOTES_NONE, "Poplar warns by mail: see quota-warn." },
	{ "tls_require_cert", NOTES_RULE, NULL }, { "tls_client_ca_file", NOTES_RULE, NULL },
	{ "tls_versions", NOTES_NONE, "Poplar speaks TLS 1.2 and 1.3: see tls-minimum." },
	{ "tls_*", NOTES_NEEDLESS, "Poplar needs no such setting for TLS." },
	{ "imap_*", NOTES_NEEDLESS, "This is for IMAP." }, { "imap*", NOTES_NEEDLESS, "This is for IMAP." },
	{ "sieve*", NOTES_NEEDLESS, "Poplar runs no Sieve scripts: mail is delivered as it comes." },
	{ "http*", NOTES_NEEDLESS, "This is for HTTP." }, { "nntp*", NOTES_NEEDLESS, "This is for NNTP." },
	{ "news*", NOTES_NEEDLESS, "This is for NNTP." }, { "caldav*", NOTES_NEEDLESS, "This is for HTTP." }, { "carddav*", NOTES_NEEDLESS, "This is for HTTP." },
	{ "lmtp_*", NOTES_NEEDLESS, "Poplar's LMTP needs no such setting." }, { "lmtpsocket", NOTES_NEEDLESS, "cyrus.conf names the socket." },
	{ "autocreate*", NOTES_NEEDLESS, "Poplar makes the Maildir at the first delivery or login; see create-home." },
	{ "mupdate_*", NOTES_IF_ON, "Poplar has no murder." }, { "proxy*", NOTES_NEEDLESS, "Poplar is no proxy." },
	{ "admins", NOTES_NEEDLESS, "Poplar's administrator is root." }, { "*_admins", NOTES_NEEDLESS, "Poplar's administrator is root." },
	{ "configdirectory", NOTES_NEEDLESS, "Poplar has no such folder." }, { "defaultpartition", NOTES_NEEDLESS, "Poplar has one mail-root." },
	{ "proc_path", NOTES_NEEDLESS, "Poplar's state is in run-dir." }, { "mboxname_lockpath", NOTES_NEEDLESS, "Poplar has no such locks." },
	{ "umask", NOTES_NEEDLESS, "Poplar makes files that only their owner can read." }, { "hashimapspool", NOTES_NEEDLESS, "Poplar serves Maildirs." },
	{ "fulldirhash", NOTES_NEEDLESS, "Poplar serves Maildirs." }, { "idle*", NOTES_NEEDLESS, "This is for IMAP." },
	{ "notify*", NOTES_NEEDLESS, "This is for IMAP." }, { "syslog_prefix", NOTES_NEEDLESS, "The log has the names of Poplar's programs." },
	{ "servername", NOTES_NEEDLESS, "See the setting greeting." }, { "reject8bit", NOTES_IF_ON, "Poplar takes mail with any octets." },
	{ "munge8bit", NOTES_IF_ON, "Poplar stores mail as it comes." }, { "duplicatesuppression", NOTES_IF_ON, "Poplar delivers each message that it takes." },
	{ "*_db", NOTES_NEEDLESS, "Poplar has no such database." }, { "expunge_mode", NOTES_IF_ON, "Poplar removes messages at QUIT." },
	{ "delete_mode", NOTES_NEEDLESS, "POP3 has the INBOX only." }, { "search*", NOTES_NEEDLESS, "This is for IMAP." },
	{ "conversations*", NOTES_NEEDLESS, "This is for IMAP." }, { "debug_command", NOTES_NEEDLESS, "See poplard(8)." },
	{ "sendmail", NOTES_NEEDLESS, "Poplar sends no mail." }, { "mailnotifier", NOTES_NEEDLESS, "Poplar notifies nobody." },
	{ "postmaster", NOTES_NEEDLESS, "Poplar sends no bounces." }, { "sync_*", NOTES_NEEDLESS, "Poplar does not replicate mail." },
	{ "@include", NOTES_NONE, "This file is not read: convert it by hand." },
	{ "*", NOTES_NONE, "Poplar knows no such setting of Cyrus: is it misspelt?" },
};
/* clang-format on */

/* A setting; those of POP3 alone have "pop3_" in front, and precedence. */
static const struct source_item *take(struct source *s, unsigned section,
				      const char *name)
{
	char room[64];
	struct buf b = BUF(room);

	buf_text(&b, "pop3_");
	buf_text(&b, name);
	const struct source_item *special = notes_take(s, section, buf_cstr(&b));
	const struct source_item *general = notes_take(s, section, name);
	return special ? special : general;
}

static bool is_on(const struct source_item *item, bool otherwise)
{
	bool value;

	return item && value_bool(item->value, &value) ? value : otherwise;
}

static void set_bool(struct result *r, const char *setting,
		     const struct source_item *item, bool value, const char *standard)
{
	result_word(r, RESULT_NO_DATABASE, setting, value ? SPAN("yes") : SPAN("no"),
		    item ? result_origin(r, item) : span_of(standard));
}

/* ---- cyrus.conf ---- */

/* The port of a service; other names of /etc/services are not known here. */
static struct span port_of(struct span name)
{
	uint32_t n;

	if (span_is(name, "pop3"))
		return SPAN("110");
	if (span_is(name, "pop3s"))
		return SPAN("995");
	return span_u32(name, &n) ? name : SPAN("");
}

/* "pop3", "localhost:lmtp", "[::1]:110", "/run/socket" */
static void add_listener(struct result *r, const char *setting,
			 const struct source_item *item)
{
	struct span host = item->value, port = host;
	char room[256];
	struct buf b = BUF(room);
	size_t colon = host.len;

	while (colon > 0 && host.at[colon - 1] != ':')
		colon--;
	if (colon > 0)
		port = span_after(host, colon);
	host.len = colon > 0 ? colon - 1 : 0;
	if (span_is(host, "localhost"))
		host = SPAN("127.0.0.1");
	if (item->value.at[0] == '/') {
		buf_put(&b, item->value);
	} else if (port_of(port).len > 0) {
		buf_put(&b, host.len > 0 ? host : SPAN("*"));
		buf_char(&b, ':');
		buf_put(&b, port_of(port));
	}
	if (b.len > 0)
		result_list(r, RESULT_NO_DATABASE, setting, buf_span(&b),
			    result_origin(r, item));
	else
		result_about(r, RESULT_NONE, item,
			     "Poplar needs the number of this port.");
}

static void convert_service(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *command = notes_take(s, section, "cmd");
	const struct source_item *address = NULL, *most = NULL;
	struct span rest = command ? command->value : SPAN(""), word, name = SPAN("");
	bool is_tls = false;

	while (value_word(&rest, &word)) {
		if (name.len == 0)
			for (name = word; memchr(name.at, '/', name.len);)
				name = span_after(name, 1);
		is_tls |= span_is(word, "-s");
	}
	if (span_is(name, "pop3d") || span_is(name, "lmtpd"))
		address = notes_take(s, section, "listen");
	if (span_is(name, "pop3d") && address) {
		add_listener(r, is_tls ? "listen-tls" : "listen", address);
		most = notes_take(s, section, "maxchild");
	} else if (address) {
		add_listener(r, "listen-lmtp", address);
	} else if (span_is(name, "pop3proxyd")) {
		result_about(r, RESULT_NONE, command, "Poplar is no proxy.");
	}
	if (most)
		result_count(r, RESULT_NO_DATABASE, "max-connections", most->value,
			     most);
}

/* prefork and the like; whole entries for other services and for events. */
static void note_entry(struct source *s, struct result *r, unsigned section)
{
	const struct source_item self = { .section = section,
					  .place = s->sections[section].place };
	bool taken = false, left = false;

	for (unsigned i = 0; i < s->count; i++) {
		if (s->items[i].section != section)
			continue;
		taken |= s->items[i].used && !span_is(s->items[i].name, "cmd");
		left |= !s->items[i].used;
		s->items[i].used = true;
	}
	if (left || !taken)
		result_about(r, RESULT_NEEDLESS, &self,
			     taken ? "Poplar starts processes in its own way."
				   : "Poplar needs no such service or event.");
}

static void convert_services(struct source *s, struct result *r)
{
	for (unsigned i = 1; i < s->section_count; i++) {
		if (span_is(s->sections[i].type, "file"))
			continue;
		if (span_is(s->sections[i].type, "SERVICES"))
			convert_service(s, r, i);
		note_entry(s, r, i);
	}
	if (!result_has(r, RESULT_NO_DATABASE, "listen"))
		result_empty(r, RESULT_NO_DATABASE, "listen",
			     SPAN("cyrus.conf has no pop3d without -s"));
}

/* ---- imapd.conf ---- */

static void convert_tls(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *cert = take(s, section, "tls_server_cert");
	const struct source_item *key = take(s, section, "tls_server_key");
	const struct source_item *ca = take(s, section, "tls_client_ca_file");
	const struct source_item *must = take(s, section, "tls_require_cert");

	if (cert)
		result_list(r, RESULT_NO_DATABASE, "tls-certificate", cert->value,
			    result_origin(r, cert));
	if (cert && key)
		result_list(r, RESULT_NO_DATABASE, "tls-key", key->value,
			    result_origin(r, key));
	if (!cert && result_has(r, RESULT_NO_DATABASE, "listen-tls"))
		result_note(
			r, RESULT_NONE, NULL, SPAN("tls_server_cert"),
			SPAN("There is no certificate, so the result is without TLS."));
	if (!cert || !result_has(r, RESULT_NO_DATABASE, "listen-tls"))
		result_empty(r, RESULT_NO_DATABASE, "listen-tls",
			     cert ? SPAN("cyrus.conf has no pop3d -s")
				  : SPAN("there is no certificate"));
	if (!ca || !cert)
		return;
	result_text(r, RESULT_NO_DATABASE, "tls-client-ca", ca->value,
		    result_origin(r, ca));
	if (is_on(must, false))
		result_word(r, RESULT_NO_DATABASE, "tls-client-verify",
			    SPAN("required"), result_origin(r, must));
}

static void convert_minutes(struct source *s, struct result *r, unsigned section,
			    const char *theirs, const char *ours, uint64_t least_ms)
{
	const struct source_item *item = take(s, section, theirs);
	uint64_t ms;

	if (!item)
		return;
	if (!value_time(item->value, 60000, &ms))
		result_about(r, RESULT_NONE, item, "The value is no time.");
	else if (ms > 0)
		result_number(r, RESULT_NO_DATABASE, ours,
			      (ms > least_ms ? ms : least_ms) / 1000, "s",
			      result_origin(r, item));
}

static void convert_mechanisms(struct source *s, struct result *r, unsigned section)
{
	static const char *const known[] = { "PLAIN",       "LOGIN",
					     "CRAM-MD5",    "DIGEST-MD5",
					     "SCRAM-SHA-1", "SCRAM-SHA-256" };
	const struct source_item *item = notes_take(s, section, "sasl_mech_list");
	const struct source_item *apop = notes_take(s, section, "allowapop");
	struct span rest = item ? item->value : SPAN("PLAIN LOGIN"), word;

	result_list(r, RESULT_NO_DATABASE, "mechanisms", SPAN("USER"),
		    SPAN("Cyrus always has USER and PASS"));
	while (value_word(&rest, &word)) {
		bool found = false;

		for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
			found |= span_is_nocase(word, known[i]);
		if (found)
			result_list(r, RESULT_NO_DATABASE, "mechanisms", word,
				    item ? result_origin(r, item)
					 : SPAN("Cyrus' default sasl_mech_list"));
		else
			result_say(r, RESULT_NONE, item,
				   "Poplar does not convert the "
				   "mechanism ",
				   word, ".");
	}
	if (is_on(apop, false))
		result_list(r, RESULT_NO_DATABASE, "mechanisms", SPAN("APOP"),
			    result_origin(r, apop));
}

static void convert_users(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *method =
		notes_take(s, section, "sasl_pwcheck_method");
	const struct source_item *lower = take(s, section, "username_tolower");

	set_bool(r, "fold-names", lower, is_on(lower, true),
		 "Cyrus' default username_tolower: yes");
	if (method && span_starts(method->value, "saslauthd")) {
		const int db =
			result_add_database(r, "pam", "pam", result_origin(r, method));

		result_text(r, db, "service", SPAN("pop"), result_origin(r, method));
		result_about(
			r, RESULT_DIFFERS, method,
			"The result asks PAM, as saslauthd does unless it runs with "
			"another mechanism than -a pam.");
	} else {
		result_note(r, RESULT_NONE, method, SPAN("sasl_pwcheck_method"),
			    SPAN("Poplar does not read databases of Cyrus SASL: write "
				 "the users "
				 "into a users file, or add a database."));
	}
}

static void convert_quota(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *item = notes_take(s, section, "autocreate_quota");
	char room[32];
	struct buf b = BUF(room);
	uint32_t n;

	if (!item || !span_u32(item->value, &n) || n == 0)
		return;
	buf_u64(&b, n);
	buf_char(&b, 'k');
	result_text(r, RESULT_NO_DATABASE, "quota", buf_span(&b),
		    result_origin(r, item));
}

static void convert_settings(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *plain = take(s, section, "allowplaintext");
	const struct source_item *seen = take(s, section, "popuseimapflags");

	convert_tls(s, r, section);
	convert_mechanisms(s, r, section);
	convert_users(s, r, section);
	set_bool(r, "plaintext-auth", plain, is_on(plain, false),
		 "Cyrus' default allowplaintext: no");
	if (is_on(seen, false))
		set_bool(r, "mark-seen", seen, true, "");
	convert_minutes(s, r, section, "popminpoll", "login-delay", 0);
	convert_minutes(s, r, section, "poptimeout", "idle-timeout", 600000);
	convert_quota(s, r, section);
	result_word(r, RESULT_NO_DATABASE, "log", SPAN("syslog"),
		    SPAN("Cyrus logs to syslog"));
}

bool cyrus_run(struct source *s, struct result *r, const struct source_world *world,
	       struct span path)
{
	const size_t begin = s->text.len;
	struct span text, folder = path;
	unsigned section;

	if (!world->read(world->arg, path, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", path);
	if (!assignfile_read(s, ASSIGN_COLON, path, text, &section))
		return false;
	while (folder.len > 0 && folder.at[folder.len - 1] != '/')
		folder.len--;
	const size_t at = s->text.len - begin;
	buf_put(&s->text, folder);
	buf_text(&s->text, "cyrus.conf");
	const struct span other = { s->text.at + begin + at, s->text.len - begin - at };
	if (!world->read(world->arg, other, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", other);
	if (!cyrusfile_read(s, other, text))
		return false;
	convert_services(s, r);
	convert_settings(s, r, section);
	result_text(r, RESULT_NO_DATABASE, "uidl-format", SPAN("cyrus"),
		    SPAN("Cyrus' unique-ids"));
	result_note(r, RESULT_DIFFERS, NULL, SPAN("uidl-format"),
		    SPAN("Import the mail of Cyrus with its unique-ids, or clients "
			 "fetch all mail "
			 "again."));
	notes_apply(s, r, rows);
	return true;
}
