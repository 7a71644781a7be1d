/* front/pop3/answer.c - checks the numbers in answers of poplar-drop before they are
 * used.
 *
 * Prefix: answer_.
 */
#include "front/pop3/answer.h"

enum reader_kind answer_kind(uint64_t given)
{
	static const enum reader_kind kinds[MESSAGE_GIVEN_COUNT] = {
		[MESSAGE_GIVEN_FILE] = READER_FILE,
		[MESSAGE_GIVEN_MEMORY] = READER_MEMORY,
		[MESSAGE_GIVEN_WINDOW] = READER_WINDOW,
	};

	return given < MESSAGE_GIVEN_COUNT ? kinds[given] : READER_NONE;
}

bool answer_ready_is_sound(const struct message_READY *m)
{
	return m->count <= UINT32_MAX && m->login_delay <= POLICY_DELAY_MAX &&
	       m->expire <= POLICY_NEVER && m->retrieval <= RETRIEVAL_REMOVES &&
	       m->downgrade < DOWNGRADE_WAY_COUNT && m->read_only <= 1 &&
	       (m->maxima == 0 || m->maxima >= m->count) && m->maxima <= UINT32_MAX &&
	       answer_kind(m->given) != READER_NONE && m->window <= INT64_MAX;
}

/* Do the octets end where a file can, so that no sum wraps? */
static bool is_within(uint64_t offset, uint64_t length)
{
	return offset <= INT64_MAX && length <= INT64_MAX - offset;
}

enum fault answer_body(const struct message_body *b, struct body_source *out)
{
	*out = (struct body_source){
		.fd = -1,
		.kind = answer_kind(b->given),
		.window = b->window,
		.offset = b->offset,
		.length = b->length,
		.octets = b->octets,
		.ascii_octets = b->ascii_octets,
		.surrogate = (enum surrogate)b->surrogate,
		.ready = b->form == WIRE_FORM_READY,
	};
	if (b->fault >= FAULT_COUNT || b->surrogate >= SURROGATE_COUNT ||
	    b->form >= WIRE_FORM_COUNT || out->kind == READER_NONE ||
	    !is_within(b->offset, b->length) || !is_within(b->offset, b->window))
		return FAULT_PEER;
	return (enum fault)b->fault;
}
