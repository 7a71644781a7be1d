/* convert/source.c - the settings of another server, as its files have them.
 *
 * Prefix: source_.
 */
#include "convert/source.h"

void source_begin(struct source *s, char *room, size_t size)
{
	s->file_count = s->count = 0;
	s->section_count = 1;
	s->sections[0] = (struct source_section){ 0 };
	s->text = (struct buf){ .at = room, .room = size };
	s->wrong = (struct source_place){ 0 };
	s->mistake[0] = '\0';
}

bool source_fail(struct source *s, struct source_place place, const char *text,
		 struct span about)
{
	struct buf b = BUF(s->mistake);

	if (s->mistake[0])
		return false;
	s->wrong = place;
	buf_text(&b, text);
	if (about.len > 0) {
		if (about.len > sizeof s->mistake / 2)
			about.len = sizeof s->mistake / 2;
		buf_text(&b, ": ");
		buf_put(&b, about);
	}
	buf_cstr(&b);
	return false;
}

struct span source_keep(struct source *s, struct span text)
{
	const size_t at = s->text.len;

	if (text.len == 0)
		return SPAN("");
	buf_put(&s->text, text);
	if (s->text.cut) {
		source_fail(s, (struct source_place){ 0, 1 },
			    "the configuration is too long", SPAN(""));
		return SPAN("");
	}
	return (struct span){ s->text.at + at, text.len };
}

bool source_add_file(struct source *s, struct span path, unsigned *out)
{
	if (s->file_count == SOURCE_FILES_MAX)
		return source_fail(s, (struct source_place){ 0, 1 },
				   "there are too many files", path);
	s->files[s->file_count] = source_keep(s, path);
	*out = s->file_count++;
	return !s->text.cut;
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool source_add_section(struct source *s, const struct source_section *new, bool merge,
			unsigned *out)
{
	for (unsigned i = 1; merge && i < s->section_count; i++) {
		const struct source_section *old = &s->sections[i];

		if (old->parent == new->parent && same(old->type, new->type) &&
		    same(old->title, new->title)) {
			*out = i;
			return true;
		}
	}
	if (s->section_count == SOURCE_SECTIONS_MAX)
		return source_fail(s, new->place, "there are too many sections",
				   new->type);
	s->sections[s->section_count] = *new;
	*out = s->section_count++;
	return true;
}

bool source_add(struct source *s, const struct source_item *item)
{
	if (s->count == SOURCE_ITEMS_MAX)
		return source_fail(s, item->place, "there are too many settings",
				   item->name);
	s->items[s->count++] = *item;
	return true;
}

struct source_item *source_find(struct source *s, unsigned section, const char *name)
{
	for (unsigned i = s->count; i-- > 0;)
		if (s->items[i].section == section && span_is(s->items[i].name, name))
			return &s->items[i];
	return NULL;
}

void source_show(const struct source *s, struct source_place place, struct buf *out)
{
	struct span rest = s->files[place.file], name = rest;

	while (rest.len > 0)
		span_cut(&rest, '/', &name);
	buf_put(out, name);
	buf_char(out, ':');
	buf_u64(out, place.line);
}
