/* test/unit/frontworld.h - a poplar-front in a faked world (frontcalls.h), and what its
 * clients, poplar-auth and poplar-drop do as a rule. stop_front() checks that nothing
 * is left: no memory, no descriptor.
 */
#pragma once

#include "frontcalls.h"

/* ---- the front ---- */

static inline struct conn *conn(void)
{
	return w.f.slots[0];
}

static inline void free_left(void)
{
	while (w.f.loop.left) {
		struct loop_watch *at = w.f.loop.left;

		w.f.loop.left = at->next_left;
		free(at->owner);
	}
}

/* Time passes: timers that are due fire. */
static inline void pass(uint64_t ms)
{
	struct loop *l = &w.f.loop;

	l->now += ms;
	while (l->timer_count > 0 && l->heap[1]->at <= l->now) {
		struct loop_timer *t = l->heap[1];

		loop_unset(l, t);
		t->due(t);
	}
	free_left();
}

static inline void note_open(void)
{
	for (int i = 0; i < (int)sizeof w.open; i++)
		w.open[i] = is_open(i);
}

static inline void check_nothing_left(void)
{
	CHECK_EQ(w.blocks, 0);
	CHECK(!logged("session-broken"));
	for (int i = 0; i < w.drops; i++)
		CHECK(w.drops_closed[i]);
	for (unsigned i = 0; i < w.client_count; i++)
		CHECK(w.clients[i].closed);
	for (int i = 0; i < (int)sizeof w.open; i++)
		CHECK_EQ(is_open(i), w.open[i]);
}

/* A front that has asked poplar-auth for its offers. */
static inline void start_without_offers(void)
{
	struct front *f = &w.f;
	struct settings *s = &f->child.settings;

	memset(&w, 0, sizeof w);
	f->child.role = ROLE_FRONT;
	pop3_start(f, &w.pop3);
	note_open();
	log_to(keep_line);
	log_level(LOG_DEBUG);
	f->loop.now = w.clock = NOW;
	CHECK(loop_make_room(&f->loop, SLOTS + 8));
	f->slots = calloc(SLOTS, sizeof(struct conn *));
	f->slot_count = SLOTS;
	f->pop3->readahead_most = 64;
	f->out = BUF(f->output);
	f->sealed = BUF(f->records);
	f->tls = (struct tls_server *)&w;
	f->pop3->policy = (struct session_policy){ .greeting = "ready",
						   .implementation = "x",
						   .errors_max = 20,
						   .failures_max = 3,
						   .mechanisms = ~0u,
						   .tls_offered = true,
						   .xtnd = true };
	s->login_timeout = 60;
	s->idle_timeout = 600;
	s->handshake_timeout = 30;
	s->max_connections = 100;
	s->plaintext_auth = PLAINTEXT_AUTH_YES;
	listener_start(f);
	client_start(f);
	turn_start(f);
	offers_start(f);
	CHECK(timestamp_start(&w.pop3.timestamps));
	authchannel_use(f, AUTH_FD);
}

/* poplar-auth answers AUTH_WHICH. */
static inline void offer(unsigned mechanisms)
{
	auth_says(&(struct message){ .kind = MESSAGE_AUTH_OFFERS,
				     .AUTH_OFFERS = { mechanisms } },
		  -1);
}

static inline void start_front(void)
{
	start_without_offers();
	offer(~0u);
}

static inline void stop_front(void)
{
	struct front *f = &w.f;

	turn_end_all(f, false);
	CHECK_EQ(f->conn_count, 0);
	CHECK_EQ(f->pop3->readahead_open, 0);
	CHECK_EQ(w.tls_open, 0);
	CHECK(!f->pop3->queue && f->out.len == 0 && f->sealed.len == 0);
	if (f->auth)
		deliver(&f->auth->watch, CHANNEL_CLOSED, NULL, NULL, 0);
	listener_drain(f);
	free_left();
	free(f->slots);
	free(f->loop.heap);
	check_nothing_left();
}

/* A client connects. Returns its number. */
static inline unsigned arrive(const char *from, bool tls)
{
	const struct sock_address peer = address(from);
	const unsigned i = w.client_count++;

	CHECK(i < SLOTS);
	w.clients[i].room = SIZE_MAX;
	w.f.accept(&w.f, CLIENT_FD + (int)i, tls, &peer);
	return i;
}

static inline void say_octets(unsigned i, struct span octets)
{
	struct conn *c = NULL;

	for (unsigned k = 0; k < SLOTS; k++)
		if (w.f.slots[k] && w.f.slots[k]->watch.fd == CLIENT_FD + (int)i)
			c = w.f.slots[k];
	CHECK(octets.len <= sizeof w.clients[i].in);
	w.clients[i].in_len = octets.len;
	w.clients[i].in_at = 0;
	memcpy(w.clients[i].in, octets.at, octets.len);
	w.clients[i].said_len = 0;
	w.clients[i].said[0] = '\0';
	if (c)
		c->watch.wake(&c->watch, LOOP_READ);
}

static inline void say_as(unsigned i, const char *words)
{
	say_octets(i, span_of(words));
}

