/* Promises of convert/: each setting of Dovecot is converted, or noted with a sentence.
 */
#include "convertworld.h"

#include "convert/dovecottable.h"

enum { NO_DATABASE = RESULT_NO_DATABASE };

/* One more line; the rest is Dovecot's default. */
static void convert_text(const char *text)
{
	world_file("/c", text);
	CHECK_TEXT(world_convert("dovecot"), "");
}

#define V24 "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"

/* ---- single settings ---- */

static const struct {
	const char *text, *name, *value;
} counterparts[] = {
	{ "", "listen", "\"*:110\"" },
	{ "", "listen-tls", "{}" },
	{ "", "mechanisms", "\"USER\" \"PLAIN\"" },
	{ "", "plaintext-auth", "loopback" },
	{ "", "fold-names", "yes" },
	{ "", "mark-seen", "yes" },
	{ "", "log", "syslog" },
	{ "login_greeting = Hi $there", "greeting", "\"Hi\"" },
	{ "login_greeting = 'a \"b\" \\ $c'", "greeting", "\"a \\\"b\\\" \\\\ \\$c\"" },
	{ "disable_plaintext_auth = no", "plaintext-auth", "yes" },
	{ V24 "auth_allow_cleartext = yes", "plaintext-auth", "yes" },
	{ V24 "auth_allow_cleartext = no", "plaintext-auth", "loopback" },
	{ "ssl = required\nssl_cert = </c.pem\nssl_key = </k.pem\n"
	  "disable_plaintext_auth = no",
	  "plaintext-auth", "no" },
	{ "ssl_cert = </c.pem\nssl_key = </k.pem", "tls-certificate", "\"/c.pem\"" },
	{ "ssl_cert = </c.pem\nssl_key = </k.pem", "tls-key", "\"/k.pem\"" },
	{ "ssl_cert = </c.pem\nssl_key = </k.pem", "listen-tls", "\"*:995\"" },
	{ "ssl = no\nssl_cert = </c.pem\nssl_key = </k.pem", "listen-tls", "{}" },
	{ "ssl = no\nssl_cert = </c.pem\nssl_key = </k.pem", "tls-certificate", "" },
	{ V24 "ssl_server_cert_file = /c.pem\nssl_server {\nkey_file = /k.pem\n}",
	  "tls-key", "\"/k.pem\"" },
	{ "ssl_cert = </c.pem\nssl_min_protocol = TLSv1.3", "tls-minimum", "1.3" },
	{ "ssl_cert = </c.pem\nssl_min_protocol = TLSv1", "tls-minimum", "1.2" },
	{ "ssl_cert = </c.pem\nlocal_name x.org {\nssl_cert = </x.pem\n"
	  "ssl_key = </xk.pem\n}",
	  "tls-certificate", "\"/c.pem\" \"/x.pem\"" },
	{ "ssl_cert = </c.pem\nssl_ca = </ca.pem\nssl_verify_client_cert = yes",
	  "tls-client-verify", "optional" },
	{ "ssl_cert = </c.pem\nssl_ca = </ca.pem\n"
	  "auth_ssl_require_client_cert = yes",
	  "tls-client-verify", "required" },
	{ "ssl_cert = </c.pem\nssl_ca = </ca.pem", "tls-client-ca", "" },
	{ "ssl_cipher_list = HIGH", "tls-ciphers", "\"HIGH\"" },
	{ "auth_mechanisms = plain login scram-sha-256", "mechanisms",
	  "\"USER\" \"PLAIN\" \"LOGIN\" \"SCRAM-SHA-256\"" },
	{ V24 "auth_mechanisms {\nlogin = yes\ncram-md5 = yes\nplain = no\n}",
	  "mechanisms", "\"LOGIN\" \"CRAM-MD5\"" },
	{ "auth_mechanisms = gssapi\nauth_krb5_keytab = /k", "gssapi-keytab",
	  "\"/k\"" },
	{ "auth_mechanisms = anonymous", "anonymous-user", "\"anonymous\"" },
	{ "auth_default_realm = example.org", "default-domain", "\"example.org\"" },
	{ "auth_username_format = %Lu", "fold-names", "yes" },
	{ "auth_username_format = %u", "fold-names", "no" },
	{ V24 "auth_username_format = %{user}", "fold-names", "no" },
	{ V24 "auth_username_format = %{user | lower}", "fold-names", "yes" },
	{ "auth_username_format = %Ln", "recipient-domains", "strip" },
	{ "auth_failure_delay = 3 secs", "failure-delay", "3s" },
	{ "auth_failure_delay = 500 msecs", "failure-delay", "500ms" },
	{ "auth_master_user_separator = *", "master-separator", "\"*\"" },
	{ "first_valid_uid = 100", "first-uid", "100" },
	{ "recipient_delimiter = +-", "recipient-delimiter", "\"+-\"" },
	{ "pop3_no_flag_updates = yes", "mark-seen", "no" },
	{ "log_path = /dev/stderr", "log", "stderr" },
	{ "syslog_facility = local3", "syslog-facility", "\"local3\"" },
	{ "auth_debug = yes", "log-level", "debug" },
	{ "auth_debug = no", "log-level", "" },
	{ "login_trusted_networks = 192.0.2.0/24 10.0.0.1", "trusted-networks",
	  "\"192.0.2.0/24\" \"10.0.0.1\"" },
	{ V24 "login_trusted_networks {\n10.0.0.0/8 = yes\n}", "trusted-networks",
	  "\"10.0.0.0/8\"" },
	{ "", "uidl-format", "\"%08Xu%08Xv\"" },
	{ "pop3_uidl_format = %08Xv-%08Xu", "uidl-format", "\"%08Xv-%08Xu\"" },
	{ "pop3_uidl_format = %g", "uidl-format", "\"%g\"" },
	{ "pop3_uidl_format = %z", "uidl-format", "" },
	{ V24, "uidl-format", "\"%{uid | hex(8)}%{uidvalidity | hex(8)}\"" },
	{ "mail_uid = vmail", "mail-user", "\"vmail\"" },
	{ "mail_uid = 5000", "mail-user", "\"vmail\"" },
	{ "mail_uid = 5001", "mail-user", "" },
	{ "login_greeting = a\nprotocol pop3 {\nlogin_greeting = b\n}\n"
	  "login_greeting = c",
	  "greeting", "\"b\"" },
	{ "login_greeting = a\nprotocol imap {\nlogin_greeting = b\n}", "greeting",
	  "\"a\"" },
	{ "protocol !imap {\nlogin_greeting = b\n}", "greeting", "\"b\"" },
	{ "protocol !pop3 {\nlogin_greeting = b\n}", "greeting", "" },
};

