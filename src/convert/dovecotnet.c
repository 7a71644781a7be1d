/* convert/dovecotnet.c - Dovecot's listeners, TLS, and limits of connections.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotnet.h"

#include "convert/value.h"

enum { CONNECTIONS_MAX = 1000000 };

/* ---- listeners ---- */

/* Append an address of Dovecot as Poplar writes it. False: it is a host's name. */
static bool put_host(struct span host, struct buf *out)
{
	bool numeric = host.len > 0;

	if (span_starts(host, "[") && host.at[host.len - 1] == ']')
		host = (struct span){ host.at + 1, host.len - 2 };
	const bool is_6 = host.len > 0 && memchr(host.at, ':', host.len);
	for (size_t i = 0; i < host.len; i++)
		numeric = numeric && strchr("0123456789abcdefABCDEF.:", host.at[i]);
	if (span_is(host, "*"))
		buf_text(out, "0.0.0.0");
	else if (numeric) {
		buf_text(out, is_6 ? "[" : "");
		buf_put(out, host);
		buf_text(out, is_6 ? "]" : "");
	}
	return numeric || span_is(host, "*");
}

/* One port on some addresses. */
struct ports {
	const char *setting; /* of Poplar */
	struct span number;
	const struct source_item *item;  /* that has the port; NULL: the default */
	const struct source_item *hosts; /* that has the addresses; NULL: the default */
	const char *standard;            /* what has the default */
};

static void add_address(struct dovecot *d, const struct ports *p, struct span host)
{
	char room[128];
	struct buf b = BUF(room);

	if (span_is(host, "both"))
		buf_char(&b, '*');
	else if (!put_host(host, &b)) {
		result_about(
			d->r, RESULT_NONE, p->hosts,
			"Poplar listens on numeric addresses; write the address in "
			"place of the name.");
		return;
	}
	buf_char(&b, ':');
	buf_put(&b, p->number);
	result_list(d->r, RESULT_NO_DATABASE, p->setting, buf_span(&b),
		    dovecot_origin(d, p->item ? p->item : p->hosts, p->standard));
}

/* "*" and "::" together are all addresses, which Poplar writes as "*". */
static void add_addresses(struct dovecot *d, const struct ports *p)
{
	struct span hosts = dovecot_value(p->hosts, "*, ::"), host;
	const bool both = value_has_word(hosts, "*") && (value_has_word(hosts, "::") ||
							 value_has_word(hosts, "[::]"));

	if (both)
		add_address(d, p, SPAN("both"));
	while (value_word(&hosts, &host))
		if (!both || (!span_is(host, "*") && !span_is(host, "::") &&
			      !span_is(host, "[::]")))
			add_address(d, p, host);
}

/* One inet_listener; section 0: the file does not have it. */
struct listener {
	unsigned section;
	struct span title;
	const char *port; /* the default */
	bool tls;         /* the default */
	bool exists;      /* without a section, too */
};

static void convert_listener(struct dovecot *d, const struct listener *l, bool tls,
			     const char *setting)
{
	const bool none = l->section == 0;
	const struct source_item *port = none ? NULL
					      : dovecot_get_in(d, l->section, "port");
	const struct source_item *hosts =
		none ? NULL : dovecot_get_in(d, l->section, "address");
	const struct source_item self = dovecot_section_item(d, l->section);
	bool is_tls = l->tls;

	if (!none && !hosts)
		hosts = dovecot_get_in(d, l->section, "listen");
	if (!none)
		is_tls = dovecot_bool(d, dovecot_get_in(d, l->section, "ssl"), is_tls);
	const struct span number = dovecot_value(port, l->port);
	if (number.len == 0 || span_is(number, "0") || (is_tls && !tls))
		return;
	if (!hosts || hosts->value.len == 0)
		hosts = dovecot_get(d, "listen", NULL);
	const struct ports ports = {
		.setting = setting  ? setting
			   : is_tls ? "listen-tls"
				    : "listen",
		.number = number,
		.item = port   ? port
			: none ? NULL
			       : &self,
		.hosts = hosts,
		.standard = l->tls ? "inet_listener pop3s" : "inet_listener pop3",
	};
	add_addresses(d, &ports);
}