static inline void say(const char *words)
{
	say_as(0, words);
}

/* A client connects on a TLS port, and TLS is set up. */
static inline void arrive_by_tls(void)
{
	w.accepts = TLS_DONE;
	arrive("192.0.2.1:1000", true);
	say("\x16");
}

#define SAID w.clients[0].said

static inline bool said(const char *text)
{
	return strstr(SAID, text) != NULL;
}

/* ---- a login ---- */

/* The last question about one. */
static inline const struct message *asked_auth(void)
{
	return &last(MESSAGE_AUTH_ASK)->message;
}

static inline void ask(void)
{
	say("USER alice\r\nPASS secret\r\n");
}

static inline void answer_failed(struct conn *c, enum fault fault, uint64_t delay_ms)
{
	const struct message m = { .kind = MESSAGE_AUTH_FAILED,
				   .AUTH_FAILED = { slots_id(c), fault, delay_ms,
						    SPAN("alice") } };

	auth_says(&m, -1);
}

/* ---- a maildrop ---- */

enum { MESSAGES = 40, MESSAGE_OCTETS = 26 };
#define MESSAGE_TEXT "Subject: x\r\n\r\nbody\r\nend.\r\n"
_Static_assert(sizeof MESSAGE_TEXT - 1 == MESSAGE_OCTETS, "as listed");

/* A listing of MESSAGES messages; record `spoiled` (0-based) is none. */
static inline int listing_file(uint32_t spoiled)
{
	static char octets[65536];

	memset(octets, 0, sizeof octets);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct listing_record r = { .octets = MESSAGE_OCTETS, .name_len = 1 };

		r.uid_len = (uint8_t)sprintf(r.uid, "uid-%u", i + 1);
		if (i != spoiled)
			listing_put(&r, 7, i, octets + listing_at(i));
	}
	int fd = file_sealed("listing",
			     (struct span){ octets, (size_t)listing_end(MESSAGES) });
	CHECK(fd >= 0);
	return fd;
}

static inline int body_file(const char *text)
{
	int fd = file_sealed("body", span_of(text));

	CHECK(fd >= 0);
	return fd;
}

static inline struct message ready(void)
{
	return (struct message){
		.kind = MESSAGE_READY,
		.READY = { .count = MESSAGES,
			   .octets = (uint64_t)MESSAGES * MESSAGE_OCTETS,
			   .ascii_octets = (uint64_t)MESSAGES * MESSAGE_OCTETS,
			   .expire = POLICY_NEVER,
			   .generation = 7,
			   .given = MESSAGE_GIVEN_MEMORY }
	};
}

static inline void auth_ok(void)
{
	const struct message ok = { .kind = MESSAGE_AUTH_OK,
				    .AUTH_OK = { .id = slots_id(conn()),
						 .ticket = SPAN("ticket") } };

	auth_says(&ok, DROP_FD + w.drops++);
}

/* The client that has come says its password, and poplar-drop answers this. */
static inline void open_maildrop(const struct message *m, int listing)
{
	say("USER alice\r\nPASS secret\r\n");
	CHECK_EQ(conn()->pop3->awaits, AWAITS_AUTH);
	auth_ok();
	CHECK_EQ(conn()->pop3->awaits, AWAITS_MAILDROP);
	drop_says(conn()->pop3->drop.link, m, listing);
}

static inline void log_in_to(const struct message *m, int listing)
{
	arrive("192.0.2.1:1000", false);
	open_maildrop(m, listing);
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	CHECK(conn_is_logged_in(conn()));
}

static inline void log_in(void)
{
	const struct message m = ready();

	log_in_to(&m, listing_file(UINT32_MAX));
}

static inline struct message_body body_of(uint64_t octets)
{
	return (struct message_body){ .length = octets,
				      .form = WIRE_FORM_READY,
				      .octets = octets,
				      .ascii_octets = octets,
				      .given = MESSAGE_GIVEN_MEMORY };
}

/* poplar-drop answers for `count` messages, all with this text. */
static inline void drop_bodies(unsigned count, struct message_body body,
			       const char *text)
{
	struct message_body bodies[MESSAGE_BODIES_MAX];
	int files[MESSAGE_BODIES_MAX];
	unsigned given = 0;

	for (unsigned i = 0; i < count; i++) {
		bodies[i] = body;
		if (body.fault == FAULT_NONE)
			files[given++] = body_file(text);
	}
	const struct message m = { .kind = MESSAGE_BODIES_ARE,
				   .BODIES_ARE = { { (const char *)bodies,
						     count * sizeof *bodies } } };
	deliver(&conn()->pop3->drop.link->watch, CHANNEL_MESSAGE, &m, files, given);
}

/* poplar-drop answers for the open maildrop. */
static inline void drop(const struct message *m, int fd)
{
	drop_says(conn()->pop3->drop.link, m, fd);
}

static inline void retrieve(unsigned msg)
{
	char line[32];

	sprintf(line, "RETR %u\r\n", msg);
	say(line);
}

/* As long as it is the front's turn. */
static inline void go_on(void)
{
	while (conn() && (conn()->unfinished || (conn()->watch.events & LOOP_WRITE)))
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
}
