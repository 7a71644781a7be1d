/* Promises of front/pop3/timestamp: texts for APOP that nobody can foresee. */
#include "check.h"

#include <time.h>
#include <unistd.h>

#include "front/pop3/timestamp.h"

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	CHECK_EQ(clock, CLOCK_REALTIME);
	*out = (struct timespec){ 1700000001, 23 };
	return 0;
}

/* A msg-id of RFC 822: "<local@domain>". */
static void test_a_timestamp_is_a_message_id(void **state)
{
	struct timestamps t;
	unsigned long long pid, started, number, secret;
	char host[128];

	(void)state;
	CHECK(timestamp_start(&t));
	char *text = timestamp_make(&t);
	CHECK(text && strlen(text) < TIMESTAMP_TEXT_MAX);
	CHECK_EQ(sscanf(text, "<%llu.%llu.%llu.%16llx@%127[^>]>", &pid, &started,
			&number, &secret, host),
		 5);
	CHECK_EQ(pid, getpid());
	CHECK_EQ(started, 1700000001000000023); /* ns */
	CHECK_EQ(number, 1);
	CHECK_TEXT(host, t.host);
	CHECK_EQ(text[strlen(text) - 1], '>');
	free(text);
}

static void test_no_timestamp_comes_twice(void **state)
{
	struct timestamps t, other;
	char *texts[64];

	(void)state;
	CHECK(timestamp_start(&t));
	for (int i = 0; i < 64; i++) {
		texts[i] = timestamp_make(&t);
		for (int k = 0; k < i; k++)
			CHECK(strcmp(texts[i], texts[k]) != 0);
	}
	for (int i = 0; i < 64; i++)
		free(texts[i]);
	/* Another process with the same number, start and count has another key. */
	CHECK(timestamp_start(&other));
	CHECK(memcmp(t.key, other.key, sizeof t.key) != 0);
	other.started = t.started;
	other.count = t.count;
	char *a = timestamp_make(&t), *b = timestamp_make(&other);
	CHECK(strcmp(a, b) != 0);
	free(a);
	free(b);
}

static const char *host_name;
static int host_error;

int __wrap_gethostname(char *out, size_t len);
int __wrap_gethostname(char *out, size_t len)
{
	strncpy(out, host_name, len);
	return host_error;
}

ssize_t __real_getrandom(void *out, size_t len, unsigned flags);
static bool random_fails;
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	return random_fails ? -1 : __real_getrandom(out, len, flags);
}

/* A name that is no domain would make the greeting one that clients cannot parse. */
static void test_host_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ "mail.example.net", true },
		{ "a", true },
		{ "A-Z0-9.x", true },
		{ "", false },
		{ ".a", false },
		{ "a.", false },
		{ "a..b", false },
		{ "a_b", false },
		{ "a b", false },
		{ "a>b", false },
		{ "a@b", false },
		{ "[::1]", false },
		{ "\xc3\xa4", false },
		{ "a/b", false },
		{ "a:b", false },
		{ "12345678901234567890123456789012345678901234567890123456", true },
		{ "123456789012345678901234567890123456789012345678901234567", false },
	};
	struct timestamps t;

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		host_name = rows[i].name;
		CHECK(timestamp_start(&t));
		CHECK_TEXT(t.host, rows[i].ok ? rows[i].name : "localhost");
	}
	host_error = -1;
	host_name = "mail.example.net";
	CHECK(timestamp_start(&t));
	CHECK_TEXT(t.host, "localhost");
	host_error = 0;
}

static void test_without_random_octets_there_is_none(void **state)
{
	struct timestamps t;

	(void)state;
	random_fails = true;
	CHECK(!timestamp_start(&t));
	random_fails = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_timestamp_is_a_message_id),
		TEST(test_no_timestamp_comes_twice),
		TEST(test_host_names),
		TEST(test_without_random_octets_there_is_none),
	};
	host_name = "mail.example.net";
	return RUN(tests);
}
