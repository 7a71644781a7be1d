/* test/script/scram_plus.c - a client that binds SCRAM to its TLS connection.
 *
 * scram_plus PORT MECHANISM USER PASSWORD VERSION BINDING: logs in over TLS ("1.2" or
 * "1.3"), bound by "tls-exporter" or "tls-unique", and prints what the server said
 * last. "forged" as the binding is that of another connection.
 */
#include <arpa/inet.h>
#include <gsasl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "scram_plus: %s\n", what);
	exit(2);
}

static SSL *dial(const char *port, const char *version)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(port)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int v = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!ssl || SSL_set_min_proto_version(ssl, v) != 1 ||
	    SSL_set_max_proto_version(ssl, v) != 1 || SSL_set_fd(ssl, fd) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    SSL_connect(ssl) != 1)
		die("no TLS");
	return ssl;
}

static const char *read_line(SSL *ssl)
{
	static char line[8192];
	size_t len = 0;

	while (len < sizeof line - 1 && SSL_read(ssl, line + len, 1) == 1) {
		if (line[len++] == '\n')
			break;
	}
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static void set(Gsasl_session *s, Gsasl_property p, const unsigned char *octets,
		size_t len)
{
	char *text = NULL;

	if (gsasl_base64_to((const char *)octets, len, &text, NULL) != GSASL_OK)
		die("base64");
	gsasl_property_set(s, p, text);
	gsasl_free(text);
}

static void bind_to(Gsasl_session *s, SSL *ssl, const char *binding)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char octets[64] = "of another connection, 32 octets";
	size_t len = 32;

	if (strcmp(binding, "tls-unique") == 0) {
		len = SSL_get_finished(ssl, octets, sizeof octets);
		set(s, GSASL_CB_TLS_UNIQUE, octets, len);
		return;
	}
	if (strcmp(binding, "forged") != 0 &&
	    SSL_export_keying_material(ssl, octets, len, label, sizeof label - 1,
				       (const unsigned char *)"", 0, 1) != 1)
		die("no exporter");
	set(s, GSASL_CB_TLS_EXPORTER, octets, len);
}

int main(int argc, char **argv)
{
	Gsasl *gsasl;
	Gsasl_session *s;
	char out[16384], *said;

	if (argc != 7)
		die("what?");
	SSL *ssl = dial(argv[1], argv[5]);
	read_line(ssl);
	if (gsasl_init(&gsasl) != GSASL_OK ||
	    gsasl_client_start(gsasl, argv[2], &s) != GSASL_OK)
		die("no such mechanism");
	gsasl_property_set(s, GSASL_AUTHID, argv[3]);
	gsasl_property_set(s, GSASL_PASSWORD, argv[4]);
	bind_to(s, ssl, argv[6]);
	snprintf(out, sizeof out, "AUTH %s\r\n", argv[2]);
	for (;;) {
		if (SSL_write(ssl, out, (int)strlen(out)) <= 0)
			die("cut off");
		const char *line = read_line(ssl);
		if (strncmp(line, "+ ", 2) != 0) {
			puts(line);
			return 0;
		}
		int rc = gsasl_step64(s, line + 2, &said);
		if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
			die(gsasl_strerror(rc));
		snprintf(out, sizeof out, "%s\r\n", said);
		gsasl_free(said);
	}
}
