/* front/pop3/answer.h - numbers in answers of poplar-drop, checked before they are
 * used.
 *
 * Prefix: answer_. A maildrop process runs as the owner of the mail, who may have
 * captured it: the front trusts none of its numbers.
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/message.h"

/* Can all numbers of READY be right? listing_get_gaps checks the gaps. */
bool answer_ready_is_sound(const struct message_READY *m);

/* Where a message is. out->fd is -1. Returns the fault that poplar-drop gives;
 * FAULT_PEER: the numbers cannot be right. */
MUST_USE enum fault answer_body(const struct message_body *b, struct body_source *out);

/* What a descriptor is, by enum message_given. READER_NONE: no such number. */
enum reader_kind answer_kind(uint64_t given);
