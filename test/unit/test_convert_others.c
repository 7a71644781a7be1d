/* Promises of convert/: what configurations of Courier, Cyrus and others become. */
#include "convertworld.h"

#include "convert/assignfile.h"

enum { NO_DATABASE = RESULT_NO_DATABASE };

/* ---- names and values ---- */

static const char *read_names(const char *text, enum assign_style style)
{
	static char room[1024];
	struct buf b = BUF(room);
	unsigned section;

	source_begin(&world.source, world.text, sizeof world.text);
	if (!assignfile_read(&world.source, style, SPAN("/etc/f"), span_of(text),
			     &section)) {
		source_show(&world.source, world.source.wrong, &b);
		buf_text(&b, ": ");
		buf_text(&b, world.source.mistake);
		return buf_cstr(&b);
	}
	for (unsigned i = 0; i < world.source.count; i++) {
		buf_put(&b, world.source.items[i].name);
		buf_char(&b, '=');
		buf_put(&b, world.source.items[i].value);
		buf_char(&b, '|');
	}
	return buf_cstr(&b);
}

static void test_files_of_names_and_values(void **state)
{
	static const struct {
		const char *text;
		enum assign_style style;
		const char *items;
	} cases[] = {
		{ "", ASSIGN_SHELL, "" },
		{ "A=b\n#c\nD=\"e f\"\nG='h $A'\n", ASSIGN_SHELL, "A=b|D=e f|G=h $A|" },
		{ "A=b\nC=\"$A ${A}x$NONE\"\n", ASSIGN_SHELL, "A=b|C=b bx|" },
		{ "A=a\\ b \n", ASSIGN_SHELL, "A=a b|" },
		{ "A=\"x\\\n  y\"\n", ASSIGN_SHELL, "A=xy|" },
		{ "A=b # c\nexport D=e;\n", ASSIGN_SHELL, "A=b|D=e|" },
		{ "A=$\nB=${\nC=${}\n", ASSIGN_SHELL, "A=$|B=${|C=${}|" },
		{ "A=b c\n", ASSIGN_SHELL,
		  "f:1: expected NAME=VALUE, found more behind it: c" },
		{ "\nA=\"b\n", ASSIGN_SHELL, "f:2: a quote is not closed: b" },
		{ "if true\n", ASSIGN_SHELL, "f:1: expected NAME=VALUE: if true" },
		{ "A b c\nD\n", ASSIGN_BLANK, "A=b c|D=|" },
		{ "A\tb\\\nc\nD e\n", ASSIGN_BLANK, "A=bc|D=e|" },
		{ "A=b\n", ASSIGN_BLANK, "f:1: expected NAME VALUE: A=b" },
		{ "a-b: c d \n@include: /x\n", ASSIGN_COLON, "a-b=c d|@include=/x|" },
		{ "a:\n", ASSIGN_COLON, "a=|" },
		{ "a b\n", ASSIGN_COLON, "f:1: expected NAME: VALUE: a b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_TEXT(read_names(cases[i].text, cases[i].style), cases[i].items);
}

/* ---- Courier ---- */

static void test_courier(void **state)
{
	(void)state;
	world_file("/c/pop3d",
		   "PORT=110,127.0.0.1.1110\nADDRESS=10.0.0.1\nMAXDAEMONS=40\n"
		   "MAXPERIP=4\nPOP3AUTH=\"LOGIN CRAM-MD5 CRAM-SHA1\"\n"
		   "DEFDOMAIN=\"@example.com\"\nPOP3DSTART=YES\nMAILDIRPATH=Mail\n"
		   "POP3_PROXY=1\nMAXDEMONS=3\n");
	world_file("/c/pop3d-ssl", "SSLPORT=995\nSSLADDRESS=0\nPOP3DSSLSTART=YES\n"
				   "POP3_TLS_REQUIRED=1\nTLS_CERTFILE=/c.pem\n"
				   "TLS_VERIFYPEER=PEER\nTLS_TRUSTCERTS=/ca.pem\n");
	world_file("/c/authdaemonrc",
		   "authmodulelist=\"authpam authmysql authpgsql authldap\"\n");
	world_file("/c/authpgsqlrc",
		   "PGSQL_HOST\t\tdb\nPGSQL_USERNAME\tm\nPGSQL_PASSWORD s3\n"
		   "PGSQL_DATABASE\tmail\nPGSQL_USER_TABLE u\n"
		   "PGSQL_CRYPT_PWFIELD pw\nPGSQL_LOGIN_FIELD email\n"
		   "PGSQL_WHERE_CLAUSE active = 1\n");
	world_file("/c/authldaprc",
		   "LDAP_URI ldap://a, ldap://b\nLDAP_BASEDN o=x\n"
		   "LDAP_AUTHBIND 1\nLDAP_MAIL mail\n"
		   "LDAP_FILTER (objectClass=m)\nLDAP_HOMEDIR homeDirectory\n"
		   "LDAP_BINDDN cn=a\nLDAP_BINDPW toto\nLDAP_TLS 1\n");
	CHECK_TEXT(world_convert("courier"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"),
		   "\"10.0.0.1:110\" \"127.0.0.1:1110\"");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), "\"*:995\"");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), "40");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections-per-address"), "4");
	CHECK_TEXT(world_value(NO_DATABASE, "mechanisms"),
		   "\"USER\" \"LOGIN\" \"CRAM-MD5\"");
	CHECK_TEXT(world_value(NO_DATABASE, "default-domain"), "\"example.com\"");
	CHECK_TEXT(world_value(NO_DATABASE, "maildir"), "\"Mail\"");
	CHECK_TEXT(world_value(NO_DATABASE, "plaintext-auth"), "no");
	CHECK_TEXT(world_value(NO_DATABASE, "tls-certificate"), "\"/c.pem\"");
	CHECK_TEXT(world_value(NO_DATABASE, "tls-client-verify"), "optional");
	CHECK_TEXT(world_value(NO_DATABASE, "uidl-format"), "\"courier\"");
	CHECK_EQ(world_notes(RESULT_NONE, "POP3AUTH"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "POP3_PROXY"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "MAXDEMONS"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "authmodulelist"), 1); /* authmysql */
	CHECK_TEXT(world_value(0, "service"), "\"pop3\"");
	CHECK_TEXT(world_value(1, "connection"), "\"host=db user=m dbname=mail\"");
	CHECK_TEXT(world_value(1, "query-find"),
		   "\"SELECT pw AS password, uid AS uid, gid AS gid, home AS home FROM "
		   "u WHERE "
		   "email = %u AND (active = 1)\"");
	CHECK_TEXT(world_value(2, "uri"), "\"ldap://a ldap://b\"");
	CHECK_TEXT(world_value(2, "filter"), "\"(&(objectClass=m)(mail=%u))\"");
	CHECK_TEXT(world_value(2, "attributes"), "\"home=homeDirectory\"");
	CHECK_TEXT(world_value(2, "start-tls"), "yes");
	CHECK_EQ(world.result.secret_count, 2);
	CHECK_SPAN(world.result.secrets[1].text, "toto");

	world_file("/c/pop3d", "POP3DSTART=YES\n");
	CHECK_TEXT(world_convert("courier"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "\"*:110\"");

	world_file("/c/pop3d", "POP3DSTART=NO\n");
	world_file("/c/authdaemonrc", "");
	CHECK_TEXT(world_convert("courier"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "{}");
	CHECK_EQ(world_notes(RESULT_NONE, "authmodulelist"), 1);
	world_file("/c/authdaemonrc", "x\n");
	CHECK_TEXT(world_convert("courier"), "authdaemonrc:1: expected NAME=VALUE: x");
}

/* ---- Cyrus ---- */

static void test_cyrus(void **state)
{
	(void)state;
	world_file(
		"/cyrus.conf",
		"START {\n\trecover cmd=\"ctl -r\"\n}\nSERVICES {\n\timap "
		"cmd=\"imapd\" "
		"listen=\"imap\"\n\tpop3 cmd=\"/usr/bin/pop3d -U 30\" listen=\"pop3\" "
		"prefork=0 maxchild=50\n\tpop3s cmd=\"pop3d -s\" "
		"listen=\"[::1]:pop3s\"\n\tl cmd=\"lmtpd\" listen=\"/run/lmtp\"\n"
		"\tk cmd=lmtpd listen=localhost:2003\n\tx cmd=pop3d listen=popx\n}\n");
	world_file("/c", "# c\ndefaultdomain: example.org\nallowplaintext: yes\n"
			 "popminpoll: 2\npoptimeout: 5\npopuseimapflags: 1\n"
			 "sasl_pwcheck_method: saslauthd\nsasl_mech_list: PLAIN NTLM\n"
			 "tls_server_cert: /c.pem\npop3_tls_server_cert: /p.pem\n"
			 "tls_server_key: /k.pem\nautocreate_quota: 1000\n"
			 "partition-default: /m\nallowapop: yes\nnonsense: 1\n"
			 "username_tolower: no\n");
	CHECK_TEXT(world_convert("cyrus"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "\"*:110\"");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), "\"[::1]:995\"");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-lmtp"),
		   "\"/run/lmtp\" \"127.0.0.1:2003\"");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), "50");
	CHECK_TEXT(world_value(NO_DATABASE, "default-domain"), "\"example.org\"");
	CHECK_TEXT(world_value(NO_DATABASE, "plaintext-auth"), "yes");
	CHECK_TEXT(world_value(NO_DATABASE, "login-delay"), "120s");
	CHECK_TEXT(world_value(NO_DATABASE, "idle-timeout"), "600s");
	CHECK_TEXT(world_value(NO_DATABASE, "mark-seen"), "yes");
	CHECK_TEXT(world_value(NO_DATABASE, "fold-names"), "no");
	CHECK_TEXT(world_value(NO_DATABASE, "quota"), "\"1000k\"");
	CHECK_TEXT(world_value(NO_DATABASE, "tls-certificate"), "\"/p.pem\"");
	CHECK_TEXT(world_value(NO_DATABASE, "mechanisms"),
		   "\"USER\" \"PLAIN\" \"APOP\"");
	CHECK_TEXT(world_value(0, "service"), "\"pop\"");
	CHECK_TEXT(world_value(NO_DATABASE, "uidl-format"), "\"cyrus\"");
	CHECK_EQ(world_notes(RESULT_NONE, "sasl_mech_list"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "partition-default"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "nonsense"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "SERVICES x: listen"), 1);
	CHECK_EQ(world_notes(RESULT_NEEDLESS, "SERVICES imap"), 1);
	CHECK_EQ(world_notes(RESULT_NEEDLESS, "START recover"), 1);
	CHECK_EQ(world_notes(RESULT_NEEDLESS, "SERVICES pop3s"), 0);

	world_file("/c", "a b\n");
	CHECK_TEXT(world_convert("cyrus"), "c:1: expected NAME: VALUE: a b");
	world_file("/c", "");
	static const char *const mistakes[][2] = {
		{ "x\n", "cyrus.conf:1: expected NAME {: x" },
		{ "A {\nb c\n}\n", "cyrus.conf:2: expected NAME=VALUE: c" },
		{ "A {\nb c=\"d\n}\n", "cyrus.conf:2: a quote is not closed: d" },
		{ "}\n", "cyrus.conf:1: '}' without '{'" },
		{ "A {\n", "cyrus.conf:1: a section is not closed: A" },
	};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		world_file("/cyrus.conf", mistakes[i][0]);
		CHECK_TEXT(world_convert("cyrus"), mistakes[i][1]);
	}
}

