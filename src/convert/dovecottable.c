/* convert/dovecottable.c - the table of Dovecot's settings.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecottable.h"

/* A '*' at the end stands for any text. The first row that fits counts. `other` is a
 * setting of Poplar, or a sentence. */
/* clang-format off */
static const struct dovecot_row rows[] = {
	/* ours */
	{ "login_greeting", DOVECOT_TEXT, "greeting" },
	{ "auth_default_realm", DOVECOT_TEXT, "default-domain" },
	{ "auth_failure_delay", DOVECOT_MILLIS, "failure-delay" },
	{ "auth_master_user_separator", DOVECOT_TEXT, "master-separator" },
	{ "master_user_separator", DOVECOT_TEXT, "master-separator" },
	{ "first_valid_uid", DOVECOT_COUNT, "first-uid" },
	{ "recipient_delimiter", DOVECOT_TEXT, "recipient-delimiter" },
	{ "ssl_cipher_list", DOVECOT_TEXT, "tls-ciphers" },
	{ "ssl_cipher_suites", DOVECOT_TEXT, "tls-ciphersuites" },
	{ "ssl_curve_list", DOVECOT_TEXT, "tls-groups" },
	{ "syslog_facility", DOVECOT_TEXT, "syslog-facility" },
	{ "login_trusted_networks", DOVECOT_NETWORKS, "trusted-networks" },
	{ "pop3_no_flag_updates", DOVECOT_SEEN, "mark-seen" },
	{ "log_path", DOVECOT_LOG, "log" },
	{ "auth_debug", DOVECOT_DEBUG, "log-level" },
	{ "mail_debug", DOVECOT_DEBUG, "log-level" },
	/* rules of other files */
	{ "dovecot_config_version", DOVECOT_RULE, NULL },
	{ "protocols", DOVECOT_RULE, NULL }, { "listen", DOVECOT_RULE, NULL },
	{ "ssl", DOVECOT_RULE, NULL }, { "ssl_cert", DOVECOT_RULE, NULL }, { "ssl_key", DOVECOT_RULE, NULL },
	{ "ssl_server_cert_file", DOVECOT_RULE, NULL }, { "ssl_server_key_file", DOVECOT_RULE, NULL },
	{ "ssl_alt_cert", DOVECOT_RULE, NULL }, { "ssl_alt_key", DOVECOT_RULE, NULL },
	{ "ssl_server_alt_cert_file", DOVECOT_RULE, NULL }, { "ssl_server_alt_key_file", DOVECOT_RULE, NULL },
	{ "ssl_ca", DOVECOT_RULE, NULL }, { "ssl_server_ca_file", DOVECOT_RULE, NULL },
	{ "ssl_verify_client_cert", DOVECOT_RULE, NULL }, { "ssl_server_request_client_cert", DOVECOT_RULE, NULL },
	{ "auth_ssl_require_client_cert", DOVECOT_RULE, NULL }, { "ssl_min_protocol", DOVECOT_RULE, NULL },
	{ "auth_mechanisms", DOVECOT_RULE, NULL }, { "disable_plaintext_auth", DOVECOT_RULE, NULL },
	{ "auth_allow_cleartext", DOVECOT_RULE, NULL }, { "auth_username_format", DOVECOT_RULE, NULL },
	{ "auth_krb5_keytab", DOVECOT_RULE, NULL }, { "auth_anonymous_username", DOVECOT_RULE, NULL },
	{ "mail_location", DOVECOT_RULE, NULL }, { "mail_driver", DOVECOT_RULE, NULL }, { "mail_path", DOVECOT_RULE, NULL },
	{ "mail_inbox_path", DOVECOT_RULE, NULL }, { "mail_home", DOVECOT_RULE, NULL }, { "mail_uid", DOVECOT_RULE, NULL },
	{ "mail_gid", DOVECOT_RULE, NULL }, { "mail_control_path", DOVECOT_RULE, NULL },
	{ "mail_plugins", DOVECOT_RULE, NULL }, { "quota_full_tempfail", DOVECOT_RULE, NULL },
	{ "quota_storage_size", DOVECOT_RULE, NULL }, { "quota_message_count", DOVECOT_RULE, NULL },
	{ "quota_storage_grace", DOVECOT_RULE, NULL }, { "quota_mail_size", DOVECOT_RULE, NULL },
	{ "haproxy_trusted_networks", DOVECOT_RULE, NULL },
	{ "default_process_limit", DOVECOT_RULE, NULL }, { "default_client_limit", DOVECOT_RULE, NULL },
	{ "sql_driver", DOVECOT_RULE, NULL }, { "sqlite_path", DOVECOT_RULE, NULL },
	{ "ldap_uris", DOVECOT_RULE, NULL }, { "ldap_base", DOVECOT_RULE, NULL }, { "ldap_auth_dn", DOVECOT_RULE, NULL },
	{ "ldap_auth_dn_password", DOVECOT_RULE, NULL }, { "ldap_starttls", DOVECOT_RULE, NULL },
	{ "passdb_default_password_scheme", DOVECOT_RULE, NULL },
	/* POP3 */
	{ "pop3_uidl_format", DOVECOT_RULE, NULL },
	{ "pop3_save_uidl", DOVECOT_IF_YES, "Unique-ids that Dovecot has saved must be imported." },
	{ "pop3_reuse_xuidl", DOVECOT_IF_YES, "Poplar takes no unique-id from the field X-UIDL." },
	{ "pop3_uidl_duplicates", DOVECOT_NEEDLESS, "Unique-ids in Poplar are always distinct, as RFC 1939 demands." },
	{ "pop3_lock_session", DOVECOT_IF_NO, "In Poplar, one session at a time has a maildrop; a second one is told [IN-USE]." },
	{ "pop3_enable_last", DOVECOT_IF_YES, "Poplar has no command LAST, which RFC 1939 has removed." },
	{ "pop3_fast_size_lookups", DOVECOT_NEEDLESS, "Poplar keeps the exact sizes in its index." },
	{ "pop3_delete_type", DOVECOT_IF_YES, "In Poplar, DELE and QUIT remove a message, and nothing else." },
	{ "pop3_deleted_flag", DOVECOT_IF_YES, "In Poplar, DELE and QUIT remove a message; no flag hides it." },
	{ "pop3_client_workarounds", DOVECOT_IF_YES, "Poplar sends messages as they are." },
	{ "pop3_logout_format", DOVECOT_NEEDLESS, "The log of Poplar has its own form: see poplard(8)." },
	{ "mail_max_userip_connections", DOVECOT_NEEDLESS, "In Poplar, a user has one session at a time; max-connections-per-address limits addresses." },
	/* TLS */
	{ "ssl_dh", DOVECOT_NEEDLESS, "Poplar uses ECDHE, which needs no such file." },
	{ "ssl_server_dh_file", DOVECOT_NEEDLESS, "Poplar uses ECDHE, which needs no such file." },
	{ "ssl_prefer_server_ciphers", DOVECOT_IF_YES, "In Poplar, the client chooses among the ciphers." },
	{ "ssl_server_prefer_ciphers", DOVECOT_NONE, "In Poplar, the client chooses among the ciphers." },
	{ "ssl_key_password", DOVECOT_IF_YES, "Poplar reads private keys without a password." },
	{ "ssl_server_key_password", DOVECOT_IF_YES, "Poplar reads private keys without a password." },
	{ "ssl_alt_key_password", DOVECOT_IF_YES, "Poplar reads private keys without a password." },
	{ "ssl_options", DOVECOT_IF_YES, "Poplar has no options of OpenSSL." },
	{ "ssl_protocols", DOVECOT_NONE, "Poplar speaks TLS 1.2 and 1.3: see tls-minimum." },
	{ "ssl_parameters_regenerate", DOVECOT_NEEDLESS, "Poplar uses ECDHE, which needs no parameters." },
	{ "ssl_dh_parameters_length", DOVECOT_NEEDLESS, "Poplar uses ECDHE, which needs no parameters." },
	{ "ssl_require_crl", DOVECOT_NEEDLESS, "Poplar checks revocation if tls-client-crl names a file." },
	{ "ssl_server_require_crl", DOVECOT_NEEDLESS, "Poplar checks revocation if tls-client-crl names a file." },
	{ "ssl_cert_username_field", DOVECOT_NONE, "Poplar takes the name from the field that tls-client-name chooses." },
	{ "ssl_server_cert_username_field", DOVECOT_NONE, "Poplar takes the name from the field that tls-client-name chooses." },
	{ "auth_ssl_username_from_cert", DOVECOT_IF_YES, "Poplar takes the name from a certificate by the mechanism EXTERNAL only." },
	{ "ssl_crypto_device", DOVECOT_IF_YES, "Poplar uses no engine of OpenSSL." },
	{ "ssl_client_*", DOVECOT_NEEDLESS, "This is for connections that Dovecot makes to others." },
	{ "ssl_peer_certificate_fingerprint_hash", DOVECOT_NEEDLESS, "The log of Poplar has its own form." },
	{ "verbose_ssl", DOVECOT_NEEDLESS, "Poplar logs why a handshake fails." },
	/* logins */
	{ "auth_allow_weak_schemes", DOVECOT_NEEDLESS, "Poplar checks passwords of all schemes that it knows." },
	{ "auth_username_chars", DOVECOT_NONE, "Poplar lets databases decide which names there are." },
	{ "auth_username_translation", DOVECOT_IF_YES, "Poplar does not replace characters in user names." },
	{ "auth_realms", DOVECOT_IF_YES, "In Poplar, a name is the same with every mechanism and realm." },
	{ "auth_cache_*", DOVECOT_NEEDLESS, "Poplar remembers results by cache-size, cache-success and cache-failure." },
	{ "auth_verbose*", DOVECOT_NEEDLESS, "Poplar always logs why a login fails, and never a password." },
	{ "auth_debug_passwords", DOVECOT_IF_YES, "Poplar never logs passwords." },
	{ "auth_worker_max_count", DOVECOT_NEEDLESS, "See the setting processes of each database." },
	{ "auth_worker_*", DOVECOT_NEEDLESS, "See the setting processes of each database." },
	{ "auth_gssapi_hostname", DOVECOT_IF_YES, "Poplar uses the keys of pop/HOST for the host's own name." },
	{ "auth_policy_server_url", DOVECOT_IF_YES, "Poplar asks no policy server; it delays logins itself: see FAILED LOGINS." },
	{ "auth_policy_*", DOVECOT_NEEDLESS, "This is for the policy server." },
	{ "auth_use_winbind", DOVECOT_IF_YES, "Poplar does not use winbind." },
	{ "auth_winbind_helper_path", DOVECOT_NEEDLESS, "Poplar does not use winbind." },
	{ "auth_proxy_self", DOVECOT_IF_YES, "Poplar is no proxy." },
	{ "auth_stats", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "auth_socket_path", DOVECOT_NEEDLESS, "Poplar's processes have no such sockets." },
	{ "auth_internal_failure_delay", DOVECOT_NEEDLESS, "Poplar answers a fault of its own at once." },
	{ "auth_request_*", DOVECOT_NEEDLESS, "Poplar has no such requests." },
	{ "login_log_format*", DOVECOT_NEEDLESS, "The log of Poplar has its own form: see poplard(8)." },
	{ "login_access_sockets", DOVECOT_IF_YES, "Poplar asks no access server such as tcpwrap: see allow_nets in poplar.conf(5)." },
	{ "login_proxy_*", DOVECOT_NEEDLESS, "Poplar is no proxy." },
	{ "login_source_ips", DOVECOT_NEEDLESS, "Poplar is no proxy." },
	{ "login_socket_path", DOVECOT_NEEDLESS, "Poplar's processes have no such sockets." },
	{ "login_auth_socket_path", DOVECOT_NEEDLESS, "Poplar's processes have no such sockets." },
	{ "login_plugin_dir", DOVECOT_NEEDLESS, "Poplar has no plugins." },
	{ "login_plugins", DOVECOT_IF_YES, "Poplar has no plugins." },
	{ "haproxy_timeout", DOVECOT_NEEDLESS, "The setting handshake-timeout limits the time for the header." },
	{ "shutdown_clients", DOVECOT_IF_NO, "Poplar gives sessions the time of the setting grace when it ends; a reload ends none." },
	/* the mail */
	{ "last_valid_uid", DOVECOT_IF_YES, "Poplar has no largest uid of users." },
	{ "first_valid_gid", DOVECOT_NEEDLESS, "Poplar refuses the gid 0, and no other." },
	{ "last_valid_gid", DOVECOT_IF_YES, "Poplar has no largest gid of users." },
	{ "mail_access_groups", DOVECOT_IF_YES, "A maildrop process has one group: that of the user's gid." },
	{ "mail_privileged_group", DOVECOT_NEEDLESS, "This is for mbox files and their locks." },
	{ "mail_chroot", DOVECOT_IF_YES, "A maildrop process can reach mail-root and nothing else." },
	{ "valid_chroot_dirs", DOVECOT_NEEDLESS, "A maildrop process can reach mail-root and nothing else." },
	{ "mail_full_filesystem_access", DOVECOT_IF_YES, "A maildrop process can reach mail-root and nothing else." },
	{ "mail_fsync", DOVECOT_NEEDLESS, "Poplar always syncs mail before it says that it has it." },
	{ "fsync_disable", DOVECOT_NEEDLESS, "Poplar always syncs mail before it says that it has it." },
	{ "mail_nfs_*", DOVECOT_NEEDLESS, "Poplar needs no setting for NFS." },
	{ "mmap_disable", DOVECOT_NEEDLESS, "Poplar needs no setting for NFS." },
	{ "dotlock_use_excl", DOVECOT_NEEDLESS, "Poplar uses no dot locks for Maildirs." },
	{ "lock_method", DOVECOT_NEEDLESS, "Poplar's lock on a Maildir is its own." },
	{ "mail_save_crlf", DOVECOT_NEEDLESS, "Poplar stores LF, and reads both." },
	{ "mail_index_path", DOVECOT_NEEDLESS, "Poplar's index is in the Maildir." },
	{ "mail_volatile_path", DOVECOT_NEEDLESS, "Poplar's index is in the Maildir." },
	{ "mail_cache_*", DOVECOT_NEEDLESS, "Poplar's index is its own." },
	{ "mail_always_cache_fields", DOVECOT_NEEDLESS, "Poplar's index is its own." },
	{ "mail_never_cache_fields", DOVECOT_NEEDLESS, "Poplar's index is its own." },
	{ "mail_log_prefix", DOVECOT_NEEDLESS, "The log of Poplar has its own form: see poplard(8)." },
	{ "mail_attachment_*", DOVECOT_NEEDLESS, "This is for Dovecot's dbox, and for IMAP." },
	{ "mail_temp_*", DOVECOT_NEEDLESS, "Poplar needs no such files." },
	{ "mail_plugin_dir", DOVECOT_NEEDLESS, "Poplar has no plugins." },
	{ "mail_attribute*", DOVECOT_NEEDLESS, "This is for IMAP." },
	{ "mail_server_*", DOVECOT_NEEDLESS, "This is for IMAP." },
	{ "mail_shared_explicit_inbox", DOVECOT_NEEDLESS, "POP3 has the INBOX only." },
	{ "mail_max_keyword_length", DOVECOT_NEEDLESS, "This is for IMAP." },
	{ "mail_max_lock_timeout", DOVECOT_NEEDLESS, "See the setting lock-wait." },
	{ "mail_prefetch_count", DOVECOT_NEEDLESS, "Poplar reads ahead by itself." },
	{ "mail_sort_*", DOVECOT_NEEDLESS, "This is for IMAP." },
	{ "mail_vsize_*", DOVECOT_NEEDLESS, "Poplar counts sizes by itself." },
	{ "mail_utf8_extensions", DOVECOT_NEEDLESS, "Poplar has UTF8 (RFC 6856)." },
	{ "mail_cache", DOVECOT_NEEDLESS, "Poplar's index is its own." },
	{ "mailbox_*", DOVECOT_NEEDLESS, "POP3 has the INBOX only." },
	{ "maildir_*", DOVECOT_NEEDLESS, "Poplar reads Maildirs in its own way." },
	{ "mbox_*", DOVECOT_NEEDLESS, "Poplar serves Maildirs." },
	{ "mdbox_*", DOVECOT_NEEDLESS, "Poplar serves Maildirs." },
	{ "dbox_*", DOVECOT_NEEDLESS, "Poplar serves Maildirs." },
	{ "quota_*", DOVECOT_NEEDLESS, "The plugin quota is not loaded, or Poplar counts in its own way." },
	/* LMTP */
	{ "lmtp_save_to_detail_mailbox", DOVECOT_IF_YES, "Poplar delivers to the one maildrop of the user." },
	{ "lmtp_proxy", DOVECOT_IF_YES, "Poplar is no proxy." },
	{ "lmtp_rcpt_check_quota", DOVECOT_NEEDLESS, "Poplar checks the quota at RCPT." },
	{ "lmtp_address_translate", DOVECOT_NONE, "Poplar uses addresses as the client writes them: see recipient-domains." },
	{ "lmtp_hdr_delivery_address", DOVECOT_NONE, "Poplar adds no field Delivered-To." },
	{ "lmtp_user_concurrency_limit", DOVECOT_NEEDLESS, "Deliveries to one maildrop follow each other." },
	{ "lmtp_*", DOVECOT_NEEDLESS, "Poplar's LMTP needs no such setting." },
	/* the log */
	{ "info_log_path", DOVECOT_IF_YES, "Poplar logs to syslog or standard error, and to no files." },
	{ "debug_log_path", DOVECOT_IF_YES, "Poplar logs to syslog or standard error, and to no files." },
	{ "log_timestamp", DOVECOT_NEEDLESS, "The log of Poplar has its own form: see poplard(8)." },
	{ "log_core_filter", DOVECOT_NEEDLESS, "The log of Poplar has its own form." },
	{ "log_debug", DOVECOT_NEEDLESS, "See the setting log-level." },
	/* processes */
	{ "default_*", DOVECOT_NEEDLESS, "Poplar's processes are not those of Dovecot." },
	{ "verbose_proctitle", DOVECOT_NEEDLESS, "Poplar does not change the titles of processes." },
	{ "base_dir", DOVECOT_NEEDLESS, "See the setting run-dir." },
	{ "state_dir", DOVECOT_NEEDLESS, "Poplar keeps no state but in its run directory and the Maildirs." },
	{ "libexec_dir", DOVECOT_NEEDLESS, "Poplar knows where its programs are." },
	{ "instance_name", DOVECOT_NEEDLESS, "A second server has a configuration and a run-dir of its own." },
	{ "import_environment", DOVECOT_NEEDLESS, "Poplar's processes get no variables." },
	{ "process_shutdown_filter", DOVECOT_NEEDLESS, "Poplar's processes are not those of Dovecot." },
	{ "config_cache_size", DOVECOT_NEEDLESS, "Poplar reads its configuration once." },
	{ "version_ignore", DOVECOT_NEEDLESS, "All of Poplar's programs are of one build." },
	/* other protocols and programs */
	{ "imap_*", DOVECOT_NEEDLESS, "This is for IMAP." },
	{ "imapc_*", DOVECOT_NEEDLESS, "This is for mail on another server." },
	{ "pop3c_*", DOVECOT_NEEDLESS, "This is for mail on another server." },
	{ "submission_*", DOVECOT_NEEDLESS, "This is for submission." },
	{ "lda_*", DOVECOT_NEEDLESS, "This is for Dovecot's delivery program." },
	{ "sendmail_path", DOVECOT_NEEDLESS, "Poplar sends no mail." },
	{ "rejection_*", DOVECOT_NEEDLESS, "Poplar sends no bounces." },
	{ "postmaster_address", DOVECOT_NEEDLESS, "Poplar sends no bounces." },
	{ "hostname", DOVECOT_NEEDLESS, "Poplar uses the name of the machine." },
	{ "deliver_log_format", DOVECOT_NEEDLESS, "The log of Poplar has its own form: see poplard(8)." },
	{ "director_*", DOVECOT_NEEDLESS, "Poplar has no director." },
	{ "doveadm_*", DOVECOT_NEEDLESS, "Poplar's tool is poplar(8)." },
	{ "dsync_*", DOVECOT_NEEDLESS, "Poplar does not replicate mail." },
	{ "replicat*", DOVECOT_NEEDLESS, "Poplar does not replicate mail." },
	{ "dict_*", DOVECOT_NEEDLESS, "Poplar asks no dictionaries." },
	{ "stats_*", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "old_stats_*", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "metric_*", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "fts*", DOVECOT_NEEDLESS, "This is for searches, which POP3 does not have." },
	{ "acl*", DOVECOT_NEEDLESS, "This is for folders, which POP3 does not have." },
	{ "sieve*", DOVECOT_NEEDLESS, "Poplar runs no Sieve scripts: mail is delivered as it comes." },
	{ "managesieve_*", DOVECOT_NEEDLESS, "Poplar runs no Sieve scripts." },
	{ "rawlog_dir", DOVECOT_NEEDLESS, "Poplar keeps no copy of what clients say." },
	{ "dovecot_*", DOVECOT_NEEDLESS, "This says what version of Dovecot the file is for." },
	{ "http_client_*", DOVECOT_NEEDLESS, "This is for connections that Dovecot makes to others." },
	{ "ldap_*", DOVECOT_NONE, "Poplar has no such setting of LDAP." },
	{ "sql_*", DOVECOT_NONE, "Poplar has no such setting of SQL." },
	{ "sqlite_*", DOVECOT_NEEDLESS, "Poplar opens the file read-only." },
	{ "oauth2_*", DOVECOT_NONE, "Write a database with the driver introspection or jwt: see TOKENS in poplar.conf(5)." },
	{ "userdb_*", DOVECOT_NONE, "Poplar has no such rule for databases." },
	{ "passdb_*", DOVECOT_NONE, "Poplar has no such rule for databases." },
	{ "crypt_*", DOVECOT_NONE, "Poplar does not encrypt mail." },
	{ "zlib_*", DOVECOT_NONE, "Poplar does not compress mail, and reads none that is compressed." },
	{ "mail_compress_*", DOVECOT_NONE, "Poplar does not compress mail, and reads none that is compressed." },
};

