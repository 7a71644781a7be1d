/* Promises of ipc/message: what may be said, by whom, and what a broken message does.
 */
#include "messages.h"

#include "base/buf.h"
#include "base/roles.h"

static bool legal(enum message_kind kind, enum role from, enum role to)
{
	return message_from(kind) >> from & 1 && message_to(kind) >> to & 1;
}

static bool may_come(enum message_kind kind, bool with)
{
	enum message_fd fd = message_fd(kind);

	return fd == MESSAGE_FD_FILES || with == (fd != MESSAGE_FD_NONE);
}

static bool carries(enum message_kind kind)
{
	return message_fd(kind) != MESSAGE_FD_NONE;
}

static void test_a_message_goes_only_where_the_table_says(void **state)
{
	char octets[MESSAGE_OCTETS_MAX];

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind), out;
		size_t len = message_encode(&m, octets, sizeof octets);

		CHECK(len > 0);
		for (enum role from = 0; from < ROLE_COUNT; from++) {
			for (enum role to = 0; to < ROLE_COUNT; to++) {
				struct span in = { octets, len };
				bool ok = legal(kind, from, to);

				for (int with = 0; with < 2; with++)
					CHECK_EQ(message_decode(in, from, to, with,
								&out) == FAULT_NONE,
						 ok && may_come(kind, with));
			}
		}
	}
}

static void test_what_was_encoded_decodes_to_the_same(void **state)
{
	char first[MESSAGE_OCTETS_MAX], second[MESSAGE_OCTETS_MAX];

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind), out;
		size_t len = message_encode(&m, first, sizeof first);
		enum role from = 0, to = 0;

		while (!(message_from(kind) >> from & 1))
			from++;
		while (!(message_to(kind) >> to & 1))
			to++;
		CHECK_EQ(message_decode((struct span){ first, len }, from, to,
					carries(kind), &out),
			 FAULT_NONE);
		CHECK_EQ(out.kind, kind);
		CHECK_EQ(message_encode(&out, second, sizeof second), len);
		CHECK_EQ(memcmp(first, second, len), 0);
	}
}

/* Truncated anywhere, or with one octet too many, it is none. */
static void test_a_message_has_a_strict_end(void **state)
{
	char octets[MESSAGE_OCTETS_MAX + 1];

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind), out;
		size_t len = message_encode(&m, octets, sizeof octets);
		enum role from = 0, to = 0;

		while (!(message_from(kind) >> from & 1))
			from++;
		while (!(message_to(kind) >> to & 1))
			to++;
		octets[len] = 0;
		for (size_t n = 0; n <= len + 1; n++) {
			char *exact = malloc(n ? n : 1);

			memcpy(exact, octets, n);
			CHECK_EQ(message_decode((struct span){ exact, n }, from, to,
						carries(kind), &out) == FAULT_NONE,
				 n == len);
			free(exact);
		}
	}
}

/* ---- each text field at its maximum, and over it ---- */

static void put_raw(char *octets, size_t *io_len, const void *from, size_t len)
{
	memcpy(octets + *io_len, from, len);
	*io_len += len;
}

