/* lookup/postgresql.c - asks a PostgreSQL server.
 */
#include <libpq-fe.h>
#include <stdlib.h>

#include "lookup/driver.h"

#define STATEMENT "poplar_find"

struct server {
	const struct database_settings *settings;
	const char *password;
	char query[8192];
	PGconn *conn; /* NULL, or one with the statement prepared */
};

static void *open_server(const struct database_settings *settings, const char *secret,
			 struct why *why)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s ||
	    !lookup_query(settings->query_find, "$1", s->query, sizeof s->query)) {
		fault_set(why, FAULT_NOMEM, 0, "keep query-find", NULL);
		free(s);
		return NULL;
	}
	s->settings = settings;
	s->password = secret;
	return s;
}

static void disconnect(struct server *s)
{
	PQfinish(s->conn);
	s->conn = NULL;
}

static void silence(void *arg, const PGresult *result)
{
	(void)arg, (void)result; /* notices */
}

/* Encryption by GSSAPI only where the connection string wants it: libkrb5 would read
 * files and ask for names before each connection. */
static PGconn *connect_to(const struct server *s)
{
	const char *const names[] = { "gssencmode", "dbname", "password",
				      "fallback_application_name", NULL };
	const char *const values[] = { "disable", s->settings->connection, s->password,
				       "poplar", NULL };

	return PQconnectdbParams(names, values, 1);
}

static enum database_says trouble(struct server *s, struct lookup_answer *answer,
				  const char *doing)
{
	enum database_says says = lookup_down(answer, FAULT_IO, 0, doing,
					      s->conn ? PQerrorMessage(s->conn) : "");
	size_t len = strcspn(answer->why.what, "\n");

	answer->why.what[len] = '\0';
	disconnect(s);
	return says;
}

static bool prepare(struct server *s)
{
	PQsetNoticeReceiver(s->conn, silence, NULL);
	PGresult *result = PQprepare(s->conn, STATEMENT, s->query, 1, NULL);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return ok;
}

static bool put_row(const PGresult *result, struct lookup_answer *answer)
{
	for (int i = 0; i < PQnfields(result); i++) {
		const struct span value = { PQgetvalue(result, 0, i),
					    (size_t)PQgetlength(result, 0, i) };

		if (!PQgetisnull(result, 0, i) &&
		    !lookup_field(answer, PQfname(result, i), value))
			return false;
	}
	return true;
}

/* SQLSTATE class 22, a data exception: the name is no valid text, and thus unknown. */
static bool is_no_name(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && strncmp(state, "22", 2) == 0;
}

static enum database_says judge(struct server *s, const PGresult *result,
				struct lookup_answer *answer)
{
	if (is_no_name(result))
		return DATABASE_UNKNOWN;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return trouble(s, answer, "ask");
	if (PQntuples(result) == 0)
		return DATABASE_UNKNOWN;
	if (PQntuples(result) > 1)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "find one user only with query-find", NULL);
	return put_row(result, answer) ? DATABASE_RIGHT : DATABASE_DOWN;
}

static enum database_says ask_once(struct server *s, const char *name,
				   struct lookup_answer *answer)
{
	const char *const values[] = { name };

	if (!s->conn) {
		s->conn = connect_to(s);
		if (PQstatus(s->conn) != CONNECTION_OK)
			return trouble(s, answer, "connect:");
		if (!prepare(s))
			return trouble(s, answer, "prepare query-find:");
	}
	PGresult *result = PQexecPrepared(s->conn, STATEMENT, 1, values, NULL, NULL, 0);
	enum database_says says = judge(s, result, answer);
	PQclear(result);
	return says;
}

/* The server may have ended the kept connection: try once more with a new one. */
static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	struct server *s = self;
	bool kept = s->conn != NULL;
	char name[256];

	if (!span_copy(q->name, name, sizeof name))
		return DATABASE_UNKNOWN;
	enum database_says says = ask_once(s, name, answer);
	if (says == DATABASE_DOWN && kept && !s->conn)
		says = ask_once(s, name, answer);
	return says;
}

const struct lookup_driver lookup_postgresql = { open_server, ask };
