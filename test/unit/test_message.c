/* Promises of ipc/: what may be said, by whom, and what a broken message does. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/channel.h"

/* A message of the kind with something in every field. */
static struct message example(enum message_kind kind)
{
	struct message m = { .kind = kind };

	switch (kind) {
#define N(name)      f->name = 0x0102030405060708 + (uintptr_t)kind;
#define T(name, max) f->name = SPAN("a\0\r\n\tb");
#define X(id, from, to, fd)                                                            \
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

/* The text fields of a message, in the table's order. */
struct texts {
	size_t count;
	struct span *at[16];
	size_t max[16];
	const char *name[16];
};

static void add_text(struct texts *t, struct span *at, size_t max, const char *name)
{
	assert_true(t->count < sizeof t->at / sizeof *t->at);
	t->at[t->count] = at;
	t->max[t->count] = max;
	t->name[t->count++] = name;
}

static struct texts texts_of(struct message *m)
{
	struct texts t = { 0 };

	switch (m->kind) {
#define N(name)
#define T(name, max) add_text(&t, &f->name, max, #name);
#define X(id, from, to, fd)                                                            \
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
#define X(id, from, to, fd)                                                            \
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

static char filler[MESSAGE_OCTETS_MAX];

/* The message with field i of `len` octets, all others at their maximum (others) or
 * empty. */
static struct message stretched(enum message_kind kind, size_t i, size_t len,
				bool others)
{
	struct message m = example(kind);
	struct texts t = texts_of(&m);

	for (size_t k = 0; k < t.count; k++)
		*t.at[k] = (struct span){ filler, others ? t.max[k] : 0 };
	t.at[i]->len = len;
	return m;
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
	CHECK_EQ(message_to(MESSAGE_TLS_FILES), 1u << ROLE_FRONT);
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

/* ---- channels ---- */

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 200; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_a_descriptor_travels_and_is_the_receivers(void **state)
{
	struct channel_inbox inbox;
	struct message out;
	int pair[2], fd, before = open_descriptors();

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	const struct message m = { .kind = MESSAGE_READY,
				   .READY = { .count = 3, .octets = 600 } };
	int file = open("/dev/null", O_RDONLY);
	CHECK_EQ(channel_send(pair[0], &m, file, CHANNEL_NOW), FAULT_NONE);
	close(file);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_MESSAGE);
	CHECK_EQ(out.READY.octets, 600);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_EMPTY);
	close(pair[0]);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_CLOSED);
	close(pair[1]);
	CHECK_EQ(open_descriptors(), before);
}

static void test_a_message_without_its_descriptor_is_not_sent(void **state)
{
	int pair[2];
	const struct message ready = { .kind = MESSAGE_READY };
	const struct message done = { .kind = MESSAGE_DONE };

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	CHECK_EQ(channel_send(pair[0], &ready, -1, CHANNEL_NOW), FAULT_UNSENDABLE);
	CHECK_EQ(channel_send(pair[0], &done, pair[1], CHANNEL_NOW), FAULT_UNSENDABLE);
	close(pair[0]);
	close(pair[1]);
}

static size_t lines;
static char line_said[LOG_LINE_MAX];

static void keep_line(int priority, struct span line)
{
	CHECK_EQ(priority, LOG_CRIT);
	CHECK(span_copy(line, line_said, sizeof line_said));
	lines++;
}

static void send_over(int fd, enum message_kind kind, size_t i, const struct texts *t)
{
	const struct message m = stretched(kind, i, t->max[i] + 1, false);
	const bool with = message_fd(kind) == MESSAGE_FD_FILE ||
			  message_fd(kind) == MESSAGE_FD_SOCKET;
	char expected[128];
	const size_t before = lines;

	CHECK_EQ(channel_send(fd, &m, with ? fd : -1, CHANNEL_NOW), FAULT_UNSENDABLE);
	CHECK_EQ(lines, before + 1);
	snprintf(expected, sizeof expected, "message=%s field=%s", message_name(kind),
		 t->name[i]);
	CHECK(strstr(line_said, expected));
}

/* It is the sender's own fault, is logged by the field's name, and the peer never
 * hears of it: what is sent behind arrives. */
static void test_a_message_that_does_not_fit_leaves_the_channel_as_it_was(void **state)
{
	struct channel_inbox inbox;
	struct message out;
	const struct message done = { .kind = MESSAGE_DONE, .DONE = { .left = 7 } };
	int pair[2], fd;

	(void)state;
	log_to(keep_line);
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind);
		const struct texts t = texts_of(&m);

		for (size_t i = 0; i < t.count; i++)
			send_over(pair[0], kind, i, &t);
	}
	CHECK_EQ(channel_send(pair[0], &done, -1, CHANNEL_NOW), FAULT_NONE);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_MESSAGE);
	CHECK_EQ(out.DONE.left, 7);
	close(pair[0]);
	close(pair[1]);
	log_to(NULL);
}

/* Send raw octets with any number of descriptors. */
static void send_raw(int fd, const void *octets, size_t len, int count)
{
	char control[CMSG_SPACE(32 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)octets, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count > 0) {
		h.msg_control = control;
		h.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		for (int i = 0; i < count; i++)
			memcpy(CMSG_DATA(c) + i * (int)sizeof(int), &(int){ 0 },
			       sizeof(int));
	}
	assert_true(sendmsg(fd, &h, 0) >= 0);
}

