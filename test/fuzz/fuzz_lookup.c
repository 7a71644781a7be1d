/* What a captured poplar-lookup could answer: whatever its octets are, poplar-auth
 * finds a user whose fields are within their bounds, or none; and it gives up a process
 * that does not speak the table's language, once. The first octet says whether a
 * password is asked about. */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "auth/user/user.h"
#include "authd/lookups.h"
#include "base/log.h"
#include "ipc/channel.h"

static void drop_line(int priority, struct span line)
{
	(void)priority, (void)line;
}

static void check_run(struct span s, size_t max)
{
	unsigned sum = 0;

	PROMISE(s.len <= max);
	for (size_t i = 0; i < s.len; i++)
		sum += (unsigned char)s.at[i]; /* all of it is there to be read */
	PROMISE(sum <= 255 * s.len);
}

static void check_user(const struct user *u)
{
	PROMISE(u->over || u->name.len > 0);
	check_run(u->name, USER_NAME_MAX);
	check_run(u->stored, USER_STORED_MAX);
	check_run(u->home, USER_PATH_MAX);
	check_run(u->maildrop, USER_PATH_MAX);
	check_run(u->allow_nets, SIZE_MAX);
	check_run(u->mechanisms, SIZE_MAX);
}

/* Did the process at the other end get the question, and is the link still there? */
static bool is_linked(int fd)
{
	static struct channel_inbox inbox;
	struct channel auth = channel_of(fd, ROLE_AUTH, ROLE_LOOKUP);

	PROMISE(channel_receive(&auth, CHANNEL_NOW, &inbox) == CHANNEL_MESSAGE);
	PROMISE(inbox.message.kind == MESSAGE_LOOKUP_ASK);
	PROMISE(span_is(inbox.message.LOOKUP_ASK.user, "alice"));
	return channel_receive(&auth, CHANNEL_NOW, &inbox) == CHANNEL_EMPTY;
}

/* How often the parent was told that the process is broken. */
static unsigned told(int fd)
{
	static struct channel_inbox inbox;
	struct channel auth = channel_of(fd, ROLE_AUTH, ROLE_PARENT);
	unsigned times = 0;

	auth.heard.has_started = true;
	while (channel_receive(&auth, CHANNEL_NOW, &inbox) == CHANNEL_MESSAGE) {
		PROMISE(inbox.message.kind == MESSAGE_LOOKUP_BROKEN);
		PROMISE(inbox.message.LOOKUP_BROKEN.number == 7);
		times++;
	}
	return times;
}

static enum database_says ask(struct database *db, bool judge, struct user_found *out)
{
	struct why why = { 0 };
	enum database_says says =
		judge && db->driver->check
			? db->driver->check(db, SPAN("alice"), SPAN("secret"),
					    SPAN("127.0.0.1:1"), out, &why)
			: db->driver->find(db, SPAN("alice"), out, &why);

	PROMISE(says <= DATABASE_DOWN);
	PROMISE(says != DATABASE_DOWN || why.fault);
	return says;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	uint8_t how = fuzz_take(&in);
	struct database_settings settings = {
		.driver = how & 1 ? DRIVER_CHECKPASSWORD : DRIVER_SQLITE,
		.timeout = 60000,
	};
	struct message m;
	struct lookups all;
	struct user_found found = { 0 };
	int parent[2], link[2];

	log_to(drop_line);
	if (in.len == 0 || channel_pair(parent, NULL) || channel_pair(link, NULL))
		return 0;
	lookups_init(&all, parent[0]);
	struct database *db = lookups_new(&all, &settings);
	PROMISE(db);
	db->name = "fuzzed";
	lookups_link(db, 7, link[0]);
	PROMISE(send(link[1], in.at, in.len, 0) == (ssize_t)in.len);
	enum database_says says = ask(db, how & 1, &found);
	if (says == DATABASE_RIGHT)
		check_user(&found.user);
	bool sane = !message_decode(in, ROLE_LOOKUP, ROLE_AUTH, false, &m);
	PROMISE(is_linked(link[1]) == sane);
	PROMISE(told(parent[1]) == !sane);
	user_release(&found);
	db->driver->free(db);
	close(parent[0]), close(parent[1]), close(link[1]);
	return 0;
}
