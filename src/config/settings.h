/* config/settings.h - every setting, once.
 *
 * Prefix: settings_.
 *
 * One row per setting: C name (the file's name has '-' for '_'), type, least and
 * greatest value or length, default as it would stand in the file, the roles that get
 * to know it, and its text. Struct, parser, checks, transfer to children, `poplar
 * config` and the manual page are generated from this table.
 * Types: see config/row.h. The databases of users have a table of their own, and
 * boards: config/databases.h, config/boards.h.
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
  "Addresses that speak POP3 in the clear, with STLS where there is a certificate: a numeric " \
  "address or * for all, a colon, a port. IPv6 addresses stand in brackets.") \
X(listen_tls, LIST, 0, 32, "*:995", PARENT, \
  "Addresses that speak TLS from the first octet (POP3S, RFC 8314). Needs tls-certificate; " \
  "without one this list must be empty.") \
X(tls_certificate, LIST, 0, 32, "", PARENT, \
  "Files with certificate chains in PEM form: the server's own certificate first, then each one that " \
  "signed the one before it. A client gets the one that has the name that it asks for (SNI) literally, " \
  "or else by a wildcard; two with different kinds of key, such as RSA and ECDSA, may have the same " \
  "name. The first is for clients that ask for no name, or for one that none has. The files are " \
  "read again when they change. Empty: no TLS.") \
X(tls_key, LIST, 0, 32, "", PARENT, \
  "Files with the private keys in PEM form, in the order of tls-certificate. Missing or empty: the key " \
  "stands in the file of its certificate.") \
X(tls_ocsp, LIST, 0, 32, "", PARENT, \
  "Files with OCSP responses in DER form to staple, in the order of tls-certificate. Missing or empty: " \
  "none. One that is stale, or not about its certificate, is logged and not stapled.") \
X(tls_unknown_name, CHOICE, 0, 1, "default", FRONT, \
  "What a client gets that asks for a name that no certificate has: the first certificate, or a fatal " \
  "alert.") \
X(tls_minimum, CHOICE, 0, 1, "1.2", PARENT | FRONT, \
  "The oldest version of TLS that is spoken.") \
X(tls_ciphers, TEXT, 1, 2048, \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305", \
  PARENT | FRONT, \
  "The ciphers of TLS 1.2, as openssl-ciphers(1) names them. The default is Mozilla's intermediate " \
  "profile, here and for the next two, but for DHE, whose handshakes cost the server four to five times as much " \
  "as those of ECDHE, which all clients of TLS 1.2 know; the client chooses among them.") \
X(tls_ciphersuites, TEXT, 1, 2048, \
  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", PARENT | FRONT, \
  "The ciphers of TLS 1.3.") \
X(tls_groups, TEXT, 1, 2048, "X25519:prime256v1:secp384r1", PARENT | FRONT, \
  "The groups for the exchange of keys, the best first.") \
X(tls_client_verify, CHOICE, 0, 2, "none", PARENT | FRONT, \
  "Whether clients are asked for a certificate, and whether they must have one. One that is given must " \
  "be good. Sessions in which one was given are not resumed.") \
X(tls_client_ca, TEXT, 0, 4095, "", PARENT, \
  "File with the certificates, in PEM form, of those who may have signed certificates of clients.") \
X(tls_client_crl, TEXT, 0, 4095, "", PARENT, \
  "File with certificate revocation lists in PEM form, one of each signer in a client's chain. One that " \
  "is missing or out of date refuses the client. Empty: none are looked at.") \
X(tls_client_name, CHOICE, 0, 3, "common-name", PARENT | FRONT, \
  "The field of a client's certificate that names its user: the subject's common name, or the e-mail " \
  "address, DNS name or Microsoft user principal name among its alternative names. A certificate that " \
  "has it not exactly once names nobody.") \
X(plaintext_auth, CHOICE, 0, 2, "loopback", FRONT, \
  "From where a user name and password are taken without TLS: from nowhere, from this machine's own " \
  "loopback addresses only, or from everywhere. TLS that ends at a proxy of proxy-from is TLS.") \
X(greeting, TEXT, 1, 360, "Poplar ready", FRONT, \
  "What the server says first, behind \"+OK \". Printable ASCII; not opening with '[' and without '<', " \
  "which mean something to clients.") \
X(language, CHOICE, 0, LANGUAGE_COUNT - 1, "en", FRONT, \
  "The language that a client gets by LANG *, which is to say, the one that the administrator prefers. " \
  "Until a client asks for a language by LANG it is answered in English, since it expects ASCII.") \
X(proxy_from, LIST, 0, 32, "", FRONT, \
  "Addresses and networks of proxies that stand in front, such as 192.0.2.1, 192.0.2.0/24 or " \
  "2001:db8::/32. A connection from there must begin with a header of the PROXY protocol, version 1 or " \
  "2, ahead of TLS on the addresses of listen-tls; whom the header names is the client. See BEHIND A " \
  "PROXY.") \
/* who may come in */ \
X(users, TEXT, 1, 4095, POPLAR_SYSCONFDIR "/auth/users", PARENT | AUTH, \
  "The passwd-style file of users. Its folder is all that the login process can read, so that nothing " \
  "else should lie there. Where the file has no section `database`, it is the only database of users.") \
