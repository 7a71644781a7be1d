/* convert/dovecotmail.c - where Dovecot has the mail.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotmail.h"

#include "base/uidformat.h"

/* Where the mail is: "maildir:PATH:INBOX=PATH" in pieces. */
struct location {
	const struct source_item *item; /* NULL: Dovecot's default */
	struct span driver, path;
};

/* ---- the location ---- */

/* Options behind the path. */
static void take_option(struct dovecot *d, struct location *l, struct span option)
{
	struct span name;

	span_cut(&option, '=', &name);
	if (span_is(name, "INBOX"))
		l->path = option;
	else if (span_is(name, "CONTROL"))
		result_about(d->r, RESULT_DIFFERS, l->item,
			     "The unique-ids are in the folder of CONTROL: name it to "
			     "poplar "
			     "import.");
}

static struct location split(struct dovecot *d, const struct source_item *item,
			     struct span value)
{
	struct location l = { .item = item };
	struct span option;

	if (value.len > 0 && (value.at[0] == '/' || value.at[0] == '~')) {
		span_cut(&value, ':', &l.path);
		l.driver = SPAN("auto");
		return l;
	}
	span_cut(&value, ':', &l.driver);
	span_cut(&value, ':', &l.path);
	while (value.len > 0) {
		span_cut(&value, ':', &option);
		take_option(d, &l, option);
	}
	return l;
}

/* A namespace with inbox = yes may have its own. */
static struct location of_namespace(struct dovecot *d)
{
	for (unsigned at = 0; (at = dovecot_section(d, 0, "namespace", NULL, at));) {
		const bool inbox =
			dovecot_bool(d, dovecot_get_in(d, at, "inbox"), false);
		const struct source_item *item = dovecot_get_in(d, at, "location");

		if (inbox && item && item->value.len > 0)
			return split(d, item, item->value);
		const struct source_item *path = dovecot_get_in(d, at, "mail_path");
		if (inbox && path)
			return (struct location){
				path,
				dovecot_value(dovecot_get_in(d, at, "mail_driver"),
					      "maildir"),
				path->value,
			};
	}
	return (struct location){ 0 };
}

static struct location find(struct dovecot *d, const struct dovecot_users *users)
{
	const struct source_item *old = dovecot_get(d, "mail_location", NULL);
	const struct source_item *driver = dovecot_get(d, "mail_driver", NULL);
	const struct source_item *path = dovecot_get(d, "mail_path", NULL);
	const struct source_item *inbox = dovecot_get(d, "mail_inbox_path", NULL);
	const struct source_item *control = dovecot_get(d, "mail_control_path", NULL);
	const struct location special = of_namespace(d);

	if (control && control->value.len > 0)
		result_about(
			d->r, RESULT_DIFFERS, control,
			"The unique-ids are in this folder: name it to poplar import.");
	if (users->mail)
		return split(d, users->mail, users->mail_value);
	if (special.item)
		return special;
	if (old && old->value.len > 0)
		return split(d, old, old->value);
	if (inbox && inbox->value.len > 0)
		path = inbox;
	return (struct location){ path ? path : driver, dovecot_value(driver, "auto"),
				  dovecot_value(path, "") };
}

static bool is_maildir(struct dovecot *d, const struct location *l)
{
	if (span_is(l->driver, "maildir"))
		return true;
	if (span_is(l->driver, "mbox"))
		result_note(
			d->r, RESULT_NONE, l->item, SPAN("mail_location"),
			SPAN("The mail is in mbox files, and Poplar serves Maildirs: "
			     "convert the mail."));
	else if (span_is(l->driver, "sdbox") || span_is(l->driver, "mdbox") ||
		 span_is(l->driver, "dbox"))
		result_note(d->r, RESULT_NONE, l->item, SPAN("mail_location"),
			    SPAN("The mail is in Dovecot's dbox, and Poplar serves "
				 "Maildirs: "
				 "convert the mail with dsync, or import it from the "
				 "running "
				 "server."));
	else
		result_note(
			d->r, RESULT_NONE, l->item, SPAN("mail_location"),
			SPAN("The kind of store is not maildir, or Dovecot finds it "
			     "out "
			     "itself: name the Maildirs by mail-root and maildir."));
	return false;
}

/* ---- Poplar's settings ---- */

static void set_root(struct dovecot *d, const struct source_item *item,
		     const struct template *path)
{
	char room[1024];
	struct buf b = BUF(room);

	if (template_root(path, &b))
		result_text(d->r, RESULT_NO_DATABASE, "mail-root", buf_span(&b),
			    dovecot_origin(d, item, "mail_location"));
	else
		result_about(d->r, RESULT_NONE, item,
			     "All maildrops must be below one folder, the setting "
			     "mail-root, "
			     "which this path does not have.");
}

static void set_template(struct dovecot *d, const struct source_item *item,
			 const struct template *path)
{
	char room[1024];
	struct buf b = BUF(room);

	if (!template_path(path, d->folded, &b)) {
		result_about(d->r, RESULT_NONE, item,
			     "Poplar knows the variables %u, %n and %d in a path, and "
			     "no home "
			     "of the user here.");
		return;
	}
	result_text(d->r, RESULT_NO_DATABASE, "maildir", buf_span(&b),
		    dovecot_origin(d, item, "mail_location"));
	set_root(d, item, path);
}

