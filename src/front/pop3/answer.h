/* front/pop3/answer.h - checks the numbers in answers of poplar-drop before they are
 * used.
 *
 * Prefix: answer_. A maildrop process runs as the owner of the mail, who may control
 * it. So the front trusts none of its numbers.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/message.h"

/* Are all numbers of READY within their bounds? The gaps are checked by
 * listing_get_gaps. */
bool answer_ready_is_sound(const struct message_READY *m);

/* Convert one entry of BODIES_ARE. out->fd becomes -1: the caller sets it. Returns the
 * fault in the entry, or FAULT_PEER if a number is out of its bounds. */
MUST_USE enum fault answer_body(const struct message_body *b, struct body_source *out);

/* Convert a number of enum message_given. READER_NONE: it is none. */
enum reader_kind answer_kind(uint64_t given);
