/* lmtp/greeting.h - carries out the commands that belong to no transaction.
 *
 * Prefix: greeting_.
 */
#pragma once

#include "lmtp/state.h"

lmtp_command_fn greeting_lhlo, greeting_starttls, greeting_noop, greeting_vrfy,
	greeting_help, greeting_quit;

/* Write the reply to LHLO (RFC 5321 section 4.1.1.1). Returns LMTP_ASK_READ. */
enum lmtp_ask greeting_offer(struct lmtp_session *s, struct buf *out);
