/* test/unit/authworld.h - a poplar-auth with one database of users, one link to a
 * process that asks, and mail-user's maildrop process. */
#pragma once

#include "peer.h"
#include "site.h"

#include "authd/logins.h"

#define PEER "192.0.2.1:1"

struct auth_world {
	struct settings settings;
	struct database people;
	struct logins logins;
	struct channel peer; /* the end of the process that asks */
	int ours;            /* poplar-auth's end */
	struct channel drop; /* the maildrop process's end */
};

static bool is_down;            /* the database cannot be asked */
static struct span alices_name; /* as the database has it */

/* False: the database is down, as *why says. */
static inline bool auth_can_look(struct why *why)
{
	if (is_down)
		fault_set(why, FAULT_IO, 0, "ask", "people");
	return !is_down;
}

/* Settings, and the database by this driver. Grants are started by auth_link(). */
static inline void auth_begin(struct auth_world *a,
			      const struct database_driver *driver)
{
	peer_log_begin();
	is_down = false;
	alices_name = SPAN("alice");
	*a = (struct auth_world){ .people = { .driver = driver, .name = "people" } };
	site_begin(&a->settings);
	site_set(&a->settings, SETTING_ID_mail_root, "/m");
	drops_init(&a->logins.grants.drops, -1);
}

/* Start grants by the settings and the rules of logins; link the maildrop process, and
 * a process of this role that asks. */
static inline void auth_link(struct auth_world *a, enum role role)
{
	int ours;

	CHECK(grants_start(&a->logins.grants, &a->settings, &a->logins.rules));
	a->drop = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_DROP);
	drops_link(&a->logins.grants.drops,
		   &(const struct message_DROP_LINK){ 8, 8, true }, ours);
	a->peer = channel_of(peer_new(&a->ours), ROLE_AUTH, role);
}

static inline void auth_end(struct auth_world *a)
{
	drops_done(&a->logins.grants.drops);
	settings_done(&a->settings);
	close(a->drop.fd);
	close(a->peer.fd);
	close(a->ours);
}
