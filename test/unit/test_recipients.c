/* Promises of authd/recipients: what poplar-lmtp is answered, and that it gets nothing
 * but deliveries. */
#include "authworld.h"

#include "auth/user/scheme.h"
#include "authd/recipients.h"

/* ---- a database of users ---- */

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	(void)db;
	if (!auth_can_look(why))
		return DATABASE_DOWN;
	if (span_is(name, "alice"))
		out->user = (struct user){ .name = alices_name, .disabled = true };
	else if (span_is(name, "deaf"))
		out->user = (struct user){ .name = SPAN("deaf"), .no_delivery = true };
	else if (span_is(name, "lost"))
		out->user = (struct user){ .name = SPAN("lost"), .home = SPAN("/n") };
	return out->user.name.len > 0 ? DATABASE_RIGHT : DATABASE_UNKNOWN;
}

static const struct database_driver people = { .name = "people", .find = find };

/* ---- poplar-auth with poplar-lmtp and mail-user's maildrop process ---- */

struct world {
	struct auth_world auth;
	struct recipients_link link;
};

static void world_begin(struct world *w)
{
	struct logins *l = &w->auth.logins;

	auth_begin(&w->auth, &people);
	l->rules = (struct login_rules){ .databases = &w->auth.people, .fold = true };
	l->recipients = (struct recipient_rules){ .login = &l->rules,
						  .domains = RECIPIENT_STRIP,
						  .delimiters = SPAN("+") };
	site_set(&w->auth.settings, SETTING_ID_quota, "9 messages");
	auth_link(&w->auth, ROLE_LMTP);
	recipients_link_init(&w->link, l, w->auth.ours);
}

static void world_end(struct world *w)
{
	auth_end(&w->auth);
}

/* poplar-lmtp asks. Returns whether the link goes on. */
static bool ask(struct world *w, const char *address)
{
	struct channel_inbox in = { .message = { .kind = MESSAGE_RCPT_ASK,
						 .RCPT_ASK = { 5, 6, 700, SPAN(PEER),
							       span_of(address) } } };

	return recipients_hear(&w->link, &in);
}

static void expect_failed(struct world *w, enum fault f)
{
	const struct message *m = peer_hears(&w->auth.peer, MESSAGE_RCPT_FAILED, NULL);

	CHECK_EQ(m->RCPT_FAILED.id, 5);
	CHECK_EQ(m->RCPT_FAILED.recipient, 6);
	CHECK_EQ(m->RCPT_FAILED.fault, f);
}

/* ---- promises ---- */

/* A user who may not log in gets mail all the same. */
static void test_a_recipient_is_answered_with_the_socket_of_a_delivery(void **state)
{
	const struct message delivered = { .kind = MESSAGE_FAILED,
					   .FAILED = { FAULT_QUOTA } };
	int theirs, granted;
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask(&w, "Alice+lists@example.org"));
	const struct message *m = peer_hears(&w.auth.peer, MESSAGE_RCPT_OK, &theirs);
	CHECK_EQ(m->RCPT_OK.id, 5);
	CHECK_EQ(m->RCPT_OK.recipient, 6);
	CHECK_SPAN(m->RCPT_OK.user, "alice");
	m = peer_hears(&w.auth.drop, MESSAGE_GRANT_DELIVERY, &granted);
	CHECK_EQ(m->GRANT_DELIVERY.octets, 700);
	CHECK_EQ(m->GRANT_DELIVERY.quota_messages, 9);
	CHECK_SPAN(m->GRANT_DELIVERY.user, "alice");
	CHECK_SPAN(m->GRANT_DELIVERY.path, "alice/Maildir");
	CHECK_SPAN(m->GRANT_DELIVERY.peer, PEER);
	peer_say(granted, &delivered, -1);
	struct channel lmtp = channel_of(theirs, ROLE_DROP, ROLE_LMTP);
	CHECK_EQ(peer_hears(&lmtp, MESSAGE_FAILED, NULL)->FAILED.fault, FAULT_QUOTA);
	close(granted);
	CHECK_EQ(peer_got(&lmtp), CHANNEL_CLOSED); /* poplar-auth has kept no end */
	close(theirs);
	CHECK_EQ(w.link.answers.unread, 1);
	CHECK_TEXT(peer_log, "");
	world_end(&w);
}

