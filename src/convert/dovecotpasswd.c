/* convert/dovecotpasswd.c - Dovecot's passwd-files.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotpasswd.h"

#include "convert/value.h"

/* What a section says, in "scheme=X username_format=Y /path" or in settings of 2.4. */
struct place {
	const struct source_item *path, *scheme, *format;
	struct span path_value, scheme_value, format_value;
};

static struct place place_of(struct dovecot *d, unsigned section)
{
	struct place p = {
		.path = dovecot_get_in(d, section, "path"),
		.scheme = dovecot_get_in(d, section, "default_password_scheme"),
		.format = dovecot_get_in(d, section, "auth_username_format"),
	};
	const struct source_item *args = dovecot_get_in(d, section, "args");
	struct span rest, word, name;

	if (!p.format)
		p.format = dovecot_get_in(d, section, "username_format");
	p.path_value = dovecot_value(p.path, "");
	p.scheme_value = dovecot_value(p.scheme, "");
	p.format_value = dovecot_value(p.format, "");
	rest = dovecot_value(args, "");
	while (value_word(&rest, &word)) {
		if (!span_cut(&word, '=', &name)) {
			p.path = args;
			p.path_value = name;
		} else if (span_is(name, "scheme")) {
			p.scheme = args;
			p.scheme_value = word;
		} else if (span_is(name, "username_format")) {
			p.format = args;
			p.format_value = word;
		}
	}
	return p;
}

/* ---- the file ---- */

/* What is in the users file. */
struct contents {
	unsigned lines, homes, bare; /* lines with a home; passwords without a scheme */
	struct span folder;          /* that all homes are in */
};

static struct span parent_of(struct span path)
{
	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	while (path.len > 0 && path.at[path.len - 1] != '/')
		path.len--;
	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

static bool is_below(struct span path, struct span folder)
{
	return path.len > folder.len && memcmp(path.at, folder.at, folder.len) == 0 &&
	       path.at[folder.len] == '/';
}

static void see_home(struct contents *c, struct span home)
{
	if (home.len == 0 || home.at[0] != '/')
		return;
	if (c->homes++ == 0)
		c->folder = parent_of(home);
	while (c->folder.len > 0 && !is_below(home, c->folder))
		c->folder = parent_of(c->folder);
}

/* user:password:uid:gid:gecos:home:shell:extra */
static void see_line(struct contents *c, struct span line)
{
	struct span field, extra;

	if (line.len == 0 || line.at[0] == '#')
		return;
	c->lines++;
	for (unsigned i = 0; i < 7; i++) {
		span_cut(&line, ':', &field);
		if (i == 1 && field.len > 0 && field.at[0] != '{')
			c->bare++;
		if (i == 5)
			see_home(c, field);
	}
	while (value_word(&line, &extra))
		if (span_starts(extra, "userdb_home="))
			see_home(c, span_after(extra, strlen("userdb_home=")));
}

static struct contents contents_of(struct span text)
{
	struct contents c = { 0 };
	struct span line;

	while (text.len > 0) {
		span_cut(&text, '\n', &line);
		see_line(&c, value_trim(line));
	}
	return c;
}

/* ---- the sections ---- */

static void note_scheme(struct dovecot *d, const struct source_item *item,
			struct span scheme)
{
	result_say(d->r, RESULT_NONE, item,
		   "In Poplar, a password without a scheme is a CRYPT hash: put {",
		   scheme, "} in front of each password in the file that has none.");
}

static void look_into(struct dovecot *d, const struct place *p,
		      struct dovecot_users *out)
{
	const bool is_24 = d->style == TEMPLATE_DOVECOT_24;
	struct span text;

	if (!d->world->read(d->world->arg, p->path_value, &text)) {
		result_about(d->r, RESULT_NONE, p->path,
			     "The file cannot be read, so nothing is known about the "
			     "homes of "
			     "its users.");
		return;
	}
	const struct contents c = contents_of(text);
	struct span scheme = p->scheme_value;
	if (scheme.len == 0)
		scheme = is_24 ? SPAN("PLAIN") : SPAN("CRYPT");
	if (c.bare > 0 && !dovecot_is_crypt(scheme))
		note_scheme(d, p->scheme ? p->scheme : p->path, scheme);
	out->have_homes |= c.homes > 0;
	if (c.homes > 0 && out->root.len == 0)
		out->root = c.folder;
	if (c.homes > 0 && c.homes < c.lines)
		result_about(d->r, RESULT_DIFFERS, p->path,
			     "Some users of the file have no home: their mail is below "
			     "mail-root, in a folder of the user's name.");
}

static void check_format(struct dovecot *d, const struct place *p)
{
	struct template t;

	if (p->format_value.len == 0 ||
	    !dovecot_template(d, p->format, p->format_value, &t))
		return;
	if (t.count != 1 || t.at[0].kind != TEMPLATE_USER)
		result_about(d->r, RESULT_NONE, p->format,
			     "Poplar finds users in the file by the whole name that "
			     "they log "
			     "in with (and default-domain).");
}

/* The userdb must be the same file: a line of Poplar's file has the password and the
 * rest. */
static void check_userdb(struct dovecot *d, unsigned userdb, struct span path)
{
	const struct source_item self = dovecot_section_item(d, userdb);

	if (userdb == 0)
		return;
	const struct place other = place_of(d, userdb);
	if (other.path_value.len != path.len ||
	    memcmp(other.path_value.at, path.at, path.len) != 0)
		result_about(d->r, RESULT_NONE, &self,
			     "In Poplar, one file has the password and the home: put "
			     "both on "
			     "one line.");
}

static bool is_same_folder(struct span a, struct span b)
{
	a = parent_of(a);
	b = parent_of(b);
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* The path of the setting users, which a conversion has set. */
static struct span users_path(const struct result *r)
{
	for (unsigned i = 0; i < r->line_count; i++)
		if (strcmp(r->lines[i].name, "users") == 0)
			return (struct span){ r->lines[i].value.at + 1,
					      r->lines[i].value.len - 2 };
	return SPAN("");
}

bool dovecot_convert_passwd(struct dovecot *d, unsigned passdb, unsigned userdb,
			    struct dovecot_users *out)
{
	const struct source_item self = dovecot_section_item(d, passdb);
	const struct place p = place_of(d, passdb);
	const struct span first = users_path(d->r);

	if (p.path_value.len == 0 || memchr(p.path_value.at, '%', p.path_value.len)) {
		result_about(d->r, RESULT_NONE, p.path ? p.path : &self,
			     "Poplar needs the path of one file with all users.");
		return true;
	}
	if (first.len > 0 && !is_same_folder(first, p.path_value)) {
		result_about(d->r, RESULT_NONE, p.path,
			     "All files of users must be in one folder: move this one "
			     "to the "
			     "folder of the setting users, and add a database for it.");
		return true;
	}
	const int db = result_add_database(d->r, "users", "passwd-file",
					   result_origin(d->r, &self));
	result_text(d->r, first.len > 0 ? db : RESULT_NO_DATABASE,
		    first.len > 0 ? "path" : "users", p.path_value,
		    result_origin(d->r, p.path));
	check_userdb(d, userdb, p.path_value);
	check_format(d, &p);
	look_into(d, &p, out);
	return true;
}
