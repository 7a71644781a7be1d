/* convert/courier.c - turns a configuration of Courier into one of Poplar.
 *
 * Prefix: courier_.
 */
#include "convert/courier.h"

#include "convert/assignfile.h"
#include "convert/courierauth.h"
#include "convert/notes.h"
#include "convert/value.h"

/* clang-format off */
static const struct notes_row rows[] = {
	{ "MAXDAEMONS", NOTES_COUNT, "max-connections" },
	{ "MAXPERIP", NOTES_COUNT, "max-connections-per-address" },
	{ "TLS_CIPHER_LIST", NOTES_TEXT, "tls-ciphers" },
	{ "PORT", NOTES_RULE, NULL }, { "ADDRESS", NOTES_RULE, NULL }, { "POP3DSTART", NOTES_RULE, NULL },
	{ "SSLPORT", NOTES_RULE, NULL }, { "SSLADDRESS", NOTES_RULE, NULL }, { "POP3DSSLSTART", NOTES_RULE, NULL },
	{ "POP3AUTH", NOTES_RULE, NULL }, { "POP3AUTH_TLS", NOTES_RULE, NULL }, { "POP3_TLS_REQUIRED", NOTES_RULE, NULL },
	{ "DEFDOMAIN", NOTES_RULE, NULL }, { "MAILDIRPATH", NOTES_NEEDLESS, "The file pop3d says so for both." },
	{ "TLS_CERTFILE", NOTES_RULE, NULL }, { "TLS_PRIVATE_KEYFILE", NOTES_RULE, NULL },
	{ "TLS_TRUSTCERTS", NOTES_RULE, NULL }, { "TLS_VERIFYPEER", NOTES_RULE, NULL },
	{ "POP3_STARTTLS", NOTES_NEEDLESS, "Poplar offers STLS if it has a certificate." }, { "POP3_PROXY", NOTES_IF_ON, "Poplar is no proxy." },
	{ "POP3_PROXY_HOSTNAME", NOTES_IF_ON, "Poplar is no proxy." },
	{ "POP3AUTH_ORIG", NOTES_NEEDLESS, "This is a list of examples." },
	{ "POP3AUTH_TLS_ORIG", NOTES_NEEDLESS, "This is a list of examples." },
	{ "POP3_LOG_DELETIONS", NOTES_IF_ON, "Poplar logs how many messages a session removes, not which." },
	{ "TLS_EXTERNAL", NOTES_IF_ON, "Poplar takes the name from the field of the certificate that tls-client-name chooses." },
	{ "TLS_PROTOCOL", NOTES_IF_ON, "Poplar speaks TLS 1.2 and 1.3: see tls-minimum." },
	{ "TLS_STARTTLS_PROTOCOL", NOTES_IF_ON, "Poplar speaks TLS 1.2 and 1.3: see tls-minimum." },
	{ "TLS_*", NOTES_NEEDLESS, "Poplar needs no such file or setting for TLS." },
	{ "COURIERTLS", NOTES_NEEDLESS, "Poplar does TLS itself." },
	{ "PIDFILE", NOTES_NEEDLESS, "Poplar's state is in run-dir." },
	{ "SSLPIDFILE", NOTES_NEEDLESS, "Poplar's state is in run-dir." },
	{ "TCPDOPTS", NOTES_NEEDLESS, "Poplar asks neither DNS nor ident." },
	{ "LOGGEROPTS", NOTES_NEEDLESS, "The log of Poplar is set by log and syslog-facility." },
	{ "SSLLOGGEROPTS", NOTES_NEEDLESS, "The log of Poplar is set by log and syslog-facility." },
	{ "MIME_UNICODE_MESSAGE_TYPE", NOTES_NEEDLESS, "See utf8-downgrade in poplar.conf(5)." },
	{ "UTF8", NOTES_NEEDLESS, "Poplar has UTF8 (RFC 6856)." },
	{ "LDAP_TLS", NOTES_RULE, NULL }, { "authmodulelist", NOTES_RULE, NULL },
	{ "authmodulelistorig", NOTES_NEEDLESS, "This is a list of all modules." },
	{ "daemons", NOTES_NEEDLESS, "See the setting processes of each database." },
	{ "authdaemonvar", NOTES_NEEDLESS, "Poplar's processes have no such socket." },
	{ "DEBUG_LOGIN", NOTES_IF_ON, "Poplar logs why a login fails, and never a password." },
	{ "DEFAULTOPTIONS", NOTES_IF_ON, "Poplar has no such options: give users the field nologin." },
	{ "LDAPTLS_*", NOTES_NEEDLESS, "See ca-file of the database." },
	{ "LDAP_*", NOTES_NEEDLESS, "Poplar's database needs no such setting." },
	{ "PGSQL_*", NOTES_NEEDLESS, "Poplar's database needs no such setting." },
	{ "SQLITE_*", NOTES_NEEDLESS, "Poplar's database needs no such setting." },
	{ "*", NOTES_NONE, "Poplar knows no such setting of Courier: is it misspelt?" },
};
/* clang-format on */

