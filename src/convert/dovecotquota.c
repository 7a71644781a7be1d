/* convert/dovecotquota.c - Dovecot's quotas.
 *
 * Prefix: dovecot_.
 */
#include "base/quota.h"

#include "convert/dovecotmail.h"
#include "convert/value.h"

/* ---- 2.3: plugin { quota_rule = *:storage=1G } ---- */

/* Is the plugin named quota loaded for any protocol? */
static bool is_loaded(const struct dovecot *d)
{
	for (unsigned i = 0; i < d->s->count; i++)
		if (span_is(d->s->items[i].name, "mail_plugins") &&
		    value_has_word(d->s->items[i].value, "quota"))
			return true;
	return false;
}

static void set_quota(struct dovecot *d, const struct source_item *item,
		      const struct quota *quota)
{
	char room[64];
	struct buf b = BUF(room);

	quota_print(quota, &b);
	result_text(d->r, RESULT_NO_DATABASE, "quota", buf_span(&b),
		    result_origin(d->r, item));
}

static bool set_rule(struct dovecot *d, const struct source_item *item,
		     struct span rule, struct quota *out)
{
	*out = (struct quota){ 0 };
	const char *wrong = quota_parse_rule(rule, out);

	if (wrong)
		result_about(d->r, RESULT_NONE, item, wrong);
	else if (out->octets > 0 || out->messages > 0)
		set_quota(d, item, out);
	return !wrong && (out->octets > 0 || out->messages > 0);
}

/* "10%" of the quota, "10M"; 2.3 writes "10%%" for a '%'. */
static void set_grace(struct dovecot *d, const struct source_item *item, uint64_t quota)
{
	struct span value = dovecot_value(item, "");
	uint64_t n;

	if (!item)
		return;
	const bool is_percent = value.len > 0 && value.at[value.len - 1] == '%';
	while (value.len > 0 && value.at[value.len - 1] == '%')
		value.len--;
	if (!(is_percent ? span_u64(value, &n) : value_size(value, &n)) ||
	    (is_percent && n > 100)) {
		result_about(d->r, RESULT_NONE, item, "The value is no size.");
		return;
	}
	result_number(d->r, RESULT_NO_DATABASE, "quota-grace",
		      is_percent ? quota / 100 * n : n, "", result_origin(d->r, item));
}

/* "storage=95%% quota-warning 95 %u" */
static void set_warning(struct dovecot *d, const struct source_item *item)
{
	struct span rest = item->value, rule, name;
	char room[8];
	struct buf b = BUF(room);

	if (!value_word(&rest, &rule) || !span_cut(&rule, '=', &name) ||
	    !span_is(name, "storage"))
		return result_about(d->r, RESULT_NONE, item,
				    "Poplar warns of percentages of the quota only.");
	while (rule.len > 0 && rule.at[rule.len - 1] == '%')
		rule.len--;
	buf_put(&b, rule);
	buf_char(&b, '%');
	result_list(d->r, RESULT_NO_DATABASE, "quota-warn", buf_span(&b),
		    result_origin(d->r, item));
	result_about(d->r, RESULT_DIFFERS, item,
		     "Poplar writes the warning itself (quota-warn-text), and runs no "
		     "program.");
}

static void convert_plugin(struct dovecot *d, unsigned section,
			   const struct dovecot_users *users)
{
	const struct source_item *rule = dovecot_get_in(d, section, "quota_rule");
	const struct source_item *largest =
		dovecot_get_in(d, section, "quota_max_mail_size");
	const struct source_item *grace = dovecot_get_in(d, section, "quota_grace");
	struct quota quota = { 0 };
	uint64_t size;

	dovecot_get_in(d, section, "quota");
	if (rule)
		set_rule(d, rule, rule->value, &quota);
	if (users->quota)
		set_rule(d, users->quota, users->quota_value, &quota);
	set_grace(d, grace, quota.octets);
	if (largest && value_size(largest->value, &size) && size > 0)
		result_number(d->r, RESULT_NO_DATABASE, "max-message-size", size, "",
			      result_origin(d->r, largest));
	for (unsigned i = 0; i < d->s->count; i++) {
		struct source_item *item = &d->s->items[i];

		if (item->section != section ||
		    !span_starts(item->name, "quota_warning"))
			continue;
		item->used = true;
		set_warning(d, item);
	}
}

/* ---- 2.4: quota "User quota" { storage_size = 1G } ---- */

static void warn_24(struct dovecot *d, unsigned section)
{
	const struct source_item *item =
		dovecot_get_in(d, section, "quota_storage_percentage");
	char room[8];
	struct buf b = BUF(room);

	if (!item)
		return;
	buf_put(&b, item->value);
	buf_char(&b, '%');
	result_list(d->r, RESULT_NO_DATABASE, "quota-warn", buf_span(&b),
		    result_origin(d->r, item));
	result_about(d->r, RESULT_DIFFERS, item,
		     "Poplar writes the warning itself (quota-warn-text), and runs no "
		     "program.");
}

static const struct source_item *either(struct dovecot *d, unsigned section,
					const char *inside, const char *outside)
{
	const struct source_item *item = section ? dovecot_get_in(d, section, inside)
						 : NULL;

	return item ? item : dovecot_get(d, outside, NULL);
}

static void convert_24(struct dovecot *d, const struct dovecot_users *users)
{
	const unsigned section = dovecot_section(d, 0, "quota", NULL, 0);
	const struct source_item *size =
		either(d, section, "storage_size", "quota_storage_size");
	const struct source_item *count =
		either(d, section, "message_count", "quota_message_count");
	const struct source_item *largest =
		either(d, section, "mail_size", "quota_mail_size");
	struct quota quota = { 0 };
	uint64_t n;

	if (size && !span_is(size->value, "unlimited") &&
	    !value_size(size->value, &quota.octets))
		result_about(d->r, RESULT_NONE, size, "The value is no size.");
	if (users->quota) {
		size = users->quota;
		if (!value_size(users->quota_value, &quota.octets))
			result_about(d->r, RESULT_NONE, size, "The value is no size.");
	}
	if (count && !span_u64(count->value, &quota.messages))
		result_about(d->r, RESULT_NONE, count, "The value is no number.");
	if (quota.octets > 0 || quota.messages > 0)
		set_quota(d, quota.octets > 0 ? size : count, &quota);
	set_grace(d, either(d, section, "storage_grace", "quota_storage_grace"), 0);
	if (largest && value_size(largest->value, &n) && n > 0)
		result_number(d->r, RESULT_NO_DATABASE, "max-message-size", n, "",
			      result_origin(d->r, largest));
	for (unsigned at = 0;
	     section && (at = dovecot_section(d, section, "warning", NULL, at));)
		warn_24(d, at);
}

void dovecot_convert_quota(struct dovecot *d, const struct dovecot_users *users)
{
	const struct source_item *later = dovecot_get(d, "quota_full_tempfail", NULL);
	const unsigned plugin = dovecot_section(d, 0, "plugin", NULL, 0);

	if (!is_loaded(d))
		return;
	if (d->style == TEMPLATE_DOVECOT_24)
		convert_24(d, users);
	else if (plugin)
		convert_plugin(d, plugin, users);
	if (result_has(d->r, RESULT_NO_DATABASE, "quota"))
		result_word(d->r, RESULT_NO_DATABASE, "quota-full",
			    dovecot_bool(d, later, false) ? SPAN("tempfail")
							  : SPAN("bounce"),
			    dovecot_origin(d, later, "quota_full_tempfail"));
}
