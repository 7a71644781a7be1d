/* Promises of ipc/channel: what arrives at the other end, and what the caller is told.
 */
#include "../scratch.h"
#include "messages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/channel.h"

/* A channel from poplar-drop to poplar-front. */
struct link {
	int sender;
	struct channel receiver;
	struct channel_inbox inbox;
};

static void link_begin(struct link *l)
{
	int pair[2];

	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	l->sender = pair[0];
	l->receiver = channel_of(pair[1], ROLE_DROP, ROLE_FRONT);
	l->receiver.heard.has_started = true; /* READY has been said */
}

static void link_end(struct link *l)
{
	close(l->sender);
	close(l->receiver.fd);
}

static enum channel_got receive(struct link *l)
{
	return channel_receive(&l->receiver, CHANNEL_NOW, &l->inbox);
}

static void test_a_descriptor_travels_and_is_the_receivers(void **state)
{
	struct link l;
	const unsigned before = scratch_descriptors();

	(void)state;
	link_begin(&l);
	const struct message m = { .kind = MESSAGE_COPIED,
				   .COPIED = { .octets = 600 } };
	int file = open("/dev/null", O_RDONLY);
	CHECK_EQ(channel_send(l.sender, &m, file, CHANNEL_NOW), FAULT_NONE);
	close(file);
	CHECK_EQ(receive(&l), CHANNEL_MESSAGE);
	CHECK_EQ(l.inbox.message.COPIED.octets, 600);
	CHECK_EQ(l.inbox.files.count, 1);
	CHECK_EQ(fcntl(l.inbox.files.at[0], F_GETFD), FD_CLOEXEC);
	close(l.inbox.files.at[0]);
	CHECK_EQ(receive(&l), CHANNEL_EMPTY);
	close(l.sender);
	errno = EINTR; /* of an earlier call */
	CHECK_EQ(receive(&l), CHANNEL_CLOSED);
	close(l.receiver.fd);
	CHECK_EQ(scratch_descriptors(), before);
}

static void test_a_message_without_its_descriptor_is_not_sent(void **state)
{
	struct link l;
	const struct message ready = { .kind = MESSAGE_READY };
	const struct message done = { .kind = MESSAGE_DONE };

	(void)state;
	link_begin(&l);
	CHECK_EQ(channel_send(l.sender, &ready, -1, CHANNEL_NOW), FAULT_UNSENDABLE);
	CHECK_EQ(channel_send(l.sender, &done, l.sender, CHANNEL_NOW),
		 FAULT_UNSENDABLE);
	link_end(&l);
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
	struct link l;
	const struct message done = { .kind = MESSAGE_DONE, .DONE = { .left = 7 } };

	(void)state;
	log_to(keep_line);
	link_begin(&l);
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		struct message m = example(kind);
		const struct texts t = texts_of(&m);

		for (size_t i = 0; i < t.count; i++)
			send_over(l.sender, kind, i, &t);
	}
	CHECK_EQ(channel_send(l.sender, &done, -1, CHANNEL_NOW), FAULT_NONE);
	CHECK_EQ(receive(&l), CHANNEL_MESSAGE);
	CHECK_EQ(l.inbox.message.DONE.left, 7);
	CHECK_EQ(l.inbox.files.at[0], -1);
	link_end(&l);
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
	struct link l;
	char octets[MESSAGE_OCTETS_MAX];

	(void)state;
	link_begin(&l);
	const unsigned before = scratch_descriptors();
	const struct message with = { .kind = MESSAGE_COPIED },
			     without = { .kind = MESSAGE_WARMED };
	size_t with_len = message_encode(&with, octets, sizeof octets);
	for (int count = 0; count <= 6; count++) {
		send_raw(l.sender, octets, with_len, count);
		CHECK_EQ(receive(&l), count == 1 ? CHANNEL_MESSAGE : CHANNEL_BROKEN);
		CHECK_EQ(l.inbox.files.at[0] >= 0, count == 1);
		if (count == 1)
			close(l.inbox.files.at[0]);
		CHECK_EQ(scratch_descriptors(), before);
	}
	size_t len = message_encode(&without, octets, sizeof octets);
	send_raw(l.sender, octets, len, 1);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	CHECK_EQ(scratch_descriptors(), before);
	link_end(&l);
}

/* BODIES_ARE has none to CHANNEL_FILES_MAX; each is the file that was sent in its
 * place. */
static void test_several_descriptors_travel_in_order(void **state)
{
	const struct message_body body = { .length = 5 };
	const struct message m = {
		.kind = MESSAGE_BODIES_ARE,
		.BODIES_ARE = { { (const char *)&body, sizeof body } },
	};
	int sent[CHANNEL_FILES_MAX + 1];
	char octets[MESSAGE_OCTETS_MAX];
	struct link l;

	(void)state;
	link_begin(&l);
	for (size_t i = 0; i <= CHANNEL_FILES_MAX; i++)
		sent[i] = memfd_create("file", MFD_CLOEXEC);
	const unsigned before = scratch_descriptors();
	for (size_t count = 0; count <= CHANNEL_FILES_MAX; count++) {
		CHECK_EQ(channel_send_files(l.sender, &m, sent, count, CHANNEL_NOW),
			 FAULT_NONE);
		CHECK_EQ(receive(&l), CHANNEL_MESSAGE);
		const struct channel_files *files = &l.inbox.files;
		CHECK_EQ(files->count, count);
		for (size_t i = 0; i < count; i++) {
			struct stat mine, theirs;

			CHECK_EQ(fstat(sent[i], &mine) | fstat(files->at[i], &theirs),
				 0);
			CHECK_EQ(mine.st_ino, theirs.st_ino);
			close(files->at[i]);
		}
		CHECK_EQ(scratch_descriptors(), before);
	}
	CHECK_EQ(channel_send_files(l.sender, &m, sent, CHANNEL_FILES_MAX + 1,
				    CHANNEL_NOW),
		 FAULT_UNSENDABLE);
	send_raw(l.sender, octets, message_encode(&m, octets, sizeof octets),
		 CHANNEL_FILES_MAX + 1);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	CHECK_EQ(scratch_descriptors(), before);
	for (size_t i = 0; i <= CHANNEL_FILES_MAX; i++)
		close(sent[i]);
	link_end(&l);
}

