/* convert/mailutils.c - turns configurations of GNU Mailutils' pop3d, and of popa3d,
 * into one of Poplar.
 *
 * Prefix: mailutils_, popa3d_.
 */
#include "convert/mailutils.h"

#include "convert/assignfile.h"
#include "convert/mailutilsfile.h"
#include "convert/notes.h"
#include "convert/value.h"

#define NO_MBOX                                                                        \
	"The mail is in mbox files, and Poplar serves Maildirs: convert the mail."

/* ---- Mailutils ---- */

/* clang-format off */
static const struct notes_row rows[] = {
	{ "max-children", NOTES_COUNT, "max-connections" },
	{ "facility", NOTES_TEXT, "syslog-facility" },
	{ "mode", NOTES_NEEDLESS, "poplard runs by itself." }, { "pidfile", NOTES_NEEDLESS, "Poplar's state is in run-dir." },
	{ "foreground", NOTES_NEEDLESS, "poplard stays in the foreground." }, { "transcript", NOTES_IF_ON, "Poplar keeps no copy of what clients say." },
	{ "backlog", NOTES_NEEDLESS, "Poplar chooses the length of the queue." }, { "single-process", NOTES_NEEDLESS, "Poplar's processes are its own." },
	{ "undelete", NOTES_NEEDLESS, "A session that ends without QUIT removes nothing." },
	{ "expire", NOTES_NONE, "See expire in poplar.conf(5): Mailutils removes only what a session of its own has marked." },
	{ "expire-on-exit", NOTES_IF_ON, "See expire in poplar.conf(5)." }, { "delete-expired", NOTES_IF_ON, "See expire in poplar.conf(5)." },
	{ "apop-database-file", NOTES_NONE, "In Poplar, APOP needs passwords stored as {PLAIN}, and APOP in mechanisms." },
	{ "apop-database-*", NOTES_NEEDLESS, "Poplar has no such file." }, { "bulletin-*", NOTES_NONE, "See BOARDS in poplar.conf(5)." },
	{ "output-buffer-size", NOTES_NEEDLESS, "Poplar has buffers of its own." }, { "stat-file", NOTES_NEEDLESS, "Poplar's ledger is in the Maildir." },
	{ "mail-spool", NOTES_NONE, NO_MBOX }, { "mailbox-pattern", NOTES_NONE, "Name the Maildirs by mail-root and maildir." },
	{ "mailbox-type", NOTES_IF_ON, "Name the Maildirs by mail-root and maildir." }, { "folder", NOTES_NEEDLESS, "POP3 has the INBOX only." },
	{ "authorization", NOTES_NEEDLESS, "Poplar's databases say who the user is." }, { "authentication", NOTES_RULE, NULL },
	{ "service", NOTES_RULE, NULL }, { "login-delay", NOTES_RULE, NULL }, { "timeout", NOTES_RULE, NULL }, { "port", NOTES_RULE, NULL },
	{ "ssl-certificate-file", NOTES_RULE, NULL }, { "ssl-key-file", NOTES_RULE, NULL }, { "tls-mode", NOTES_RULE, NULL }, { "tls-required", NOTES_RULE, NULL },
	{ "ssl-ca-file", NOTES_NEEDLESS, "No client is asked for a certificate." }, { "tls-*", NOTES_NEEDLESS, "Poplar needs no such setting for TLS." },
	{ "syslog", NOTES_NEEDLESS, "The result logs to syslog." }, { "tag", NOTES_NEEDLESS, "The log has the names of Poplar's programs." },
	{ "allow", NOTES_NONE, "Poplar has no such list: give users allow_nets." }, { "deny", NOTES_NONE, "Poplar has no such list: give users allow_nets." },
	{ "level", NOTES_NEEDLESS, "See log-level." }, { "line-info", NOTES_NEEDLESS, "See log-level." },
	{ "*", NOTES_NONE, "Poplar knows no such setting of Mailutils' pop3d, or has no counterpart." },
};
/* clang-format on */

/* The last item of this name in any section. */
static const struct source_item *take_any(struct source *s, const char *name)
{
	const struct source_item *found = NULL;

	for (unsigned i = 0; i < s->section_count; i++) {
		const struct source_item *item = notes_take(s, i, name);

		found = item ? item : found;
	}
	return found;
}

/* "0.0.0.0:110", "127.0.0.1", "[::1]:995" */
static void add_server(struct source *s, struct result *r, unsigned section)
{
	const struct source_item *mode = notes_take(s, section, "tls-mode");
	const struct source_item self = { .section = section,
					  .place = s->sections[section].place };
	const bool tls = mode && span_is(mode->value, "connection");
	struct span address = s->sections[section].title;
	const bool has_port = address.len > 0 && address.at[address.len - 1] != ']' &&
			      memchr(address.at, ':', address.len);
	char room[128];
	struct buf b = BUF(room);

	buf_put(&b, address);
	if (!has_port)
		buf_text(&b, tls ? ":995" : ":110");
	result_list(r, RESULT_NO_DATABASE, tls ? "listen-tls" : "listen", buf_span(&b),
		    result_origin(r, &self));
	if (mode && span_is(mode->value, "required"))
		result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("no"),
			    result_origin(r, mode));
}