static void convert_pop3(struct dovecot *d, bool tls)
{
	const unsigned service = dovecot_section(d, 0, "service", "pop3-login", 0);
	struct listener standard[] = {
		{ 0, SPAN("pop3"), "110", false, true },
		{ 0, SPAN("pop3s"), "995", true, true },
	};

	for (unsigned at = 0;
	     service &&
	     (at = dovecot_section(d, service, "inet_listener", NULL, at));) {
		const struct span title = d->s->sections[at].title;
		struct listener other = { at, title, "", false, true };

		if (span_is(title, "pop3"))
			standard[0].section = at;
		else if (span_is(title, "pop3s"))
			standard[1].section = at;
		else
			convert_listener(d, &other, tls, NULL);
	}
	for (unsigned i = 0; i < 2; i++)
		convert_listener(d, &standard[i], tls, NULL);
	if (!result_has(d->r, RESULT_NO_DATABASE, "listen"))
		result_empty(d->r, RESULT_NO_DATABASE, "listen",
			     SPAN("Dovecot has no listener without TLS"));
	if (!result_has(d->r, RESULT_NO_DATABASE, "listen-tls"))
		result_empty(d->r, RESULT_NO_DATABASE, "listen-tls",
			     SPAN("Dovecot has no listener for TLS"));
}

/* ---- LMTP ---- */

static void set_once(struct dovecot *d, const char *setting,
		     const struct source_item *item)
{
	if (!item || item->value.len == 0)
		return;
	if (!result_has(d->r, RESULT_NO_DATABASE, setting))
		result_text(d->r, RESULT_NO_DATABASE, setting, item->value,
			    result_origin(d->r, item));
	else
		result_about(
			d->r, RESULT_DIFFERS, item,
			"All sockets of listen-lmtp have one owner, group and mode: "
			"those of the first one.");
}

/* A path without '/' in front is in Dovecot's run directory. */
static void convert_socket(struct dovecot *d, unsigned section)
{
	const struct source_item self = dovecot_section_item(d, section);
	const struct source_item *mode = dovecot_get_in(d, section, "mode");
	const struct source_item *path = dovecot_get_in(d, section, "path");
	const struct span name = dovecot_value(path, "").len > 0
					 ? path->value
					 : d->s->sections[section].title;
	char room[256];
	struct buf b = BUF(room);

	if (mode && value_has_word(mode->value, "0"))
		return; /* Dovecot does not open it */
	if (!span_starts(name, "/"))
		buf_text(&b, "/run/poplar/");
	buf_put(&b, name);
	result_list(d->r, RESULT_NO_DATABASE, "listen-lmtp", buf_span(&b),
		    result_origin(d->r, &self));
	if (!span_starts(name, "/"))
		result_about(d->r, RESULT_DIFFERS, &self,
			     "The socket moves from Dovecot's run directory to that of "
			     "Poplar: tell the mail transfer agent.");
	set_once(d, "lmtp-socket-owner", dovecot_get_in(d, section, "user"));
	set_once(d, "lmtp-socket-group", dovecot_get_in(d, section, "group"));
	set_once(d, "lmtp-socket-mode", mode);
}

static void convert_lmtp(struct dovecot *d)
{
	const unsigned service = dovecot_section(d, 0, "service", "lmtp", 0);
	const struct source_item *protocols = dovecot_get(d, "protocols", NULL);
	unsigned at = 0;

	if (protocols ? !value_has_word(protocols->value, "lmtp") : service == 0)
		return;
	while (service && (at = dovecot_section(d, service, "unix_listener", NULL, at)))
		convert_socket(d, at);
	while (service &&
	       (at = dovecot_section(d, service, "inet_listener", NULL, at))) {
		const struct listener l = { at, d->s->sections[at].title, "", false,
					    true };

		convert_listener(d, &l, true, "listen-lmtp");
	}
	if (result_has(d->r, RESULT_NO_DATABASE, "listen-lmtp"))
		return;
	result_list(d->r, RESULT_NO_DATABASE, "listen-lmtp", SPAN("/run/poplar/lmtp"),
		    dovecot_origin(d, NULL, "unix_listener lmtp"));
	result_text(d->r, RESULT_NO_DATABASE, "lmtp-socket-mode", SPAN("0666"),
		    dovecot_origin(d, NULL, "unix_listener lmtp"));
}