static void test_settings_with_a_counterpart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof counterparts / sizeof *counterparts; i++) {
		convert_text(counterparts[i].text);
		CHECK_TEXT(world_value(NO_DATABASE, counterparts[i].name),
			   counterparts[i].value);
	}
}

static void test_settings_without_a_counterpart(void **state)
{
	static const struct {
		const char *text;
		enum result_kind kind;
		const char *name;
	} cases[] = {
		{ "pop3_uidl_format = %z", RESULT_NONE, "pop3_uidl_format" },
		{ "pop3_uidl_format = %g", RESULT_DIFFERS, "pop3_uidl_format" },
		{ "pop3_lock_session = no", RESULT_NONE, "pop3_lock_session" },
		{ "pop3_enable_last = yes", RESULT_NONE, "pop3_enable_last" },
		{ "auth_mechanisms = plain ntlm", RESULT_NONE, "auth_mechanisms" },
		{ "auth_mechanisms = external", RESULT_NONE, "auth_mechanisms" },
		{ "ssl_key = # hidden, use -P to show it\nssl_cert = </c", RESULT_NONE,
		  "ssl_key" },
		{ "ssl_cert = -----BEGIN", RESULT_NONE, "ssl_cert" },
		{ "login_greetings = x", RESULT_NONE, "login_greetings" },
		{ "login_greeting = </banner", RESULT_NONE, "login_greeting" },
		{ "pasdb {\ndriver = pam\n}", RESULT_NONE, "driver" },
		{ "sieve x {\na = b\n}", RESULT_NONE, "sieve x: a" },
		{ "log_path = /var/log/dovecot.log", RESULT_NONE, "log_path" },
		{ "service auth {\nunix_listener /x/auth {\nmode = 0660\n}\n}",
		  RESULT_NONE, "service auth" },
		{ "remote 10.0.0.0/8 {\ndisable_plaintext_auth = no\n}", RESULT_NONE,
		  "disable_plaintext_auth" },
		{ "mail_location = mbox:~/mail", RESULT_NONE, "mail_location" },
		{ "mail_location = mdbox:~/mail", RESULT_NONE, "mail_location" },
		{ "mail_location = maildir:~/Maildir", RESULT_NONE, "mail_location" },
		{ "mail_location = maildir:/srv/%1n/%n", RESULT_NONE, "mail_location" },
		{ V24 "mail_driver = maildir\nmail_path = /m/%u", RESULT_NONE,
		  "mail_path" },
		{ V24 "auth_username_format = %Lu", RESULT_NONE,
		  "auth_username_format" },
		{ "listen = pop.example.org", RESULT_NONE, "listen" },
		{ "protocols = imap", RESULT_DIFFERS, "protocols" },
		{ "mail_location = maildir:/m/%u:CONTROL=/c/%u", RESULT_DIFFERS,
		  "mail_location" },
		{ "auth_username_format = %n", RESULT_DIFFERS, "auth_username_format" },
		{ "imap_idle_notify_interval = 1 min", RESULT_NEEDLESS,
		  "imap_idle_notify_interval" },
		{ "service imap-login {\nprocess_limit = 5\n}", RESULT_NEEDLESS,
		  "service imap-login" },
		{ "ssl_dh = </dh.pem", RESULT_NEEDLESS, "ssl_dh" },
		{ "protocol imap {\nmail_max_userip_connections = 1\n}",
		  RESULT_NEEDLESS, "protocol imap" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		convert_text(cases[i].text);
		if (world_notes(cases[i].kind, cases[i].name) != 1)
			fail_msg("%s: no note about %s", cases[i].text, cases[i].name);
	}
}

/* What has the meaning that Poplar has anyway is no note that asks for attention. */
static void test_defaults_are_no_complaint(void **state)
{
	(void)state;
	convert_text("pop3_lock_session = yes\npop3_enable_last = no\nmail_chroot =\n"
		     "last_valid_uid = 0\nssl_options =\nauth_realms =\n");
	CHECK_EQ(world_notes(RESULT_NONE, ""), 2); /* what the next two lines say */
	CHECK_EQ(world_notes(RESULT_NONE, "ssl_cert"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "mail_location"), 1);
}

/* Settings that doveconf 2.3.19 and 2.4.1 accept. */
static const char *const accepted[] = {
	"dovecot_config_version",
	"dovecot_storage_version",
	"mail_location",
	"mail_driver",
	"mail_path",
	"mail_inbox_path",
	"mail_index_path",
	"mail_control_path",
	"mailbox_list_layout",
	"disable_plaintext_auth",
	"auth_allow_cleartext",
	"ssl",
	"ssl_cert",
	"ssl_key",
	"ssl_server_cert_file",
	"ssl_server_key_file",
	"ssl_dh",
	"ssl_ca",
	"ssl_alt_cert",
	"ssl_prefer_server_ciphers",
	"ssl_verify_client_cert",
	"ssl_require_crl",
	"ssl_cert_username_field",
	"ssl_server_dh_file",
	"ssl_server_ca_file",
	"ssl_server_alt_cert_file",
	"ssl_server_prefer_ciphers",
	"ssl_server_request_client_cert",
	"ssl_server_require_crl",
	"ssl_server_cert_username_field",
	"ssl_min_protocol",
	"ssl_cipher_list",
	"ssl_options",
	"auth_ssl_require_client_cert",
	"auth_ssl_username_from_cert",
	"pop3_uidl_format",
	"login_trusted_networks",
	"default_idle_kill",
	"default_idle_kill_interval",
	"first_valid_uid",
	"first_valid_gid",
	"last_valid_uid",
	"auth_username_format",
	"mail_plugins",
	"protocols",
	"auth_mechanisms",
	"import_environment",
	"auth_default_realm",
	"auth_realms",
	"verbose_ssl",
	"config_cache_size",
	"mail_attachment_dir",
	"ssl_protocols",
	"pop3_lock_session",
	"pop3_no_flag_updates",
	"pop3_enable_last",
	"pop3_reuse_xuidl",
	"pop3_save_uidl",
	"pop3_fast_size_lookups",
	"pop3_delete_type",
	"pop3_deleted_flag",
	"pop3_client_workarounds",
	"pop3_uidl_duplicates",
	"mail_max_userip_connections",
	"mail_fsync",
	"mmap_disable",
	"maildir_very_dirty_syncs",
	"maildir_stat_dirs",
	"recipient_delimiter",
	"haproxy_trusted_networks",
	"haproxy_timeout",
	"login_greeting",
	"listen",
	"base_dir",
	"auth_failure_delay",
	"auth_allow_weak_schemes",
	"auth_policy_server_url",
	"quota_storage_size",
	"quota_storage_grace",
	"passdb_default_password_scheme",
	"lmtp_user_concurrency_limit",
	"mail_home",
	"mail_uid",
	"mail_gid",
	"pop3_logout_format",
	"auth_cache_size",
	"mail_nfs_storage",
	"log_path",
	"info_log_path",
	"instance_name",
	"hostname",
	"ssl_curve_list",
	"ssl_cipher_suites",
};

static void test_every_setting_of_dovecot_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		if (dovecot_knows(span_of(accepted[i])) == DOVECOT_UNKNOWN)
			fail_msg("%s is unknown", accepted[i]);
	CHECK_EQ(dovecot_knows(SPAN("Listen")), DOVECOT_UNKNOWN);
	CHECK_EQ(dovecot_knows(SPAN("pop3_uidl_fromat")), DOVECOT_UNKNOWN);
}

