/* Promises of poplar-lmtp: what comes of a message that cannot be kept, of files that
 * nobody asked for, of questions that the channel to poplar-auth does not take, and of
 * certificates. */
#include "lmtpmail.h"

#include <errno.h>

#include "base/own.h"
#include "lmtpd/trust.h"

/* ---- calls that this test takes the place of ---- */

static int write_error; /* of file_write_all; 0: it works */

int __real_file_write_all(int fd, const void *at, size_t len);
int __wrap_file_write_all(int fd, const void *at, size_t len);
int __wrap_file_write_all(int fd, const void *at, size_t len)
{
	if (write_error == 0)
		return __real_file_write_all(fd, at, len);
	errno = write_error;
	return -1;
}

static const char *certificate; /* NULL: the client has none */

bool __wrap_tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1]);
bool __wrap_tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1])
{
	(void)tls;
	if (certificate)
		strcpy(out, certificate);
	return certificate != NULL;
}

/* ---- a message that cannot be kept ---- */

static void test_what_the_disk_does_not_take_is_refused_with_its_reason(void **state)
{
	static const struct {
		int error;
		const char *reply;
	} cases[] = {
		{ ENOSPC, "452 4.3.1 " },
		{ EDQUOT, "452 4.3.1 " },
		{ EFBIG, "452 4.3.1 " },
		{ EIO, "451 4.3.0 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const unsigned drop = begin_message();

		write_error = cases[i].error;
		say(TEXT ".\r\n");
		write_error = 0;
		if (!starts(cases[i].reply))
			fail_msg("row %zu: %s", i, w.said);
		CHECK(is_closed(drop));
		CHECK(logged("event=message-not-kept"));
		mail();
		stop_lmtp();
	}
}

/* What has come so far cannot be copied into the spool file. */
static void test_a_spool_file_that_takes_nothing_spoils_the_message(void **state)
{
	const struct message m = { .kind = MESSAGE_SPOOL_IS };
	char name[] = "/tmp/poplar-spool-XXXXXX";
	const int spool = mkstemp(name);

	(void)state;
	unlink(name);
	const unsigned i = begin_message();
	w.open[spool] = true;
	send_lines(140);
	CHECK_EQ(told(i), MESSAGE_SPOOL);
	write_error = ENOSPC;
	CHECK_EQ(channel_send_files(w.drops[i].fd, &m, &spool, 1, CHANNEL_NOW),
		 FAULT_NONE);
	turn();
	write_error = 0;
	CHECK_EQ(w.lmtp.memory_used, 0);
	say(".\r\n");
	CHECK(starts("452 4.3.1 "));
	CHECK(is_closed(i));
	close(spool);
	w.open[spool] = false;
	stop_lmtp();
}

/* A line end that is held back at the end of the last chunk is a part of the message;
 * the dot of DATA ends it without one. */
static void test_the_last_octets_of_chunks_are_kept(void **state)
{
	(void)state;
	begin_mail();
	const unsigned i = to("alice");
	say("BDAT 8\r\na: b\r\n\r\nBDAT 2 LAST\r\nx\r");
	const size_t len = check_stored(i);
	CHECK_TEXT(file + len - 8, "a: b\n\nx\r");
	delivered(i);
	stop_lmtp();
}

/* ---- files that nobody asked for ---- */

static void test_a_file_that_nobody_asked_for_is_closed(void **state)
{
	const struct message m = { .kind = MESSAGE_SPOOL_IS };

	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		int ends[2];

		const unsigned i = begin_message();
		if (asked) {
			send_lines(140);
			CHECK_EQ(told(i), MESSAGE_SPOOL);
		}
		pair(ends); /* no regular file */
		CHECK_EQ(channel_send_files(w.drops[i].fd, &m, ends, 1, CHANNEL_NOW),
			 FAULT_NONE);
		close(ends[0]);
		close(ends[1]);
		turn();
		CHECK(is_closed(i));
		stop_lmtp(); /* which counts descriptors */
	}
}

/* ---- poplar-auth ---- */

static void test_clients_are_accepted_once_poplar_auth_is_there(void **state)
{
	(void)state;
	start_lmtp();
	CHECK(w.f.open);
	stop_lmtp();
}

/* One question waits when a new poplar-auth comes, whose channel is full. */
static void test_one_question_waits_for_room_in_a_new_channel(void **state)
{
	const struct message ask = { .kind = MESSAGE_RCPT_ASK,
				     .RCPT_ASK = { .peer = SPAN("x"),
						   .address = SPAN("full") } };
	int ends[2];

	(void)state;
	begin_mail();
	close_auth();
	say("RCPT TO:<alice>\r\n");
	pair(ends);
	while (channel_send(ends[0], &ask, -1, CHANNEL_NOW) == FAULT_NONE)
		;
	w.auth = channel_of(ends[1], ROLE_LMTP, ROLE_AUTH);
	authchannel_use(&w.f, ends[0]);
	turn();
	while (channel_receive(&w.auth, CHANNEL_NOW, &w.asked) == CHANNEL_MESSAGE)
		CHECK_SPAN(w.asked.message.RCPT_ASK.address, "full");
	turn();
	CHECK_SPAN(asked()->address, "alice");
	stop_lmtp();
}

/* ---- certificates ---- */

static void test_a_certificate_is_trusted_by_its_name(void **state)
{
	static const char *const names[] = { "mx.example.org", "b.test" };
	static const struct {
		bool has_tls;
		const char *certificate;
		bool trusted;
	} cases[] = {
		{ true, "mx.example.org", true },
		{ true, "B.TEST", true },
		{ true, "x.test", false },
		{ true, "b.tes", false },
		{ true, NULL, false },
		{ false, "b.test", false },
	};

	(void)state;
	start_lmtp();
	connect_from("198.51.100.1:1000");
	struct text_list *list = &w.f.child.settings.lmtp_tls_names;
	for (size_t i = 0; i < 2; i++)
		list->at[list->count++] = unconst(names[i]);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		certificate = cases[i].certificate;
		conn()->client.tls = cases[i].has_tls ? (struct tls *)&w : NULL;
		if (trust_certificate(conn()) != cases[i].trusted)
			fail_msg("row %zu", i);
	}
	list->count = 0;
	certificate = "b.test";
	conn()->client.tls = (struct tls *)&w;
	CHECK(!trust_certificate(conn()));
	conn()->client.tls = NULL;
	stop_lmtp();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_the_disk_does_not_take_is_refused_with_its_reason),
		TEST(test_a_spool_file_that_takes_nothing_spoils_the_message),
		TEST(test_the_last_octets_of_chunks_are_kept),
		TEST(test_a_file_that_nobody_asked_for_is_closed),
		TEST(test_clients_are_accepted_once_poplar_auth_is_there),
		TEST(test_one_question_waits_for_room_in_a_new_channel),
		TEST(test_a_certificate_is_trusted_by_its_name),
	};

	return RUN(tests);
}