/* As a sender would encode m that knows no maximum. */
static size_t encode_unbounded(const struct message *m, char *octets)
{
	size_t len = 0;
	const uint16_t kind = (uint16_t)m->kind;

	put_raw(octets, &len, &kind, sizeof kind);
	switch (m->kind) {
#define N(name) put_raw(octets, &len, &f->name, 8);
#define T(name, max)                                                                   \
	put_raw(octets, &len, &(uint32_t){ (uint32_t)f->name.len }, 4);                \
	if (f->name.len > 0)                                                           \
		put_raw(octets, &len, f->name.at, f->name.len);
#define X(id, ...)                                                                     \
	case MESSAGE_##id: {                                                           \
		const struct message_##id *f = &m->id;                                 \
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
	return len;
}

static enum fault decode(enum message_kind kind, struct span in, struct message *out)
{
	enum role from = 0, to = 0;

	while (!(message_from(kind) >> from & 1))
		from++;
	while (!(message_to(kind) >> to & 1))
		to++;
	return message_decode(in, from, to, carries(kind), out);
}

static void check_at_maximum(enum message_kind kind, size_t i, size_t max, bool others)
{
	char octets[2 * MESSAGE_OCTETS_MAX], plain[2 * MESSAGE_OCTETS_MAX];
	const struct message m = stretched(kind, i, max, others);
	struct message out;
	size_t len = message_encode(&m, octets, MESSAGE_OCTETS_MAX);

	CHECK(len > 0 &&
	      len < MESSAGE_OCTETS_MAX); /* so that a cut one fills an inbox */
	CHECK_EQ(message_over(&m), NULL);
	CHECK_EQ(encode_unbounded(&m, plain), len);
	CHECK_EQ(memcmp(octets, plain, len), 0);
	CHECK_EQ(decode(kind, (struct span){ octets, len }, &out), FAULT_NONE);
	struct texts t = texts_of(&out);
	CHECK_EQ(t.at[i]->len, max);
}

static void check_over_maximum(enum message_kind kind, size_t i, size_t max,
			       const char *name)
{
	char octets[2 * MESSAGE_OCTETS_MAX];
	const struct message m = stretched(kind, i, max + 1, false);
	struct message out;

	CHECK_EQ(message_encode(&m, octets, sizeof octets), 0);
	CHECK_TEXT(message_over(&m), name);
	const size_t len = encode_unbounded(&m, octets);
	CHECK_EQ(decode(kind, (struct span){ octets, len }, &out), FAULT_PEER);
}

static void test_each_text_at_its_maximum_travels_and_one_octet_more_does_not(
	void **state)
{
	size_t fields = 0;

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind);
		const struct texts t = texts_of(&m);

		for (size_t i = 0; i < t.count; i++, fields++) {
			check_at_maximum(kind, i, t.max[i], false);
			check_at_maximum(kind, i, t.max[i], true);
			check_over_maximum(kind, i, t.max[i], t.name[i]);
		}
	}
	CHECK(fields > 40);
}

/* Identity never travels from the front but as a claim to poplar-auth; nobody sends
 * passwords anywhere else, and the maildrop process never hears from the front who it
 * is. */
static void test_the_front_can_only_ask(void **state)
{
	uint64_t to_auth = 0, to_parent = 0;

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		if (legal(kind, ROLE_FRONT, ROLE_AUTH))
			to_auth |= UINT64_C(1) << kind;
		if (legal(kind, ROLE_FRONT, ROLE_PARENT))
			to_parent |= UINT64_C(1) << kind;
	}
	CHECK_EQ(to_auth, UINT64_C(1) << MESSAGE_AUTH_WHICH |
				  UINT64_C(1) << MESSAGE_AUTH_ASK |
				  UINT64_C(1) << MESSAGE_AUTH_NEXT |
				  UINT64_C(1) << MESSAGE_AUTH_CANCEL |
				  UINT64_C(1) << MESSAGE_BOARD_ASK);
	CHECK_EQ(to_parent, UINT64_C(1) << MESSAGE_SANDBOXED);
	CHECK(!legal(MESSAGE_GRANT, ROLE_FRONT, ROLE_DROP));
	CHECK(!legal(MESSAGE_GRANT, ROLE_PARENT, ROLE_DROP));
	CHECK_EQ(message_to(MESSAGE_AUTH_ASK), 1u << ROLE_AUTH);
	CHECK_EQ(message_to(MESSAGE_TLS_FILES), 1u << ROLE_FRONT | 1u << ROLE_LMTP);
}

/* poplar-lmtp names addresses, never users or paths: poplar-auth finds the maildrop,
 * and a maildrop process does what the socket that it was given allows. */
static void test_poplar_lmtp_can_only_ask_and_add(void **state)
{
	char said[512];
	struct buf b = BUF(said);

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++)
		for (enum role to = 0; to < ROLE_COUNT; to++) {
			if (!legal(kind, ROLE_LMTP, to))
				continue;
			buf_text(&b, message_name(kind));
			buf_text(&b, " to ");
			buf_text(&b, role_name(to));
			buf_text(&b, "; ");
		}
	CHECK_TEXT(buf_cstr(&b), "SANDBOXED to poplard; RCPT_ASK to poplar-auth; "
				 "SPOOL to poplar-drop; DELIVER to poplar-drop; ");
	CHECK_EQ(message_from(MESSAGE_GRANT_DELIVERY), 1u << ROLE_AUTH);
	CHECK_EQ(message_from(MESSAGE_RCPT_OK), 1u << ROLE_AUTH);
}

static void test_random_octets_are_no_message_of_length(void **state)
{
	uint64_t seed = 7;
	char octets[64];
	struct message out;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t len = check_random(&seed) % sizeof octets;

		for (size_t i = 0; i < len; i++)
			octets[i] = (char)check_random(&seed);
		if (len > 2)
			octets[1] = 0;
		fault_ignore(message_decode((struct span){ octets, len },
					    check_random(&seed) % ROLE_COUNT,
					    check_random(&seed) % ROLE_COUNT,
					    check_random(&seed) & 1, &out));
	}
}