/* ---- listeners ---- */

static void test_listeners(void **state)
{
#define CERT "ssl_cert = </c\nssl_key = </k\n"
#define POP3 "service pop3-login {\n"
	static const struct {
		const char *text, *listen, *tls;
	} cases[] = {
		{ CERT, "\"*:110\"", "\"*:995\"" },
		{ CERT "listen = *", "\"0.0.0.0:110\"", "\"0.0.0.0:995\"" },
		{ CERT "listen = 127.0.0.1, ::1", "\"127.0.0.1:110\" \"[::1]:110\"",
		  "\"127.0.0.1:995\" \"[::1]:995\"" },
		{ CERT "listen = [::], *", "\"*:110\"", "\"*:995\"" },
		{ CERT POP3 "inet_listener pop3 {\nport = 0\n}\n}", "{}", "\"*:995\"" },
		{ CERT POP3 "inet_listener pop3s {\nport = 0\n}\n}", "\"*:110\"",
		  "{}" },
		{ CERT POP3
		  "inet_listener pop3 {\nport = 1110\naddress = 10.0.0.1\n}\n}",
		  "\"10.0.0.1:1110\"", "\"*:995\"" },
		{ V24 CERT POP3 "inet_listener pop3 {\nlisten = 10.0.0.1\n}\n}",
		  "\"10.0.0.1:110\"", "\"*:995\"" },
		{ CERT POP3 "inet_listener pop3s {\nport = 995\nssl = no\n}\n}",
		  "\"*:110\" \"*:995\"", "{}" },
		{ CERT POP3 "inet_listener other {\nport = 1995\nssl = yes\n}\n}",
		  "\"*:110\"", "\"*:1995\" \"*:995\"" },
		{ POP3 "inet_listener pop3 {\nport = 110\n}\n}", "\"*:110\"", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		convert_text(cases[i].text);
		CHECK_TEXT(world_value(NO_DATABASE, "listen"), cases[i].listen);
		CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), cases[i].tls);
	}
}