/* A hostile peer can leave no descriptor behind, and no bad message passes. */
static void test_too_many_or_unexpected_descriptors_are_closed(void **state)
{
	struct channel_inbox inbox;
	struct message out;
	char octets[MESSAGE_OCTETS_MAX];
	int pair[2], fd;

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	int before = open_descriptors();
	const struct message with = { .kind = MESSAGE_READY },
			     without = { .kind = MESSAGE_DONE };
	size_t with_len = message_encode(&with, octets, sizeof octets);
	for (int count = 0; count <= 6; count++) {
		send_raw(pair[0], octets, with_len, count);
		CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW,
					 &inbox, &out, &fd),
			 count == 1 ? CHANNEL_MESSAGE : CHANNEL_BROKEN);
		CHECK_EQ(fd >= 0, count == 1);
		if (fd >= 0)
			close(fd);
		CHECK_EQ(open_descriptors(), before);
	}
	size_t len = message_encode(&without, octets, sizeof octets);
	send_raw(pair[0], octets, len, 1);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_BROKEN);
	CHECK_EQ(open_descriptors(), before);
	close(pair[0]);
	close(pair[1]);
}

/* BODIES_ARE has none to eight; each is the file that was sent in its place. */
static void test_several_descriptors_travel_in_order(void **state)
{
	const struct message_body body = { .length = 5 };
	const struct message m = {
		.kind = MESSAGE_BODIES_ARE,
		.BODIES_ARE = { { (const char *)&body, sizeof body } },
	};
	int pair[2], sent[CHANNEL_FILES_MAX + 1];
	char octets[MESSAGE_OCTETS_MAX];
	struct channel_files files;
	struct channel_inbox inbox;
	struct message out;

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	for (size_t i = 0; i <= CHANNEL_FILES_MAX; i++)
		sent[i] = memfd_create("file", MFD_CLOEXEC);
	int before = open_descriptors();
	for (size_t count = 0; count <= CHANNEL_FILES_MAX; count++) {
		CHECK_EQ(channel_send_files(pair[0], &m, sent, count, CHANNEL_NOW),
			 FAULT_NONE);
		CHECK_EQ(channel_receive_files(pair[1], ROLE_DROP, ROLE_FRONT,
					       CHANNEL_NOW, &inbox, &out, &files),
			 CHANNEL_MESSAGE);
		CHECK_EQ(files.count, count);
		for (size_t i = 0; i < count; i++) {
			struct stat mine, theirs;

			CHECK_EQ(fstat(sent[i], &mine) | fstat(files.at[i], &theirs),
				 0);
			CHECK_EQ(mine.st_ino, theirs.st_ino);
			close(files.at[i]);
		}
		CHECK_EQ(open_descriptors(), before);
	}
	CHECK_EQ(channel_send_files(pair[0], &m, sent, CHANNEL_FILES_MAX + 1,
				    CHANNEL_NOW),
		 FAULT_UNSENDABLE);
	send_raw(pair[0], octets, message_encode(&m, octets, sizeof octets),
		 CHANNEL_FILES_MAX + 1);
	CHECK_EQ(channel_receive_files(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW,
				       &inbox, &out, &files),
		 CHANNEL_BROKEN);
	CHECK_EQ(open_descriptors(), before);
	for (size_t i = 0; i <= CHANNEL_FILES_MAX; i++)
		close(sent[i]);
	close(pair[0]);
	close(pair[1]);
}

static void test_a_message_over_the_largest_is_broken(void **state)
{
	static char octets[MESSAGE_OCTETS_MAX + 100];
	struct channel_inbox inbox;
	struct message out;
	int pair[2], fd;

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	send_raw(pair[0], octets, sizeof octets, 0);
	CHECK_EQ(channel_receive(pair[1], ROLE_DROP, ROLE_FRONT, CHANNEL_NOW, &inbox,
				 &out, &fd),
		 CHANNEL_BROKEN);
	close(pair[0]);
	close(pair[1]);
}

static void test_a_full_queue_is_told_and_not_waited_for(void **state)
{
	const struct message m = { .kind = MESSAGE_BODIES };
	enum fault f = FAULT_NONE;
	int pair[2];

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	for (int i = 0; i < 100000 && f == FAULT_NONE; i++)
		f = channel_send(pair[0], &m, -1, CHANNEL_NOW);
	CHECK_EQ(f, FAULT_LIMIT);
	close(pair[1]);
	CHECK_EQ(channel_send(pair[0], &m, -1, CHANNEL_NOW), FAULT_PEER);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_message_goes_only_where_the_table_says),
		TEST(test_what_was_encoded_decodes_to_the_same),
		TEST(test_a_message_has_a_strict_end),
		TEST(test_each_text_at_its_maximum_travels_and_one_octet_more_does_not),
		TEST(test_the_front_can_only_ask),
		TEST(test_random_octets_are_no_message_of_length),
		TEST(test_a_descriptor_travels_and_is_the_receivers),
		TEST(test_a_message_without_its_descriptor_is_not_sent),
		TEST(test_a_message_that_does_not_fit_leaves_the_channel_as_it_was),
		TEST(test_too_many_or_unexpected_descriptors_are_closed),
		TEST(test_several_descriptors_travel_in_order),
		TEST(test_a_message_over_the_largest_is_broken),
		TEST(test_a_full_queue_is_told_and_not_waited_for),
	};

	return RUN(tests);
}
