/* Promises of src/cli/talk.h: what the server gets, and what comes of a server that is
 * not there, that leaves, or that does not answer. Instead of the network, connect(2)
 * leads to a socket pair into which the server has said everything already. */
#include "check.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/talk.h"
#include "sys/file.h"

static struct {
	const char *says; /* the server, all at once */
	bool stays;       /* it keeps the connection open */
	int error;        /* of connect; 0: it works */
	size_t most;      /* a socket takes so many octets at once; 0: all */
	int server;       /* the server's end */
	struct sockaddr_storage address; /* that was connected to */
	struct dialog_recipient recipients[2];
	struct dialog_mail mail;
	struct intake message;
	char got[1 << 17]; /* by the server */
} w;

ssize_t __real_send(int fd, const void *at, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *at, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *at, size_t len, int flags)
{
	return __real_send(fd, at, w.most > 0 && len > w.most ? w.most : len, flags);
}

/* A socket that stays has a time limit of the test's own. */
int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return w.server >= 0 && w.stays
		       ? 0
		       : __real_setsockopt(fd, level, option, value, len);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	/* An answer that does not come is awaited no longer than this. */
	const struct timeval patience = { .tv_usec = 1 };
	int ends[2];

	memcpy(&w.address, address, len);
	errno = w.error;
	if (w.error)
		return -1;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	w.server = ends[1];
	CHECK_EQ(__real_send(ends[1], w.says, strlen(w.says), 0), strlen(w.says));
	if (w.stays)
		CHECK_EQ(__real_setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
					   sizeof patience),
			 0);
	else
		CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
	CHECK_EQ(dup2(ends[0], fd), fd);
	close(ends[0]);
	return 0;
}

static void begin(const char *says, const char *text)
{
	memset(&w, 0, sizeof w);
	w.says = says;
	w.server = -1;
	w.message = (struct intake){ .fd = file_sealed("message", span_of(text)),
				     .octets = strlen(text) };
	CHECK(w.message.fd >= 0);
	w.mail = (struct dialog_mail){ .host = SPAN("me"),
				       .sender = SPAN("s@t"),
				       .recipients = w.recipients,
				       .count = 1 };
	w.recipients[0].address = SPAN("a@x");
	w.recipients[1].address = SPAN("b@x");
}

static void deliver(const char *server)
{
	talk_deliver(server, &w.message, &w.mail);
	size_t len = 0;
	ssize_t n = w.server < 0 ? 0 : 1;

	while (n > 0 && len < sizeof w.got - 1) {
		n = recv(w.server, w.got + len, sizeof w.got - 1 - len, 0);
		CHECK(n >= 0);
		len += (size_t)n;
	}
	own_fd_close(&w.server);
	intake_end(&w.message);
}

#define GREETING "220 hi\r\n250 hi\r\n250 ok\r\n250 ok\r\n354 go on\r\n"
#define COMMANDS "LHLO me\r\nMAIL FROM:<s@t>\r\nRCPT TO:<a@x>\r\nDATA\r\n"

static void test_the_server_gets_the_message_as_the_wire_has_it(void **state)
{
	(void)state;
	begin(GREETING "250 stored\r\n", "a: b\n\n.\nc\n");
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_DONE);
	CHECK_TEXT(w.got, COMMANDS "a: b\r\n\r\n..\r\nc\r\n.\r\nQUIT\r\n");
}

/* Larger than one piece that is read or sent. */
static void test_a_large_message_goes_as_a_whole(void **state)
{
	static char text[40 * 1000 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 100 == 99 ? '\n' : (char)('a' + i / 100 % 26);
	begin(GREETING "250 stored\r\n", text);
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_DONE);
	CHECK_EQ(strlen(w.got), strlen(COMMANDS) + 400 * 101 + strlen(".\r\nQUIT\r\n"));
	const char *at = w.got + strlen(COMMANDS);
	for (size_t line = 0; line < 400; line++, at += 101) {
		CHECK(memcmp(at, text + line * 100, 99) == 0);
		CHECK(memcmp(at + 99, "\r\n", 2) == 0);
	}
}

static void test_a_socket_that_takes_little_gets_everything(void **state)
{
	(void)state;
	begin(GREETING "250 stored\r\n", "x\n");
	w.most = 1;
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_DONE);
	CHECK_TEXT(w.got, COMMANDS "x\r\n.\r\nQUIT\r\n");
}

/* Else the caller of the command would deliver again what has been delivered. */
static void test_requests_to_end_are_held_once_the_message_is_whole(void **state)
{
	sigset_t none, held;

	(void)state;
	sigemptyset(&none);
	CHECK_EQ(sigprocmask(SIG_SETMASK, &none, NULL), 0);
	begin("220 hi\r\n250 hi\r\n250 ok\r\n550 5.1.1 no\r\n", "x\n");
	deliver("/run/lmtp");
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &held), 0);
	CHECK(!sigismember(&held, SIGTERM));
	begin(GREETING "250 stored\r\n", "x\n");
	deliver("/run/lmtp");
	CHECK_EQ(sigprocmask(SIG_SETMASK, &none, &held), 0);
	CHECK(sigismember(&held, SIGTERM) && sigismember(&held, SIGALRM));
}