/* The same for items in sections, by the type of the section and its title ("": any). */
static const struct dovecot_part parts[] = {
	{ "service", "auth", DOVECOT_NONE, "Poplar does not check passwords for other programs: let the mail transfer agent ask the databases itself." },
	{ "service", "pop3-login", DOVECOT_NEEDLESS, "Poplar's processes are not those of Dovecot." },
	{ "service", "", DOVECOT_NEEDLESS, "Poplar's processes are not those of Dovecot." },
	{ "namespace", "", DOVECOT_NEEDLESS, "POP3 has the INBOX only." },
	{ "protocol", "lmtp", DOVECOT_NONE, "Poplar has no settings for LMTP alone." },
	{ "protocol", "", DOVECOT_NEEDLESS, "This is for another protocol." },
	{ "plugin", "", DOVECOT_NEEDLESS, "Poplar has no plugins; its quota needs none of this." },
	{ "quota", "", DOVECOT_NEEDLESS, "Poplar counts in its own way." },
	{ "dict", "", DOVECOT_NEEDLESS, "Poplar asks no dictionaries." },
	{ "metric", "", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "event_exporter", "", DOVECOT_NEEDLESS, "Poplar has no such statistics." },
	{ "local_name", "", DOVECOT_NONE, "Of the settings for one name, Poplar has certificates only." },
	{ "local", "", DOVECOT_NONE, "Poplar has the same settings on all addresses." },
	{ "remote", "", DOVECOT_NONE, "Poplar has the same settings for all clients." },
	{ "passdb", "", DOVECOT_NONE, "Poplar's databases have no such setting." },
	{ "userdb", "", DOVECOT_NONE, "Poplar's databases have no such setting; give users fields." },
	{ "file", "", DOVECOT_NEEDLESS, "Poplar's databases need no such setting." },
	{ "fields", "", DOVECOT_NONE, "Poplar does not take this field for all users." },
	{ "mailbox", "", DOVECOT_NEEDLESS, "POP3 has the INBOX only." },
	{ "pgsql", "", DOVECOT_NEEDLESS, "No database of Poplar needs this." },
	{ "mysql", "", DOVECOT_NEEDLESS, "Poplar does not ask MySQL." },
	{ "sqlite", "", DOVECOT_NEEDLESS, "Poplar opens the file read-only." },
	{ "", "", DOVECOT_NONE, "Poplar knows no such section of Dovecot: is it misspelt?" },
};
/* clang-format on */

static bool fits(struct span name, const char *pattern)
{
	const size_t len = strlen(pattern);

	if (pattern[len - 1] != '*')
		return span_is(name, pattern);
	return name.len >= len - 1 && memcmp(name.at, pattern, len - 1) == 0;
}

const struct dovecot_row *dovecot_row_of(struct span name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fits(name, rows[i].name))
			return &rows[i];
	return NULL;
}

enum dovecot_known dovecot_knows(struct span name)
{
	const struct dovecot_row *row = dovecot_row_of(name);

	if (!row)
		return DOVECOT_UNKNOWN;
	return row->how < DOVECOT_NONE ? DOVECOT_CONVERTED : DOVECOT_NOTED;
}

const struct dovecot_part *dovecot_part_of(const struct source_section *section)
{
	const struct dovecot_part *part = parts;

	while (*part->type && (!span_is(section->type, part->type) ||
			       (*part->title && !span_is(section->title, part->title))))
		part++;
	return part;
}
