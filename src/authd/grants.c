/* authd/grants.c - hands maildrops to sessions whose users poplar-auth has let in, and
 * to deliveries.
 *
 * Prefix: grants_. A board ticket holds the GRANT for the user's own maildrop, and uid
 * and gid of the process that got it. That is all it takes to grant the maildrop again,
 * and it names the user who asks for boards.
 */
#include "authd/grants.h"

#include "base/board.h"
#include "base/own.h"

/* Who owns the maildrop: the process of this uid and gid serves it, or mail-user's
 * where there is no uid. */
struct owner {
	uint32_t has_uid, has_gid, uid, gid;
};

_Static_assert(sizeof(struct owner) + 2 + 7 * sizeof(uint64_t) + 4 * sizeof(uint32_t) +
			       255 + 64 + 127 + PLACE_PATH_MAX <=
		       TICKET_TEXT_MAX,
	       "a ticket has room for a GRANT");

bool grants_start(struct grants *g, const struct settings *settings,
		  const struct login_rules *rules)
{
	g->settings = settings;
	g->rules = rules;
	g->policy = settings_policy(settings);
	if (quota_parse(span_of(settings->quota), &g->quota))
		return false;
	g->tickets = settings->xtnd ? tickets_new() : NULL;
	return g->tickets || !settings->xtnd;
}

bool grants_add_board(struct settings *settings, const struct message_BOARD *m)
{
	struct board_settings *board = boards_add(&settings->boards, m->name);

	return board &&
	       rows_unpack(board_rows(), board, ROLE_AUTH, m->values) == FAULT_NONE;
}

static enum fault give(struct grants *g, const struct owner *owner,
		       const struct message *m, int *out_fd, struct why *why)
{
	const struct user user = { .has_uid = owner->has_uid > 0,
				   .has_gid = owner->has_gid > 0,
				   .uid = owner->uid,
				   .gid = owner->gid };
	int pair[2];
	enum fault f = channel_pair(pair, why);

	if (f)
		return f;
	OWN_FD ours = pair[0];
	OWN_FD theirs = pair[1];
	f = drops_send(&g->drops, &user, m, ours, why);
	if (f == FAULT_NONE)
		*out_fd = TAKE_FD(theirs);
	return f;
}

static struct owner owner_of(const struct user *user)
{
	return (struct owner){ user->has_uid, user->has_gid, user->uid, user->gid };
}

enum fault grants_place(const struct grants *g, const struct user *user,
			char out[PLACE_PATH_MAX], struct why *why)
{
	return place_maildrop(user, g->settings->mail_root, g->settings->maildir, out,
			      why);
}

struct span grants_uidl_format(const struct grants *g, const struct user *user)
{
	return user->uidl_format.len > 0 ? user->uidl_format
					 : span_of(g->settings->uidl_format);
}

/* ---- the user's own maildrop ---- */

static void seal(struct grants *g, struct ticket_holder holder,
		 const struct owner *owner, const struct message *m, struct buf *ticket)
{
	ROOM char text[TICKET_TEXT_MAX];

	memcpy(text, owner, sizeof *owner);
	size_t len =
		message_encode(m, text + sizeof *owner, sizeof text - sizeof *owner);
	if (len > 0)
		ticket_seal(g->tickets, holder,
			    (struct span){ text, sizeof *owner + len }, ticket);
}

enum fault grants_own(struct grants *g, struct ticket_holder holder,
		      const struct user *user, struct span peer, struct buf *ticket,
		      int *out_fd, struct why *why)
{
	const struct owner owner = owner_of(user);
	ROOM char path[PLACE_PATH_MAX];
	enum fault f = grants_place(g, user, path, why);

	if (f)
		return f;
	const struct policy p =
		policy_of(&g->policy, user->has_delay, user->has_expire, &user->policy);
	const struct message m = {
		.kind = MESSAGE_GRANT,
		.GRANT = { .read_only = user->read_only,
			   .login_delay = p.login_delay,
			   .unread = p.unread,
			   .retrieved = p.retrieved,
			   .user = user->name,
			   .path = span_of(path),
			   .uidl_format = grants_uidl_format(g, user),
			   .peer = peer },
	};
	f = give(g, &owner, &m, out_fd, why);
	if (f == FAULT_NONE && g->tickets)
		seal(g, holder, &owner, &m, ticket);
	return f;
}

