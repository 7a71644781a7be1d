/* config/settings.h - the table of settings.
 *
 * Prefix: settings_.
 *
 * One row per setting: C name (the file's name has '-' for '_'), type, least and
 * greatest value or length, default as the file would have it, the roles that get the
 * value, and its text in poplar.conf(5). Struct, parser, checks, transfer to children,
 * `poplar config` and the manual page are generated from this table. config/row.h
 * explains the types. Databases and boards have tables of their own in
 * config/databases.h and config/boards.h.
 */
#pragma once

#include "base/language.h"
#include "base/policy.h"
#include "base/tlspolicy.h"
#include "config/boards.h"
#include "config/databases.h"

/* clang-format off */
#define SETTING_TABLE(X) \
/* where it listens */ \
X(listen, LIST, 0, 32, "*:110", PARENT, \
  "Addresses on which the server speaks POP3 in clear text, with STLS if there is a certificate: a numeric " \
  "address or * for all addresses, a colon, and a port. IPv6 addresses stand in brackets.") \
X(listen_tls, LIST, 0, 32, "*:995", PARENT, \
  "Addresses on which the server speaks TLS from the first octet (POP3S, RFC 8314). They need " \
  "tls-certificate; without one this list must be empty.") \
X(tls_certificate, LIST, 0, 32, "", PARENT, \
  "Files with certificate chains in PEM form: the server's own certificate first, then each certificate that " \
  "signed the one before it. A client that names a host (SNI) gets the certificate with that name, or else " \
  "one with a matching wildcard; two certificates with different kinds of key, such as RSA and ECDSA, may " \
  "have the same name. A client that names no host, or an unknown one, gets the first certificate. The files " \
  "are read again when they change. Empty: no TLS.") \
X(tls_key, LIST, 0, 32, "", PARENT, \
  "Files with the private keys in PEM form, in the order of tls-certificate. Missing or empty: the key is in " \
  "the file of its certificate.") \
X(tls_ocsp, LIST, 0, 32, "", PARENT, \
  "Files with OCSP responses in DER form to staple, in the order of tls-certificate. Missing or empty: " \
  "nothing is stapled. A response that is stale, or for another certificate, is logged and not stapled.") \
X(tls_unknown_name, CHOICE, 0, 1, "default", FRONT | LMTP, \
  "The answer to a client that names a host (SNI) that no certificate has: the first certificate, or a fatal " \
  "alert.") \
X(tls_minimum, CHOICE, 0, 1, "1.2", PARENT | FRONT | LMTP, \
  "The oldest version of TLS that the server accepts.") \
