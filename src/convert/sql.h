/* convert/sql.h - turns Dovecot's queries into a query of Poplar.
 *
 * Prefix: sql_.
 *
 * Dovecot puts the user name into the text of a query, in quotes: userid = '%u'. Poplar
 * passes the name as the parameter of a prepared statement: userid = %u. Dovecot has
 * one query for the password and one for the rest; Poplar has one for both.
 */
#pragma once

#include "convert/template.h"

enum sql_dialect { SQL_SQLITE, SQL_POSTGRESQL };

enum { SQL_COLUMNS_MAX = 24, SQL_QUERY_MAX = 4096 };

/* The names of the columns that a query returns, which borrow its text. */
struct sql_columns {
	unsigned count;
	struct span at[SQL_COLUMNS_MAX];
	bool unknown; /* there is a '*', or more than the array has room for */
};

/* What both queries are turned with. */
struct sql_form {
	enum sql_dialect dialect;
	enum template_style style;
	bool folded; /* user names are in small letters: nothing need make them so */
};

/* Append a query with Poplar's %u for Dovecot's variables. False: it has a variable
 * that Poplar lacks, which becomes *out_what, or is no query. */
MUST_USE bool sql_turn(struct span query, const struct sql_form *form, struct buf *out,
		       struct span *out_what);

/* The columns of a turned query. */
struct sql_columns sql_columns_of(struct span query);
bool sql_has_column(const struct sql_columns *columns, const char *name);

/* Append the query for both turned queries. `user` may be empty: then there is one
 * only. A password without a scheme gets "{scheme}" in front; with an empty scheme, it
 * stays as it is. False: the columns of a query must be named, and are not. */
MUST_USE bool sql_join(struct span password, struct span user, struct span scheme,
		       struct buf *out);
