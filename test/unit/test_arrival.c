/* Promises of front/arrival: who a client is, where a proxy stands between, and how
 * many connections there may be. */
#include "frontworld.h"

#include "base/own.h"

static void count_connections(void)
{
	struct why why;
	int fd;

	CHECK_EQ(connlimit_make(&fd, &why), FAULT_NONE);
	arrival_take_connlimit(&w.f, fd, 1);
	CHECK(w.f.connlimit.table);
}

static void begin(void)
{
	start_front();
	count_connections();
}

static void end(void)
{
	stop_front();
	/* Nobody is counted any more. */
	CHECK(connlimit_add(&w.f.connlimit, 1));
	connlimit_close(&w.f.connlimit);
}

static void test_a_client_of_its_own(void **state)
{
	(void)state;
	begin();
	arrive("192.0.2.1:1000", false);
	CHECK(said("+OK ready <"));
	CHECK(said("@"));
	CHECK_TEXT(conn()->peer, "192.0.2.1:1000");
	CHECK_EQ(conn()->phase, PHASE_OPEN);
	CHECK(!conn()->pop3->session.tls && conn()->pop3->session.clear_ok);
	end();
}

static void test_a_tls_port_says_nothing_first(void **state)
{
	(void)state;
	begin();
	arrive("192.0.2.1:1000", true);
	CHECK_EQ(w.clients[0].said_len, 0);
	CHECK_EQ(conn()->phase, PHASE_HELLO);
	CHECK(conn()->pop3->session.tls);
	end();
}

