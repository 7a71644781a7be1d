/* Promises of ipc/dispatch: each message comes to its own handler, with its
 * descriptors.
 */
#include "messages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/dispatch.h"

/* What the handlers were given. */
struct heard {
	const char *handler;
	uint64_t count;
	int fd;
	bool goes_on;
};

static bool hear(void *arg, const char *handler, uint64_t count,
		 const struct channel_files *files)
{
	struct heard *h = arg;

	h->handler = handler;
	h->count = count;
	h->fd = files->at[0];
	return h->goes_on;
}

static bool on_ready(void *arg, const struct message *m, struct channel_files *files)
{
	return hear(arg, "ready", m->READY.count, files);
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	return hear(arg, "failed", m->FAILED.fault, none);
}

static bool on_bodies(void *arg, const struct message *m, struct channel_files *files)
{
	return hear(arg, "bodies", m->BODIES_ARE.list.len, files);
}

static bool on_warmed(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m;
	return hear(arg, "warmed", 0, none);
}

static bool on_copied(void *arg, const struct message *m, struct channel_files *files)
{
	return hear(arg, "copied", m->COPIED.octets, files);
}

static bool on_done(void *arg, const struct message *m, struct channel_files *none)
{
	return hear(arg, "done", m->DONE.left, none);
}

/* One row less or more does not compile. */
#define HEARS_DROP(X)                                                                  \
	X(READY, on_ready)                                                             \
	X(FAILED, on_failed)                                                           \
	X(BODIES_ARE, on_bodies)                                                       \
	X(WARMED, on_warmed)                                                           \
	X(COPIED, on_copied)                                                           \
	X(DONE, on_done)
DISPATCH(from_drop, DROP, FRONT, HEARS_DROP);

static void test_each_message_has_its_own_handler(void **state)
{
	static const struct {
		enum message_kind kind;
		const char *handler;
	} rows[] = {
		{ MESSAGE_READY, "ready" },       { MESSAGE_FAILED, "failed" },
		{ MESSAGE_BODIES_ARE, "bodies" }, { MESSAGE_WARMED, "warmed" },
		{ MESSAGE_COPIED, "copied" },     { MESSAGE_DONE, "done" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int on = 0; on < 2; on++) {
			struct channel_inbox in = { .files = {
							    .at = { 40 + (int)i } } };
			struct heard heard = { .goes_on = on };

			in.message = example(rows[i].kind);
			CHECK_EQ(dispatch(&from_drop, &heard, &in), on);
			CHECK_TEXT(heard.handler, rows[i].handler);
			CHECK_EQ(heard.fd, 40 + (int)i);
		}
}

/* A list has a handler for every message of its sender, and none for another's. */
static void test_a_list_has_what_the_table_has(void **state)
{
	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++)
		CHECK_EQ(from_drop.handlers[kind] != NULL,
			 (message_from(kind) >> ROLE_DROP & 1) &&
				 (message_to(kind) >> ROLE_FRONT & 1));
}

static void test_a_received_message_reaches_its_handler_with_its_file(void **state)
{
	const struct message m = { .kind = MESSAGE_READY, .READY = { .count = 7 } };
	struct heard heard = { .goes_on = true };
	struct channel_inbox in;
	int pair[2];

	(void)state;
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	struct channel front = channel_of(pair[1], ROLE_DROP, ROLE_FRONT);
	const int file = memfd_create("file", MFD_CLOEXEC);
	CHECK_EQ(channel_send(pair[0], &m, file, CHANNEL_NOW), FAULT_NONE);
	CHECK_EQ(channel_receive(&front, CHANNEL_NOW, &in), CHANNEL_MESSAGE);
	CHECK(dispatch(&from_drop, &heard, &in));
	CHECK_TEXT(heard.handler, "ready");
	CHECK_EQ(heard.count, 7);
	CHECK_EQ(fcntl(heard.fd, F_GETFD), FD_CLOEXEC);
	close(heard.fd);
	close(file);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_message_has_its_own_handler),
		TEST(test_a_list_has_what_the_table_has),
		TEST(test_a_received_message_reaches_its_handler_with_its_file),
	};

	return RUN(tests);
}
