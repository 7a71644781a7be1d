/* net/proxy.h - parses the PROXY header, in which a proxy names its client.
 *
 * Prefix: proxy_. "The PROXY protocol, versions 1 & 2", as
 * HAProxy publishes it.
 */
#pragma once

#include "base/address.h"

enum {
	PROXY_TEXT_MAX = 107,    /* a header of version 1, with its line end */
	PROXY_OCTETS_MAX = 4096, /* a header of version 2 */
	PROXY_NAME_MAX = 255,    /* of common_name and authority */
};

/* Keeps an unfinished header. The owner embeds it, and sets `len` to 0. */
struct proxy_reader {
	uint16_t len;
	char octets[PROXY_OCTETS_MAX];
};

enum proxy_source {
	PROXY_SOURCE_OWN,     /* the proxy connects for itself, as for a health check */
	PROXY_SOURCE_UNKNOWN, /* it connects for a client, but does not give the address
			       */
	PROXY_SOURCE_ADDRESS, /* it connects for the client at this address */
};

/* The contents of a header. The spans point into the reader. */
struct proxy {
	enum proxy_source source;
	struct address address; /* with PROXY_SOURCE_ADDRESS */
	uint16_t port;
	bool tls;                /* the client speaks TLS with the proxy */
	struct span tls_version; /* "TLSv1.3" */
	struct span common_name; /* of the client's certificate, which the proxy has
				    verified */
	struct span authority;   /* the host name that the client asked for (SNI) */
};

enum proxy_got {
	PROXY_MORE,    /* the header is not complete: feed more */
	PROXY_DONE,    /* *out has the contents of the header */
	PROXY_MISSING, /* the input does not begin like a header */
	PROXY_BROKEN,  /* the input begins like a header, but is malformed */
};

/* Consume octets from the front of *io_in until the header is complete, and none of the
 * octets behind it. Feed nothing more after PROXY_MISSING or PROXY_BROKEN. */
enum proxy_got proxy_feed(struct proxy_reader *r, struct span *io_in,
			  struct proxy *out);
