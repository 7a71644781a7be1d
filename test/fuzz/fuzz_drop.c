/* A front whose maildrop process is somebody else's: the client says commands and the
 * session socket says anything, in any order, with any descriptors. The front goes on
 * or ends the connection; it keeps no descriptor, and tells no client a number that a
 * listing cannot have. */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "front/authchannel.h"
#include "front/pop3/pop3.h"
#include "front/protocol.h"
#include "front/slots.h"
#include "front/turn.h"
#include "ipc/channel.h"
#include "sys/file.h"

static struct front front;
static struct pop3_front pop3;
static struct loop_timer turn_ends;
static int client, auth, drop; /* our ends */

/* ---- one turn ---- */

static void on_turn_ends(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(&front.loop);
}

/* Until the front has nothing more to do. */
static void turn(void)
{
	char octets[4096];

	do {
		front.loop.stopped = false;
		loop_set(&front.loop, &turn_ends, 0);
		loop_run(&front.loop);
		while (recv(client, octets, sizeof octets, MSG_DONTWAIT) > 0)
			;
		while (recv(drop, octets, sizeof octets, MSG_DONTWAIT) > 0)
			;
		while (recv(auth, octets, sizeof octets, MSG_DONTWAIT) > 0)
			;
	} while (front.slots[0] && front.slots[0]->unfinished &&
		 front.slots[0]->pop3->awaits == AWAITS_NOTHING);
}

static void say(const char *words)
{
	send(client, words, strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL);
	turn();
}

/* ---- what the session socket says ---- */

/* Small numbers, those at the edges, and what is between. */
static uint64_t take_number(struct span *in)
{
	static const uint64_t edges[] = { UINT64_MAX, INT64_MAX,
					  UINT32_MAX, (uint64_t)UINT32_MAX + 1,
					  65536,      4096 };
	const uint8_t c = fuzz_take(in);

	return c < 240 ? c % 8 : edges[c % (sizeof edges / sizeof *edges)];
}

static struct span take_text(struct span *in, char *out, size_t most)
{
	size_t len = (size_t)fuzz_take(in) * 8;

	len = len < most ? len : most;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)fuzz_take(in);
	return (struct span){ out, len };
}

/* Any of those that poplar-drop may send, its numbers and runs as the input has them.
 */
static void take_message(struct span *in, struct message *m, char *room)
{
	static const enum message_kind kinds[] = {
		MESSAGE_READY,  MESSAGE_FAILED, MESSAGE_BODIES_ARE,
		MESSAGE_WARMED, MESSAGE_COPIED, MESSAGE_DONE,
	};

	*m = (struct message){
		.kind = kinds[fuzz_take(in) % (sizeof kinds / sizeof *kinds)]
	};
#define NUMBER(name) at->name = take_number(in);
#define TEXT(name, max)
#define FILL(kind_)                                                                    \
	case MESSAGE_##kind_: {                                                        \
		struct message_##kind_ *at = &m->kind_;                                \
		(void)at;                                                              \
		MESSAGE_##kind_##_FIELDS(NUMBER, TEXT)                                 \
	} break;
	switch (m->kind) {
		FILL(READY)
		FILL(FAILED)
		FILL(COPIED)
		FILL(DONE)
	case MESSAGE_BODIES_ARE: {
		struct message_body bodies[MESSAGE_BODIES_MAX];
		const size_t count = 1 + fuzz_take(in) % MESSAGE_BODIES_MAX;

		for (size_t i = 0; i < count; i++)
			bodies[i] = (struct message_body){
				take_number(in) / 2, take_number(in), take_number(in),
				take_number(in),     take_number(in), take_number(in),
				take_number(in),     take_number(in), take_number(in),
			};
		memcpy(room, bodies, count * sizeof *bodies);
		m->BODIES_ARE.list = (struct span){ room, count * sizeof *bodies };
	} break;
	default:
		break;
	}
	if (m->kind == MESSAGE_READY)
		m->READY.gaps = take_text(in, room, (size_t)LISTING_GAPS_MAX * 8);
}