X(mechanisms, LIST, 1, 32, "USER, PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, OAUTHBEARER, XOAUTH2", AUTH, \
  "The ways to log in that are allowed: USER (with PASS) and SASL mechanisms; SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, " \
  "APOP, DIGEST-MD5, GSSAPI, EXTERNAL and ANONYMOUS are known too. Each is " \
  "announced where it works: those that show the password (USER, PLAIN, LOGIN) or a token (OAUTHBEARER, " \
  "XOAUTH2) as plaintext-auth says, the latter where there is a database of tokens; " \
  "those that show neither where every user's password is stored in a way that they can use, which is {PLAIN} or, for " \
  "SCRAM, {SCRAM-SHA-256} or {SCRAM-SHA-1}. See LOGGING IN.") \
X(default_domain, TEXT, 0, 200, "", AUTH, \
  "Put behind an '@' to user names that have none.") \
X(fold_names, BOOL, 0, 1, "no", AUTH, \
  "Take the letters A to Z in user names for a to z. The databases must have small letters then.") \
X(master_separator, TEXT, 0, 1, "", AUTH, \
  "A user with the field master may log in as another: by the authorization identity of SASL, and where this " \
  "is '*' as user*master, too. No other name can have that character then.") \
X(anonymous_user, TEXT, 0, 255, "", AUTH, \
  "As whom the mechanism ANONYMOUS lets in whoever asks, to read but not to remove. The databases must have this " \
  "user, and mechanisms must name ANONYMOUS. Empty: nobody.") \
X(gssapi_keytab, TEXT, 0, 4095, "", AUTH, \
  "File with the keys of pop/HOST that the Kerberos server has made, for the mechanism GSSAPI. auth-user must be " \
  "able to read it. Read at start and on reload.") \
X(gssapi_realm, TEXT, 0, 255, "", AUTH, \
  "The realm of Kerberos whose principals are users, by the part in front of the '@'; those of others are " \
  "refused. Empty: a principal is a user as a whole.") \
X(max_login_failures, COUNT, 1, 1000, "6", FRONT, \
  "So many refused logins close the connection.") \
X(failure_delay, MILLIS, 0, 60000, "1s", AUTH, \
  "A refused login is answered this long after it was asked, whatever the reason. The first delay of a " \
  "client that has failed too often is as long. 0: no delays at all. See FAILED LOGINS.") \
X(failure_delay_max, MILLIS, 0, 120000, "30s", AUTH, \
  "No login waits longer than this until it is looked at, however many have failed.") \
X(max_errors, COUNT, 1, 1000, "20", FRONT, \
  "So many refused lines in a row close the connection.") \
X(max_connections_per_address, COUNT, 0, 10000, "50", FRONT, \
  "Connections that one address may have at a time, over all network processes; 0: any number. Of an " \
  "IPv6 address the first 64 bits count, which is what one customer has. Behind one IPv4 address there " \
  "may be a whole office: see trusted-networks.") \
X(trusted_networks, LIST, 0, 32, "", FRONT | AUTH, \
  "Addresses and networks that may have any number of connections, and whose logins are never delayed, " \
  "such as that of a mail gateway.") \
X(cache_size, COUNT, 0, 100000, "4096", AUTH, \
  "So many results of each kind poplar-auth remembers, so that a login that was good a moment ago costs " \
  "neither a hash nor a question to a database; 0: none. See REMEMBERED RESULTS.") \
X(cache_verified, TIME, 0, 86400, "1h", AUTH, \
  "How long it is remembered that a password matches what is stored for it, or does not. 0: not at all.") \
/* the mail */ \
X(mail_root, TEXT, 1, 4095, "/var/mail/poplar", PARENT | AUTH, \
  "The directory under which all maildrops lie. The maildrop process sees nothing else.") \
