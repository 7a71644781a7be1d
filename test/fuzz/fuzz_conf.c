/* poplar.conf: whatever it holds, it is either refused with a reason, on one line each,
 * or taken in; and what is printed of it reads back as it is. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/file/file.h"

enum { TEXT_MAX = 1 << 20 };

static char path[64];

static void hear(void *arg, const char *text)
{
	unsigned *said = arg;

	PROMISE(strncmp(text, path, strlen(path)) == 0);
	for (const char *c = text; *c; c++)
		PROMISE((unsigned char)*c >= ' ' && *c != 0x7f);
	++*said;
}

/* False: it was refused. */
static bool load(struct span text, struct settings *out)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	unsigned said = 0;

	PROMISE(fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	enum fault f = config_load(path, out, hear, &said);
	close(fd);
	PROMISE((f == FAULT_NONE) == (said == 0));
	return f == FAULT_NONE;
}

static void show_rows(struct rows rows, const void *values,
		      const struct database_settings *db, struct buf *out)
{
	char name[ROW_NAME_MAX];

	for (unsigned i = 0; i < rows.count; i++) {
		if (db && !database_has(db, &rows.at[i]))
			continue;
		row_name(&rows.at[i], name);
		buf_text(out, name);
		buf_text(out, " = ");
		row_show(&rows.at[i], values, out);
		buf_char(out, '\n');
	}
}

static void show_title(const char *kind, const char *name, struct buf *out)
{
	buf_text(out, kind);
	row_quote(name, out);
	buf_text(out, " {\n");
}

static void show(const struct settings *s, struct buf *out)
{
	show_rows(settings_rows(), s, NULL, out);
	for (unsigned i = 0; i < s->databases.count; i++) {
		show_title("database ", s->databases.at[i].name, out);
		show_rows(database_rows(), &s->databases.at[i], &s->databases.at[i],
			  out);
		buf_text(out, "}\n");
	}
	for (unsigned i = 0; i < s->boards.count; i++) {
		show_title("board ", s->boards.at[i].name, out);
		show_rows(board_rows(), &s->boards.at[i], NULL, out);
		buf_text(out, "}\n");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char first[TEXT_MAX], second[TEXT_MAX];
	struct buf a = BUF(first), b = BUF(second);
	struct settings s, again;

	if (load((struct span){ (const char *)data, size }, &s)) {
		show(&s, &a);
		PROMISE(!a.cut && load(buf_span(&a), &again));
		show(&again, &b);
		PROMISE(a.len == b.len && memcmp(a.at, b.at, a.len) == 0);
		settings_done(&again);
	}
	settings_done(&s);
	return 0;
}