static void drop_says(struct span *in)
{
	static char room[8192];
	const struct span text = SPAN("Subject: x\r\n\r\nbody\r\n");
	int files[CHANNEL_FILES_MAX];
	struct message m;
	size_t count = 0;

	take_message(in, &m, room);
	const enum message_fd kind = message_fd(m.kind);
	const size_t most = kind == MESSAGE_FD_NONE   ? 0
			    : kind == MESSAGE_FD_FILE ? 1
						      : fuzz_take(in) % 17;
	while (count < most)
		files[count++] = fuzz_take(in) % 4 == 0
					 ? open("/dev/null", O_RDONLY | O_CLOEXEC)
					 : file_sealed("fuzz", text);
	fault_ignore(channel_send_files(drop, &m, files, count, CHANNEL_NOW));
	while (count > 0)
		close(files[--count]);
	turn();
}

/* ---- a session ---- */

static void begin(void)
{
	const struct sock_address peer = { .len = 0 };
	int clients[2], drops[2];
	struct why why;

	PROMISE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			   clients) == 0);
	PROMISE(channel_pair(drops, &why) == FAULT_NONE);
	client = clients[1];
	drop = drops[1];
	front.accept(&front, clients[0], false, &peer);
	turn();
	say("USER a\r\nPASS b\r\n");
	struct conn *c = front.slots[0];
	PROMISE(c && c->pop3->awaits == AWAITS_AUTH);
	const struct message ok = { .kind = MESSAGE_AUTH_OK,
				    .AUTH_OK = { .id = slots_id(c) } };
	PROMISE(channel_send(auth, &ok, drops[0], CHANNEL_NOW) == FAULT_NONE);
	close(drops[0]);
	turn();
	PROMISE(c->pop3->awaits == AWAITS_MAILDROP);
}

static void end(void)
{
	turn_end_all(&front, false);
	turn();
	close(client);
	close(drop);
	PROMISE(pop3.readahead_open == 0 && front.conn_count == 0);
	PROMISE(!pop3.queue);
}

static int count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void make_front(void)
{
	struct settings *s = &front.child.settings;
	int auths[2];
	struct why why;

	log_level(LOG_EMERG);
	PROMISE(loop_init(&front.loop) && loop_make_room(&front.loop, 8));
	front.child.role = ROLE_FRONT;
	front.slot_count = 1;
	front.slots = calloc(1, sizeof(struct conn *));
	pop3.readahead_most = 64;
	pop3_start(&front, &pop3);
	turn_start(&front);
	front.out = BUF(front.output);
	front.sealed = BUF(front.records);
	pop3.policy = (struct session_policy){ .greeting = "ready",
					       .implementation = "x",
					       .errors_max = 20,
					       .failures_max = 9,
					       .mechanisms = ~0u };
	s->login_timeout = s->idle_timeout = 100000;
	s->plaintext_auth = PLAINTEXT_AUTH_YES;
	turn_ends.due = on_turn_ends;
	PROMISE(channel_pair(auths, &why) == FAULT_NONE);
	authchannel_use(&front, auths[0]);
	auth = auths[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = {
		"STAT\r\n",   "LIST\r\n",     "UIDL 1\r\n", "RETR 1\r\n",
		"RETR 2\r\n", "TOP 3 1\r\n",  "DELE 1\r\n", "UIDL\r\n",
		"QUIT\r\n",   "TOP 1 99\r\n", "LIST 2\r\n", "RETR 1\r\nRETR 2\r\n",
	};
	struct span in = { (const char *)data, size };

	if (!front.slots)
		make_front();
	const int before = count_open();
	begin();
	while (in.len > 0 && front.slots[0]) {
		const uint8_t what = fuzz_take(&in);

		if (what % 3 == 0)
			say(words[what / 3 % (sizeof words / sizeof *words)]);
		else
			drop_says(&in);
		const struct conn *c = front.slots[0];
		PROMISE(!c || c->pop3->session.marked <= c->pop3->session.count);
	}
	end();
	PROMISE(count_open() == before);
	return 0;
}