/* ---- when a message may be said ---- */

/* May `kind` be said behind those before? What is said is noted. */
static void expect(struct message_history *h, enum message_kind kind, const char *wrong)
{
	const char *reason = message_say(h, kind);

	if (wrong)
		CHECK_TEXT(reason, wrong);
	else
		CHECK_EQ(reason, NULL);
}

/* The whole table: a message of each kind alone, as the first, as the second of its
 * kind, behind the one that starts, and behind the last. */
static void test_each_message_has_its_time(void **state)
{
	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		const unsigned when = message_when(kind);
		struct message_history h = { 0 }, started = { .has_started = true },
				       over = { .is_over = true };
		const bool early = when & MESSAGE_EARLY, late = when & MESSAGE_LATE;

		CHECK(early || late);
		expect(&started, kind, late ? NULL : "too late");
		expect(&over, kind, "the sender has said its last message");
		expect(&h, kind, early ? NULL : "too early");
		if (!early)
			continue;
		if (when & MESSAGE_LAST)
			expect(&h, kind, "the sender has said its last message");
		else if (when & MESSAGE_ONCE)
			expect(&h, kind, "said twice");
		else if (when & MESSAGE_STARTS)
			expect(&h, kind, late ? NULL : "too late");
		else
			expect(&h, kind, NULL);
	}
}

/* What is refused is not noted: what was legal before stays so. */
static void test_a_refused_message_changes_nothing(void **state)
{
	struct message_history h = { 0 }, before;

	(void)state;
	expect(&h, MESSAGE_SETTINGS, NULL);
	before = h;
	expect(&h, MESSAGE_DRAIN, "too early");
	expect(&h, MESSAGE_SETTINGS, "said twice");
	CHECK_EQ(memcmp(&h, &before, sizeof h), 0);
	expect(&h, MESSAGE_GO, NULL);
	expect(&h, MESSAGE_GO, "too late");
	expect(&h, MESSAGE_SETTINGS, "too late");
	expect(&h, MESSAGE_LISTENER, NULL);
	expect(&h, MESSAGE_DRAIN, NULL);
}

/* A child reports its sandbox once, and asks for nothing before: `poplar audit` judges
 * by that report. */
static void test_a_child_reports_its_sandbox_first_and_once(void **state)
{
	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message_history h = { 0 };

		if (message_to(kind) != 1u << ROLE_PARENT || kind == MESSAGE_SANDBOXED)
			continue;
		expect(&h, kind, "too early");
		expect(&h, MESSAGE_SANDBOXED, NULL);
		expect(&h, kind, NULL);
		expect(&h, MESSAGE_SANDBOXED, "too late");
	}
}

static unsigned starts(enum role from, enum role to)
{
	unsigned count = 0;

	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++)
		count += legal(kind, from, to) && (message_when(kind) & MESSAGE_STARTS);
	return count;
}

/* Where some message is for later alone, there is one that lets later begin. */
static void test_what_comes_late_can_come(void **state)
{
	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++)
		for (enum role from = 0; from < ROLE_COUNT; from++)
			for (enum role to = 0; to < ROLE_COUNT; to++)
				if (legal(kind, from, to) &&
				    !(message_when(kind) & MESSAGE_EARLY))
					CHECK_EQ(starts(from, to), 1);
}

/* A line for whoever reads the table. */
static void test_each_message_says_what_it_is_for(void **state)
{
	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		const char *text = message_purpose(kind);
		const size_t len = strlen(text);

		CHECK(len > 10 && len < 100);
		CHECK_EQ(text[len - 1], '.');
	}
	CHECK_TEXT(message_name(MESSAGE_COUNT), "?");
	CHECK_TEXT(message_name(MESSAGE_SETTINGS), "SETTINGS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_message_goes_only_where_the_table_says),
		TEST(test_what_was_encoded_decodes_to_the_same),
		TEST(test_a_message_has_a_strict_end),
		TEST(test_each_text_at_its_maximum_travels_and_one_octet_more_does_not),
		TEST(test_the_front_can_only_ask),
		TEST(test_poplar_lmtp_can_only_ask_and_add),
		TEST(test_random_octets_are_no_message_of_length),
		TEST(test_each_message_has_its_time),
		TEST(test_a_refused_message_changes_nothing),
		TEST(test_a_child_reports_its_sandbox_first_and_once),
		TEST(test_what_comes_late_can_come),
		TEST(test_each_message_says_what_it_is_for),
	};

	return RUN(tests);
}
