/* convert/dovecotview.c - the settings of Dovecot as they are in force for POP3.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotview.h"

#include "convert/dovecotfile.h"
#include "convert/value.h"

/* The title is a list, or a list behind a '!' of those that it does not mean. */
bool dovecot_is_pop3(const struct dovecot *d, unsigned section)
{
	const struct source_section *at = &d->s->sections[section];
	struct span title = at->title;

	if (section == 0 || at->parent != 0 || !span_is(at->type, "protocol"))
		return false;
	const bool other = span_starts(title, "!");
	if (other)
		title = span_after(title, 1);
	return value_has_word(title, "pop3") != other;
}

static const struct source_item *shown(struct dovecot *d,
				       const struct source_item *item)
{
	if (!item || !item->hidden)
		return item;
	result_about(d->r, RESULT_NONE, item,
		     "doveconf hides this value; run doveconf -nP, which shows it.");
	return NULL;
}

const struct source_item *dovecot_get(struct dovecot *d, const char *name,
				      const char *other)
{
	const struct source_item *outside = NULL, *inside = NULL;

	for (unsigned i = 0; i < d->s->count; i++) {
		struct source_item *item = &d->s->items[i];
		const bool pop3 = dovecot_is_pop3(d, item->section);

		if ((item->section != 0 && !pop3) ||
		    (!span_is(item->name, name) &&
		     !(other && span_is(item->name, other))))
			continue;
		item->used = true;
		*(pop3 ? &inside : &outside) = item;
	}
	return shown(d, inside ? inside : outside);
}

static struct span short_name(const struct source *s, const struct source_item *item)
{
	static const char *const drivers[] = { "sql_",           "ldap_",
					       "passwd_file_",   "pam_",
					       "checkpassword_", "static_",
					       "oauth2_" };
	const struct span type = s->sections[item->section].type;
	struct span name = item->name;

	if (name.len > type.len + 1 && type.len > 0 && name.at[type.len] == '_' &&
	    memcmp(name.at, type.at, type.len) == 0)
		name = span_after(name, type.len + 1);
	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
		if (span_starts(name, drivers[i]))
			return span_after(name, strlen(drivers[i]));
	return name;
}

const struct source_item *dovecot_get_in(struct dovecot *d, unsigned section,
					 const char *name)
{
	const struct source_item *found = NULL;

	for (unsigned i = 0; i < d->s->count; i++) {
		struct source_item *item = &d->s->items[i];

		if (item->section != section ||
		    (!span_is(item->name, name) &&
		     !span_is(short_name(d->s, item), name)))
			continue;
		item->used = true;
		found = item;
	}
	return shown(d, found);
}

struct span dovecot_value(const struct source_item *item, const char *otherwise)
{
	return item ? item->value : span_of(otherwise);
}

bool dovecot_bool(struct dovecot *d, const struct source_item *item, bool otherwise)
{
	bool value = otherwise;

	if (item && !value_bool(item->value, &value))
		result_about(d->r, RESULT_NONE, item,
			     "The value is neither yes nor no, so the default counts.");
	return value;
}

unsigned dovecot_section(const struct dovecot *d, unsigned parent, const char *type,
			 const char *title, unsigned from)
{
	for (unsigned i = from + 1; i < d->s->section_count; i++) {
		const struct source_section *section = &d->s->sections[i];

		if (section->parent == parent && span_is(section->type, type) &&
		    (!title || span_is(section->title, title)))
			return i;
	}
	return 0;
}

struct source_item dovecot_section_item(const struct dovecot *d, unsigned section)
{
	return (struct source_item){ .section = section,
				     .place = d->s->sections[section].place };
}

struct span dovecot_origin(struct dovecot *d, const struct source_item *item,
			   const char *name)
{
	if (item)
		return result_origin(d->r, item);
	const size_t at = d->r->text.len;
	result_keep(d->r, SPAN("Dovecot's default "));
	result_keep(d->r, span_of(name));
	return (struct span){ d->r->text.at + at, d->r->text.len - at };
}

bool dovecot_template(struct dovecot *d, const struct source_item *item,
		      struct span text, struct template *out)
{
	if (!template_parse(text, d->style, out)) {
		result_about(d->r, RESULT_NONE, item, "The variables are malformed.");
		return false;
	}
	if (out->has_letter && d->style == TEMPLATE_DOVECOT_24) {
		result_about(d->r, RESULT_NONE, item,
			     "Dovecot 2.4 takes a variable of one letter for text: all "
			     "users "
			     "share what this names. Write %{user} for %u, "
			     "%{user | username} for %n, %{user | domain} for %d.");
		return false;
	}
	if (!template_has(out, TEMPLATE_OTHER))
		return true;
	result_about(
		d->r, RESULT_NONE, item,
		"The value has a variable that Poplar lacks; Poplar knows the user "
		"name, its local part and its domain.");
	return false;
}

unsigned dovecot_read_file(struct dovecot *d, const struct source_item *args)
{
	const struct source_section new = { SPAN("file"), args->value, 0, args->place };
	const unsigned before = d->s->section_count;
	unsigned section = 0;
	struct span text;

	if (!d->world->read(d->world->arg, args->value, &text)) {
		source_fail(d->s, args->place, "cannot read the file that args names",
			    args->value);
		return 0;
	}
	if (!source_add_section(d->s, &new, true, &section))
		return 0;
	if (section < before)
		return section;
	return dovecotfile_read_flat(d->s, section, args->value, text) ? section : 0;
}

bool dovecot_is_crypt(struct span scheme)
{
	return scheme.len >= 5 &&
	       span_is_nocase(span_after(scheme, scheme.len - 5), "CRYPT");
}
