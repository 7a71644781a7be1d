/* test/unit/statetable.h - compares the table of states and events in a README with
 * what a connection does, cell for cell.
 *
 * A row is "| state mask | event: result; event: result |"; the mask says what the
 * client's socket is watched for. A result is "state mask" or "*how the connection
 * ended*". An event that is not in the row changes nothing.
 */
#pragma once

#include "check.h"

#include <stdio.h>

#include "front/state.h"

enum { CELL = 96, STATES_MAX = 24, EVENTS_MAX = 32 };

struct state_table {
	const char *path; /* of the README, below the source folder */
	int states, events;
	const char *(*state_name)(int state);
	const char *(*event_name)(int event);

	/* Bring a connection into the state, and make the event happen. `before` and
	 * `after` are what has become of the connection, as a result of the table. */
	void (*try)(int state, int event, char before[CELL], char after[CELL]);
};

/* What the socket of c is watched for: r(ead), w(rite), h(angup), or - for nothing. */
static inline const char *mask_text(const struct conn *c)
{
	switch (c->watch.events) {
	case LOOP_READ:
		return "r";
	case LOOP_WRITE:
		return "w";
	case LOOP_HANGUP:
		return "h";
	default:
		return c->watch.events ? "?" : "-";
	}
}

/* The next cell of a Markdown row; "" at its end. */
static inline char *next_cell(char **io)
{
	char *at = *io, *end = strchr(at, '|');

	if (!end)
		return at + strlen(at);
	*io = end + 1;
	while (end > at && end[-1] == ' ')
		end--;
	*end = '\0';
	return at + strspn(at, " ");
}

/* The number of the state or event with this name; -1: there is none. */
static inline int find_name(const char *name, int count, const char *(*name_of)(int))
{
	for (int i = 0; i < count; i++)
		if (strcmp(name_of(i), name) == 0)
			return i;
	return -1;
}

static inline void read_results(const struct state_table *t, char *row,
				char cells[EVENTS_MAX][CELL])
{
	char *rest = NULL;

	for (char *part = strtok_r(row, ";", &rest); part;
	     part = strtok_r(NULL, ";", &rest)) {
		char *colon = strchr(part, ':');

		CHECK(colon);
		*colon = '\0';
		part += strspn(part, " ");
		const int e = find_name(part, t->events, t->event_name);
		if (e < 0)
			fail_msg("what is \"%s\"?", part);
		strcpy(cells[e], colon + 1 + strspn(colon + 1, " "));
	}
}

static inline void read_table(const struct state_table *t,
			      char table[STATES_MAX][EVENTS_MAX][CELL],
			      char masks[STATES_MAX][CELL])
{
	char path[4096], line[4096];

	snprintf(path, sizeof path, "%s/%s", POPLAR_SOURCE, t->path);
	FILE *file = fopen(path, "r");
	CHECK(file);
	while (fgets(line, sizeof line, file)) {
		char *at = line[0] == '|' ? line + 1 : line + strlen(line);
		char *name = next_cell(&at);
		char *space = strchr(name, ' ');

		if (!space)
			continue;
		*space = '\0';
		const int state = find_name(name, t->states, t->state_name);
		if (state < 0 || masks[state][0])
			continue;
		strcpy(masks[state], space + 1);
		read_results(t, next_cell(&at), table[state]);
	}
	fclose(file);
}

/* The row of a state as it is: what it should say is printed where the README differs.
 */
static inline int compare_row(const struct state_table *t, int s,
			      char cells[EVENTS_MAX][CELL], const char *mask)
{
	char before[CELL], after[CELL], expected[2 * CELL], row[4096] = "";
	int wrong = 0;

	for (int e = 0; e < t->events; e++) {
		t->try(s, e, before, after);
		strcat(strcat(strcpy(expected, t->state_name(s)), " "), mask);
		wrong += strcmp(before, expected) != 0;
		if (cells[e][0])
			strcpy(expected, cells[e]);
		wrong += strcmp(after, expected) != 0;
		if (strcmp(after, before) == 0)
			continue;
		strcat(strcat(row, row[0] ? "; " : ""), t->event_name(e));
		strcat(strcat(row, ": "), after);
	}
	if (wrong)
		print_error("| %s | %s |\n", before, row);
	return wrong;
}

static inline void check_table(const struct state_table *t)
{
	static char table[STATES_MAX][EVENTS_MAX][CELL], masks[STATES_MAX][CELL];
	int wrong = 0;

	CHECK(t->states <= STATES_MAX && t->events <= EVENTS_MAX);
	read_table(t, table, masks);
	for (int s = 0; s < t->states; s++)
		wrong += compare_row(t, s, table[s], masks[s]);
	CHECK_EQ(wrong, 0);
}
