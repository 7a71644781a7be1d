/* convert/dovecot.c - turns a configuration of Dovecot into one of Poplar.
 *
 * Prefix: dovecot_.
 */
#include "convert/dovecot.h"

#include "convert/dovecotauth.h"
#include "convert/dovecotlogin.h"
#include "convert/dovecotmail.h"
#include "convert/dovecotnet.h"
#include "convert/dovecotrest.h"
#include "convert/value.h"

/* A file of 2.4 says so. */
static enum template_style style_of(struct dovecot *d)
{
	const struct source_item *version =
		dovecot_get(d, "dovecot_config_version", NULL);

	return version && !span_starts(version->value, "2.3") ? TEMPLATE_DOVECOT_24
							      : TEMPLATE_DOVECOT_23;
}

static void check_protocols(struct dovecot *d)
{
	const struct source_item *item = dovecot_get(d, "protocols", NULL);

	if (item && !value_has_word(item->value, "pop3"))
		result_about(d->r, RESULT_DIFFERS, item,
			     "Dovecot does not serve POP3 here; Poplar would.");
}

bool dovecot_convert(struct source *s, struct result *r,
		     const struct source_world *world)
{
	struct dovecot d = { .s = s, .r = r, .world = world };
	struct dovecot_users users;

	d.style = style_of(&d);
	check_protocols(&d);
	const struct dovecot_tls tls = dovecot_convert_tls(&d);
	dovecot_convert_listeners(&d, tls.on);
	dovecot_convert_limits(&d);
	dovecot_convert_login(&d, tls.on, tls.required);
	if (!dovecot_convert_databases(&d, &users))
		return false;
	dovecot_convert_mail(&d, &users);
	dovecot_convert_ids(&d);
	dovecot_convert_quota(&d, &users);
	dovecot_convert_rest(&d);
	return true;
}
