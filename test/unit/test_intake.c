/* Promises of what takes a message from standard input (src/cli/intake.h): nothing of
 * it is lost but what the header names, whatever it looks like and however it comes. */
#include "check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/intake.h"

static struct intake got;
static char text[1 << 20];

/* Send the message in pieces of this many octets. */
static enum fault take(struct span in, size_t piece)
{
	int ends[2];
	struct why why;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		for (size_t at = 0; at < in.len; at += piece)
			if (write(ends[1], in.at + at,
				  in.len - at < piece ? in.len - at : piece) < 0)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	const enum fault f = intake_read(ends[0], &got, &why);
	close(ends[0]);
	CHECK(f || pread(got.fd, text, sizeof text, 0) == (ssize_t)got.octets);
	return f;
}

static void check(struct span in, struct span out)
{
	for (size_t piece = 1; piece <= in.len; piece++) {
		CHECK_EQ(take(in, piece), FAULT_NONE);
		CHECK_EQ(got.octets, out.len);
		CHECK(memcmp(text, out.at, out.len) == 0);
		intake_end(&got);
	}
}

static void test_line_ends_become_lf_and_other_octets_stay(void **state)
{
	(void)state;
	check(SPAN("a: b\r\n\r\nc\r\n"), SPAN("a: b\n\nc\n"));
	check(SPAN("a: b\n\nc"), SPAN("a: b\n\nc\n"));
	check(SPAN("a\rb\r\r\n\0\r\n.\r\n"), SPAN("a\rb\r\n\0\n.\n"));
	check(SPAN("\r"), SPAN("\r\n"));
	check(SPAN("\n"), SPAN("\n"));
	check(SPAN(">From x\nFrom y\n"), SPAN(">From x\nFrom y\n"));
}

static void test_the_sender_is_in_the_first_line(void **state)
{
	static const struct {
		struct span in, out;
		const char *sender;
	} cases[] = {
		{ SPAN("From a@b Fri\nx: y\n"), SPAN("x: y\n"), "a@b" },
		{ SPAN("From a@b\r\nx: y\r\n"), SPAN("x: y\n"), "a@b" },
		{ SPAN("From a@b\nReturn-Path: <c@d>\n"), SPAN("Return-Path: <c@d>\n"),
		  "a@b" },
		{ SPAN("From MAILER-DAEMON Fri\nx: y\n"), SPAN("x: y\n"), "" },
		{ SPAN("return-path: <c@d> \nx\n"), SPAN("return-path: <c@d> \nx\n"),
		  "c@d" },
		{ SPAN("Return-Path: <>\nx\n"), SPAN("Return-Path: <>\nx\n"), "" },
		{ SPAN("Return-Path: c\n<d>\n"), SPAN("Return-Path: c\n<d>\n"), "" },
		{ SPAN("X: y\nReturn-Path: <c@d>\n"),
		  SPAN("X: y\nReturn-Path: <c@d>\n"), "" },
		{ SPAN("From: a@b\n"), SPAN("From: a@b\n"), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(take(cases[i].in, 3), FAULT_NONE);
		CHECK_TEXT(got.sender, cases[i].sender);
		CHECK_EQ(got.octets, cases[i].out.len);
		CHECK(memcmp(text, cases[i].out.at, got.octets) == 0);
		intake_end(&got);
	}
}

static void test_octets_are_counted_and_looked_at(void **state)
{
	(void)state;
	CHECK_EQ(take(SPAN("a: b\n\n.\xc3\n"), 4), FAULT_NONE);
	CHECK_EQ(got.wire_octets, 12); /* without the dot that DATA adds */
	CHECK(got.is_8bit && !got.has_utf8);
	intake_end(&got);
	CHECK_EQ(take(SPAN("a: \xc3\r\n\r\nx"), 4), FAULT_NONE);
	CHECK_EQ(got.wire_octets, 11);
	CHECK(got.is_8bit && got.has_utf8);
	intake_end(&got);
	CHECK_EQ(take(SPAN("a: b\n\nx\n"), 4), FAULT_NONE);
	CHECK(!got.is_8bit && !got.has_utf8);
	intake_end(&got);
}

static void test_an_empty_message_is_refused(void **state)
{
	(void)state;
	CHECK_EQ(take(SPAN(""), 1), FAULT_SYNTAX);
	intake_end(&got);
	CHECK_EQ(take(SPAN("From a@b Fri Nov 20\n"), 1), FAULT_SYNTAX);
	intake_end(&got);
}

/* A CRLF may stand across the pieces that the program reads. */
static void test_a_large_message_is_kept_whole(void **state)
{
	static char in[300000];

	(void)state;
	for (size_t i = 0; i < sizeof in; i++)
		in[i] = "0123456\r\n"[i % 9];
	for (size_t shift = 0; shift < 9; shift++) {
		CHECK_EQ(take((struct span){ in, sizeof in - shift }, 4096),
			 FAULT_NONE);
		const size_t whole = (sizeof in - shift) / 9;
		for (size_t i = 0; i < whole; i++)
			CHECK(memcmp(text + i * 8, "0123456\n", 8) == 0);
		CHECK_EQ(text[got.octets - 1], '\n');
		intake_end(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_line_ends_become_lf_and_other_octets_stay),
		TEST(test_the_sender_is_in_the_first_line),
		TEST(test_octets_are_counted_and_looked_at),
		TEST(test_an_empty_message_is_refused),
		TEST(test_a_large_message_is_kept_whole),
	};

	return RUN(tests);
}