/* The name of the Maildir in the home, as in "~/Maildir". Empty: it is not so simple.
 */
static struct span name_in_home(const struct template *t)
{
	struct span name = t->count == 2 && t->at[1].kind == TEMPLATE_TEXT
				   ? t->at[1].text
				   : SPAN("");

	if (!span_starts(name, "/"))
		return SPAN("");
	while (name.len > 0 && name.at[0] == '/')
		name = span_after(name, 1);
	while (name.len > 0 && name.at[name.len - 1] == '/')
		name.len--;
	return memchr(name.at, '/', name.len) ? SPAN("") : name;
}

static void set_in_home(struct dovecot *d, const struct dovecot_users *users,
			const struct location *l, const struct template *t)
{
	const struct span name = name_in_home(t);

	if (name.len == 0) {
		result_about(d->r, RESULT_NONE, l->item,
			     "In Poplar, the Maildir lies directly in the home: give "
			     "the users "
			     "the field maildrop.");
		return;
	}
	result_text(d->r, RESULT_NO_DATABASE, "maildir", name,
		    dovecot_origin(d, l->item, "mail_location"));
	if (users->root.len > 0)
		result_text(d->r, RESULT_NO_DATABASE, "mail-root", users->root,
			    SPAN("the folder of all homes"));
	else
		result_note(d->r, RESULT_NONE, NULL, SPAN("mail-root"),
			    SPAN("The homes are in the database: name the folder above "
				 "all of "
				 "them."));
}

static void set_location(struct dovecot *d, const struct dovecot_users *users,
			 const struct location *l)
{
	const struct source_item *home_item = dovecot_get(d, "mail_home", NULL);
	struct span value = dovecot_value(home_item, "");
	struct template path, home;

	if (users->home) {
		home_item = users->home;
		value = users->home_value;
	}
	if (!dovecot_template(d, l->item, l->path, &path))
		return;
	if (!template_has(&path, TEMPLATE_HOME)) {
		set_template(d, l->item, &path);
		return;
	}
	if (users->have_homes) {
		set_in_home(d, users, l, &path);
		return;
	}
	if (value.len == 0) {
		result_about(
			d->r, RESULT_NONE, l->item,
			"The path is in the home, and no database and no mail_home "
			"says where that is.");
		return;
	}
	if (dovecot_template(d, home_item, value, &home) &&
	    template_set_home(&path, &home))
		set_template(d, home_item, &path);
}

/* ---- the owner ---- */

static void set_owner(struct dovecot *d, const struct dovecot_users *users)
{
	const struct source_item *item = dovecot_get(d, "mail_uid", NULL);
	const struct source_item *group = dovecot_get(d, "mail_gid", NULL);
	struct span name = dovecot_value(item, "");
	uint32_t uid;

	if (users->uid) {
		item = users->uid;
		name = users->uid_value;
	}
	if (name.len == 0)
		return;
	if (group)
		result_about(d->r, RESULT_NEEDLESS, group,
			     "The group of the mail is that of mail-user.");
	if (span_u32(name, &uid) && !d->world->user_of(d->world->arg, uid, &name))
		result_about(
			d->r, RESULT_NONE, item,
			"Poplar needs a name of a user for this uid, which the system "
			"does not have here.");
	else
		result_text(d->r, RESULT_NO_DATABASE, "mail-user", name,
			    result_origin(d->r, item));
}

void dovecot_convert_mail(struct dovecot *d, const struct dovecot_users *users)
{
	const struct location l = find(d, users);

	set_owner(d, users);
	if (!is_maildir(d, &l)) {
		dovecot_get(d, "mail_home", NULL);
		if (users->root.len > 0)
			result_text(d->r, RESULT_NO_DATABASE, "mail-root", users->root,
				    SPAN("the folder of all homes"));
		return;
	}
	if (l.path.len > 0)
		set_location(d, users, &l);
}

/* ---- unique-ids ---- */

void dovecot_convert_ids(struct dovecot *d)
{
	const struct source_item *item = dovecot_get(d, "pop3_uidl_format", NULL);
	const char *standard = d->style == TEMPLATE_DOVECOT_24
				       ? "%{uid | hex(8)}%{uidvalidity | hex(8)}"
				       : "%08Xu%08Xv";
	const struct span value = dovecot_value(item, standard);
	struct uidformat format;
	const char *wrong;

	if (!uidformat_parse(value, &format, &wrong)) {
		result_say(d->r, RESULT_NONE, item,
			   "Poplar cannot make such unique-ids: ", span_of(wrong), ".");
		return;
	}
	result_text(d->r, RESULT_NO_DATABASE, "uidl-format", value,
		    dovecot_origin(d, item, "pop3_uidl_format"));
	result_note(d->r, RESULT_DIFFERS, item, SPAN("pop3_uidl_format"),
		    SPAN("Mail that comes in gets such unique-ids; import those of the "
			 "mail that "
			 "is there with poplar import, or clients fetch it again."));
}