/* ---- HAProxy ---- */

static void convert_haproxy(struct dovecot *d)
{
	const struct source_item *item =
		dovecot_get(d, "haproxy_trusted_networks", NULL);
	unsigned service = dovecot_section(d, 0, "service", "pop3-login", 0), at = 0;
	bool with = false, without = false;
	struct span rest = dovecot_value(item, ""), network;

	while (service &&
	       (at = dovecot_section(d, service, "inet_listener", NULL, at))) {
		const bool is =
			dovecot_bool(d, dovecot_get_in(d, at, "haproxy"), false);

		with |= is;
		without |= !is;
	}
	while (with && value_word(&rest, &network))
		result_list(d->r, RESULT_NO_DATABASE, "proxy-from", network,
			    result_origin(d->r, item));
	if (item && with && without)
		result_about(
			d->r, RESULT_DIFFERS, item,
			"In Poplar, each connection from a proxy begins with a header, "
			"on every port.");
	if (item && !with)
		result_about(d->r, RESULT_NEEDLESS, item,
			     "No listener for POP3 has haproxy = yes.");
}

void dovecot_convert_listeners(struct dovecot *d, bool tls)
{
	convert_pop3(d, tls);
	convert_lmtp(d);
	convert_haproxy(d);
}

/* ---- TLS ---- */

/* "<file" in 2.3; 2.4 has the path. False: 2.3 has the certificate itself. */
static void add_file(struct dovecot *d, const char *setting,
		     const struct source_item *item)
{
	if (!item || item->value.len == 0)
		return;
	if (!span_starts(item->value, "/"))
		result_about(d->r, RESULT_NONE, item,
			     "Poplar reads certificates and keys from files only.");
	else
		result_list(d->r, RESULT_NO_DATABASE, setting, item->value,
			    result_origin(d->r, item));
}

/* Certificates of "local_name HOST { ... }"; each has its key beside it. */
static void add_named(struct dovecot *d)
{
	for (unsigned at = 0; (at = dovecot_section(d, 0, "local_name", NULL, at));) {
		const struct source_item *cert = dovecot_get_in(d, at, "ssl_cert");
		const struct source_item *key = dovecot_get_in(d, at, "ssl_key");

		if (!cert)
			cert = dovecot_get_in(d, at, "ssl_server_cert_file");
		if (!key)
			key = dovecot_get_in(d, at, "ssl_server_key_file");
		if (cert && key) {
			add_file(d, "tls-certificate", cert);
			add_file(d, "tls-key", key);
		}
	}
}

static void convert_minimum(struct dovecot *d)
{
	const struct source_item *item = dovecot_get(d, "ssl_min_protocol", NULL);
	const struct span value = dovecot_value(item, "TLSv1.2");

	result_word(d->r, RESULT_NO_DATABASE, "tls-minimum",
		    span_is(value, "TLSv1.3") ? SPAN("1.3") : SPAN("1.2"),
		    dovecot_origin(d, item, "ssl_min_protocol"));
	if (!span_is(value, "TLSv1.2") && !span_is(value, "TLSv1.3"))
		result_about(d->r, RESULT_DIFFERS, item,
			     "Poplar speaks TLS 1.2 and 1.3 only.");
}

static void convert_clients(struct dovecot *d)
{
	const struct source_item *ca = dovecot_get(d, "ssl_ca", "ssl_server_ca_file");
	const struct source_item *verify = dovecot_get(
		d, "ssl_verify_client_cert", "ssl_server_request_client_cert");
	const struct source_item *must =
		dovecot_get(d, "auth_ssl_require_client_cert", NULL);
	const bool is_must = dovecot_bool(d, must, false);

	if (!is_must && !dovecot_bool(d, verify, false)) {
		if (ca)
			result_about(d->r, RESULT_NEEDLESS, ca,
				     "No client is asked for a certificate.");
		return;
	}
	if (ca && span_starts(ca->value, "/"))
		result_text(d->r, RESULT_NO_DATABASE, "tls-client-ca", ca->value,
			    result_origin(d->r, ca));
	if (!result_has(d->r, RESULT_NO_DATABASE, "tls-client-ca")) {
		result_about(d->r, RESULT_NONE, is_must ? must : verify,
			     "Poplar needs a file with the authorities of client "
			     "certificates, which ssl_ca does not name.");
		return;
	}
	result_word(d->r, RESULT_NO_DATABASE, "tls-client-verify",
		    is_must ? SPAN("required") : SPAN("optional"),
		    result_origin(d->r, is_must ? must : verify));
}