static void test_lmtp_and_proxies(void **state)
{
	(void)state;
	convert_text(
		"protocols = pop3 lmtp\nservice lmtp {\n"
		"unix_listener /var/spool/postfix/private/dovecot-lmtp {\nmode = 0600\n"
		"user = postfix\ngroup = mail\n}\ninet_listener lmtp {\nport = 24\n"
		"address = 127.0.0.1\n}\n}");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-lmtp"),
		   "\"/var/spool/postfix/private/dovecot-lmtp\" \"127.0.0.1:24\"");
	CHECK_TEXT(world_value(NO_DATABASE, "lmtp-socket-owner"), "\"postfix\"");
	CHECK_TEXT(world_value(NO_DATABASE, "lmtp-socket-group"), "\"mail\"");
	CHECK_TEXT(world_value(NO_DATABASE, "lmtp-socket-mode"), "\"0600\"");
	convert_text("protocols = pop3\nservice lmtp {\nunix_listener /x {\n}\n}");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-lmtp"), "");
	convert_text("haproxy_trusted_networks = 10.0.0.0/8\nservice pop3-login {\n"
		     "inet_listener x {\nport = 10110\nhaproxy = yes\n}\n}");
	CHECK_TEXT(world_value(NO_DATABASE, "proxy-from"), "\"10.0.0.0/8\"");
	convert_text("haproxy_trusted_networks = 10.0.0.0/8");
	CHECK_TEXT(world_value(NO_DATABASE, "proxy-from"), "");
}

