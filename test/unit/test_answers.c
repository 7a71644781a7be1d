/* Promises of authd/answers: what a front hears when its answer cannot be sent, and for
 * how long a thread tries. */
#include "peer.h"

#include <errno.h>
#include <pthread.h>

#include "authd/answers.h"

/* ---- a kernel that refuses: each send meets the next of these faults ---- */

enum { LINK = 7, SENDS_MAX = 64 };

static struct {
	enum fault faults[SENDS_MAX]; /* FAULT_NONE: sent */
	struct {
		enum message_kind kind;
		uint64_t id;
		enum fault fault; /* of AUTH_FAILED and BOARD_FAILED */
		int pass;
	} sends[SENDS_MAX];
	unsigned met, count;
	unsigned pauses;
} kernel;

enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait);
enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait)
{
	const unsigned i = kernel.count++;

	CHECK_EQ(fd, LINK);
	CHECK_EQ(wait, CHANNEL_WAIT); /* bounded by the link's send timeout */
	CHECK(i < SENDS_MAX);
	kernel.sends[i].kind = m->kind;
	kernel.sends[i].pass = pass;
	kernel.sends[i].id = m->AUTH_OK.id;
	if (m->kind == MESSAGE_AUTH_FAILED)
		kernel.sends[i].fault = (enum fault)m->AUTH_FAILED.fault;
	if (m->kind == MESSAGE_BOARD_FAILED)
		kernel.sends[i].fault = (enum fault)m->BOARD_FAILED.fault;
	return kernel.faults[i];
}

/* clock_pause waits for this. */
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *end);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *end)
{
	(void)cond, (void)mutex, (void)end;
	kernel.pauses++;
	return ETIMEDOUT;
}

/* The next `count` sends meet f; whatever comes behind is sent. */
static void meet(enum fault f, unsigned count)
{
	CHECK(count <= SENDS_MAX - kernel.met);
	for (unsigned i = 0; i < count; i++)
		kernel.faults[kernel.met++] = f;
}

/* ---- answers ---- */

static struct answers front;

/* A front that has been sent nothing, and a kernel that takes everything. */
static void begin(void)
{
	memset(&kernel, 0, sizeof kernel);
	front = (struct answers){ .fd = LINK };
	peer_log_begin();
}

enum { ID = 12, PASSED = 9, TRIES = 10, PAUSES = TRIES - 1 };

static const struct message ok = {
	.kind = MESSAGE_AUTH_OK,
	.AUTH_OK = { ID, { "alice", 5 }, { "ticket", 6 } },
};
static const struct message board = { .kind = MESSAGE_BOARD_OK,
				      .BOARD_OK = { ID, { "news", 4 } } };
static const struct message offers = { .kind = MESSAGE_AUTH_OFFERS,
				       .AUTH_OFFERS = { 3 } };

/* Answers, and what is sent where one of them cannot be. */
static const struct {
	const struct message *m;
	enum message_kind failure;
} answers[] = {
	{ &ok, MESSAGE_AUTH_FAILED },
	{ &board, MESSAGE_BOARD_FAILED },
};

static void check_send(unsigned i, enum message_kind kind, int pass)
{
	CHECK(i < kernel.count);
	CHECK_EQ(kernel.sends[i].kind, kind);
	CHECK_EQ(kernel.sends[i].pass, pass);
}

static void check_failure(unsigned i, enum message_kind kind, enum fault f)
{
	check_send(i, kind, -1);
	CHECK_EQ(kernel.sends[i].id, ID);
	CHECK_EQ(kernel.sends[i].fault, f);
}

static void test_an_answer_goes_once_with_its_descriptor(void **state)
{
	(void)state;
	begin();
	CHECK(answers_send(&front, &ok, PASSED));
	CHECK_EQ(kernel.count, 1);
	check_send(0, MESSAGE_AUTH_OK, PASSED);
	CHECK_EQ(atomic_load(&front.unread), 1);
	CHECK_EQ(kernel.pauses, 0);
	CHECK_TEXT(peer_log, "");
}

/* Descriptors of others are under way: they are received within milliseconds. */
static void test_a_kernel_without_room_is_tried_again(void **state)
{
	(void)state;
	begin();
	meet(FAULT_NOMEM, TRIES - 1);
	CHECK(answers_send(&front, &ok, PASSED));
	CHECK_EQ(kernel.count, TRIES);
	check_send(TRIES - 1, MESSAGE_AUTH_OK, PASSED);
	CHECK_EQ(kernel.pauses, PAUSES);
	CHECK_EQ(atomic_load(&front.unread), 1);
	CHECK_TEXT(peer_log, "");
}

