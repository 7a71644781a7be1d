/* convert/dovecotview.h - the settings of Dovecot as they are in force for POP3.
 *
 * Prefix: dovecot_. Each function that finds an item marks it as used, with those that
 * it replaces.
 */
#pragma once

#include "convert/result.h"
#include "convert/template.h"

struct dovecot {
	struct source *s;
	struct result *r;
	const struct source_world *world;
	enum template_style style; /* by its version */
	bool folded;               /* user names are in small letters */
};

/* The item of this name that is in force for POP3: in "protocol pop3", or outside of
 * all sections; `other` (may be NULL) is another name of the setting. NULL: there is
 * none, or doveconf hides its value, which is a note then. */
const struct source_item *dovecot_get(struct dovecot *d, const char *name,
				      const char *other);

/* The same in one section. Names of settings there may have the type of the section,
 * and its driver, in front: "passdb_sql_query" is "query". */
const struct source_item *dovecot_get_in(struct dovecot *d, unsigned section,
					 const char *name);

/* The value, or `otherwise` without an item. */
struct span dovecot_value(const struct source_item *item, const char *otherwise);

/* The value as yes or no. Another value is a note, and `otherwise`. */
bool dovecot_bool(struct dovecot *d, const struct source_item *item, bool otherwise);

/* The next section of this type in `parent` behind section `from` (0: the first one);
 * title: of this title only, or NULL for any. 0: there is none. */
unsigned dovecot_section(const struct dovecot *d, unsigned parent, const char *type,
			 const char *title, unsigned from);

/* The section itself as an item, for an origin or a note. */
struct source_item dovecot_section_item(const struct dovecot *d, unsigned section);

/* The origin of an item; without one, "Dovecot's default", and `name`. */
struct span dovecot_origin(struct dovecot *d, const struct source_item *item,
			   const char *name);

/* Is the section "protocol pop3", or "protocol !imap" and the like? */
bool dovecot_is_pop3(const struct dovecot *d, unsigned section);

/* Read the file that an item names, such as dovecot-sql.conf.ext, once. Returns the
 * section of its items; 0 and a mistake: it cannot be read, or is malformed. */
unsigned dovecot_read_file(struct dovecot *d, const struct source_item *args);

/* Is the scheme one whose passwords crypt(3) checks? */
bool dovecot_is_crypt(struct span scheme);

/* Parse a text with variables. False: it is malformed, or has a variable that Poplar
 * lacks, which is a note. */
MUST_USE bool dovecot_template(struct dovecot *d, const struct source_item *item,
			       struct span text, struct template *out);