/* ---- Mailutils, popa3d ---- */

static void test_mailutils(void **state)
{
	(void)state;
	world_file("/more", "logging { facility local2; }\n");
	world_file("/c",
		   "// c\n/* d\n*/\nmax-children 7;\nserver 10.0.0.1 {\n"
		   "  tls-mode connection;\n};\nserver \"[::1]:1110\" { tls-mode "
		   "required; }\n"
		   "auth { authentication (pam, sql); }\npam { service \"my\"; }\n"
		   "tls { ssl-certificate-file /c.pem; ssl-key-file /k.pem; }\n"
		   "mailbox { mail-spool /var/mail; }\ntimeout 5;\nnonsense x;\n"
		   "include /more;\n");
	CHECK_TEXT(world_convert("mailutils"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "\"[::1]:1110\"");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), "\"10.0.0.1:995\"");
	CHECK_TEXT(world_value(NO_DATABASE, "plaintext-auth"), "no");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), "7");
	CHECK_TEXT(world_value(NO_DATABASE, "syslog-facility"), "\"local2\"");
	CHECK_TEXT(world_value(NO_DATABASE, "idle-timeout"), "600s");
	CHECK_TEXT(world_value(NO_DATABASE, "tls-key"), "\"/k.pem\"");
	CHECK_TEXT(world_value(0, "service"), "\"my\"");
	CHECK_EQ(world_notes(RESULT_NONE, "authentication"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "mail-spool"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "nonsense"), 1);

	static const char *const mistakes[][2] = {
		{ "a b", "c:1: ';' is missing behind: a b" },
		{ "\na {\n", "c:3: a section is not closed" },
		{ "a b; }\n", "c:1: '}' without '{' in this file" },
		{ "a \"b;\n", "c:2: a quote is not closed" },
		{ "/* x", "c:1: a comment is not closed" },
		{ "a b }", "c:1: ';' is missing behind: a b" },
		{ "{ }", "c:1: expected NAME VALUE; or NAME {" },
		{ "include /none;", "c:1: cannot include: /none" },
	};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		world_file("/c", mistakes[i][0]);
		CHECK_TEXT(world_convert("mailutils"), mistakes[i][1]);
	}
}

