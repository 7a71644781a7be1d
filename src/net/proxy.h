/* net/proxy.h - the header by which a proxy tells for whom it connects.
 *
 * Prefix: proxy_. "The PROXY protocol, versions 1 & 2", as
 * HAProxy publishes it.
 */
#pragma once

#include "base/address.h"

enum {
	PROXY_TEXT_MAX = 107,    /* a header of version 1, line end included */
	PROXY_OCTETS_MAX = 4096, /* one of version 2 */
	PROXY_NAME_MAX = 255,
};

/* Embedded in its owner; `len` zero is the empty reader. */
struct proxy_reader {
	uint16_t len;
	char octets[PROXY_OCTETS_MAX];
};

enum proxy_source {
	PROXY_SOURCE_OWN,     /* the proxy connects for itself: a health check */
	PROXY_SOURCE_UNKNOWN, /* for somebody, it does not say for whom */
	PROXY_SOURCE_ADDRESS,
};

/* What a header says. Runs are borrowed from the reader. */
struct proxy {
	enum proxy_source source;
	struct address address; /* with PROXY_SOURCE_ADDRESS */
	uint16_t port;
	bool tls;                /* the client speaks TLS with the proxy */
	struct span tls_version; /* "TLSv1.3" */
	struct span common_name; /* of a certificate that the proxy has verified */
	struct span authority;   /* the host name that the client asked for */
};

enum proxy_got {
	PROXY_MORE,    /* no whole header yet: feed more */
	PROXY_DONE,    /* *out is what it says */
	PROXY_MISSING, /* what comes does not begin as a header does */
	PROXY_BROKEN,  /* it does, but is not one */
};

/* Take octets from the front of *io_in until the header is complete, and not one of
 * those behind it. After PROXY_MISSING and PROXY_BROKEN nothing more can be fed. */
enum proxy_got proxy_feed(struct proxy_reader *r, struct span *io_in,
			  struct proxy *out);