static void test_limits_of_connections(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "service pop3-login {\nprocess_limit = 40\n}", "40" },
		{ "service pop3-login {\nservice_count = 0\nprocess_limit = 4\n"
		  "client_limit = 500\n}",
		  "2000" },
		{ V24 "service pop3-login {\nrestart_request_count = unlimited\n"
		      "client_limit = 20\n}",
		  "2000" },
		{ "service pop3-login {\nprocess_limit = 40\n}\nservice pop3 {\n"
		  "process_limit = 30\n}",
		  "30" },
		{ "default_client_limit = 4294967295\nservice pop3-login "
		  "{\nservice_count = 0\n}",
		  "1000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		convert_text(cases[i][0]);
		CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), cases[i][1]);
	}
}

/* ---- databases ---- */

static void test_passwd_files(void **state)
{
	(void)state;
	world_file(
		"/etc/d/users",
		"a:{PLAIN}x:5000:5000::/srv/m/x/a::\n"
		"b:{PLAIN}x:5000:5000::/srv/m/y/b::userdb_quota_rule=*:storage=1G\n");
	convert_text(
		"passdb {\ndriver = passwd-file\nargs = scheme=PLAIN /etc/d/users\n}\n"
		"userdb {\ndriver = passwd-file\nargs = /etc/d/users\n}\n"
		"mail_location = maildir:~/Maildir");
	CHECK_TEXT(world_value(NO_DATABASE, "users"), "\"/etc/d/users\"");
	CHECK_TEXT(world_value(0, "driver"), "passwd-file");
	CHECK_TEXT(world_value(NO_DATABASE, "mail-root"), "\"/srv/m\"");
	CHECK_TEXT(world_value(NO_DATABASE, "maildir"), "\"Maildir\"");
	CHECK_EQ(world_notes(RESULT_NONE, "args"), 0);

	/* 2.4 takes a password without a scheme for PLAIN, 2.3 for CRYPT, as Poplar
	 * does */
	world_file("/etc/d/bare", "a:$6$x$y\n");
	convert_text("passdb {\ndriver = passwd-file\nargs = /etc/d/bare\n}");
	CHECK_EQ(world_notes(RESULT_NONE, "args"), 0);
	convert_text(V24 "passdb passwd-file {\npasswd_file_path = /etc/d/bare\n}");
	CHECK_TEXT(world_value(NO_DATABASE, "users"), "\"/etc/d/bare\"");
	CHECK_EQ(world_notes(RESULT_NONE, "passwd_file_path"), 1);
	convert_text(V24 "passdb passwd-file {\npasswd_file_path = /etc/d/bare\n"
			 "default_password_scheme = CRYPT\n}");
	CHECK_EQ(world_notes(RESULT_NONE, "passwd_file_path"), 0);

	/* a second file, in the same folder and elsewhere */
	convert_text("passdb {\ndriver = passwd-file\nargs = /etc/d/users\n}\n"
		     "passdb {\ndriver = passwd-file\nargs = /etc/d/bare\n}\n"
		     "passdb {\ndriver = passwd-file\nargs = /etc/other\n}");
	CHECK_TEXT(world_value(1, "path"), "\"/etc/d/bare\"");
	CHECK_EQ(world.result.database_count, 2);
	CHECK_EQ(world_notes(RESULT_NONE, "args"), 1);
	convert_text("passdb {\ndriver = passwd-file\nargs = /etc/d/%d/users\n}");
	CHECK_EQ(world.result.database_count, 0);
	CHECK_EQ(world_notes(RESULT_NONE, "args"), 1);
}

static void test_passdbs_that_refuse(void **state)
{
	(void)state;
	convert_text("passdb {\ndriver = passwd-file\ndeny = yes\nargs = /etc/deny\n}\n"
		     "passdb {\ndriver = passwd-file\nmaster = yes\nargs = /etc/m\n}\n"
		     "passdb {\ndriver = pam\nresult_failure = return-fail\n}\n");
	CHECK_EQ(world.result.database_count, 1);
	CHECK_TEXT(world_value(0, "driver"), "pam");
	CHECK_TEXT(world_value(0, "if-wrong"), "fail");
	CHECK_EQ(world_notes(RESULT_NONE, "deny"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "master"), 1);
}