/* ---- listeners ---- */

/* "110", "127.0.0.1.110", "995,1995": a port with an address in front, or with that of
 * ADDRESS. */
static void add_port(struct result *r, const char *setting, struct span port,
		     struct span address, struct span origin)
{
	char room[128];
	struct buf b = BUF(room);
	size_t dot = port.len;

	while (dot > 0 && port.at[dot - 1] != '.')
		dot--;
	if (dot > 0) {
		address = (struct span){ port.at, dot - 1 };
		port = span_after(port, dot);
	}
	const bool any = address.len == 0 || span_is(address, "0");
	const bool is_6 = !any && memchr(address.at, ':', address.len) &&
			  address.at[0] != '[';
	buf_text(&b, is_6 ? "[" : "");
	buf_put(&b, any ? SPAN("*") : address);
	buf_text(&b, is_6 ? "]:" : ":");
	buf_put(&b, port);
	result_list(r, RESULT_NO_DATABASE, setting, buf_span(&b), origin);
}

struct listening {
	const char *setting, *start, *ports, *address, *standard;
};

static void convert_ports(struct source *s, struct result *r, unsigned section,
			  const struct listening *l)
{
	const struct source_item *start = notes_take(s, section, l->start);
	const struct source_item *ports = notes_take(s, section, l->ports);
	const struct source_item *address = notes_take(s, section, l->address);
	struct span rest = ports ? ports->value : span_of(l->standard), port;

	if (!start || !span_starts_nocase(start->value, "y")) {
		result_empty(r, RESULT_NO_DATABASE, l->setting,
			     start ? result_origin(r, start)
				   : SPAN("Courier does not start this listener"));
		return;
	}
	while (value_word(&rest, &port))
		add_port(r, l->setting, port, address ? address->value : SPAN(""),
			 ports ? result_origin(r, ports)
			       : SPAN("Courier's default port"));
}

/* ---- TLS ---- */

static void set_path(struct result *r, const char *setting,
		     const struct source_item *item)
{
	if (item)
		result_list(r, RESULT_NO_DATABASE, setting, item->value,
			    result_origin(r, item));
}

static void convert_clients(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *verify = notes_take(s, section, "TLS_VERIFYPEER");
	const struct source_item *trust = notes_take(s, section, "TLS_TRUSTCERTS");

	if (!verify || span_is_nocase(verify->value, "NONE"))
		return;
	if (!trust) {
		result_about(r, RESULT_NONE, verify,
			     "Poplar needs a file with the authorities of client "
			     "certificates.");
		return;
	}
	result_text(r, RESULT_NO_DATABASE, "tls-client-ca", trust->value,
		    result_origin(r, trust));
	result_word(r, RESULT_NO_DATABASE, "tls-client-verify",
		    span_is_nocase(verify->value, "REQUIREPEER") ? SPAN("required")
								 : SPAN("optional"),
		    result_origin(r, verify));
}