X(tls_ciphers, TEXT, 1, 2048, \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305", \
  PARENT | FRONT | LMTP, \
  "The ciphers of TLS 1.2, as openssl-ciphers(1) names them. The defaults of this setting and the next two " \
  "are Mozilla's intermediate profile without DHE: a DHE handshake costs the server four to five times as " \
  "much as one with ECDHE, which every client of TLS 1.2 knows. The client chooses among the ciphers.") \
X(tls_ciphersuites, TEXT, 1, 2048, \
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", PARENT | FRONT | LMTP, \
  "The ciphers of TLS 1.3.") \
X(tls_groups, TEXT, 1, 2048, "X25519:prime256v1:secp384r1", PARENT | FRONT | LMTP, \
  "The groups for key exchange, the preferred one first.") \
X(tls_client_verify, CHOICE, 0, 2, "none", PARENT | FRONT | LMTP, \
  "Whether clients are asked for a certificate, and whether they must have one. A certificate that a client " \
  "gives must be valid. Sessions with a client certificate are not resumed.") \
X(tls_client_ca, TEXT, 0, 4095, "", PARENT, \
  "File with the certificates, in PEM form, of the authorities that sign client certificates.") \
X(tls_client_crl, TEXT, 0, 4095, "", PARENT, \
  "File with certificate revocation lists in PEM form: one list of each authority in a client's chain. If a " \
  "list is missing or out of date, the client is refused. Empty: revocation is not checked.") \
X(tls_client_name, CHOICE, 0, 3, "common-name", PARENT | FRONT | LMTP, \
  "The field of a client's certificate that names its user: the subject's common name, or the e-mail " \
  "address, DNS name or Microsoft user principal name among its alternative names. A certificate names " \
  "nobody unless it has the field exactly once.") \
X(plaintext_auth, CHOICE, 0, 2, "loopback", FRONT, \
  "From where the server accepts a user name and password without TLS: from nowhere, only from loopback " \
  "addresses of this machine, or from everywhere. A connection counts as encrypted if its TLS ends at a " \
  "proxy of proxy-from.") \
X(greeting, TEXT, 1, 360, "Poplar ready", FRONT, \
  "The text of the server's greeting behind \"+OK \". It is printable ASCII, does not begin with '[' and has " \
  "no '<': clients give both a meaning.") \
X(language, CHOICE, 0, LANGUAGE_COUNT - 1, "en", FRONT, \
  "The language that a client gets by LANG *, that is, the administrator's choice. A client that has not " \
  "used LANG is answered in English, since it expects ASCII.") \
X(proxy_from, LIST, 0, 32, "", FRONT | LMTP, \
  "Addresses and networks of proxies in front of the server, such as 192.0.2.1, 192.0.2.0/24 or " \
  "2001:db8::/32. A connection from a proxy must begin with a header of the PROXY protocol, version 1 or 2; " \
  "on the addresses of listen-tls the header comes before TLS. The header names the client. See BEHIND A " \
  "PROXY.") \
/* who may come in */ \
X(users, TEXT, 1, 4095, POPLAR_SYSCONFDIR "/auth/users", PARENT | AUTH, \
  "The passwd-style file of users. The login process can read all files in its folder and no others, so " \
  "keep no other files there. If the configuration has no section `database`, this file is the only " \
  "database of users.") \
X(mechanisms, LIST, 1, 32, "USER, PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, OAUTHBEARER, XOAUTH2", AUTH, \
  "The allowed ways to log in: USER (with PASS) and SASL mechanisms. Other known ones are SCRAM-SHA-256-PLUS, " \
  "SCRAM-SHA-1-PLUS, APOP, DIGEST-MD5, GSSAPI, EXTERNAL and ANONYMOUS. The server offers those that work on " \
  "the connection. Mechanisms that send the password (USER, PLAIN, LOGIN) or a token (OAUTHBEARER, XOAUTH2) " \
  "need TLS, or the permission of plaintext-auth; those with a token also need a database of tokens. SCRAM, " \
  "CRAM-MD5, DIGEST-MD5 and APOP must work with the stored password of every user: {PLAIN} or, for SCRAM, " \
  "{SCRAM-SHA-256} or {SCRAM-SHA-1}. See LOGGING IN.") \
X(default_domain, TEXT, 0, 200, "", AUTH, \
  "The domain that is appended, behind an '@', to user names without one.") \
X(fold_names, BOOL, 0, 1, "no", AUTH, \
  "Whether the letters A to Z in user names are converted to a to z. The names in the databases must then be " \
  "in small letters.") \
X(master_separator, TEXT, 0, 1, "", AUTH, \
  "A user with the field master may log in as another user: by the authorization identity of SASL, and, if " \
  "this is for example '*', as user*master, too. No user name may then contain that character.") \
X(anonymous_user, TEXT, 0, 255, "", AUTH, \
  "The user as whom the mechanism ANONYMOUS logs everybody in, to read messages and not to remove them. A " \
  "database must know this user, and mechanisms must name ANONYMOUS. Empty: nobody.") \
X(gssapi_keytab, TEXT, 0, 4095, "", AUTH, \
  "File with the keys of pop/HOST that the Kerberos server has made, for the mechanism GSSAPI. auth-user " \
  "must be able to read it. It is read at start and on reload.") \
X(gssapi_realm, TEXT, 0, 255, "", AUTH, \
  "The Kerberos realm whose principals are users, by the part of the principal before the '@'; principals of " \
  "other realms are refused. Empty: the whole principal is the user name.") \
X(max_login_failures, COUNT, 1, 1000, "6", FRONT, \
  "The number of refused logins after which the server closes the connection.") \
X(failure_delay, MILLIS, 0, 60000, "1s", AUTH, \
  "The time between a login that is denied and the answer, whatever it is denied for. It is also the first " \
  "delay for a client that has failed too often. 0: no delays at all. See FAILED LOGINS.") \
X(failure_delay_max, MILLIS, 0, 120000, "30s", AUTH, \
  "The longest time that a login waits before it is checked, however many have failed.") \
X(max_errors, COUNT, 1, 1000, "20", FRONT | LMTP, \
  "The number of refused lines in a row after which the server closes the connection.") \
X(max_connections_per_address, COUNT, 0, 10000, "50", FRONT | LMTP, \
  "The number of connections that one address may have at a time, over all network processes; 0: any number. " \
  "Of an IPv6 address the first 64 bits count, which is what one customer has. A whole office may share one " \
  "IPv4 address: see trusted-networks.") \
X(trusted_networks, LIST, 0, 32, "", FRONT | LMTP | AUTH, \
  "Addresses and networks, such as that of a mail gateway, that may have any number of connections and whose " \
  "logins are never delayed.") \
X(cache_size, COUNT, 0, 100000, "4096", AUTH, \
  "The number of results of each kind that poplar-auth remembers, so that repeating a good login costs " \
  "neither a hash nor a question to a database; 0: none. See REMEMBERED RESULTS.") \
X(cache_verified, TIME, 0, 86400, "1h", AUTH, \
  "How long poplar-auth remembers that a password matches its stored form, or does not. 0: it does not " \
  "remember.") \
/* the mail */ \
X(mail_root, TEXT, 1, 4095, "/var/mail/poplar", PARENT | AUTH, \
  "The folder below which all maildrops are. The maildrop process can open nothing else.") \
X(maildir, TEXT, 1, 255, "Maildir", AUTH, \
  "The name of the Maildir in a user's home. A user without a home in the users file has the Maildir in a " \
  "folder of the user's name in mail-root. A value that begins with '/' is the path of every user's Maildir, " \
  "whatever the home: %u stands for the user name, %n for its part before the '@', %d for the part behind it, " \
  "and %% for a percent sign, as in /srv/mail/%d/%n/Maildir. A user whose name lacks such a part is refused.") \
X(create_home, BOOL, 0, 1, "no", DROP, \
  "Whether a user's first login makes the home and the folders above it, if no mail has been delivered yet. " \
  "See DATABASES OF USERS.") \
X(index, BOOL, 0, 1, "yes", DROP, \
  "Whether each Maildir gets an index, a file named poplar-index, so that an unchanged maildrop opens " \
  "without being read through. The file belongs to the maildrop's owner and may be removed at any time; " \
  "clients see the same with and without it.") \
X(utf8_downgrade, CHOICE, 0, 2, "full", DROP, \
  "What clients that have not issued UTF8 get instead of a message with characters beyond ASCII in its " \
  "header: a surrogate message that keeps everything, encoded (RFC 6857); a simpler one without the fields " \
  "that few readers miss (RFC 6858); or a refusal with [UTF8]. See UTF-8.") \
X(lock_wait, MILLIS, 0, 60000, "500ms", DROP, \
  "How long a login waits for another session on the same maildrop to end before it is refused with " \
  "[IN-USE].") \
/* mail comes in */ \
X(listen_lmtp, LIST, 0, 32, "", PARENT, \
  "Where the server takes mail by LMTP (RFC 2033): paths of Unix sockets, which begin with '/', and addresses as " \
  "those of listen. Port 25 is never allowed (RFC 2033 section 5). Empty: the server takes no mail. See MAIL " \
  "COMING IN.") \
X(lmtp_socket_owner, TEXT, 0, 64, "", PARENT, \
  "As root: the user that owns the Unix sockets of listen-lmtp. Empty: root.") \
X(lmtp_socket_group, TEXT, 0, 64, "", PARENT, \
  "As root: the group of the Unix sockets of listen-lmtp, such as that of the mail transfer agent. Empty: the group " \
  "of lmtp-socket-owner.") \
X(lmtp_socket_mode, TEXT, 3, 4, "0660", PARENT, \
  "The mode of the Unix sockets of listen-lmtp, in octal. Whoever may write to a socket may deliver mail.") \
X(lmtp_from, LIST, 0, 32, "", LMTP, \
  "Addresses and networks that may deliver mail over TCP, besides loopback addresses of this machine.") \
X(lmtp_tls_names, LIST, 0, 32, "", PARENT | LMTP, \
  "Names in client certificates, in the field that tls-client-name chooses. A client with such a certificate may " \
  "deliver mail from any address after STARTTLS. It needs tls-certificate and tls-client-ca.") \
X(max_message_size, OCTETS, 65536, UINT64_C(1) << 36, "50M", LMTP, \
  "The largest message that the server takes, with CRLF at the end of each line, which the keyword SIZE announces " \
  "(RFC 1870).") \
X(lmtp_memory, OCTETS, 1 << 20, UINT64_C(1) << 36, "32M", LMTP, \
  "The memory for messages that are being received, over all connections. Large messages are received into files " \
  "of the maildrop process; this memory is for small ones, and for large ones if no file can be had.") \
X(lmtp_timeout, TIME, 1, 3600, "5m", LMTP, \
  "The time without a command, or without octets of a message, after which the connection ends. RFC 5321 section " \
  "4.5.3.2.7 asks for at least five minutes.") \
X(recipient_delimiter, TEXT, 0, 8, "+", AUTH, \
  "Characters that separate a user from a detail in the address of a recipient, as in user+detail@example.org: " \
  "each character of the text is one. The full address is tried first, then the one without the detail. Empty: " \
  "none.") \
X(recipient_domains, CHOICE, 0, 2, "keep", AUTH, \
  "How the domain of a recipient's address is used: strip removes it before the databases are asked; keep asks " \
  "for the whole address; require also refuses an address without a domain.") \
X(catch_all, TEXT, 0, 255, "", AUTH, \
  "The user who gets mail for recipients that no database knows. Empty: such recipients are refused.") \
X(postmaster, TEXT, 0, 255, "", AUTH, \
  "The user who gets mail for postmaster, with any domain, if no database knows such a user: whoever takes mail " \
  "must take that (RFC 5321 section 4.5.1). Empty: the user of catch-all.") \
X(quota, TEXT, 0, 64, "", AUTH, \
  "How much mail each maildrop may hold: a size as POP3 shows it, a number of messages, or both, such as 500M, " \
  "10000 messages. Empty or none: any amount. A user may have a field of this name.") \
X(quota_grace, OCTETS, 0, UINT64_C(1) << 36, "0", AUTH, \
  "A message that begins while the maildrop is below its quota may pass the quota by this size.") \
X(quota_warn, LIST, 0, 8, "", DROP, \
  "Percents of the quota, such as 80%. When a delivery takes the maildrop above one of them, the user gets a " \
  "warning as a message: once each time the limit is crossed upwards.") \
X(quota_warn_text, TEXT, 0, 4095, "", DROP, \
  "File with the warning, which every poplar-drop reads when it starts: the users that own mail must be able to " \
  "read it. In it, {user}, {percent}, {quota}, {host} and {date} stand for what they say. Empty: a built-in text.") \
X(quota_full, CHOICE, 0, 1, "tempfail", LMTP, \
  "The reply for a full maildrop: tempfail (452 4.2.2) lets the mail transfer agent try again; bounce (552 5.2.2) " \
  "has it return the message to the sender.") \
/* policy */ \
X(login_delay, TIME, 0, 86400, "0", FRONT | AUTH, \
  "The time after a login in which another login of the same user is refused with [LOGIN-DELAY]. CAPA " \
  "announces it. A user may have a field of this name. See POLICY.") \
X(login_delay_most, TIME, 0, 86400, "0", FRONT | AUTH, \
  "The longest login-delay that any user may have, which CAPA announces before the login. A longer delay of " \
  "a user is reduced to this one. 0: the value of login-delay.") \
X(quick_logins, COUNT, 1, 100, "3", DROP, \
  "The number of logins in a row that are allowed before login-delay applies: mail programs test an account " \
  "when it is set up. Each login-delay that passes gives one of them back.") \
X(mark_seen, BOOL, 0, 1, "no", DROP, \
  "Whether QUIT marks retrieved messages as seen, for programs that read the same Maildir by IMAP. It needs " \
  "Linux 5.19, or a kernel without Landlock.") \
X(expire, TEXT, 1, 32, "never", FRONT | AUTH, \
  "For how many days messages are kept: never, a number, or two numbers with a comma between them, the first " \
  "for messages that were not retrieved and the second for those that were. 0 means never,0: QUIT removes " \
  "what was retrieved. A user may have a field of this name. See POLICY.") \
X(expire_least, TEXT, 0, 32, "", FRONT | AUTH, \
  "The smallest number of days that any user may have, or never, which CAPA announces before the login. A " \
  "smaller number of a user is raised to this one. Empty: the value of expire.") \
X(uidl_format, TEXT, 1, 127, "basename", AUTH, \
  "How unique-ids of messages that come from now on are made: basename (of the message's file), or as another " \
  "server makes them, such as %08Xu%08Xv, courier, cyrus or tpop3d. A user may have a field of this name. See " \
  "UNIQUE-IDS.") \
/* extensions */ \
X(xtnd, BOOL, 0, 1, "no", FRONT | AUTH, \
  "Whether the server has the command XTND, by which old clients find extensions and read boards. See " \
  "BOARDS.") \
/* time */ \
X(handshake_timeout, TIME, 1, 600, "60s", FRONT | LMTP, \
  "The time that a TLS handshake may take, with the proxy's header before it, from the beginning of the " \
  "connection or from STLS.") \
X(login_timeout, TIME, 1, 3600, "180s", FRONT, \
  "The time from the beginning of the connection in which a client must log in. Time that the server spends " \
  "on a login does not count; after four times this time on one login the server answers [SYS/TEMP].") \
X(idle_timeout, TIME, 600, 86400, "10m", FRONT, \
  "The time without a command after which a session ends, without removing messages. RFC 1939 demands at " \
  "least ten minutes.") \
X(grace, TIME, 1, 600, "10s", PARENT | FRONT | LMTP, \
  "The time that replies under way may take after SIGTERM; then the server ends every process.") \
/* processes */ \
X(fronts, COUNT, 0, 256, "0", PARENT, \
  "The number of processes that serve the network. 0: one for each processor.") \
X(max_connections, COUNT, 1, 1000000, "20000", FRONT | LMTP, \
  "The number of connections that the server has at a time, over all network processes; a further one gets " \
  "a refusal and is closed. One network process takes no more than its limit on open files allows, of " \
  "which a connection can need four; further ones wait in the kernel's queue.") \
X(auth_threads, COUNT, 1, 256, "4", AUTH | LMTP, \
  "The number of logins that are checked at a time.") \
X(drop_threads, COUNT, 2, 1024, "16", DROP, \
  "The number of maildrops that may wait for the disk at a time, in each maildrop process. Each has at most " \
  "this number of threads, and starts them as it needs them.") \
X(drop_idle, TIME, 0, 86400, "5m", DROP, \
  "The time without a session after which a maildrop process of another uid than that of mail-user ends; the " \
  "next login starts another one. 0: it does not end.") \
X(front_user, TEXT, 1, 64, "poplar-front", PARENT, \
  "As root: the user that the network processes run as.") \
X(auth_user, TEXT, 1, 64, "poplar-auth", PARENT, \
  "As root: the user that the login process runs as. It must be able to read the users file.") \
X(mail_user, TEXT, 1, 64, "poplar-mail", PARENT | AUTH, \
  "As root: the user that owns the maildrops of all users to whom the databases give no uid. There is one " \
  "maildrop process for each uid that owns mail.") \
X(first_uid, COUNT, 1, 4294967294, "500", PARENT, \
  "As root: the smallest uid that a user may have; a user with a smaller one is refused.") \
X(run_dir, TEXT, 1, 4095, "/run/poplar", PARENT, \
  "The folder with the state of the running server, which `poplar audit` and `poplar reload` read. poplard " \
  "makes it if it is missing.") \
/* the log */ \
X(log, CHOICE, 0, 1, "stderr", PARENT, \
  "Where the log goes.") \
X(log_level, CHOICE, 0, 4, "info", PARENT | FRONT | AUTH | DROP | LOOKUP | LMTP, \
  "The lowest priority of lines that are logged.") \
X(syslog_facility, CHOICE, 0, 8, "mail", PARENT, \
  "The facility of lines that go to syslog.")

/* The words of each CHOICE, in the order of their numbers. */
#define SETTING_CHOICES_tls_minimum     "1.2", "1.3"
#define SETTING_CHOICES_tls_unknown_name "default", "refuse"
#define SETTING_CHOICES_utf8_downgrade "full", "simple", "refuse" /* enum downgrade_way */
#define SETTING_CHOICES_tls_client_verify "none", "optional", "required"
#define SETTING_CHOICES_tls_client_name "common-name", "email", "dns-name", "upn"
#define SETTING_CHOICES_recipient_domains "strip", "keep", "require"
#define SETTING_CHOICES_quota_full      "tempfail", "bounce"
#define SETTING_CHOICES_plaintext_auth  "no", "loopback", "yes"
#define SETTING_CHOICES_language        LANGUAGE_TABLE(SETTING_LANGUAGE)
#define SETTING_LANGUAGE(id, tag)       tag,
#define SETTING_CHOICES_log             "stderr", "syslog"
#define SETTING_CHOICES_log_level       "error", "warning", "notice", "info", "debug"
#define SETTING_CHOICES_syslog_facility "mail", "local0", "local1", "local2", "local3", \
	"local4", "local5", "local6", "local7"
/* clang-format on */

enum { PLAINTEXT_AUTH_NO, PLAINTEXT_AUTH_LOOPBACK, PLAINTEXT_AUTH_YES };
enum { RECIPIENT_DOMAINS_STRIP, RECIPIENT_DOMAINS_KEEP, RECIPIENT_DOMAINS_REQUIRE };
enum { QUOTA_FULL_TEMPFAIL, QUOTA_FULL_BOUNCE };
enum { LOG_TO_STDERR, LOG_TO_SYSLOG };

enum setting_id {
#define X(name, type, least, most, standard, roles, text) SETTING_ID_##name,
	SETTING_TABLE(X)
#undef X
		SETTING_ID_COUNT
};

/* The values. Texts are never NULL after settings_init; they belong to the struct. */
struct settings {
#define X(name, type, least, most, standard, roles, text) SETTING_C_##type name;
	SETTING_TABLE(X)
#undef X
	struct databases databases;
	struct boards boards;
	int lines[SETTING_ID_COUNT]; /* the line of the file that gives each setting; 0:
					the default */
};

struct rows settings_rows(void);

/* Initialize *s with the defaults. The caller calls settings_done, also after
 * FAULT_NOMEM. */
MUST_USE enum fault settings_init(struct settings *s);
void settings_done(struct settings *s);

static inline void settings_done_p(struct settings *s)
{
	settings_done(s);
}
#define OWN_SETTINGS __attribute__((cleanup(settings_done_p))) struct settings

/* The columns of a setting's row. Only one thread at a time may call settings_name. */
const char *settings_name(enum setting_id id); /* with '-' */
enum setting_type settings_type(enum setting_id id);
const char *settings_help(enum setting_id id);
unsigned settings_roles(enum setting_id id); /* bits: 1 << enum role */

/* Describe what the setting allows: "a time from 1s to 10m". */
void settings_expected(enum setting_id id, char *out, size_t room);

/* Parse `text`, the value as poplar.conf has it, and set the value; a LIST grows by one
 * text. False: the setting does not allow it, or memory ran out; nothing has changed.
 */
MUST_USE bool settings_set(struct settings *s, enum setting_id id, struct span text);

/* Convert a list of names to a set of mechanisms (bits, MECHANISM_BIT). False: a name
 * is unknown, and *out is its index in the list, from 0 on. */
MUST_USE bool settings_mechanisms(const struct text_list *list, unsigned *out);

/* The policy of the site, and the bounds for users. If expire or expire_least is a text
 * that config_check would refuse, it counts as not set. */
struct policy_site settings_policy(const struct settings *s);

/* The settings of the TLS server of POP3. The texts are borrowed from *s. */
struct tls_policy settings_tls_policy(const struct settings *s);

/* Are LMTP clients asked for a certificate, and must they have one? As
 * tls-client-verify says; but they are asked if lmtp-tls-names has names. */
enum tls_verify settings_lmtp_verify(const struct settings *s);

/* Remove all texts of a LIST. */
void settings_clear_list(struct settings *s, enum setting_id id);

/* Append the value as poplar.conf would have it. If it does not fit, out->cut is set.
 */
struct buf;
void settings_show(const struct settings *s, enum setting_id id, struct buf *out);

/* Pack the settings that a process of `role` gets, for the message SETTINGS, and unpack
 * them in that process after settings_init: see rows_pack. */
void settings_pack(const struct settings *s, enum role role, struct buf *out);
MUST_USE enum fault settings_unpack(struct settings *s, enum role role,
				    struct span packed);