static void test_where_passwords_may_come_in_clear_text(void **state)
{
	static const struct {
		unsigned setting;
		const char *from;
		bool ok;
	} rows[] = {
		{ PLAINTEXT_AUTH_YES, "192.0.2.1:1", true },
		{ PLAINTEXT_AUTH_LOOPBACK, "192.0.2.1:1", false },
		{ PLAINTEXT_AUTH_LOOPBACK, "127.0.0.1:1", true },
		{ PLAINTEXT_AUTH_LOOPBACK, "[::1]:1", true },
		{ PLAINTEXT_AUTH_NO, "127.0.0.1:1", false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin();
		w.f.child.settings.plaintext_auth = rows[i].setting;
		arrive(rows[i].from, false);
		CHECK_EQ(conn()->pop3->session.clear_ok, rows[i].ok);
		end();
	}
}

/* ---- Unix sockets ---- */

static void arrive_by_unix(void)
{
	const struct sock_address peer = { .addr = { .ss_family = AF_UNIX },
					   .len = sizeof(sa_family_t) };
	const unsigned i = w.client_count++;

	w.clients[i].room = SIZE_MAX;
	w.f.accept(&w.f, CLIENT_FD + (int)i, false, &peer);
}

/* It is on this machine, and no proxy, whatever the networks are. */
static void test_a_client_of_a_unix_socket(void **state)
{
	(void)state;
	begin();
	CHECK(nets_add(&w.f.proxies, SPAN("0.0.0.0/0")));
	CHECK(nets_add(&w.f.proxies, SPAN("::/0")));
	w.f.child.settings.plaintext_auth = PLAINTEXT_AUTH_LOOPBACK;
	arrive_by_unix();
	CHECK_TEXT(conn()->peer, "unix");
	CHECK_EQ(conn()->phase, PHASE_OPEN);
	CHECK(conn()->pop3->session.clear_ok);
	end();
}

static void test_unix_sockets_count_in_the_total_alone(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections_per_address = 1;
	w.f.child.settings.max_connections = 2;
	arrive_by_unix();
	arrive_by_unix();
	CHECK_EQ(w.f.conn_count, 2);
	arrive_by_unix();
	CHECK_EQ(w.f.conn_count, 2);
	CHECK(logged("connection-refused peer=unix"));
	end();
}

/* ---- limits ---- */

static void test_too_many_in_total(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections = 1;
	arrive("192.0.2.1:1000", false);
	const unsigned second = arrive("192.0.2.2:1000", false);
	CHECK_EQ(w.f.conn_count, 1);
	CHECK(strncmp(w.clients[second].said, "-ERR [SYS/TEMP]", 15) == 0);
	CHECK(w.clients[second].closed);
	CHECK(logged("connection-refused peer=192.0.2.2:1000"));
	CHECK(!logged("disconnect"));
	say("QUIT\r\n");
	arrive("192.0.2.3:1000", false);
	CHECK_EQ(w.f.conn_count, 1);
	end();
}

static void test_too_many_from_one_address(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections_per_address = 1;
	arrive("192.0.2.1:1000", false);
	const unsigned second = arrive("192.0.2.1:1001", false);
	CHECK_EQ(w.f.conn_count, 1);
	CHECK(strncmp(w.clients[second].said, "-ERR [", 6) == 0);
	arrive("192.0.2.2:1000", false);
	CHECK_EQ(w.f.conn_count, 2);
	say("QUIT\r\n");
	arrive("192.0.2.1:1002", false);
	CHECK_EQ(w.f.conn_count, 2);
	end();
}

/* A word would cost a handshake. */
static void test_a_refusal_on_a_tls_port_is_silent(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections_per_address = 1;
	arrive("192.0.2.1:1000", true);
	const unsigned second = arrive("192.0.2.1:1001", true);
	CHECK_EQ(w.clients[second].said_len, 0);
	CHECK(w.clients[second].closed);
	end();
}

static void test_trusted_networks_have_no_limit_for_an_address(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections_per_address = 1;
	CHECK(nets_add(&w.f.trusted, SPAN("192.0.2.0/24")));
	for (unsigned i = 0; i < 3; i++)
		arrive("192.0.2.1:1000", false);
	CHECK_EQ(w.f.conn_count, 3);
	w.f.child.settings.max_connections = 3;
	arrive("192.0.2.1:1000", false);
	CHECK_EQ(w.f.conn_count, 3);
	end();
}

static void test_without_a_table_nothing_is_counted(void **state)
{
	(void)state;
	start_front();
	w.f.child.settings.max_connections_per_address = 1;
	w.f.child.settings.max_connections = 1;
	for (unsigned i = 0; i < 3; i++)
		arrive("192.0.2.1:1000", false);
	CHECK_EQ(w.f.conn_count, 3);
	arrival_take_connlimit(&w.f, body_file("no table"), 1);
	CHECK(logged("connections-not-counted"));
	stop_front();
}

/* Where the table has no place left for an address, its connections are not counted. */
static void test_a_full_table_refuses_nobody(void **state)
{
	char text[32];

	(void)state;
	begin();
	for (unsigned i = 1;; i++) {
		sprintf(text, "10.%u.%u.%u:1000", i >> 16, i >> 8 & 255, i & 255);
		const struct sock_address at = address(text);
		const struct address host = sock_host(&at);
		const uint64_t key = connlimit_key(&w.f.connlimit, &host);
		if (connlimit_add_from(&w.f.connlimit, key, 1) == CONNLIMIT_FULL)
			break;
		CHECK(i < 1 << 22);
	}
	w.f.child.settings.max_connections_per_address = 1;
	arrive(text, false);
	arrive(text, false);
	CHECK_EQ(w.f.conn_count, 2);
	end();
}

static unsigned refusals(void)
{
	unsigned count = 0;

	for (const char *at = w.log; (at = strstr(at, "connection-refused")); at++)
		count++;
	return count;
}

/* One line a second, which counts those that had none. */
static void test_refusals_do_not_fill_the_log(void **state)
{
	(void)state;
	begin();
	w.f.child.settings.max_connections = 0;
	arrive("192.0.2.1:1000", false);
	arrive("192.0.2.1:1000", false);
	pass(999);
	arrive("192.0.2.1:1000", false);
	CHECK_EQ(refusals(), 1);
	CHECK(logged("unlogged=0"));
	pass(1);
	arrive("192.0.2.1:1000", false);
	CHECK_EQ(refusals(), 2);
	CHECK(logged("unlogged=2"));
	w.f.child.settings.max_connections = 100;
	end();
}

/* ---- proxies ---- */

static void proxied(const char *from)
{
	begin();
	CHECK(nets_add(&w.f.proxies, SPAN("192.0.2.0/24")));
	CHECK(nets_add(&w.f.proxies, SPAN("127.0.0.0/8")));
	w.f.child.settings.plaintext_auth = PLAINTEXT_AUTH_LOOPBACK;
	w.f.child.settings.max_connections_per_address = 1;
	arrive(from, false);
	CHECK_EQ(conn()->phase, PHASE_ARRIVING);
	CHECK_EQ(w.clients[0].said_len, 0);
}

static void test_a_proxy_names_the_client(void **state)
{
	(void)state;
	proxied("192.0.2.9:1000");
	say("PROXY TCP4 198.51.100.1 192.0.2.9 555 110\r\nCAPA\r\n");
	CHECK_TEXT(conn()->peer, "198.51.100.1:555");
	CHECK(said("+OK ready"));
	CHECK(!conn()->arrival.header);
	CHECK(logged("proxied peer=198.51.100.1:555 via=192.0.2.9:1000"));
	w.clients[0].in_at = strlen("PROXY TCP4 198.51.100.1 192.0.2.9 555 110\r\n");
	conn()->watch.wake(&conn()->watch, LOOP_READ);
	CHECK(said("STLS")); /* what stood behind the header is read */
	arrive("192.0.2.9:1001", false);
	say_as(1, "PROXY TCP4 198.51.100.1 192.0.2.9 556 110\r\n");
	CHECK_EQ(w.f.conn_count, 1); /* its address has one already */
	end();
}

static void test_a_header_in_two_pieces(void **state)
{
	(void)state;
	proxied("192.0.2.9:1000");
	say("PROXY TCP4 198.51.10");
	CHECK_EQ(conn()->phase, PHASE_ARRIVING);
	say("0.1 192.0.2.9 555 110\r\n");
	CHECK_TEXT(conn()->peer, "198.51.100.1:555");
	end();
}

/* Local is only who is local by a local proxy. */
static void test_who_is_local_behind_a_proxy(void **state)
{
	static const struct {
		const char *proxy, *header;
		bool local;
	} rows[] = {
		{ "127.0.0.1:1", "PROXY TCP4 127.0.0.1 127.0.0.1 5 110\r\n", true },
		{ "127.0.0.1:1", "PROXY TCP4 198.51.100.1 127.0.0.1 5 110\r\n", false },
		{ "192.0.2.9:1", "PROXY TCP4 127.0.0.1 127.0.0.1 5 110\r\n", false },
		{ "127.0.0.1:1", "PROXY UNKNOWN\r\n", false },
		{ "192.0.2.9:1", "PROXY UNKNOWN\r\n", false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		proxied(rows[i].proxy);
		say(rows[i].header);
		if (conn()->pop3->session.clear_ok != rows[i].local)
			fail_msg("%s", rows[i].header);
		end();
	}
}

/* It counts as the proxy, and has no address for anything else. */
static void test_a_client_that_is_not_named(void **state)
{
	(void)state;
	proxied("192.0.2.9:1000");
	say("PROXY UNKNOWN\r\n");
	CHECK(strncmp(conn()->peer, "192.0.2.9", 9) != 0);
	arrive("192.0.2.9:1001", false);
	say_as(1, "PROXY UNKNOWN\r\n");
	CHECK_EQ(w.f.conn_count, 1);
	end();
}

/* Octets of a header of version 2. */
#define VERSION_2 "\r\n\r\n\0\r\nQUIT\n"
#define ADDRESSES                                                                      \
	"\xc6\x33\x64\x01"                                                             \
	"\xc0\x00\x02\x09"                                                             \
	"\x02\x2b"                                                                     \
	"\x00\x6e"

/* Its credentials are as safe as the proxy's way to us. */
static void test_a_client_that_has_tls_with_its_proxy(void **state)
{
	(void)state;
	proxied("192.0.2.9:1000");
	say_octets(0, SPAN(VERSION_2 "\x21\x11\x00\x1e" ADDRESSES
				     "\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07TLSv1.3"));
	CHECK_TEXT(conn()->peer, "198.51.100.1:555");
	CHECK(conn()->pop3->session.tls);
	CHECK(logged("source=address tls=yes version=TLSv1.3"));
	say("QUIT\r\n");
	CHECK(logged("disconnect peer=198.51.100.1:555 tls=proxy"));
	end();
	proxied("192.0.2.9:1000");
	say_octets(0, SPAN(VERSION_2 "\x21\x11\x00\x0c" ADDRESSES));
	CHECK(!conn()->pop3->session.tls);
	CHECK(logged("source=address tls=no"));
	say("QUIT\r\n");
	CHECK(logged("disconnect peer=198.51.100.1:555 tls=no"));
	end();
}

/* As when it looks whether the server lives. */
static void test_a_connection_of_the_proxy_itself(void **state)
{
	(void)state;
	proxied("127.0.0.1:1000");
	say_octets(0, SPAN(VERSION_2 "\x20\x00\x00\x00"));
	CHECK_TEXT(conn()->peer, "127.0.0.1:1000");
	CHECK(conn()->pop3->session.clear_ok);
	CHECK(logged("source=own"));
	end();
}

static void test_a_proxy_that_goes(void **state)
{
	static const int waits[] = { EAGAIN, EINTR };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		proxied("192.0.2.9:1000");
		w.clients[0].error = waits[i];
		say("");
		CHECK(conn());
		w.clients[0].error = ECONNRESET;
		say("");
		CHECK(!conn());
		CHECK_TEXT(w.ended, "hangup");
		end();
	}
	proxied("192.0.2.9:1000");
	w.clients[0].eof = true;
	say("");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	end();
}

static void test_headers_that_are_none(void **state)
{
	static const struct {
		const char *words, *end;
	} rows[] = {
		{ "CAPA\r\n", "proxy-header-missing" },
		{ "PROXY TCP4 nonsense\r\n", "proxy-header-broken" },
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		proxied("192.0.2.9:1000");
		say(rows[i].words);
		CHECK(!conn());
		CHECK_TEXT(w.ended, rows[i].end);
		CHECK_EQ(w.clients[0].said_len, 0);
		end();
	}
}

static void test_a_header_from_elsewhere_is_a_bad_line(void **state)
{
	(void)state;
	begin();
	CHECK(nets_add(&w.f.proxies, SPAN("192.0.2.0/24")));
	arrive("198.51.100.1:1000", false);
	say("PROXY TCP4 198.51.100.2 192.0.2.9 555 110\r\n");
	CHECK_TEXT(conn()->peer, "198.51.100.1:1000");
	CHECK(said("-ERR"));
	end();
}

static void test_tls_behind_a_header(void **state)
{
	(void)state;
	begin();
	CHECK(nets_add(&w.f.proxies, SPAN("192.0.2.0/24")));
	arrive("192.0.2.9:1000", true);
	say("PROXY TCP4 198.51.100.1 192.0.2.9 555 995\r\n");
	CHECK_EQ(conn()->phase, PHASE_HELLO);
	CHECK_EQ(w.clients[0].said_len, 0);
	end();
}

static void test_networks_of_the_settings(void **state)
{
	struct address a;

	(void)state;
	start_front();
	struct settings *s = &w.f.child.settings;
	s->proxy_from.count = s->trusted_networks.count = 1;
	s->proxy_from.at[0] = unconst("192.0.2.0/24");
	s->trusted_networks.at[0] = unconst("198.51.100.0/24");
	CHECK(arrival_start(&w.f));
	const struct sock_address at = address("192.0.2.1:1");
	a = sock_host(&at);
	CHECK(nets_hold(&w.f.proxies, &a));
	CHECK(!nets_hold(&w.f.trusted, &a));
	s->trusted_networks.at[0] = unconst("nonsense");
	CHECK(!arrival_start(&w.f));
	stop_front();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_client_of_its_own),
		TEST(test_a_tls_port_says_nothing_first),
		TEST(test_where_passwords_may_come_in_clear_text),
		TEST(test_a_client_of_a_unix_socket),
		TEST(test_unix_sockets_count_in_the_total_alone),
		TEST(test_too_many_in_total),
		TEST(test_too_many_from_one_address),
		TEST(test_a_refusal_on_a_tls_port_is_silent),
		TEST(test_trusted_networks_have_no_limit_for_an_address),
		TEST(test_without_a_table_nothing_is_counted),
		TEST(test_a_full_table_refuses_nobody),
		TEST(test_refusals_do_not_fill_the_log),
		TEST(test_a_proxy_names_the_client),
		TEST(test_a_header_in_two_pieces),
		TEST(test_who_is_local_behind_a_proxy),
		TEST(test_a_client_that_is_not_named),
		TEST(test_a_client_that_has_tls_with_its_proxy),
		TEST(test_a_connection_of_the_proxy_itself),
		TEST(test_a_proxy_that_goes),
		TEST(test_headers_that_are_none),
		TEST(test_a_header_from_elsewhere_is_a_bad_line),
		TEST(test_tls_behind_a_header),
		TEST(test_networks_of_the_settings),
	};
	return RUN(tests);
}
