/* lmtpd/trust.h - decides who may deliver mail.
 *
 * Prefix: trust_. The peer of a Unix socket may, for the mode of the socket has let it
 * in; so may loopback addresses, the networks of lmtp-from and, from anywhere, a client
 * with a valid certificate for one of lmtp-tls-names.
 */
#pragma once

#include "lmtpd/state.h"

/* Read lmtp-from from the settings. False: a network is malformed. */
MUST_USE bool trust_start(struct front *f);

/* May a client with this address deliver mail? `is_local`: it is on this machine. */
bool trust_address(const struct front *f, const struct address *host, bool is_local);

/* TLS is set up: may the client deliver mail because of its certificate? */
bool trust_certificate(const struct conn *c);
