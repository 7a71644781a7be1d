/* Promises of dropd/session to a front: what each message is answered, what COMMIT
 * removes, and that a session that ends in any other way removes nothing and releases
 * the maildrop. The store is the real one, with a Maildir in a temporary folder. */
#include "dropworld.h"

#include "dropd/session.h"
#include "store/index.h"
#include "sys/file.h"

/* ---- the pool: a session is watched by the test ---- */

void *__wrap_pool_arg(const struct pool *pool);
void *__wrap_pool_arg(const struct pool *pool)
{
	(void)pool;
	return &world.dropd;
}

bool __real_file_is_memory(int fd);
bool __wrap_file_is_memory(int fd);
bool __wrap_file_is_memory(int fd)
{
	return !world.lacks_pages && __real_file_is_memory(fd);
}

/* ---- the maildrop ---- */

enum { MESSAGES = 5 };

static bool is_there(int n)
{
	char name[64];

	snprintf(name, sizeof name, "u/Maildir/new/%d.M1P1.host", n);
	return faccessat(world.dropd.root, name, F_OK, 0) == 0;
}

static void deliver(int n, const char *text)
{
	char name[64];

	snprintf(name, sizeof name, "u/Maildir/new/%d.M1P1.host", n);
	int fd = openat(world.dropd.root, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void remove_file(int n)
{
	char name[64];

	snprintf(name, sizeof name, "u/Maildir/new/%d.M1P1.host", n);
	CHECK_EQ(unlinkat(world.dropd.root, name, 0), 0);
}

/* The messages that are there, by their numbers: "1 2 5 ". */
static const char *left(void)
{
	static char text[64];

	text[0] = '\0';
	for (int n = 1; n <= MESSAGES; n++)
		if (is_there(n))
			snprintf(text + strlen(text), sizeof text - strlen(text), "%d ",
				 n);
	return text;
}

static void world_begin(void)
{
	const struct dropd *d = &world.dropd;

	drop_begin();
	CHECK(lockowners_init(&world.dropd.lockowners));
	for (const char *const *p =
		     (const char *const[]){ "u/Maildir", "u/Maildir/new",
					    "u/Maildir/cur", "u/Maildir/tmp", NULL };
	     *p; p++)
		CHECK_EQ(mkdirat(d->root, *p, 0700), 0);
	for (int n = 1; n <= MESSAGES; n++)
		deliver(n, "Subject: x\n\nbody\n");
}

/* ---- a session ---- */

static void grant(struct message_GRANT how)
{
	int ours;

	how.user = SPAN("alice");
	how.peer = SPAN("192.0.2.1:1");
	how.path = SPAN("u/Maildir");
	how.unread = how.retrieved = POLICY_NEVER;
	world.peer = channel_of(peer_new(&ours), ROLE_DROP, ROLE_FRONT);
	dropd_session_begin(
		&world.dropd,
		&(const struct message){ .kind = MESSAGE_GRANT, .GRANT = how }, ours);
}

/* A session that has said READY. */
static struct message_READY begin(struct message_GRANT how)
{
	int listing;

	grant(how);
	struct message_READY ready =
		peer_hears(&world.peer, MESSAGE_READY, &listing)->READY;
	CHECK(world.post && listing >= 0);
	close(listing);
	return ready;
}

static bool say_marks(uint64_t first, unsigned char bits)
{
	return say((struct message){ .kind = MESSAGE_MARKS,
				     .MARKS = { first, { (char *)&bits, 1 } } },
		   -1);
}

static bool say_commit(uint64_t marked)
{
	return say((struct message){ .kind = MESSAGE_COMMIT, .COMMIT = { marked, 0 } },
		   -1);
}

/* The maildrop is free, and has these messages. */
static void check_left(const char *numbers, uint32_t count)
{
	CHECK_TEXT(left(), numbers);
	CHECK_EQ(begin((struct message_GRANT){ 0 }).count, count);
	end();
}

/* ---- opening ---- */

static void test_ready_says_what_the_listing_holds(void **state)
{
	(void)state;
	world_begin();
	const struct message_READY r =
		begin((struct message_GRANT){ .login_delay = 7 });
	CHECK_EQ(r.count, MESSAGES);
	CHECK_EQ(r.octets, MESSAGES * 20);
	CHECK_EQ(r.login_delay, 7);
	CHECK_EQ(r.expire, POLICY_NEVER);
	CHECK(!r.read_only);
	CHECK_EQ(atomic_load(&world.dropd.sessions), 1);
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_a_second_session_is_told_busy_and_the_log_who_is_in(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	struct pool_fd *const first = TAKE(world.post);
	const struct channel front = world.peer;
	grant((struct message_GRANT){ 0 });
	check_told(FAULT_BUSY);
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	CHECK(!world.post);
	CHECK(peer_log_has("held-from=192.0.2.1:1"));
	close(world.peer.fd);
	world.post = first;
	world.peer = front;
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

/* The longest path is answered; what no path can hold is no session. */
static void test_a_path_has_up_to_4096_octets_and_no_nul(void **state)
{
	static char path[4096];
	struct message m = { .kind = MESSAGE_GRANT,
			     .GRANT = { .user = SPAN("alice"),
					.path = { path, sizeof path } } };
	int ours;

	(void)state;
	world_begin();
	const unsigned before = scratch_descriptors();
	for (int nul = 0; nul < 2; nul++) {
		memset(path, 'x', sizeof path);
		path[9] = nul ? '\0' : 'x';
		world.peer = channel_of(peer_new(&ours), ROLE_DROP, ROLE_FRONT);
		dropd_session_begin(&world.dropd, &m, ours);
		if (!nul)
			check_told(FAULT_IO);
		CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
		CHECK_EQ(atomic_load(&world.dropd.sessions), 0);
		own_fd_close(&world.peer.fd);
	}
	CHECK_EQ(scratch_descriptors(), before);
	drop_end();
}

static void test_a_wake_for_nothing_changes_nothing(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(wake());
	CHECK(say_marks(0, 1));
	CHECK(!say_commit(1));
	end();
	check_left("2 3 4 5 ", 4);
	drop_end();
}

/* ---- bodies ---- */

static const struct message_body *ask_bodies(uint64_t first, uint64_t count,
					     struct channel_inbox *in)
{
	CHECK(say(
		(struct message){ .kind = MESSAGE_BODIES, .BODIES = { first, count } },
		-1));
	CHECK_EQ(channel_receive(&world.peer, CHANNEL_NOW, in), CHANNEL_MESSAGE);
	CHECK_EQ(in->message.kind, MESSAGE_BODIES_ARE);
	CHECK_EQ(in->message.BODIES_ARE.list.len, count * sizeof(struct message_body));
	return (const struct message_body *)(const void *)
		in->message.BODIES_ARE.list.at;
}

static void close_files(const struct channel_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		close(files->at[i]);
}

static void test_a_run_of_bodies_has_a_file_for_each(void **state)
{
	static struct channel_inbox in;
	struct message_body list[MESSAGES];

	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	memcpy(list, ask_bodies(1, MESSAGES, &in), sizeof list);
	CHECK_EQ(in.files.count, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		CHECK_EQ(list[i].fault, FAULT_NONE);
		CHECK_EQ(list[i].length, 17);
		CHECK_EQ(list[i].octets, 20);
	}
	close_files(&in.files);
	end();
	drop_end();
}

static void test_a_body_that_was_removed_meanwhile_has_no_file(void **state)
{
	static struct channel_inbox in;
	struct message_body list[3];

	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	remove_file(3);
	memcpy(list, ask_bodies(2, 3, &in), sizeof list);
	CHECK_EQ(in.files.count, 2);
	CHECK_EQ(list[0].fault, FAULT_NONE);
	CHECK(list[1].fault != FAULT_NONE);
	CHECK_EQ(list[2].fault, FAULT_NONE);
	close_files(&in.files);
	end();
	drop_end();
}

/* ---- illegal messages end the session, remove nothing and release the maildrop ----
 */

static void test_bodies_that_there_are_not_end_the_session(void **state)
{
	static const uint64_t cases[][2] = {
		{ 0, 1 },          { 1, 0 }, { 1, MESSAGES + 1 },
		{ 6, 1 },          { 5, 2 }, { 1, MESSAGE_BODIES_MAX + 1 },
		{ UINT64_MAX, 2 },
	};

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin((struct message_GRANT){ 0 });
		CHECK(!say((struct message){ .kind = MESSAGE_BODIES,
					     .BODIES = { cases[i][0], cases[i][1] } },
			   -1));
		CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
		CHECK(peer_log_has("event=front-broken user=alice what=BODIES"));
		end();
		peer_log_begin();
	}
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_a_file_of_others_is_not_read_ahead(void **state)
{
	int other;

	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	deliver(9, "x\n");
	other = openat(world.dropd.root, "u/Maildir/new/9.M1P1.host", O_RDONLY);
	CHECK(!say((struct message){ .kind = MESSAGE_WARM, .WARM = { 0, 1 } }, other));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	CHECK(peer_log_has("what=WARM"));
	close(other);
	end();
	drop_end();
}

static void test_warm_reads_a_body_that_the_session_gave(void **state)
{
	static struct channel_inbox in;
	static const struct {
		uint64_t offset, length;
		bool on;
	} cases[] = {
		{ 0, 17, true },
		{ 0, MESSAGE_WARM_MAX, true }, /* behind the end, too */
		{ 0, MESSAGE_WARM_MAX + 1, false },
	};

	(void)state;
	world_begin();
	for (size_t i = 0; i < 3; i++) {
		begin((struct message_GRANT){ 0 });
		ask_bodies(2, 1, &in);
		CHECK_EQ(say((struct message){ .kind = MESSAGE_WARM,
					       .WARM = { cases[i].offset,
							 cases[i].length } },
			     in.files.at[0]),
			 cases[i].on);
		if (cases[i].on)
			peer_hears(&world.peer, MESSAGE_WARMED, NULL);
		close_files(&in.files);
		end();
	}
	drop_end();
}

static void test_copy_of_a_message_that_there_is_not_ends_the_session(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(!say(
		(struct message){ .kind = MESSAGE_COPY, .COPY = { MESSAGES + 1, 0 } },
		-1));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	drop_end();
}

static void test_copy_brings_octets_or_failed(void **state)
{
	char room[32];
	int fd;

	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	for (uint64_t message = 1; message <= MESSAGES; message += MESSAGES - 1) {
		CHECK(say((struct message){ .kind = MESSAGE_COPY,
					    .COPY = { message, 9 } },
			  -1));
		const struct message_COPIED c =
			peer_hears(&world.peer, MESSAGE_COPIED, &fd)->COPIED;
		CHECK_EQ(c.given, MESSAGE_GIVEN_WINDOW);
		CHECK_EQ(c.octets, 8);
		CHECK_EQ(pread(fd, room, sizeof room, 0) >= 8, true);
		CHECK_SPAN(((struct span){ room, 8 }), "x\n\nbody\n");
		close(fd);
	}
	CHECK(say((struct message){ .kind = MESSAGE_COPY, .COPY = { 2, 18 } }, -1));
	check_told(FAULT_PEER);
	remove_file(3);
	CHECK(say((struct message){ .kind = MESSAGE_COPY, .COPY = { 3, 0 } }, -1));
	CHECK(peer_hears(&world.peer, MESSAGE_FAILED, NULL)->FAILED.fault !=
	      FAULT_NONE);
	end();
	drop_end();
}

/* A window of the listing, the index on disk, from this octet on. */
static void check_listing_copy(uint64_t at)
{
	char expected[LISTING_RECORD_OCTETS], room[LISTING_RECORD_OCTETS];
	int fd;

	CHECK(say((struct message){ .kind = MESSAGE_COPY, .COPY = { 0, at } }, -1));
	const struct message_COPIED c =
		peer_hears(&world.peer, MESSAGE_COPIED, &fd)->COPIED;
	OWN_FD window = fd;
	CHECK_EQ(c.given, MESSAGE_GIVEN_WINDOW);
	OWN_FD index = openat(world.dropd.root, "u/Maildir/" INDEX_FILE, O_RDONLY);
	CHECK_EQ(c.octets, lseek(index, 0, SEEK_END) - (off_t)at);
	CHECK_EQ(pread(index, expected, sizeof expected, (off_t)at), sizeof expected);
	CHECK_EQ(pread(window, room, sizeof room, 0), sizeof room);
	CHECK(memcmp(room, expected, sizeof room) == 0);
}

/* This test comes first: poplar-drop remembers a device that has pages. */
static void test_copy_of_message_0_brings_the_listing(void **state)
{
	(void)state;
	world_begin();
	world.lacks_pages = true;
	const unsigned before = scratch_descriptors();
	begin((struct message_GRANT){ 0 });
	const unsigned in_session = scratch_descriptors();
	check_listing_copy(0);
	check_listing_copy(listing_at(2));
	CHECK_EQ(scratch_descriptors(), in_session);
	end();
	CHECK_EQ(scratch_descriptors(), before);
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

/* The first body of an answer goes in part where it is larger than a window; its file
 * stays open for the rest, and closes with the session. */
static void test_the_rest_of_a_large_body_is_copied_from_the_same_file(void **state)
{
	static const struct {
		off_t sizes[2];
		bool kept;
	} cases[] = {
		{ { 300000, 10 }, true },
		{ { 10, 300000 }, false },
		{ { 262144, 300000 }, false },
		{ { 262145, 10 }, true },
	};
	static struct channel_inbox in;
	struct message_body first;
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin();
		world.lacks_pages = true;
		for (int n = 0; n < 2; n++) {
			snprintf(path, sizeof path, "%s/u/Maildir/new/%d.M1P1.host",
				 world.path, n + 1);
			CHECK_EQ(truncate(path, cases[i].sizes[n]), 0);
		}
		const unsigned before = scratch_descriptors();
		begin((struct message_GRANT){ 0 });
		first = ask_bodies(1, 2, &in)[0];
		close_files(&in.files);
		CHECK_EQ(first.given, MESSAGE_GIVEN_WINDOW);
		CHECK_EQ(first.window < first.length, cases[i].kept);
		remove_file(1);
		CHECK(say((struct message){ .kind = MESSAGE_COPY,
					    .COPY = { 1, first.window } },
			  -1));
		if (cases[i].kept)
			CHECK_EQ(peer_hears(&world.peer, MESSAGE_COPIED, NULL)
					 ->COPIED.octets,
				 first.length - first.window);
		else
			check_told(FAULT_GONE);
		end();
		CHECK_EQ(scratch_descriptors(), before);
		drop_end();
	}
}

static void test_a_place_that_no_file_has_ends_the_session(void **state)
{
	(void)state;
	world_begin();
	for (uint64_t message = 0; message <= 1; message++) {
		begin((struct message_GRANT){ 0 });
		CHECK(!say((struct message){ .kind = MESSAGE_COPY,
					     .COPY = { message, UINT64_MAX } },
			   -1));
		CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
		CHECK(peer_log_has("event=front-broken user=alice what=COPY"));
		end();
		peer_log_begin();
	}
	drop_end();
}

/* ---- a listing that the front cannot read ---- */

static uint64_t index_quiescence(void)
{
	OWN_FD dir = openat(world.dropd.root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	struct index ix;
	struct why why;

	CHECK(index_open(&ix, dir, &why));
	const uint64_t quiescence = ix.head.quiescent;
	index_close(&ix);
	return quiescence;
}

/* The first report is logged, and the next session that may write measures anew. */
static void test_a_corrupt_listing_is_doubted_but_by_a_session_that_only_reads(void **s)
{
	const struct message corrupt = { .kind = MESSAGE_LISTING_CORRUPT };

	(void)s;
	for (uint64_t read_only = 0; read_only <= 1; read_only++) {
		world_begin();
		check_left("1 2 3 4 5 ", 5);
		begin((struct message_GRANT){ .read_only = read_only });
		CHECK(index_quiescence() != INDEX_DOUBTED);
		CHECK(say(corrupt, -1));
		CHECK(peer_log_has("event=listing-damaged user=alice"));
		CHECK_EQ(peer_log_has("hint=\"see poplar index\""), read_only);
		CHECK_EQ(index_quiescence() == INDEX_DOUBTED, !read_only);
		peer_log_begin();
		CHECK(say(corrupt, -1));
		CHECK(!peer_log_has("listing-damaged"));
		end();
		check_left("1 2 3 4 5 ", 5);
		CHECK(index_quiescence() != INDEX_DOUBTED);
		drop_end();
	}
}

/* ---- boards ---- */

static uint64_t maxima(uint64_t is_board)
{
	const struct message_READY ready =
		begin((struct message_GRANT){ .is_board = is_board, .read_only = 1 });
	end();
	return ready.maxima;
}

/* RFC 1082: the maxima never decreases. */
static void test_a_board_has_the_number_of_messages_that_ever_came(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(maxima(0), 0);
	CHECK_EQ(faccessat(world.dropd.root, "u/Maildir/poplar-maxima", F_OK, 0), -1);
	CHECK_EQ(maxima(1), 5);
	remove_file(2);
	CHECK_EQ(maxima(1), 5);
	deliver(7, "x\n");
	CHECK_EQ(maxima(1), 6);
	CHECK(!peer_log_has("maxima-not-kept"));
	CHECK_EQ(maxima(0), 0);
	drop_end();
}

static void test_a_maxima_that_cannot_be_kept_is_a_line_for_debugging(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(mkdirat(world.dropd.root, "u/Maildir/poplar-maxima.new", 0700), 0);
	CHECK_EQ(maxima(1), 5);
	CHECK(!peer_log_has("maxima-not-kept"));
	log_level(LOG_DEBUG);
	CHECK_EQ(maxima(1), 5);
	CHECK(peer_log_has("event=maxima-not-kept board=u/Maildir error=\"Is a "
			   "directory\""));
	log_level(LOG_INFO);
	drop_end();
}

/* ---- marks and the commit ---- */

static void test_commit_removes_what_is_marked_and_ends(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(say_marks(0, 1 << 1 | 1 << 3));
	CHECK_TEXT(left(), "1 2 3 4 5 ");
	CHECK(!say_commit(2));
	const struct message_DONE done =
		peer_hears(&world.peer, MESSAGE_DONE, NULL)->DONE;
	CHECK_EQ(done.left, 3);
	CHECK_EQ(done.octets, 60);
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	check_left("1 3 5 ", 3);
	drop_end();
}

/* The second is in the queue, and nobody reads it. A kernel that closes a channel with
 * a message unread says so to the peer before anything else that is there. */
static void test_a_second_commit_is_not_heard(void **state)
{
	const struct message commit = { .kind = MESSAGE_COMMIT, .COMMIT = { 1, 0 } };

	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(say_marks(0, 1));
	peer_say(world.peer.fd, &commit, -1);
	CHECK(!say_commit(1));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	check_left("2 3 4 5 ", 4);
	drop_end();
}

/* A piece that was lost, or one too many, must remove nothing. */
static void test_a_commit_of_another_count_removes_nothing(void **state)
{
	static const uint64_t counts[] = { 0, 1, 3, UINT64_MAX };

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		begin((struct message_GRANT){ 0 });
		CHECK(say_marks(0, 1 << 1 | 1 << 3));
		CHECK(!say_commit(counts[i]));
		check_told(FAULT_PEER);
		end();
	}
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_a_mark_behind_the_last_message_removes_nothing(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(say_marks(0, 1 << MESSAGES | 1));
	CHECK(!say_commit(2));
	check_told(FAULT_PEER);
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_marks_at_no_place_end_the_session(void **state)
{
	static const uint64_t firsts[] = { 1, 7, 64, 1 << 20, UINT64_MAX - 7 };

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		begin((struct message_GRANT){ 0 });
		CHECK(!say_marks(firsts[i], 1));
		CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
		end();
	}
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_a_session_that_only_reads_commits_nothing(void **state)
{
	(void)state;
	world_begin();
	CHECK(begin((struct message_GRANT){ .read_only = 1 }).read_only);
	CHECK(say_marks(0, 1));
	CHECK(!say_commit(1));
	check_told(FAULT_READ_ONLY);
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

static void test_marks_without_memory_end_the_session(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	world.lacks_memory = true;
	CHECK(!say_marks(0, 1));
	world.lacks_memory = false;
	CHECK(peer_log_has("event=session-lost user=alice what=\"out of memory\""));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

/* ---- the front is lost ---- */

static void after_nothing(void)
{
}

static void after_bodies(void)
{
	static struct channel_inbox in;

	ask_bodies(1, 2, &in);
	close_files(&in.files);
}

static void after_marks(void)
{
	CHECK(say_marks(0, 31));
}

static void after_bodies_and_marks(void)
{
	after_bodies();
	after_marks();
}

static void test_a_front_that_is_lost_removes_nothing_and_frees_the_maildrop(void **s)
{
	static void (*const points[])(void) = { after_nothing, after_bodies,
						after_marks, after_bodies_and_marks };

	(void)s;
	world_begin();
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		begin((struct message_GRANT){ 0 });
		points[i]();
		own_fd_close(&world.peer.fd);
		CHECK(!wake());
		check_left("1 2 3 4 5 ", 5);
	}
	drop_end();
}

static void test_what_is_no_message_of_a_front_ends_this_session_only(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT){ 0 });
	CHECK(say_marks(0, 1));
	CHECK(!say((struct message){ .kind = MESSAGE_DONE }, -1));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	CHECK(peer_log_has("event=front-broken user=alice what=DONE"));
	end();
	check_left("1 2 3 4 5 ", 5);
	drop_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_copy_of_message_0_brings_the_listing),
		TEST(test_the_rest_of_a_large_body_is_copied_from_the_same_file),
		TEST(test_ready_says_what_the_listing_holds),
		TEST(test_a_second_session_is_told_busy_and_the_log_who_is_in),
		TEST(test_a_path_has_up_to_4096_octets_and_no_nul),
		TEST(test_a_wake_for_nothing_changes_nothing),
		TEST(test_a_run_of_bodies_has_a_file_for_each),
		TEST(test_a_body_that_was_removed_meanwhile_has_no_file),
		TEST(test_bodies_that_there_are_not_end_the_session),
		TEST(test_a_file_of_others_is_not_read_ahead),
		TEST(test_warm_reads_a_body_that_the_session_gave),
		TEST(test_copy_of_a_message_that_there_is_not_ends_the_session),
		TEST(test_copy_brings_octets_or_failed),
		TEST(test_a_place_that_no_file_has_ends_the_session),
		TEST(test_a_corrupt_listing_is_doubted_but_by_a_session_that_only_reads),
		TEST(test_a_board_has_the_number_of_messages_that_ever_came),
		TEST(test_a_maxima_that_cannot_be_kept_is_a_line_for_debugging),
		TEST(test_commit_removes_what_is_marked_and_ends),
		TEST(test_a_second_commit_is_not_heard),
		TEST(test_a_commit_of_another_count_removes_nothing),
		TEST(test_a_mark_behind_the_last_message_removes_nothing),
		TEST(test_marks_at_no_place_end_the_session),
		TEST(test_a_session_that_only_reads_commits_nothing),
		TEST(test_marks_without_memory_end_the_session),
		TEST(test_a_front_that_is_lost_removes_nothing_and_frees_the_maildrop),
		TEST(test_what_is_no_message_of_a_front_ends_this_session_only),
	};

	return store_start() ? RUN(tests) : 1;
}