enum fault grants_look(struct grants *g, const struct user *user, struct span peer,
		       int *out_fd, struct why *why)
{
	const struct owner owner = owner_of(user);
	ROOM char path[PLACE_PATH_MAX];
	enum fault f = grants_place(g, user, path, why);
	const struct message m = {
		.kind = MESSAGE_GRANT,
		.GRANT = { .read_only = true,
			   .as_is = true,
			   .unread = POLICY_NEVER,
			   .retrieved = POLICY_NEVER,
			   .user = user->name,
			   .path = span_of(path),
			   .peer = peer },
	};

	return f ? f : give(g, &owner, &m, out_fd, why);
}

struct quota grants_quota(const struct grants *g, const struct user *user)
{
	return user->has_quota ? user->quota : g->quota;
}

enum fault grants_delivery(struct grants *g, const struct user *user, struct span peer,
			   uint64_t octets, int *out_fd, struct why *why)
{
	const struct owner owner = owner_of(user);
	const struct quota quota = grants_quota(g, user);
	ROOM char path[PLACE_PATH_MAX];
	enum fault f = grants_place(g, user, path, why);
	const struct message m = {
		.kind = MESSAGE_GRANT_DELIVERY,
		.GRANT_DELIVERY = { .octets = octets,
				    .quota_octets = quota.octets,
				    .quota_messages = quota.messages,
				    .grace_octets = g->settings->quota_grace,
				    .user = user->name,
				    .path = span_of(path),
				    .peer = peer },
	};

	return f ? f : give(g, &owner, &m, out_fd, why);
}

/* ---- boards ---- */

static bool open_ticket(const struct grants *g, struct ticket_holder holder,
			struct span ticket, struct buf *text, struct owner *owner,
			struct message *own)
{
	if (!g->tickets || !ticket_open(g->tickets, holder, ticket, text) ||
	    text->len < sizeof *owner)
		return false;
	memcpy(owner, text->at, sizeof *owner);
	return message_decode(span_after(buf_span(text), sizeof *owner), ROLE_AUTH,
			      ROLE_DROP, true, own) == FAULT_NONE;
}

/* The board that is asked for; NULL: the user may read no such board. */
static const struct board_settings *find(const struct grants *g,
					 const struct message_BOARD_ASK *ask,
					 struct span user)
{
	const struct boards *all = &g->settings->boards;
	const struct board_settings *board =
		ask->board == BOARD_EACH ? boards_nth(all, ask->number, user)
					 : boards_find(all, ask->name, user);

	return board && ask->board == BOARD_ARCHIVE && !*board->archive ? NULL : board;
}

static enum fault give_board(struct grants *g, const struct board_settings *board,
			     bool archive, const struct message_GRANT *own, int *out_fd,
			     struct why *why)
{
	const struct user place = { .maildrop = span_of(archive ? board->archive
								: board->maildir) };
	const struct owner owner = { board->uid > 0, board->gid > 0, board->uid,
				     board->gid };
	ROOM char path[PLACE_PATH_MAX];
	enum fault f = grants_place(g, &place, path, why);

	if (f)
		return f;
	return give(g, &owner,
		    &(const struct message){ .kind = MESSAGE_GRANT,
					     .GRANT = { .read_only = true,
							.as_is = true,
							.is_board = true,
							.login_delay = own->login_delay,
							.unread = POLICY_NEVER,
							.retrieved = POLICY_NEVER,
							.user = own->user,
							.path = span_of(path),
							.peer = own->peer } },
		    out_fd, why);
}

/* Does the name mean the maildrop that the session began with? */
static bool is_own(const struct grants *g, const struct message_BOARD_ASK *ask,
		   struct span user)
{
	struct login_name name;

	if (ask->board != BOARD_NAMED)
		return false;
	return span_same_nocase(ask->name, user) ||
	       (login_name(g->rules, ask->name, &name) && span_is(user, name.text));
}

enum fault grants_board(struct grants *g, struct ticket_holder holder,
			const struct message_BOARD_ASK *ask, struct buf *name,
			int *out_fd, struct why *why)
{
	ROOM char room[TICKET_TEXT_MAX];
	struct buf text = BUF(room);
	struct owner owner;
	struct message own;

	if (!open_ticket(g, holder, ask->ticket, &text, &owner, &own))
		return fault_set(why, FAULT_PEER, 0, "open the front's board ticket",
				 NULL);
	if (is_own(g, ask, own.GRANT.user)) {
		own.GRANT.again = true;
		buf_put(name, own.GRANT.user);
		return give(g, &owner, &own, out_fd, why);
	}
	const struct board_settings *board = find(g, ask, own.GRANT.user);
	if (!board)
		return fault_set(why, FAULT_NO_BOARD, 0, "find board", NULL);
	buf_text(name, board->name);
	return give_board(g, board, ask->board == BOARD_ARCHIVE, &own.GRANT, out_fd,
			  why);
}