static void test_a_message_over_the_largest_is_broken(void **state)
{
	static char octets[MESSAGE_OCTETS_MAX + 100];
	struct link l;

	(void)state;
	link_begin(&l);
	send_raw(l.sender, octets, sizeof octets, 0);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	link_end(&l);
}

/* A message that the table allows, but not now, breaks the channel and is named. */
static void test_a_message_at_the_wrong_time_breaks_the_channel(void **state)
{
	const struct message failed = { .kind = MESSAGE_FAILED },
			     done = { .kind = MESSAGE_DONE };
	struct link l;

	(void)state;
	link_begin(&l);
	l.receiver.heard.has_started = false;
	for (int i = 0; i < 2; i++)
		CHECK_EQ(channel_send(l.sender, &failed, -1, CHANNEL_NOW), FAULT_NONE);
	CHECK_EQ(channel_send(l.sender, &done, -1, CHANNEL_NOW), FAULT_NONE);
	CHECK_EQ(receive(&l), CHANNEL_MESSAGE);
	CHECK_EQ(receive(&l), CHANNEL_MESSAGE);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	CHECK_TEXT(l.receiver.broken, "DONE");
	CHECK_TEXT(l.receiver.reason, "too early");
	link_end(&l);
}

/* What is known of octets that are no message of this sender. */
static void test_what_breaks_a_channel_is_named(void **state)
{
	const struct message commit = { .kind = MESSAGE_COMMIT };
	char octets[MESSAGE_OCTETS_MAX];
	struct link l;

	(void)state;
	link_begin(&l);
	send_raw(l.sender, octets, message_encode(&commit, octets, sizeof octets), 0);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	CHECK_TEXT(l.receiver.broken, "COMMIT");
	CHECK_TEXT(l.receiver.reason, "not a message of this sender");
	send_raw(l.sender, "\xff\xff", 2, 0);
	CHECK_EQ(receive(&l), CHANNEL_BROKEN);
	CHECK_TEXT(l.receiver.broken, "?");
	link_end(&l);
}

static void test_a_full_queue_is_told_and_not_waited_for(void **state)
{
	const struct message m = { .kind = MESSAGE_BODIES };
	enum fault f = FAULT_NONE;
	struct link l;

	(void)state;
	link_begin(&l);
	for (int i = 0; i < 100000 && f == FAULT_NONE; i++)
		f = channel_send(l.sender, &m, -1, CHANNEL_NOW);
	CHECK_EQ(f, FAULT_LIMIT);
	close(l.receiver.fd);
	CHECK_EQ(channel_send(l.sender, &m, -1, CHANNEL_NOW), FAULT_PEER);
	close(l.sender);
}

/* A time that the kernel keeps, in milliseconds. It counts in ticks, rounded up. */
static void check_timeout(int fd, int option, unsigned ms)
{
	enum { TICK_MS = 10 };
	struct timeval t;
	socklen_t len = sizeof t;

	CHECK_EQ(getsockopt(fd, SOL_SOCKET, option, &t, &len), 0);
	const uint64_t kept = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000;
	CHECK(kept >= ms && kept <= ms + TICK_MS);
}

static void test_a_timeout_is_as_long_as_it_was_set(void **state)
{
	static const unsigned times[] = { 20, 980, 1000, 1020, 2500, 60000, 60980 };
	struct link l;

	(void)state;
	link_begin(&l);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		const unsigned ms = times[i];

		channel_send_timeout(l.sender, ms);
		check_timeout(l.sender, SO_SNDTIMEO, ms);
		check_timeout(l.sender, SO_RCVTIMEO, i > 0 ? 2 * times[i - 1] : 0);
		channel_receive_timeout(l.sender, 2 * ms);
		check_timeout(l.sender, SO_RCVTIMEO, 2 * ms);
		check_timeout(l.sender, SO_SNDTIMEO, ms);
	}
	link_end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_descriptor_travels_and_is_the_receivers),
		TEST(test_a_message_without_its_descriptor_is_not_sent),
		TEST(test_a_message_that_does_not_fit_leaves_the_channel_as_it_was),
		TEST(test_too_many_or_unexpected_descriptors_are_closed),
		TEST(test_several_descriptors_travel_in_order),
		TEST(test_a_message_over_the_largest_is_broken),
		TEST(test_a_message_at_the_wrong_time_breaks_the_channel),
		TEST(test_what_breaks_a_channel_is_named),
		TEST(test_a_full_queue_is_told_and_not_waited_for),
		TEST(test_a_timeout_is_as_long_as_it_was_set),
	};

	return RUN(tests);
}
