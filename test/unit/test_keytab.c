/* Promises of auth/sasl/gssapi: which keys of a keytab this server uses. */
#include "check.h"

#include <krb5.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/sasl/gssapi.h"

enum { PRINCIPALS_MAX = 5 };

static char path[] = "/tmp/poplar-keytab-XXXXXX";

/* ---- a file of keys ---- */

static bool add_key(krb5_context context, krb5_keytab file, const char *principal,
		    krb5_kvno number)
{
	unsigned char octets[32] = { 1, 2, 3 };
	krb5_keytab_entry entry = { .vno = number,
				    .key = { .enctype = ENCTYPE_AES256_CTS_HMAC_SHA1_96,
					     .length = sizeof octets,
					     .contents = octets } };
	const bool good = krb5_parse_name(context, principal, &entry.principal) == 0 &&
			  krb5_kt_add_entry(context, file, &entry) == 0;

	krb5_free_principal(context, entry.principal);
	return good;
}

static bool write_keys(const char *const *principals)
{
	krb5_context context;
	krb5_keytab file;
	bool good = krb5_init_context(&context) == 0 &&
		    krb5_kt_resolve(context, path, &file) == 0;

	for (unsigned i = 0; good && i < PRINCIPALS_MAX && principals[i]; i++)
		good = add_key(context, file, principals[i], i + 1);
	krb5_kt_close(context, file);
	krb5_free_context(context);
	return good;
}

/* The number of keys in memory; -1: one is not for `principal`. */
static int count_copies(const char *principal)
{
	krb5_context context;
	krb5_keytab memory;
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	int count = 0;

	if (krb5_init_context(&context) ||
	    krb5_kt_resolve(context, getenv("KRB5_KTNAME"), &memory) ||
	    krb5_kt_start_seq_get(context, memory, &cursor))
		return -1;
	while (krb5_kt_next_entry(context, memory, &entry, &cursor) == 0) {
		char *name;

		if (krb5_unparse_name(context, entry.principal, &name) ||
		    strcmp(name, principal) != 0)
			return -1;
		count++;
	}
	return count;
}

/* ---- a process that reads it ---- */

/* The library's settings are ours, whatever the environment was. */
static bool has_our_environment(void)
{
	const char *const configuration = getenv("KRB5_CONFIG");
	char text[512] = "";
	FILE *file = configuration ? fopen(configuration, "r") : NULL;

	if (!file)
		return false;
	const size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	return len > 0 && strstr(text, "\ndns_canonicalize_hostname = false\n") &&
	       strstr(text, "\nplugin_base_dir = /dev/null\n") &&
	       strcmp(getenv("KRB5_KTNAME"), "MEMORY:poplar") == 0 &&
	       strcmp(getenv("KRB5RCACHENAME"), "none:") == 0;
}

/* Does this process end up with `copies` keys, all of pop/HOST in realm R? */
static bool starts_with(const char *host, int copies)
{
	char principal[300];
	struct why why = { 0 };

	if (!host)
		return gssapi_start(path, &why) == FAULT_SETUP && !gssapi_host() &&
		       why.fault == FAULT_SETUP;
	snprintf(principal, sizeof principal, "pop/%s@R", host);
	setenv("KRB5_CONFIG", "/dev/null", 1);
	setenv("KRB5_KTNAME", "FILE:/etc/krb5.keytab", 1);
	setenv("KRB5RCACHENAME", "dfl:", 1);
	return !gssapi_host() && gssapi_start(path, &why) == FAULT_NONE &&
	       strcmp(gssapi_host(), host) == 0 && has_our_environment() &&
	       count_copies(principal) == copies;
}

/* In a process of its own, since the keys stay for its whole life. */
static bool child_starts_with(const char *host, int copies)
{
	int status;
	const pid_t pid = fork();

	if (pid == 0)
		_exit(starts_with(host, copies) ? EXIT_SUCCESS : EXIT_FAILURE);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* "pop/x...x@R", with a host of so many octets. */
static void write_principal(char out[300], size_t host)
{
	char text[300];

	memset(text, 'x', sizeof text);
	snprintf(out, 300, "pop/%.*s@R", (int)host, text);
}

static void test_only_the_keys_of_one_pop_host_are_used(void **state)
{
	static char longest[300], longer[300], longest_host[256];
	static const struct {
		const char *principals[PRINCIPALS_MAX]; /* none: there is no file */
		const char *host;                       /* NULL: no key is used */
		int copies;
	} cases[] = {
		{ { "pop/a.example@R" }, "a.example", 1 },
		{ { "host/a.example@R", "pop/b.example@R", "pop/a.example@R",
		    "imap/b.example@R", "pop/b.example@R" },
		  "b.example",
		  2 },
		{ { "pop/a@R", "pop/ab@R", "pop/A@R" }, "a", 1 },
		{ { longer, longest }, longest_host, 1 },
		{ { "host/a@R" }, NULL, 0 },
		{ { "pop@R", "pop/a/b@R", "POP/a@R", "a/pop@R" }, NULL, 0 },
		{ { NULL }, NULL, 0 },
	};

	(void)state;
	write_principal(longer, sizeof longest_host);
	write_principal(longest, sizeof longest_host - 1);
	memset(longest_host, 'x', sizeof longest_host - 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unlink(path);
		if (cases[i].principals[0] && !write_keys(cases[i].principals))
			fail_msg("case %zu cannot be written", i);
		if (!child_starts_with(cases[i].host, cases[i].copies))
			fail_msg("case %zu", i);
	}
	unlink(path);
}

/* A keytab that is cut short is not half of one. */
static void test_a_file_that_is_no_keytab_is_refused(void **state)
{
	static const char *const keys[PRINCIPALS_MAX] = { "pop/a.example@R" };

	(void)state;
	CHECK(write_keys(keys));
	CHECK_EQ(truncate(path, 30), 0);
	CHECK(child_starts_with(NULL, 0));
	CHECK_EQ(truncate(path, 0), 0);
	CHECK(child_starts_with(NULL, 0));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_only_the_keys_of_one_pop_host_are_used),
		TEST(test_a_file_that_is_no_keytab_is_refused),
	};
	const int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	return RUN(tests);
}