static void test_each_refusal_says_why_and_trouble_is_logged(void **state)
{
	static const struct {
		const char *address;
		bool down, no_drop, longer;
		enum fault fault;
		const char *logged; /* "": nothing */
	} cases[] = {
		{ .address = "bob@e", .fault = FAULT_NO_USER, .logged = "" },
		{ .address = "deaf@e", .fault = FAULT_NO_DELIVERY, .logged = "" },
		{ .address = "bob@e",
		  .down = true,
		  .fault = FAULT_IO,
		  .logged = "event=recipient-trouble address=bob@e peer=" PEER
			    " fault=io doing=ask what=people" },
		{ .address = "lost@e",
		  .fault = FAULT_SETUP,
		  .logged = "event=recipient-trouble address=lost@e peer=" PEER
			    " fault=setup" },
		{ .address = "alice@e",
		  .no_drop = true,
		  .fault = FAULT_PEER,
		  .logged = "event=recipient-trouble address=alice@e" },
		/* the answer does not fit its message */
		{ .address = "alice@e",
		  .longer = true,
		  .fault = FAULT_UNSENDABLE,
		  .logged = "event=recipient-trouble address=alice@e" },
	};
	static char octets[256];
	struct world w;

	(void)state;
	memset(octets, 'x', sizeof octets);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		is_down = cases[i].down;
		if (cases[i].longer)
			alices_name = (struct span){ octets, sizeof octets };
		if (cases[i].no_drop)
			close(w.auth.drop.fd);
		CHECK(ask(&w, cases[i].address));
		expect_failed(&w, cases[i].fault);
		CHECK_EQ(peer_got(&w.auth.peer), CHANNEL_EMPTY);
		CHECK(peer_log_has(cases[i].logged));
		CHECK_EQ(*peer_log != '\0', *cases[i].logged != '\0');
		if (!cases[i].no_drop)
			CHECK_EQ(peer_got(&w.auth.drop), CHANNEL_EMPTY);
		else
			w.auth.drop.fd = -1;
		world_end(&w);
	}
}

/* Whoever asks often is not made to wait: a mail transfer agent asks for all. */
static void test_unknown_addresses_are_not_delayed(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < 1000; i++) {
		CHECK(ask(&w, "bob@e"));
		expect_failed(&w, FAULT_NO_USER);
	}
	CHECK_EQ(w.link.answers.unread, 1000);
	world_end(&w);
}

static void test_without_a_descriptor_or_a_reader_nothing_is_granted(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	close(w.auth.peer.fd);
	CHECK(ask(&w, "alice@e")); /* dropped: whoever reads the link notices */
	w.auth.peer = channel_of(-1, ROLE_AUTH, ROLE_LMTP);
	int granted;
	peer_hears(&w.auth.drop, MESSAGE_GRANT_DELIVERY, &granted);
	struct channel drop = channel_of(granted, ROLE_LMTP, ROLE_DROP);
	CHECK_EQ(peer_got(&drop), CHANNEL_CLOSED);
	close(granted);
	world_end(&w);
}

/* By the table: a captured poplar-lmtp can ask poplar-auth for recipients, and on the
 * socket that it gets it can add a message. Nothing that it may say opens a session. */
static void test_a_captured_poplar_lmtp_can_do_nothing_else(void **state)
{
	char octets[MESSAGE_OCTETS_MAX];
	const unsigned lmtp = 1u << ROLE_LMTP;

	(void)state;
	for (enum message_kind kind = 0; kind < MESSAGE_COUNT; kind++) {
		const struct message m = { .kind = kind };
		const size_t len = message_encode(&m, octets, sizeof octets);
		const struct span said = { octets, len };
		const bool may_ask = kind == MESSAGE_RCPT_ASK;
		const bool may_add = kind == MESSAGE_SPOOL || kind == MESSAGE_DELIVER;
		bool is_heard_by_auth = false, is_heard_by_drop = false;

		CHECK(len > 0);
		for (int has_fd = 0; has_fd < 2; has_fd++) {
			struct message out;

			is_heard_by_auth |= message_decode(said, ROLE_LMTP, ROLE_AUTH,
							   has_fd, &out) == FAULT_NONE;
			is_heard_by_drop |= message_decode(said, ROLE_LMTP, ROLE_DROP,
							   has_fd, &out) == FAULT_NONE;
		}
		CHECK_EQ(is_heard_by_auth, may_ask);
		CHECK_EQ(is_heard_by_drop, may_add);
		if (message_from(kind) & lmtp)
			CHECK(may_ask || may_add || kind == MESSAGE_SANDBOXED);
	}
	CHECK(!(message_to(MESSAGE_AUTH_OK) & lmtp));
	CHECK(!(message_to(MESSAGE_READY) & lmtp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_recipient_is_answered_with_the_socket_of_a_delivery),
		TEST(test_each_refusal_says_why_and_trouble_is_logged),
		TEST(test_unknown_addresses_are_not_delayed),
		TEST(test_without_a_descriptor_or_a_reader_nothing_is_granted),
		TEST(test_a_captured_poplar_lmtp_can_do_nothing_else),
	};

	return scheme_start() ? RUN(tests) : 1;
}
