/* front/pop3/says.h - what poplar-drop says, checked before it is used.
 *
 * Prefix: says_. A maildrop process belongs to the mail's owner: a
 * front believes it no number.
 */
#pragma once

#include "front/front.h"
#include "ipc/message.h"

/* Can all of it be so? The holes are judged by listing_get_holes. */
bool says_ready_is_sound(const struct message_READY *m);

/* What is said of a message; out->fd is -1. The fault that poplar-drop tells;
 * FAULT_PEER: this cannot be so. */
MUST_USE enum fault says_body(const struct message_body *b, struct body_source *out);

/* What a descriptor is, by enum message_given. READER_NONE: there is no such. */
enum reader_kind says_kind(uint64_t given);
