/* test/unit/convertworld.h - files of another server, in memory, and what they become.
 */
#pragma once

#include "check.h"

#include "convert/kinds.h"

static struct {
	struct source source;
	struct result result;
	char text[1 << 18], room[1 << 18];
	unsigned files;
	struct {
		const char *path, *text;
	} file[32];
} world;

/* Add a file, or replace it. */
static inline void world_file(const char *path, const char *text)
{
	unsigned i = 0;

	while (i < world.files && strcmp(world.file[i].path, path) != 0)
		i++;
	CHECK(i < 32);
	world.file[i].path = path;
	world.file[i].text = text;
	if (i == world.files)
		world.files++;
}

static inline bool world_read(void *arg, struct span path, struct span *out)
{
	(void)arg;
	for (unsigned i = 0; i < world.files; i++) {
		if (span_is(path, world.file[i].path)) {
			*out = span_of(world.file[i].text);
			return true;
		}
	}
	*out = SPAN("No such file or directory");
	return false;
}

/* The only pattern is that of a whole name. */
static inline bool world_match(void *arg, struct span pattern, unsigned n,
			       struct span *out)
{
	struct span text;

	*out = pattern;
	return n == 0 && world_read(arg, pattern, &text);
}

static inline bool world_user_of(void *arg, uint32_t uid, struct span *out)
{
	(void)arg;
	*out = SPAN("vmail");
	return uid == 5000;
}

static inline struct source_world world_begin(void)
{
	return (struct source_world){ NULL, world_read, world_match, world_user_of };
}

/* Convert "/c". Returns "FILE:LINE: mistake", or "" and the result is in the world. */
static inline const char *world_convert(const char *kind)
{
	static char said[512];
	struct buf b = BUF(said);
	const struct source_world w = world_begin();

	source_begin(&world.source, world.text, sizeof world.text);
	result_begin(&world.result, &world.source, world.room, sizeof world.room);
	const bool ok =
		convert_find(kind)->run(&world.source, &world.result, &w, SPAN("/c"));
	CHECK(!world.result.full);
	CHECK(ok == (world.source.mistake[0] == '\0'));
	if (!ok && world.source.wrong.line > 0) {
		source_show(&world.source, world.source.wrong, &b);
		buf_text(&b, ": ");
	}
	buf_text(&b, world.source.mistake);
	return buf_cstr(&b);
}

/* The value of a setting; texts of a list have blanks between. "": it is not there. */
static inline const char *world_value(int database, const char *name)
{
	static char room[8][2048];
	static unsigned next;
	struct buf b = { .at = room[next++ % 8], .room = sizeof room[0] };

	for (unsigned i = 0; i < world.result.line_count; i++) {
		const struct result_line *line = &world.result.lines[i];

		if (line->database != database || strcmp(line->name, name) != 0)
			continue;
		buf_text(&b, b.len > 0 ? " " : "");
		buf_put(&b, line->value);
		CHECK(line->origin.len > 0);
	}
	return buf_cstr(&b);
}

/* The number of notes of this kind about settings whose name ends like this. */
static inline unsigned world_notes(enum result_kind kind, const char *name)
{
	unsigned count = 0;

	for (unsigned i = 0; i < world.result.note_count; i++) {
		const struct result_note *note = &world.result.notes[i];
		const size_t len = strlen(name);

		count += note->kind == kind && note->setting.len >= len &&
			 memcmp(note->setting.at + note->setting.len - len, name,
				len) == 0;
		CHECK(note->text.len > 0);
	}
	return count;
}
