/* convert/dovecotnet.h - Dovecot's listeners, TLS, and limits of connections.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotview.h"

/* Convert ssl*, and tell whether TLS is on and whether a client must use it. */
struct dovecot_tls {
	bool on, required;
};
struct dovecot_tls dovecot_convert_tls(struct dovecot *d);

/* Convert listen and the listeners of pop3-login and lmtp. */
void dovecot_convert_listeners(struct dovecot *d, bool tls);

/* Convert the limits of the services. */
void dovecot_convert_limits(struct dovecot *d);