static struct dovecot_tls no_tls(struct dovecot *d, const struct source_item *item)
{
	static const char *const names[][2] = {
		{ "ssl_cert", "ssl_server_cert_file" },
		{ "ssl_key", "ssl_server_key_file" },
	};

	for (unsigned i = 0; i < 2; i++) {
		const struct source_item *unused =
			dovecot_get(d, names[i][0], names[i][1]);

		if (unused && item)
			result_about(d->r, RESULT_NEEDLESS, unused, "TLS is off.");
	}
	return (struct dovecot_tls){ false, false };
}

struct dovecot_tls dovecot_convert_tls(struct dovecot *d)
{
	const struct source_item *item = dovecot_get(d, "ssl", NULL);
	const struct source_item *cert =
		dovecot_get(d, "ssl_cert", "ssl_server_cert_file");

	if (span_is_nocase(dovecot_value(item, "yes"), "no"))
		return no_tls(d, item);
	if (!cert || cert->value.len == 0) {
		result_note(
			d->r, RESULT_NONE, item, SPAN("ssl_cert"),
			SPAN("There is no certificate, so the result is without TLS."));
		return no_tls(d, NULL);
	}
	add_file(d, "tls-certificate", cert);
	add_file(d, "tls-key", dovecot_get(d, "ssl_key", "ssl_server_key_file"));
	add_file(d, "tls-certificate",
		 dovecot_get(d, "ssl_alt_cert", "ssl_server_alt_cert_file"));
	add_file(d, "tls-key",
		 dovecot_get(d, "ssl_alt_key", "ssl_server_alt_key_file"));
	add_named(d);
	convert_minimum(d);
	convert_clients(d);
	return (struct dovecot_tls){
		result_has(d->r, RESULT_NO_DATABASE, "tls-certificate"),
		span_is_nocase(dovecot_value(item, "yes"), "required"),
	};
}

/* ---- limits ---- */

/* A limit of a service, or its default in the setting of that name. */
static uint32_t limit(struct dovecot *d, unsigned service, const char *name,
		      const char *general, uint32_t otherwise,
		      const struct source_item **io_origin)
{
	const struct source_item *item = service ? dovecot_get_in(d, service, name)
						 : NULL;
	uint32_t n;

	if (!item || !span_u32(item->value, &n) || n == 0)
		item = dovecot_get(d, general, NULL);
	if (!item || !span_u32(item->value, &n) || n == 0)
		return otherwise;
	*io_origin = item;
	return n;
}

void dovecot_convert_limits(struct dovecot *d)
{
	const unsigned login = dovecot_section(d, 0, "service", "pop3-login", 0);
	const unsigned sessions = dovecot_section(d, 0, "service", "pop3", 0);
	const struct source_item *origin = NULL, *count = NULL;

	if (login)
		count = dovecot_get_in(d, login, "service_count");
	if (login && !count)
		count = dovecot_get_in(d, login, "restart_request_count");
	uint64_t n =
		limit(d, login, "process_limit", "default_process_limit", 100, &origin);
	const uint32_t clients =
		limit(d, login, "client_limit", "default_client_limit", 1000, &origin);
	if (count && !span_is(count->value, "1"))
		n *= clients;
	const struct source_item *inner = NULL;
	const uint32_t most =
		limit(d, sessions, "process_limit", "default_process_limit", 0, &inner);
	if (inner && (!origin || most < n)) {
		n = most;
		origin = inner;
	}
	if (origin && n > 0)
		result_number(d->r, RESULT_NO_DATABASE, "max-connections",
			      n < CONNECTIONS_MAX ? n : CONNECTIONS_MAX, "",
			      result_origin(d->r, origin));
}
