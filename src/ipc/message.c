/* ipc/message.c - encoding and decoding, generated from the table of messages.
 *
 * Prefix: message_. On the wire: kind as two octets, then the fields in
 * the table's order, little-endian.
 */
#include "ipc/message.h"

#include <endian.h>

#include "base/buf.h"

/* The table's words for sets of roles and for times. */
enum {
	PARENT = ROLE_BIT_PARENT,
	FRONT = ROLE_BIT_FRONT,
	AUTH = ROLE_BIT_AUTH,
	DROP = ROLE_BIT_DROP,
	LOOKUP = ROLE_BIT_LOOKUP,
	LMTP = ROLE_BIT_LMTP,
	TOOL = ROLE_BIT_TOOL,
	CHILDREN = FRONT | AUTH | DROP | LOOKUP | LMTP,
	EARLY = MESSAGE_EARLY,
	LATE = MESSAGE_LATE,
	ANY = MESSAGE_ANY,
	ONCE = MESSAGE_ONCE,
	STARTS = MESSAGE_STARTS,
	LAST = MESSAGE_LAST,
};

static const struct {
	const char *name, *purpose;
	unsigned from, to, when;
	enum message_fd fd;
} table[MESSAGE_COUNT] = {
#define X(name, from, to, fd, when, purpose)                                           \
	[MESSAGE_##name] = { #name, purpose, from, to, when, MESSAGE_FD_##fd },
	MESSAGE_TABLE(X)
#undef X
};

static void put_number(struct buf *b, uint64_t n)
{
	uint64_t le = htole64(n);

	buf_put(b, (struct span){ (const char *)&le, sizeof le });
}

static void put_text(struct buf *b, struct span s, size_t max)
{
	uint32_t le = htole32((uint32_t)s.len);

	if (s.len > max)
		b->cut = true;
	buf_put(b, (struct span){ (const char *)&le, sizeof le });
	buf_put(b, s);
}

const char *message_over(const struct message *m)
{
	switch (m->kind) {
#define NUMBER(name)
#define TEXT(name, max)                                                                \
	if (f->name.len > (max))                                                       \
		return #name;
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		const struct message_##id *f = &m->id;                                 \
		(void)f;                                                               \
		MESSAGE_##id##_FIELDS(NUMBER, TEXT) break;                             \
	}
		MESSAGE_TABLE(X)
#undef X
#undef TEXT
#undef NUMBER
	case MESSAGE_COUNT:
		break;
	}
	return NULL;
}

size_t message_encode(const struct message *m, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };
	uint16_t kind = htole16((uint16_t)m->kind);

	buf_put(&b, (struct span){ (const char *)&kind, sizeof kind });
	switch (m->kind) {
#define NUMBER(name)    put_number(&b, f->name);
#define TEXT(name, max) put_text(&b, f->name, max);
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		const struct message_##id *f = &m->id;                                 \
		(void)f;                                                               \
		MESSAGE_##id##_FIELDS(NUMBER, TEXT) break;                             \
	}
		MESSAGE_TABLE(X)
#undef X
#undef TEXT
#undef NUMBER
	case MESSAGE_COUNT:
		b.cut = true;
	}
	return b.cut ? 0 : b.len;
}

static bool get_octets(struct span *io_in, void *out, size_t len)
{
	if (io_in->len < len)
		return false;
	memcpy(out, io_in->at, len);
	*io_in = span_after(*io_in, len);
	return true;
}

static bool get_number(struct span *io_in, uint64_t *out)
{
	uint64_t le;

	if (!get_octets(io_in, &le, sizeof le))
		return false;
	*out = le64toh(le);
	return true;
}

static bool get_text(struct span *io_in, struct span *out, size_t max)
{
	uint32_t le;

	if (!get_octets(io_in, &le, sizeof le))
		return false;
	size_t len = le32toh(le);
	if (len > max || len > io_in->len)
		return false;
	*out = (struct span){ io_in->at, len };
	*io_in = span_after(*io_in, len);
	return true;
}

static bool get_fields(struct span *io_in, struct message *m)
{
	switch (m->kind) {
#define NUMBER(name)    &&get_number(io_in, &f->name)
#define TEXT(name, max) &&get_text(io_in, &f->name, max)
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		struct message_##id *f = &m->id;                                       \
		(void)f;                                                               \
		return true MESSAGE_##id##_FIELDS(NUMBER, TEXT);                       \
	}
		MESSAGE_TABLE(X)
#undef X
#undef TEXT
#undef NUMBER
	case MESSAGE_COUNT:
		break;
	}
	return false;
}

enum message_kind message_kind_of(struct span in)
{
	uint16_t kind;

	if (!get_octets(&in, &kind, sizeof kind) || le16toh(kind) >= MESSAGE_COUNT)
		return MESSAGE_COUNT;
	return le16toh(kind);
}

enum fault message_decode(struct span in, enum role from, enum role to, bool has_fd,
			  struct message *out)
{
	struct message m = { .kind = message_kind_of(in) };

	if (m.kind == MESSAGE_COUNT)
		return FAULT_PEER;
	in = span_after(in, sizeof(uint16_t));
	const enum message_fd fd = table[m.kind].fd;
	if (!(table[m.kind].from & 1u << from) || !(table[m.kind].to & 1u << to) ||
	    (fd != MESSAGE_FD_FILES && has_fd != (fd != MESSAGE_FD_NONE)))
		return FAULT_PEER;
	if (!get_fields(&in, &m) || in.len > 0)
		return FAULT_PEER;
	*out = m;
	return FAULT_NONE;
}

const char *message_say(struct message_history *h, enum message_kind kind)
{
	const unsigned when = table[kind].when;
	const uint64_t bit = UINT64_C(1) << kind % 64;
	uint64_t *said = &h->said[kind / 64];

	if (h->is_over)
		return "the sender has said its last message";
	if (h->has_started && !(when & MESSAGE_LATE))
		return "too late";
	if (!h->has_started && !(when & MESSAGE_EARLY))
		return "too early";
	if ((when & MESSAGE_ONCE) && (*said & bit))
		return "said twice";
	*said |= bit;
	h->has_started = h->has_started || (when & MESSAGE_STARTS);
	h->is_over = when & MESSAGE_LAST;
	return NULL;
}

const char *message_name(enum message_kind kind)
{
	return kind < MESSAGE_COUNT ? table[kind].name : "?";
}

unsigned message_from(enum message_kind kind)
{
	return table[kind].from;
}

unsigned message_to(enum message_kind kind)
{
	return table[kind].to;
}

enum message_fd message_fd(enum message_kind kind)
{
	return table[kind].fd;
}

const char *message_purpose(enum message_kind kind)
{
	return table[kind].purpose;
}

unsigned message_when(enum message_kind kind)
{
	return table[kind].when;
}
