/* convert/dovecotrest.c - the settings of Dovecot that need no rule of their own.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecotrest.h"

#include "convert/dovecottable.h"
#include "convert/value.h"

/* ---- values ---- */

static bool is_off(struct span value)
{
	bool yes;

	return value.len == 0 || span_is(value, "default") ||
	       (value_bool(value, &yes) && !yes);
}

static bool is_on(struct span value)
{
	bool yes;

	return value_bool(value, &yes) && yes;
}

static void set_time(struct dovecot *d, const struct dovecot_row *row,
		     const struct source_item *item)
{
	uint64_t ms;

	if (!value_time(item->value, 1000, &ms))
		result_about(d->r, RESULT_NONE, item, "The value is no time.");
	else if (ms % 1000 == 0)
		result_number(d->r, RESULT_NO_DATABASE, row->other, ms / 1000, "s",
			      result_origin(d->r, item));
	else
		result_number(d->r, RESULT_NO_DATABASE, row->other, ms, "ms",
			      result_origin(d->r, item));
}

static void set_networks(struct dovecot *d, const struct dovecot_row *row,
			 const struct source_item *item)
{
	struct span rest = item->value, network;

	while (value_word(&rest, &network))
		result_list(d->r, RESULT_NO_DATABASE, row->other, network,
			    result_origin(d->r, item));
	if (item->value.len > 0)
		result_about(d->r, RESULT_DIFFERS, item,
			     "In Poplar, these networks have any number of "
			     "connections, and no "
			     "delays; clear text is allowed by plaintext-auth alone.");
}

static void set_log(struct dovecot *d, const struct dovecot_row *row,
		    const struct source_item *item)
{
	const struct span path = item->value;
	const bool is_stderr = span_is(path, "/dev/stderr");

	if (is_stderr || span_is(path, "syslog"))
		result_word(d->r, RESULT_NO_DATABASE, row->other,
			    is_stderr ? SPAN("stderr") : SPAN("syslog"),
			    result_origin(d->r, item));
	else
		result_about(
			d->r, RESULT_NONE, item,
			"Poplar logs to syslog or standard error, and to no files.");
}

static void set_value(struct dovecot *d, const struct dovecot_row *row,
		      const struct source_item *item)
{
	uint32_t n;

	switch (row->how) {
	case DOVECOT_TEXT:
		if (item->value.len > 0 || span_starts(item->name, "recipient"))
			result_text(d->r, RESULT_NO_DATABASE, row->other, item->value,
				    result_origin(d->r, item));
		break;
	case DOVECOT_COUNT:
		if (span_u32(item->value, &n))
			result_number(d->r, RESULT_NO_DATABASE, row->other,
				      n > 0 ? n : 1, "", result_origin(d->r, item));
		else
			result_about(d->r, RESULT_NONE, item,
				     "The value is no number.");
		break;
	case DOVECOT_SECONDS:
	case DOVECOT_MILLIS:
		set_time(d, row, item);
		break;
	case DOVECOT_NETWORKS:
		set_networks(d, row, item);
		break;
	case DOVECOT_SEEN:
		result_word(d->r, RESULT_NO_DATABASE, row->other,
			    dovecot_bool(d, item, false) ? SPAN("no") : SPAN("yes"),
			    result_origin(d->r, item));
		break;
	case DOVECOT_LOG:
		set_log(d, row, item);
		break;
	case DOVECOT_DEBUG:
		if (dovecot_bool(d, item, false))
			result_word(d->r, RESULT_NO_DATABASE, row->other, SPAN("debug"),
				    result_origin(d->r, item));
		break;
	case DOVECOT_NONE:
		result_about(d->r, RESULT_NONE, item, row->other);
		break;
	case DOVECOT_IF_YES:
		if (!is_off(item->value))
			result_about(d->r, RESULT_NONE, item, row->other);
		break;
	case DOVECOT_IF_NO:
		if (!is_on(item->value))
			result_about(d->r, RESULT_NONE, item, row->other);
		break;
	case DOVECOT_NEEDLESS:
		result_about(d->r, RESULT_NEEDLESS, item, row->other);
		break;
	case DOVECOT_RULE: /* the rule has not asked for it */
		result_about(d->r, RESULT_NEEDLESS, item,
			     "Without other settings, this one has no effect.");
		break;
	}
}

/* ---- what is left ---- */

/* The outermost section around an item. */
static unsigned outer(const struct source *s, unsigned section)
{
	while (s->sections[section].parent != 0)
		section = s->sections[section].parent;
	return section;
}

/* Does the value leave the default of a database as it is? */
static bool is_default(struct span value)
{
	return is_off(value) || span_is(value, "never") || span_is(value, "continue") ||
	       span_is(value, "return-ok");
}

/* Notes for what is left in a section; one for all of a service, and of a section that
 * needs nothing. */
static void note_section(struct dovecot *d, unsigned section)
{
	const struct dovecot_part *part = dovecot_part_of(&d->s->sections[section]);
	struct source_item self = dovecot_section_item(d, section);
	const struct span type = d->s->sections[section].type;
	const bool is_service = span_is(type, "service");
	const bool is_database = span_is(type, "passdb") || span_is(type, "userdb");

	for (unsigned i = 0; i < d->s->count; i++) {
		struct source_item *item = &d->s->items[i];

		if (item->used || outer(d->s, item->section) != section)
			continue;
		item->used = true;
		if (part->how == DOVECOT_NONE && !is_service) {
			if (!is_database || !is_default(item->value))
				result_about(d->r, RESULT_NONE, item, part->other);
			continue;
		}
		if (self.place.line > 0)
			result_about(d->r,
				     part->how == DOVECOT_NONE ? RESULT_NONE
							       : RESULT_NEEDLESS,
				     &self, part->other);
		self.place.line = 0; /* noted */
	}
}

static void convert_item(struct dovecot *d, const struct source_item *item)
{
	const struct dovecot_row *row = dovecot_row_of(item->name);
	char name[128];

	if (!row) {
		result_about(
			d->r, RESULT_NONE, item,
			"Poplar knows no such setting of Dovecot: is it misspelt?");
		return;
	}
	if (!span_copy(item->name, name, sizeof name))
		return;
	const struct source_item *last = dovecot_get(d, name, NULL);
	if (last && last->from_file && row->how < DOVECOT_NONE &&
	    row->how != DOVECOT_RULE)
		result_about(d->r, RESULT_NONE, last,
			     "The value is in a file: write it here.");
	else if (last)
		set_value(d, row, last);
}

/* Values that Dovecot has without a line, and Poplar has not. */
static void set_defaults(struct dovecot *d)
{
	if (!result_has(d->r, RESULT_NO_DATABASE, "mark-seen"))
		result_word(d->r, RESULT_NO_DATABASE, "mark-seen", SPAN("yes"),
			    dovecot_origin(d, NULL, "pop3_no_flag_updates = no"));
	if (!result_has(d->r, RESULT_NO_DATABASE, "log"))
		result_word(d->r, RESULT_NO_DATABASE, "log", SPAN("syslog"),
			    dovecot_origin(d, NULL, "log_path = syslog"));
}

void dovecot_convert_rest(struct dovecot *d)
{
	for (unsigned i = 0; i < d->s->count; i++) {
		struct source_item *item = &d->s->items[i];

		if (item->used ||
		    (item->section != 0 && !dovecot_is_pop3(d, item->section)))
			continue;
		item->used = true;
		convert_item(d, item);
	}
	for (unsigned i = 1; i < d->s->section_count; i++)
		if (d->s->sections[i].parent == 0)
			note_section(d, i);
	set_defaults(d);
}
