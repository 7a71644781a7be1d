/* test/script/tls_chatter.c - a client that sends TLS records without octets in them.
 *
 * tls_chatter PORT COUNT: logs on over TLS 1.3, updates its keys COUNT times, says CAPA
 * and then QUIT, and prints what the server says to its end.
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tls_chatter: %s\n", what);
	exit(2);
}

static SSL *dial(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!ssl || SSL_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 ||
	    SSL_set_fd(ssl, fd) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    SSL_connect(ssl) != 1)
		die("no TLS");
	return ssl;
}

int main(int argc, char **argv)
{
	static const char words[] = "CAPA\r\nQUIT\r\n";
	char octets[4096];
	int n;

	if (argc != 3)
		die("PORT COUNT");
	signal(SIGPIPE, SIG_IGN); /* the server may end it while we write */
	SSL *ssl = dial(argv[1]);
	for (int i = atoi(argv[2]); i > 0; i--)
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
		    SSL_do_handshake(ssl) != 1)
			break; /* the server has had enough */
	SSL_write(ssl, words, sizeof words - 1);
	while ((n = SSL_read(ssl, octets, sizeof octets)) > 0)
		fwrite(octets, 1, (size_t)n, stdout);
	return 0;
}