static void test_popa3d(void **state)
{
	(void)state;
	world_file("/c", "# comment\nRUN_STANDALONE=yes\nX=y\n");
	CHECK_TEXT(world_convert("popa3d"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "\"*:110\"");
	CHECK_TEXT(world_value(0, "service"), "\"popa3d\"");
	CHECK_EQ(world_notes(RESULT_NONE, "X"), 1);
	CHECK_EQ(world_notes(RESULT_NONE, "/var/mail"), 1);
}

/* ---- qmail ---- */

static void test_qmail(void **state)
{
	(void)state;
	world_file("/c", "#!/bin/sh\nexec softlimit -m 1 \\\n  tcpserver -vRHl0 -l 0 "
			 "-x t.cdb -c 40 0 "
			 "110 \\\n qmail-popup \"`hostname`\" /bin/checkpassword -s "
			 "/var/qmail/bin/qmail-pop3d ./Maildir/ 2>&1\n");
	CHECK_TEXT(world_convert("qmail"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "\"*:110\"");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), "{}");
	CHECK_TEXT(world_value(NO_DATABASE, "maildir"), "\"Maildir\"");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), "40");
	CHECK_TEXT(world_value(0, "program"), "\"/bin/checkpassword\" \"-s\"");
	world_file(
		"/c",
		"sslserver 127.0.0.1 pop3s qmail-popup h checkpw qmail-pop3d Maildir");
	CHECK_TEXT(world_convert("qmail"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen-tls"), "\"127.0.0.1:995\"");
	CHECK_TEXT(world_value(0, "program"), "\"/bin/checkpw\"");
	CHECK_EQ(world_notes(RESULT_DIFFERS, "program"), 1);
	world_file("/c",
		   "tcpserver -c '4\nusers = x' 0 110 qmail-popup h /p qmail-pop3d M");
	CHECK_TEXT(world_convert("qmail"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "max-connections"), "");
	world_file("/c", "tcpserver 0 110 qmail-popup\n");
	CHECK_TEXT(world_convert("qmail"),
		   "c:1: expected tcpserver ... qmail-popup NAME PROGRAM "
		   "qmail-pop3d MAILDIR");
	world_file("/c", "tcpserver 110 qmail-popup h p qmail-pop3d M\n");
	CHECK_TEXT(world_convert("qmail"), "c:1: tcpserver has no address and port");
	world_file("/c", "a\n'b\n");
	CHECK_TEXT(world_convert("qmail"), "c:3: a quote is not closed");
}

static void test_a_folder_without_its_file(void **state)
{
	(void)state;
	world.files = 0;
	CHECK_TEXT(world_convert("courier"), "cannot read the file pop3d in: /c");
	CHECK_TEXT(world_convert("dovecot"), "cannot read: /c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files_of_names_and_values),
		TEST(test_courier),
		TEST(test_cyrus),
		TEST(test_mailutils),
		TEST(test_popa3d),
		TEST(test_qmail),
		TEST(test_a_folder_without_its_file),
	};

	return RUN(tests);
}
