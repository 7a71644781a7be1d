/* test/unit/messages.h - messages of every kind, for tests that go through the table.
 */
#pragma once

#include "check.h"

#include "ipc/message.h"

/* A message of the kind with something in every field. */
static inline struct message example(enum message_kind kind)
{
	struct message m = { .kind = kind };

	switch (kind) {
#define N(name)      f->name = 0x0102030405060708 + (uintptr_t)kind;
#define T(name, max) f->name = SPAN("a\0\r\n\tb");
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		struct message_##id *f = &m.id;                                        \
		(void)f;                                                               \
		MESSAGE_##id##_FIELDS(N, T) break;                                     \
	}
		MESSAGE_TABLE(X)
#undef X
#undef T
#undef N
	case MESSAGE_COUNT:
		break;
	}
	return m;
}

/* The text fields of a message, in the table's order. */
struct texts {
	size_t count;
	struct span *at[16];
	size_t max[16];
	const char *name[16];
};

static inline void add_text(struct texts *t, struct span *at, size_t max,
			    const char *name)
{
	assert_true(t->count < sizeof t->at / sizeof *t->at);
	t->at[t->count] = at;
	t->max[t->count] = max;
	t->name[t->count++] = name;
}

static inline struct texts texts_of(struct message *m)
{
	struct texts t = { 0 };

	switch (m->kind) {
#define N(name)
#define T(name, max) add_text(&t, &f->name, max, #name);
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		struct message_##id *f = &m->id;                                       \
		(void)f;                                                               \
		MESSAGE_##id##_FIELDS(N, T) break;                                     \
	}
		MESSAGE_TABLE(X)
#undef X
#undef T
#undef N
	case MESSAGE_COUNT:
		break;
	}
	return t;
}

static char filler[MESSAGE_OCTETS_MAX];

/* The message with field i of `len` octets, all others at their maximum (others) or
 * empty. */
static inline struct message stretched(enum message_kind kind, size_t i, size_t len,
				       bool others)
{
	struct message m = example(kind);
	struct texts t = texts_of(&m);

	for (size_t k = 0; k < t.count; k++)
		*t.at[k] = (struct span){ filler, others ? t.max[k] : 0 };
	t.at[i]->len = len;
	return m;
}