static void test_a_refusal_ends_with_quit(void **state)
{
	(void)state;
	begin("220 hi\r\n250 hi\r\n250 ok\r\n550 5.1.1 no\r\n", "x\n");
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_NO_USER);
	CHECK_TEXT(w.got, "LHLO me\r\nMAIL FROM:<s@t>\r\nRCPT TO:<a@x>\r\nQUIT\r\n");
}

static void test_a_server_that_leaves_is_tried_again(void **state)
{
	static const char *const cases[] = { "", "220 hi\r\n", "220 h", GREETING,
					     GREETING "250 sto" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(cases[i], "x\n");
		deliver("/run/lmtp");
		CHECK_EQ(w.recipients[0].verdict, DIALOG_LATER);
		CHECK_TEXT(w.recipients[0].said, "the server closed the connection");
	}
}

static void test_a_server_that_does_not_answer_is_tried_again(void **state)
{
	(void)state;
	begin("220 hi\r\n", "x\n");
	w.stays = true;
	/* what the server gets ends once this process has closed its end */
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_LATER);
	CHECK_TEXT(w.recipients[0].said, "the server did not answer in time");
	CHECK_TEXT(w.got, "LHLO me\r\n");
}

/* Without its dot the server keeps nothing. */
static void test_a_message_that_cannot_be_read_gets_no_dot(void **state)
{
	(void)state;
	begin(GREETING "250 stored\r\n", "x\n");
	w.message.octets = 3; /* one more than the file has */
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_LATER);
	CHECK_TEXT(w.got, COMMANDS "x\r\n");
}

static void test_each_recipient_has_a_verdict(void **state)
{
	(void)state;
	begin("220 hi\r\n250-hi\r\n250 SIZE\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"
	      "250 stored\r\n452 full\r\n",
	      "x\n");
	w.mail.count = 2;
	w.mail.octets = 3;
	deliver("/run/lmtp");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_DONE);
	CHECK_EQ(w.recipients[1].verdict, DIALOG_LATER);
	CHECK_TEXT(w.recipients[1].said, "452 full");
	CHECK(strstr(w.got, "MAIL FROM:<s@t> SIZE=3\r\nRCPT TO:<a@x>\r\n"
			    "RCPT TO:<b@x>\r\nDATA\r\n"));
}

static void test_a_server_is_a_path_or_an_address_with_a_port(void **state)
{
	static char longest[110] = "/";
	const struct sockaddr_un *path = (const struct sockaddr_un *)&w.address;
	const struct sockaddr_in *ip = (const struct sockaddr_in *)&w.address;

	(void)state;
	begin("", "x\n");
	deliver("/run/poplar/lmtp");
	CHECK_EQ(path->sun_family, AF_UNIX);
	CHECK_TEXT(path->sun_path, "/run/poplar/lmtp");
	begin("", "x\n");
	deliver("192.0.2.1:24");
	CHECK_EQ(ip->sin_family, AF_INET);
	CHECK_EQ(ntohs(ip->sin_port), 24);
	CHECK_EQ(ntohl(ip->sin_addr.s_addr), 0xc0000201);
	memset(longest + 1, 'x', sizeof longest - 2);
	static const char *const wrong[] = { "192.0.2.1", "lmtp", "*:24", longest };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		begin("220 hi\r\n", "x\n");
		deliver(wrong[i]);
		CHECK_EQ(w.server, -1);
		CHECK_EQ(w.address.ss_family, 0);
		CHECK_EQ(w.recipients[0].verdict, DIALOG_LATER);
	}
	longest[sizeof path->sun_path - 1] = '\0'; /* just not too long */
	begin("", "x\n");
	deliver(longest);
	CHECK_EQ(path->sun_family, AF_UNIX);
}

static void test_a_server_that_is_not_there_is_tried_again(void **state)
{
	(void)state;
	begin("220 hi\r\n", "x\n");
	w.error = ECONNREFUSED;
	deliver("192.0.2.1:24");
	CHECK_EQ(w.recipients[0].verdict, DIALOG_LATER);
	CHECK_TEXT(w.recipients[0].said, "not delivered: no server");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_server_gets_the_message_as_the_wire_has_it),
		TEST(test_a_large_message_goes_as_a_whole),
		TEST(test_a_socket_that_takes_little_gets_everything),
		TEST(test_requests_to_end_are_held_once_the_message_is_whole),
		TEST(test_a_refusal_ends_with_quit),
		TEST(test_a_server_that_leaves_is_tried_again),
		TEST(test_a_server_that_does_not_answer_is_tried_again),
		TEST(test_a_message_that_cannot_be_read_gets_no_dot),
		TEST(test_each_recipient_has_a_verdict),
		TEST(test_a_server_is_a_path_or_an_address_with_a_port),
		TEST(test_a_server_that_is_not_there_is_tried_again),
	};

	return RUN(tests);
}