X(maildir, TEXT, 1, 255, "Maildir", AUTH, \
  "Name of the Maildir within a user's home. A user without a home in the users file has it in " \
  "mail-root, in a folder of the user's name.") \
X(create_home, BOOL, 0, 1, "no", DROP, \
  "Whether a user's first login makes the home, and the folders above it, where nothing has been delivered yet. " \
  "See DATABASES OF USERS.") \
X(index, BOOL, 0, 1, "yes", DROP, \
  "Keep an index in each Maildir, a file named poplar-index, so that a maildrop in which nothing has changed " \
  "opens without being looked through. It belongs to the maildrop's owner and may be removed at any time; " \
  "clients see the same with and without it.") \
X(utf8_downgrade, CHOICE, 0, 2, "full", DROP, \
  "What clients that do not say UTF8 get instead of a message with characters beyond ASCII in its header: a surrogate " \
  "that keeps all of it, encoded (RFC 6857); a simple one, without what few readers miss (RFC 6858); or a refusal with " \
  "[UTF8]. See UTF-8.") \
X(lock_wait, MILLIS, 0, 60000, "500ms", DROP, \
  "How long a login waits for another session on the same maildrop to end before it is told [IN-USE].") \
/* policy */ \
X(login_delay, TIME, 0, 86400, "0", FRONT | AUTH, \
  "So long after a login the same user is refused another, with [LOGIN-DELAY], and CAPA says so. A user may have " \
  "a field of this name. See POLICY.") \
X(login_delay_most, TIME, 0, 86400, "0", FRONT | AUTH, \
  "The longest login-delay that any user may have; what CAPA tells before the login. Users that have a longer one " \
  "are held to this. 0: that of login-delay.") \
X(quick_logins, COUNT, 1, 100, "3", DROP, \
  "So many logins in a row are let pass before login-delay holds: mail programs test an account when it is set " \
  "up. One is won back with each login-delay that goes by.") \
X(mark_seen, BOOL, 0, 1, "no", DROP, \
  "Whether QUIT marks messages that were retrieved as seen, for those who read the same Maildir by IMAP. " \
  "It takes Linux 5.19 or a kernel without Landlock.") \
X(expire, TEXT, 1, 32, "never", FRONT | AUTH, \
  "How many days messages are kept: never, a number, or two with a comma between, for messages that were not " \
  "retrieved and those that were. 0 is never,0: what was retrieved, QUIT removes. A user may have a field of this " \
  "name. See POLICY.") \
X(expire_least, TEXT, 0, 32, "", FRONT | AUTH, \
  "The fewest days that any user may have, a number or never; what CAPA tells before the login. Users that have " \
  "fewer are held to this. Empty: those of expire.") \
/* extensions */ \
X(xtnd, BOOL, 0, 1, "no", FRONT | AUTH, \
  "Whether there is a command XTND, by which clients of old find extensions, and read boards. See BOARDS.") \
/* time */ \
X(handshake_timeout, TIME, 1, 600, "60s", FRONT, \
  "A TLS handshake, and a proxy's header ahead of it, must be complete this long after the connection " \
  "was made; that of STLS, this long after it.") \
X(login_timeout, TIME, 1, 3600, "180s", FRONT, \
  "A client must have logged in this long after the connection was made. Time in which the server is at work for " \
  "a login does not count; after four times as long of that the client is told [SYS/TEMP].") \
X(idle_timeout, TIME, 600, 86400, "10m", FRONT, \
  "A session in which no command comes for so long is ended without removing anything. RFC 1939 asks " \
  "for at least ten minutes.") \
X(grace, TIME, 1, 600, "10s", PARENT | FRONT, \
  "On SIGTERM, replies under way may take this long; then everything is ended.") \
/* processes */ \
X(fronts, COUNT, 0, 256, "0", PARENT, \
  "How many processes serve the network. 0: one for each processor.") \
X(max_connections, COUNT, 1, 1000000, "20000", FRONT, \
  "Connections that the server has at a time, over all network processes; one more is refused, and told " \
  "to come later. One network process takes no more than its limit on open files allows, of which a " \
  "connection can take four; then more wait in the kernel's queue.") \
X(auth_threads, COUNT, 1, 256, "4", AUTH, \
  "How many logins are checked at a time.") \
X(drop_threads, COUNT, 2, 1024, "16", DROP, \
  "How many maildrops may wait for the disk at a time, in each maildrop process. So many threads it has at most; " \
  "each is started when it is needed.") \
X(drop_idle, TIME, 0, 86400, "5m", DROP, \
  "A maildrop process of another uid than mail-user's ends when it has had no session for so long; the next " \
  "login starts another. 0: it stays.") \