static void convert_servers(struct source *s, struct result *r)
{
	for (unsigned i = 1; i < s->section_count; i++)
		if (span_is(s->sections[i].type, "server") &&
		    s->sections[i].title.len > 0)
			add_server(s, r, i);
	if (!result_has(r, RESULT_NO_DATABASE, "listen") &&
	    !result_has(r, RESULT_NO_DATABASE, "listen-tls"))
		result_list(r, RESULT_NO_DATABASE, "listen", SPAN("*:110"),
			    SPAN("Mailutils' default server"));
	if (!result_has(r, RESULT_NO_DATABASE, "listen"))
		result_empty(r, RESULT_NO_DATABASE, "listen",
			     SPAN("no server without tls-mode connection"));
	if (!result_has(r, RESULT_NO_DATABASE, "listen-tls"))
		result_empty(r, RESULT_NO_DATABASE, "listen-tls",
			     SPAN("no server with tls-mode connection"));
}

static void convert_tls(struct source *s, struct result *r)
{
	const struct source_item *cert = take_any(s, "ssl-certificate-file");
	const struct source_item *key = take_any(s, "ssl-key-file");
	const struct source_item *must = take_any(s, "tls-required");
	bool is_must;

	if (cert)
		result_list(r, RESULT_NO_DATABASE, "tls-certificate", cert->value,
			    result_origin(r, cert));
	if (cert && key)
		result_list(r, RESULT_NO_DATABASE, "tls-key", key->value,
			    result_origin(r, key));
	if (must && value_bool(must->value, &is_must) && is_must)
		result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("no"),
			    result_origin(r, must));
	if (!result_has(r, RESULT_NO_DATABASE, "plaintext-auth"))
		result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("yes"),
			    SPAN("Mailutils' default"));
}

/* PAM, or the system's own files. Others are in databases that a site must name. */
static void convert_users(struct source *s, struct result *r)
{
	const struct source_item *list = take_any(s, "authentication");
	const struct source_item *service = take_any(s, "service");
	struct span rest = list ? list->value : SPAN("pam"), name;

	while (value_word(&rest, &name)) {
		const struct span from =
			list ? result_origin(r, list)
			     : SPAN("Mailutils' default authentication");

		if (span_is(name, "pam")) {
			const int db = result_add_database(r, "pam", "pam", from);

			result_text(r, db, "service",
				    service ? service->value : SPAN("gnu-pop3d"),
				    service ? result_origin(r, service)
					    : SPAN("Mailutils' default PAM service"));
		} else if (span_is(name, "system") || span_is(name, "generic")) {
			const int db = result_add_database(r, "system", "system", from);

			result_text(r, db, "run-as-group", SPAN("shadow"), from);
		} else {
			result_say(r, RESULT_NONE, list,
				   "Write a database of Poplar for ", name, ".");
		}
	}
}

static void convert_time(struct source *s, struct result *r, const char *theirs,
			 const char *ours, uint64_t least_ms)
{
	const struct source_item *item = take_any(s, theirs);
	uint64_t ms;

	if (item && !value_time(item->value, 1000, &ms))
		result_about(r, RESULT_NONE, item, "The value is no time.");
	else if (item)
		result_number(r, RESULT_NO_DATABASE, ours,
			      (ms > least_ms ? ms : least_ms) / 1000, "s",
			      result_origin(r, item));
}

/* What both servers have in common: users of the system, with mbox files. */
static void convert_system(struct result *r)
{
	result_list(r, RESULT_NO_DATABASE, "mechanisms", SPAN("USER"),
		    SPAN("the server has USER and PASS"));
	result_text(r, RESULT_NO_DATABASE, "mail-root", SPAN("/home"),
		    SPAN("the folder of all homes"));
	result_word(r, RESULT_NO_DATABASE, "log", SPAN("syslog"),
		    SPAN("the server logs to syslog"));
	result_note(r, RESULT_NONE, NULL, SPAN("/var/mail"), SPAN(NO_MBOX));
}

bool mailutils_run(struct source *s, struct result *r, const struct source_world *world,
		   struct span path)
{
	struct span text;

	if (!world->read(world->arg, path, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", path);
	if (!mailutilsfile_read(s, world, path, text))
		return false;
	convert_servers(s, r);
	convert_tls(s, r);
	convert_users(s, r);
	convert_time(s, r, "login-delay", "login-delay", 0);
	convert_time(s, r, "timeout", "idle-timeout", 600000);
	convert_system(r);
	notes_apply(s, r, rows);
	return true;
}

/* ---- popa3d ---- */

bool popa3d_run(struct source *s, struct result *r, const struct source_world *world,
		struct span path)
{
	static const struct notes_row table[] = {
		{ "RUN_STANDALONE", NOTES_NEEDLESS, "poplard runs by itself." },
		{ "*", NOTES_NONE, "popa3d has no such setting." },
	};
	const struct span from = SPAN("popa3d's default");
	struct span text;
	unsigned section;

	if (!world->read(world->arg, path, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", path);
	if (!assignfile_read(s, ASSIGN_SHELL, path, text, &section))
		return false;
	result_list(r, RESULT_NO_DATABASE, "listen", SPAN("*:110"), from);
	result_empty(r, RESULT_NO_DATABASE, "listen-tls", SPAN("popa3d knows no TLS"));
	result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("yes"),
		    SPAN("popa3d knows no TLS"));
	const int db =
		result_add_database(r, "pam", "pam", SPAN("popa3d asks PAM on Debian"));
	result_text(r, db, "service", SPAN("popa3d"), SPAN("/etc/pam.d/popa3d"));
	convert_system(r);
	notes_apply(s, r, table);
	return true;
}
