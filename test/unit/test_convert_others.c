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

	world_file("/c/pop3d", "POP3DSTART=NO\n");
	world_file("/c/authdaemonrc", "");
	CHECK_TEXT(world_convert("courier"), "");
	CHECK_TEXT(world_value(NO_DATABASE, "listen"), "{}");
	CHECK_EQ(world_notes(RESULT_NONE, "authmodulelist"), 1);
	world_file("/c/authdaemonrc", "x\n");
	CHECK_TEXT(world_convert("courier"), "authdaemonrc:1: expected NAME=VALUE: x");
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
		TEST(test_a_folder_without_its_file),
	};

	return RUN(tests);
}