X(front_user, TEXT, 1, 64, "poplar-front", PARENT, \
  "As root: the user that the network processes run as.") \
X(auth_user, TEXT, 1, 64, "poplar-auth", PARENT, \
  "As root: the user that the login process runs as. It must be able to read the users file.") \
X(mail_user, TEXT, 1, 64, "poplar-mail", PARENT | AUTH, \
  "As root: the user that owns the maildrops of all users for whom the users file gives no uid. There " \
  "is one maildrop process for each uid that owns mail.") \
X(first_uid, COUNT, 1, 4294967294, "500", PARENT, \
  "As root: a user whose uid in the users file is lower is refused.") \
X(run_dir, TEXT, 1, 4095, "/run/poplar", PARENT, \
  "The folder where poplard keeps what `poplar audit` and `poplar reload` read. Made when missing.") \
/* the log */ \
X(log, CHOICE, 0, 1, "stderr", PARENT, \
  "Where the log goes.") \
X(log_level, CHOICE, 0, 4, "info", PARENT | FRONT | AUTH | DROP | LOOKUP, \
  "The least urgent lines to log.") \
X(syslog_facility, CHOICE, 0, 8, "mail", PARENT, \
  "The facility of lines sent to syslog.")

/* The words of each CHOICE, in the order of their numbers. */
#define SETTING_CHOICES_tls_minimum     "1.2", "1.3"
#define SETTING_CHOICES_tls_unknown_name "default", "refuse"
#define SETTING_CHOICES_utf8_downgrade "full", "simple", "refuse" /* enum downgrade_way */
#define SETTING_CHOICES_tls_client_verify "none", "optional", "required"
#define SETTING_CHOICES_tls_client_name "common-name", "email", "dns-name", "upn"
#define SETTING_CHOICES_plaintext_auth  "no", "loopback", "yes"
#define SETTING_CHOICES_language        LANGUAGE_TABLE(SETTING_LANGUAGE)
#define SETTING_LANGUAGE(id, tag)       tag,
#define SETTING_CHOICES_log             "stderr", "syslog"
#define SETTING_CHOICES_log_level       "error", "warning", "notice", "info", "debug"
#define SETTING_CHOICES_syslog_facility "mail", "local0", "local1", "local2", "local3", \
	"local4", "local5", "local6", "local7"
/* clang-format on */

enum { PLAINTEXT_AUTH_NO, PLAINTEXT_AUTH_LOOPBACK, PLAINTEXT_AUTH_YES };
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
	int lines[SETTING_ID_COUNT]; /* of the file that gave each; 0: its default */
};

struct rows settings_rows(void);

/* All defaults. FAULT_NOMEM. */
MUST_USE enum fault settings_init(struct settings *s);
void settings_done(struct settings *s);

static inline void settings_done_p(struct settings *s)
{
	settings_done(s);
}
#define OWN_SETTINGS __attribute__((cleanup(settings_done_p))) struct settings

/* What the table says of one setting. */
const char *settings_name(enum setting_id id); /* with '-' */
enum setting_type settings_type(enum setting_id id);
const char *settings_help(enum setting_id id);
unsigned settings_roles(enum setting_id id); /* bits: 1 << enum role */

/* "a time from 1s to 10m": what a value must be. */
void settings_expected(enum setting_id id, char *out, size_t room);

/* Give one setting the value that stands in the file as `text`; a LIST grows by it.
 * False, and nothing changed, when it is not one (or memory runs out). */
MUST_USE bool settings_set(struct settings *s, enum setting_id id, struct span text);

/* The bits (enum mechanism) of the mechanisms in a list. False: one is not known, its
 * number in *out. */
MUST_USE bool settings_mechanisms(const struct text_list *list, unsigned *out);

/* What the site asks of its users. Values that cannot be read, which the file's checks
 * refuse, ask nothing. */
struct policy_site settings_policy(const struct settings *s);

/* What TLS demands; its texts are borrowed from the settings. */
struct tls_policy settings_tls_policy(const struct settings *s);

/* Empty a LIST, before its values come. */
void settings_clear_list(struct settings *s, enum setting_id id);

/* The value as it would stand in a file, quoted where it must be. `cut` in the buffer
 * when it did not fit. */
struct buf;
void settings_show(const struct settings *s, enum setting_id id, struct buf *out);

/* The settings that `role` gets to know, for the SETTINGS message, and back. */
void settings_pack(const struct settings *s, enum role role, struct buf *out);
MUST_USE enum fault settings_unpack(struct settings *s, enum role role,
				    struct span packed);
