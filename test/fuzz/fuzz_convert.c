/* Configurations of other servers: whatever they hold, either there is a mistake with
 * its line, or each item is taken or noted, and the same input gives the same result.
 * The first octet chooses the server. */
#include "fuzz.h"

#include "convert/kinds.h"

static struct span input;

/* Every file has the input. */
static bool read_any(void *arg, struct span path, struct span *out)
{
	(void)arg, (void)path;
	*out = input;
	return true;
}

static bool match_one(void *arg, struct span pattern, unsigned n, struct span *out)
{
	(void)arg;
	*out = pattern;
	return n == 0;
}

static bool user_of(void *arg, uint32_t uid, struct span *out)
{
	(void)arg;
	*out = SPAN("vmail");
	return uid % 2 == 0;
}

static struct source source;
static struct result result;
static char text[1 << 18], room[1 << 18];

static bool convert(const struct convert_kind *kind)
{
	const struct source_world world = { NULL, read_any, match_one, user_of };

	source_begin(&source, text, sizeof text);
	result_begin(&result, &source, room, sizeof room);
	return kind->run(&source, &result, &world, SPAN("/etc/x/conf"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct span){ (const char *)data, size };
	const struct convert_kind *kind =
		&convert_kinds[fuzz_take(&input) % CONVERT_KINDS];
	const bool ok = convert(kind);

	PROMISE(ok == (source.mistake[0] == '\0'));
	PROMISE(memchr(source.mistake, '\0', sizeof source.mistake));
	for (unsigned i = 0; ok && i < source.count; i++)
		PROMISE(source.items[i].used);
	for (unsigned i = 0; i < result.line_count; i++) {
		PROMISE(result.lines[i].database < (int)result.database_count);
		PROMISE(result.full || result.lines[i].value.len > 0);
		PROMISE(!memchr(result.lines[i].value.at, '\n',
				result.lines[i].value.len));
	}
	for (unsigned i = 0; i < result.note_count; i++)
		PROMISE(result.full || result.notes[i].text.len > 0);
	return 0;
}