static void test_an_answer_without_room_becomes_a_failure_of_its_question(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		begin();
		meet(FAULT_NOMEM, TRIES);
		CHECK(answers_send(&front, answers[i].m, PASSED));
		CHECK_EQ(kernel.count, TRIES + 1);
		check_send(TRIES - 1, answers[i].m->kind, PASSED);
		check_failure(TRIES, answers[i].failure, FAULT_NOMEM);
		CHECK_EQ(atomic_load(&front.unread), 1);
		CHECK_TEXT(peer_log, "");
	}
}

/* The bound of answers.h: twice nine pauses of 20 ms. */
static void test_no_thread_sleeps_longer_than_the_header_says(void **state)
{
	(void)state;
	begin();
	meet(FAULT_NOMEM, SENDS_MAX);
	CHECK(answers_send(&front, &ok, PASSED));
	CHECK_EQ(kernel.count, 2 * TRIES);
	CHECK_EQ(kernel.pauses, 2 * PAUSES);
	CHECK(kernel.pauses <= ANSWERS_PAUSE_MS_MAX);
	check_failure(2 * TRIES - 1, MESSAGE_AUTH_FAILED, FAULT_NOMEM);
	CHECK(peer_log_has("event=answer-lost message=AUTH_OK what=\"the kernel has no "
			   "room\""));
}

static void test_an_answer_over_its_bounds_becomes_a_failure_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		begin();
		meet(FAULT_UNSENDABLE, 1);
		CHECK(answers_send(&front, answers[i].m, PASSED));
		CHECK_EQ(kernel.count, 2);
		check_failure(1, answers[i].failure, FAULT_UNSENDABLE);
		CHECK_EQ(kernel.pauses, 0);
		CHECK_TEXT(peer_log, ""); /* channel_send has logged it */
	}
}

/* There is no question that could fail. */
static void test_offers_without_room_are_lost_and_logged(void **state)
{
	(void)state;
	begin();
	meet(FAULT_NOMEM, SENDS_MAX);
	CHECK(answers_send(&front, &offers, -1));
	CHECK_EQ(kernel.count, TRIES);
	CHECK_EQ(kernel.pauses, PAUSES);
	CHECK(peer_log_has("event=answer-lost message=AUTH_OFFERS "));
}

static void test_a_front_that_does_not_read_is_logged_and_its_link_ends(void **state)
{
	(void)state;
	begin();
	meet(FAULT_LIMIT, SENDS_MAX);
	CHECK(!answers_send(&front, &ok, PASSED));
	CHECK_EQ(kernel.count, 1);
	CHECK_EQ(kernel.pauses, 0);
	CHECK(peer_log_has("event=front-stuck "));
}

/* The failure that takes an answer's place finds the queue full. */
static void test_a_front_that_does_not_read_the_failure_is_stuck_too(void **state)
{
	(void)state;
	begin();
	meet(FAULT_UNSENDABLE, 1);
	meet(FAULT_LIMIT, 1);
	CHECK(!answers_send(&front, &board, PASSED));
	CHECK_EQ(kernel.count, 2);
	CHECK(peer_log_has("event=front-stuck "));
}

/* Whoever reads the link sees that it has ended, and tells poplard (authd.c). */
static void test_an_answer_for_a_front_that_has_gone_is_dropped(void **state)
{
	(void)state;
	begin();
	meet(FAULT_PEER, SENDS_MAX);
	CHECK(answers_send(&front, &ok, PASSED));
	CHECK_EQ(kernel.count, 1);
	CHECK_EQ(kernel.pauses, 0);
	CHECK_TEXT(peer_log, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_answer_goes_once_with_its_descriptor),
		TEST(test_a_kernel_without_room_is_tried_again),
		TEST(test_an_answer_without_room_becomes_a_failure_of_its_question),
		TEST(test_no_thread_sleeps_longer_than_the_header_says),
		TEST(test_an_answer_over_its_bounds_becomes_a_failure_at_once),
		TEST(test_offers_without_room_are_lost_and_logged),
		TEST(test_a_front_that_does_not_read_is_logged_and_its_link_ends),
		TEST(test_a_front_that_does_not_read_the_failure_is_stuck_too),
		TEST(test_an_answer_for_a_front_that_has_gone_is_dropped),
	};

	return RUN(tests);
}