static void test_where_the_mail_is(void **state)
{
#define STATIC "userdb {\ndriver = static\nargs = uid=5000 gid=5000 home="
	static const struct {
		const char *text, *maildir, *root;
	} cases[] = {
		{ "mail_location = maildir:/srv/mail/%d/%n", "\"/srv/mail/%d/%n\"",
		  "\"/srv/mail\"" },
		{ "mail_location = maildir:~/Maildir\nmail_home = /srv/%u",
		  "\"/srv/%u/Maildir\"", "\"/srv\"" },
		{ "mail_location = maildir:%h/Maildir\n" STATIC "/v/%d/%n\n}",
		  "\"/v/%d/%n/Maildir\"", "\"/v\"" },
		{ "mail_location = maildir:~\n" STATIC "/v/%d/%n\n}", "\"/v/%d/%n\"",
		  "\"/v\"" },
		{ "mail_location = maildir:/x/%u:INBOX=/y/%u", "\"/y/%u\"", "\"/y\"" },
		{ "userdb {\ndriver = static\nargs = mail=maildir:/z/%u\n}",
		  "\"/z/%u\"", "\"/z\"" },
		{ "namespace a {\ninbox = yes\nlocation = maildir:/n/%u\n}",
		  "\"/n/%u\"", "\"/n\"" },
		{ "passdb {\ndriver = pam\n}\nuserdb {\ndriver = passwd\n}\n"
		  "mail_location = maildir:~/Mail",
		  "\"Mail\"", "\"/home\"" },
		{ V24 "mail_driver = maildir\nmail_path = /m/%{user | domain}/%{user | "
		      "username}",
		  "\"/m/%d/%n\"", "\"/m\"" },
		{ V24 "mail_driver = maildir\nmail_path = %{home}/Maildir\n"
		      "userdb static {\nfields {\nuid = 5000\nhome = /h/%{user}\n}\n}",
		  "\"/h/%u/Maildir\"", "\"/h\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		convert_text(cases[i].text);
		CHECK_TEXT(world_value(NO_DATABASE, "maildir"), cases[i].maildir);
		CHECK_TEXT(world_value(NO_DATABASE, "mail-root"), cases[i].root);
	}
	convert_text("userdb {\ndriver = static\nargs = uid=5000 gid=5000\n}");
	CHECK_TEXT(world_value(NO_DATABASE, "mail-user"), "\"vmail\"");
}

static void test_databases_of_sql(void **state)
{
	(void)state;
	world_file("/etc/sql",
		   "driver = pgsql\nconnect = host=a host=b dbname=mail user=m "
		   "password='secret' maxconns=7\ndefault_pass_scheme = "
		   "SHA512-CRYPT\npassword_query = \\\n  SELECT email as user, "
		   "password FROM virtual_users WHERE email='%u'\n"
		   "user_query = SELECT '/var/vmail/%d/%n' AS home, 5000 AS uid, "
		   "5000 AS gid\n");
	convert_text("passdb {\ndriver = sql\nargs = /etc/sql\n}\n"
		     "userdb {\ndriver = sql\nargs = /etc/sql\n}\n");
	CHECK_TEXT(world_value(0, "driver"), "postgresql");
	CHECK_TEXT(world_value(0, "connection"), "\"dbname=mail user=m host=a,b\"");
	CHECK_TEXT(world_value(0, "processes"), "7");
	CHECK_EQ(world.result.secret_count, 1);
	CHECK_SPAN(world.result.secrets[0].text, "secret");
	CHECK(strstr(world_value(0, "query-find"),
		     "p.user, u.home, u.uid, u.gid FROM (SELECT"));
	CHECK(strstr(world_value(0, "query-find"), "WHERE email=%u) AS p JOIN"));

	/* without a userdb that asks it, user_query has no effect */
	convert_text("passdb {\ndriver = sql\nargs = /etc/sql\n}\n");
	CHECK(!strstr(world_value(0, "query-find"), "u.home"));
	CHECK_EQ(world_notes(RESULT_NEEDLESS, "user_query"), 1);

	world_file("/etc/sql",
		   "driver = mysql\nconnect = host=a\npassword_query = SELECT "
		   "password FROM u WHERE id = '%u'\n");
	convert_text("passdb {\ndriver = sql\nargs = /etc/sql\n}\n");
	CHECK_EQ(world.result.database_count, 0);
	CHECK_EQ(world_notes(RESULT_NONE, "driver"), 1);

	convert_text(V24 "sql_driver = sqlite\nsqlite_path = /var/m.db\npassdb sql {\n"
			 "query = SELECT password FROM u WHERE id = '%{user}'\n}\n");
	CHECK_TEXT(world_value(0, "driver"), "sqlite");
	CHECK_TEXT(world_value(0, "path"), "\"/var/m.db\"");
	CHECK(strstr(world_value(0, "query-find"), "'{PLAIN}' || p.password"));
	convert_text(
		V24
		"sql_driver = pgsql\npgsql db.example.org {\nparameters {\nuser = m\n"
		"password = geheim\ndbname = mail\n}\n}\npassdb sql {\nquery = SELECT "
		"password FROM u WHERE id = '%{user}'\ndefault_password_scheme = "
		"CRYPT\n}\n");
	CHECK_TEXT(world_value(0, "connection"),
		   "\"user=m dbname=mail host=db.example.org\"");
	CHECK_SPAN(world.result.secrets[0].text, "geheim");
	CHECK_TEXT(world_value(0, "query-find"),
		   "\"SELECT password FROM u WHERE id = %u\"");
}

static void test_databases_of_ldap(void **state)
{
	(void)state;
	world_file("/etc/ldap",
		   "hosts = a.org b.org:1389\ndn = cn=dovecot\ndnpass = secret\n"
		   "tls = yes\nbase = ou=p,dc=x\nauth_bind = yes\n"
		   "pass_filter = (&(objectClass=mailUser)(uid=%u))\n"
		   "user_attrs = homeDirectory=home, uidNumber=uid,=gid=5000\n"
		   "user_filter = (uid=%u)\npass_attrs = "
		   "uid=user,userPassword=password\n");
	convert_text("passdb {\ndriver = ldap\nargs = /etc/ldap\n}\n"
		     "userdb {\ndriver = ldap\nargs = /etc/ldap\n}\n");
	CHECK_TEXT(world_value(0, "uri"), "\"ldap://a.org ldap://b.org:1389\"");
	CHECK_TEXT(world_value(0, "start-tls"), "yes");
	CHECK_TEXT(world_value(0, "passwords"), "bind");
	CHECK_TEXT(world_value(0, "base"), "\"ou=p,dc=x\"");
	CHECK_TEXT(world_value(0, "bind-dn"), "\"cn=dovecot\"");
	CHECK_TEXT(world_value(0, "filter"), "\"(&(objectClass=mailUser)(uid=%u))\"");
	CHECK_TEXT(world_value(0, "attributes"),
		   "\"user=uid\" \"home=homeDirectory\" \"uid=uidNumber\"");
	CHECK_SPAN(world.result.secrets[0].text, "secret");
	CHECK_EQ(world_notes(RESULT_DIFFERS, "user_filter"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "user_attrs"), 1); /* gid */

	world_file("/etc/ldap", "uris = ldaps://a\nauth_bind = yes\n"
				"auth_bind_userdn = uid=%u,ou=p\n");
	convert_text("passdb {\ndriver = ldap\nargs = /etc/ldap\n}\n");
	CHECK_TEXT(world_value(0, "uri"), "\"ldaps://a\"");
	CHECK_TEXT(world_value(0, "bind-template"), "\"uid=%u,ou=p\"");
	CHECK_TEXT(world_value(0, "filter"), "");
	world_file("/etc/ldap", "uris = ldaps://a\nbase = b\npass_filter = (uid=%n)\n");
	convert_text("passdb {\ndriver = ldap\nargs = /etc/ldap\n}\n");
	CHECK_EQ(world_notes(RESULT_NONE, "pass_filter"), 1);
	CHECK_TEXT(world_value(0, "attributes"), "\"password=userPassword\"");

	convert_text(V24
		     "ldap_uris = ldap://a\nldap_base = b\npassdb ldap {\nbind = yes\n"
		     "filter = (uid=%{user})\nfields {\nuser = %{ldap:uid}\n}\n}\n"
		     "userdb ldap {\nfields {\nhome = %{ldap:homeDirectory}\n}\n}\n");
	CHECK_TEXT(world_value(0, "filter"), "\"(uid=%u)\"");
	CHECK_TEXT(world_value(0, "attributes"), "\"user=uid\" \"home=homeDirectory\"");
}

static void test_files_of_databases_with_mistakes(void **state)
{
	(void)state;
	world_file("/c", "\npassdb {\ndriver = sql\nargs = /etc/none\n}\n");
	CHECK_TEXT(world_convert("dovecot"),
		   "c:4: cannot read the file that args names: /etc/none");
	world_file("/etc/sql", "driver = pgsql\nx {\n}\n");
	world_file("/c", "passdb {\ndriver = sql\nargs = /etc/sql\n}\n");
	CHECK_TEXT(world_convert("dovecot"), "sql:2: this file has no sections: x");
	world_file("/c", "passdb {\ndriver = sql\n}\n");
	CHECK_TEXT(world_convert("dovecot"), "c:1: passdb sql has no args");
}

/* ---- quotas ---- */

static void test_quotas(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} cases[] = {
		{ "plugin {\nquota_rule = *:storage=1G\n}", "quota",
		  "" }, /* not loaded */
		{ "mail_plugins = quota\nplugin {\nquota_rule = *:storage=1G\n}",
		  "quota", "\"1G\"" },
		{ "mail_plugins = quota\nplugin {\nquota_rule = "
		  "*:storage=1G:messages=50\n}",
		  "quota", "\"1G, 50 messages\"" },
		{ "protocol pop3 {\nmail_plugins = quota\n}\nplugin {\n"
		  "quota_rule = *:storage=1G\n}",
		  "quota-full", "bounce" },
		{ "mail_plugins = quota\nquota_full_tempfail = yes\nplugin {\n"
		  "quota_rule = *:storage=1G\n}",
		  "quota-full", "tempfail" },
		{ "mail_plugins = quota\nplugin {\nquota_rule = *:storage=100M\n"
		  "quota_grace = 10%%\n}",
		  "quota-grace", "10485760" },
		{ "mail_plugins = quota\nplugin {\nquota_warning = storage=95%% w 95 "
		  "%u\n"
		  "quota_warning2 = storage=80%% w 80 %u\n}",
		  "quota-warn", "\"95%\" \"80%\"" },
		{ "mail_plugins = quota\nplugin {\nquota_max_mail_size = 10M\n}",
		  "max-message-size", "10485760" },
		{ "mail_plugins = quota\nplugin {\nquota_rule = "
		  "*:storage=1G\n}\nuserdb {\n"
		  "driver = passwd\noverride_fields = quota_rule=*:storage=2G\n}",
		  "quota", "\"2G\"" },
		{ V24
		  "mail_plugins {\nquota = yes\n}\nquota \"User quota\" {\n"
		  "storage_size = 5M\nwarning w {\nquota_storage_percentage = 90\n}\n}",
		  "quota", "\"5M\"" },
		{ V24
		  "mail_plugins = quota\nquota u {\nstorage_grace = 1M\nwarning w {\n"
		  "quota_storage_percentage = 90\n}\n}",
		  "quota-warn", "\"90%\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		convert_text(cases[i].text);
		CHECK_TEXT(world_value(NO_DATABASE, cases[i].name), cases[i].value);
	}
}

/* Nothing is dropped: each item is taken by a rule, or has a note. */
static void test_nothing_is_dropped(void **state)
{
	(void)state;
	convert_text("a = 1\nb {\nc = 2\n}\nd e {\nf = 3\ng h {\ni = 4\n}\n}\nplugin "
		     "{\nj = 5\n}\n"
		     "passdb {\ndriver = pam\nk = 6\n}\nprotocol lmtp {\nl = 7\n}\n");
	for (unsigned i = 0; i < world.source.count; i++)
		CHECK(world.source.items[i].used);
	CHECK_EQ(world_notes(RESULT_NONE, "a"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "b_c"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "d e: f"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "d e: g h: i"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "passdb: k"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "protocol lmtp: l"), 1);
	CHECK_EQ(world_notes(RESULT_NEEDLESS, "plugin"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings_with_a_counterpart),
		TEST(test_settings_without_a_counterpart),
		TEST(test_defaults_are_no_complaint),
		TEST(test_every_setting_of_dovecot_is_known),
		TEST(test_listeners),
		TEST(test_lmtp_and_proxies),
		TEST(test_limits_of_connections),
		TEST(test_passwd_files),
		TEST(test_passdbs_that_refuse),
		TEST(test_where_the_mail_is),
		TEST(test_databases_of_sql),
		TEST(test_databases_of_ldap),
		TEST(test_files_of_databases_with_mistakes),
		TEST(test_quotas),
		TEST(test_nothing_is_dropped),
	};

	return RUN(tests);
}