static void convert_tls(struct source *s, struct result *r, unsigned section)
{
	static const struct listening pop3s = { "listen-tls", "POP3DSSLSTART",
						"SSLPORT", "SSLADDRESS", "995" };
	const struct source_item *must = notes_take(s, section, "POP3_TLS_REQUIRED");
	bool is_must = false;

	convert_ports(s, r, section, &pop3s);
	set_path(r, "tls-certificate", notes_take(s, section, "TLS_CERTFILE"));
	set_path(r, "tls-key", notes_take(s, section, "TLS_PRIVATE_KEYFILE"));
	convert_clients(s, r, section);
	if (must && value_bool(must->value, &is_must))
		result_word(r, RESULT_NO_DATABASE, "plaintext-auth",
			    is_must ? SPAN("no") : SPAN("yes"), result_origin(r, must));
}

/* ---- POP3 ---- */

static void add_mechanisms(struct result *r, const struct source_item *item)
{
	static const char *const known[] = { "PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL" };
	struct span rest = item ? item->value : SPAN(""), word;

	while (value_word(&rest, &word)) {
		bool found = false;

		for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
			found |= span_is_nocase(word, known[i]);
		if (found)
			result_list(r, RESULT_NO_DATABASE, "mechanisms", word,
				    result_origin(r, item));
		else
			result_say(r, RESULT_NONE, item, "Poplar lacks the mechanism ",
				   word, ".");
	}
}

static void convert_pop3(struct source *s, struct result *r, unsigned section)
{
	static const struct listening pop3 = { "listen", "POP3DSTART", "PORT",
					       "ADDRESS", "110" };
	const struct source_item *domain = notes_take(s, section, "DEFDOMAIN");
	const struct source_item *maildir = notes_take(s, section, "MAILDIRPATH");

	convert_ports(s, r, section, &pop3);
	result_list(r, RESULT_NO_DATABASE, "mechanisms", SPAN("USER"),
		    SPAN("Courier always has USER and PASS"));
	add_mechanisms(r, notes_take(s, section, "POP3AUTH"));
	add_mechanisms(r, notes_take(s, section, "POP3AUTH_TLS"));
	if (domain)
		result_text(r, RESULT_NO_DATABASE, "default-domain",
			    span_after(domain->value, domain->value.at[0] == '@'),
			    result_origin(r, domain));
	if (maildir)
		result_text(r, RESULT_NO_DATABASE, "maildir", maildir->value,
			    result_origin(r, maildir));
}

bool courier_run(struct source *s, struct result *r, const struct source_world *world,
		 struct span folder)
{
	struct courier_files files = { s, world, folder };
	unsigned section;
	bool there;

	if (!courier_read(&files, "pop3d", ASSIGN_SHELL, &section, &there))
		return false;
	if (!there)
		return source_fail(s, (struct source_place){ 0 },
				   "cannot read the file pop3d in", folder);
	convert_pop3(s, r, section);
	if (!courier_read(&files, "pop3d-ssl", ASSIGN_SHELL, &section, &there))
		return false;
	if (there)
		convert_tls(s, r, section);
	else
		result_empty(r, RESULT_NO_DATABASE, "listen-tls",
			     SPAN("there is no file pop3d-ssl"));
	if (!result_has(r, RESULT_NO_DATABASE, "plaintext-auth"))
		result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("yes"),
			    SPAN("Courier's default POP3_TLS_REQUIRED=0"));
	result_word(r, RESULT_NO_DATABASE, "log", SPAN("syslog"),
		    SPAN("Courier logs to syslog"));
	if (!courier_convert_databases(&files, r))
		return false;
	result_text(r, RESULT_NO_DATABASE, "uidl-format", SPAN("courier"),
		    SPAN("Courier's unique-ids"));
	result_note(r, RESULT_DIFFERS, NULL, SPAN("uidl-format"),
		    SPAN("Import the unique-ids of the mail that is there with poplar "
			 "import, or "
			 "clients fetch it again."));
	notes_apply(s, r, rows);
	return true;
}
