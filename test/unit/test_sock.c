/* Promises of sys/sock about Unix sockets. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/sock.h"

static void test_a_path_is_an_address_without_a_host(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	struct sock_address a;

	(void)state;
	CHECK(sock_unix(SPAN("/run/poplar/lmtp"), &a));
	CHECK_EQ(a.addr.ss_family, AF_UNIX);
	CHECK_EQ(sock_host(&a).bits, 0);
	sock_text(&a, text);
	CHECK_TEXT(text, "unix");
}

static void test_a_path_that_is_too_long(void **state)
{
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
	struct sock_address a;

	(void)state;
	memset(path, 'x', sizeof path);
	CHECK(!sock_unix((struct span){ path, sizeof path }, &a));
	CHECK(sock_unix((struct span){ path, sizeof path - 1 }, &a));
}

/* A peer of a Unix socket has no name of its own. */
static void test_a_unix_socket_takes_clients(void **state)
{
	char folder[] = "/tmp/test_sock.XXXXXX", path[64], text[ADDRESS_TEXT_MAX];
	struct sock_address a, peer = { .len = sizeof peer.addr };
	struct why why = { 0 };
	int listener = -1;

	(void)state;
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/lmtp", folder);
	CHECK(sock_unix(span_of(path), &a));
	CHECK_EQ(sock_listen(&a, &listener, &why), FAULT_NONE);
	const int client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(connect(client, (const struct sockaddr *)&a.addr, a.len), 0);
	const int fd = accept(listener, (struct sockaddr *)&peer.addr, &peer.len);
	CHECK(fd >= 0);
	sock_text(&peer, text);
	CHECK_TEXT(text, "unix");
	CHECK_EQ(sock_peer(fd), SOCK_PEER_HAS_ALL);
	int again = -1;
	CHECK_EQ(sock_listen(&a, &again, &why), FAULT_IO);
	CHECK_EQ(why.sys, EADDRINUSE);
	close(fd);
	close(client);
	close(listener);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_path_is_an_address_without_a_host),
		TEST(test_a_path_that_is_too_long),
		TEST(test_a_unix_socket_takes_clients),
	};
	return RUN(tests);
}
