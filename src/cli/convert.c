/* cli/convert.c - poplar convert: turns the configuration of another server into
 * poplar.conf.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/convertprint.h"
#include "cli/convertreader.h"
#include "config/file/file.h"
#include "convert/kinds.h"
#include "sys/file.h"

static const char help[] =
	"usage: poplar convert dovecot|courier|cyrus|popa3d|mailutils|qmail\n"
	"           [--root DIR] [--output FILE [--replace]] [--json] PATH\n"
	"\n"
	"Prints a poplar.conf for the configuration at PATH, a file or folder, or - "
	"for\n"
	"standard input, and what of it has no counterpart. Changes nothing.\n"
	"\n"
	"      --output FILE  write poplar.conf to FILE, and passwords of databases "
	"to\n"
	"                     files beside it, all with mode 0600\n"
	"      --replace      replace files that are there\n"
	"      --root DIR     find other files of the configuration below DIR\n"
	"      --json         print settings and notes as JSON\n"
	"\n"
	"Status 0: everything has a counterpart; 2: something has none; 1: the\n"
	"configuration has a mistake, or the result does.\n";

struct conversion {
	const struct convert_kind *kind;
	const char *path, *output;
	bool replace, json;
	struct convert_reader reader;
	char *conf; /* the text of poplar.conf */
	size_t conf_len;
	unsigned mistakes; /* in it */
};

static struct source source;
static struct result result;
static char source_text[SOURCE_TEXT_MAX], result_room[RESULT_TEXT_MAX];

/* ---- reading ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void complain(void)
{
	char place[600] = "";
	struct buf b = BUF(place);

	if (source.wrong.line > 0 && source.wrong.file < source.file_count) {
		buf_put(&b, source.files[source.wrong.file]);
		buf_char(&b, ':');
		buf_u64(&b, source.wrong.line);
		buf_text(&b, ": ");
	}
	fprintf(stderr, "poplar: ");
	cli_show(stderr, buf_span(&b));
	cli_show(stderr, span_of(source.mistake));
	fputc('\n', stderr);
}

/* The configuration in a folder begins with a file that the kind names. */
static bool read_and_convert(struct conversion *c)
{
	const struct source_world world = convert_reader_world(&c->reader);
	char room[4096];
	struct buf path = BUF(room);

	buf_text(&path, c->path);
	if (is_folder(c->path) && *c->kind->file) {
		buf_char(&path, '/');
		buf_text(&path, c->kind->file);
	}
	source_begin(&source, source_text, sizeof source_text);
	result_begin(&result, &source, result_room, sizeof result_room);
	if (!path.cut && c->kind->run(&source, &result, &world, buf_span(&path)) &&
	    !result.full && !source.mistake[0])
		return true;
	if (path.cut || result.full)
		source_fail(&source, (struct source_place){ 0 },
			    "the configuration is too large", SPAN(""));
	complain();
	return false;
}

/* ---- the result ---- */

/* The path of the file for the password of a database: beside the output. */
static const char *secret_path(const struct conversion *c, const char *database,
			       char room[4096])
{
	const char *slash = c->output ? strrchr(c->output, '/') : NULL;

	if (!c->output)
		snprintf(room, 4096, "%s/%s.password", POPLAR_SYSCONFDIR, database);
	else if (slash)
		snprintf(room, 4096, "%.*s/%s.password", (int)(slash - c->output),
			 c->output, database);
	else
		snprintf(room, 4096, "%s.password", database);
	return room;
}

/* Poplar reads passwords of databases from files: name them in the result. */
static void name_secrets(const struct conversion *c)
{
	char room[4096];

	for (unsigned i = 0; i < result.secret_count; i++) {
		const int database = result.secrets[i].database;
		const char *path = secret_path(c, result.databases[database], room);

		result_text(&result, database, "password-file", span_of(path),
			    SPAN("the password in the configuration"));
		if (!c->output)
			result_note(
				&result, RESULT_DIFFERS, NULL, SPAN("password-file"),
				SPAN("Write the password of the database into this "
				     "file, with mode 0600; with --output, the command "
				     "does so."));
	}
}

static void say(void *arg, const char *text)
{
	struct conversion *c = arg;

	c->mistakes++;
	fprintf(stderr, "poplar: the result has a mistake: %s\n", text);
}

/* Read the result as poplard would. */
static bool check_conf(struct conversion *c)
{
	OWN_FD fd = file_sealed("poplar.conf", (struct span){ c->conf, c->conf_len });
	OWN_SETTINGS settings = { 0 };
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fd >= 0 && config_load(path, &settings, say, c) == FAULT_NONE;
}

static bool make_conf(struct conversion *c)
{
	FILE *to = open_memstream(&c->conf, &c->conf_len);

	if (!to)
		return false;
	convert_print_conf(&result, c->kind->name, c->path, to);
	return fclose(to) == 0;
}

/* ---- writing ---- */

static bool write_new(int dir, const char *name, struct span text)
{
	OWN_FD fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && file_write_all(fd, text.at, text.len) == 0 && fsync(fd) == 0;
}

static bool write_file(const struct conversion *c, const char *path, struct span text)
{
	struct why why = { 0 };
	const char *name;
	OWN_FD dir = -1;

	if (file_open_parent(path, &dir, &name, &why) == FAULT_NONE) {
		if (!c->replace && write_new(dir, name, text))
			return true;
		if (c->replace &&
		    file_replace(dir, name, text, 0600, true, &why) == FAULT_NONE)
			return true;
		if (!c->replace)
			fault_set(&why, FAULT_IO, errno, "write", path);
	}
	cli_complain(&why);
	return false;
}

/* The passwords first: the configuration names their files. */
static bool write_all(const struct conversion *c)
{
	char room[4096];

	for (unsigned i = 0; i < result.secret_count; i++) {
		const struct result_secret *secret = &result.secrets[i];
		const char *database = result.databases[secret->database];

		if (!write_file(c, secret_path(c, database, room), secret->text))
			return false;
	}
	return write_file(c, c->output, (struct span){ c->conf, c->conf_len });
}

static bool something_is_missing(void)
{
	for (unsigned i = 0; i < result.note_count; i++)
		if (result.notes[i].kind == RESULT_NONE)
			return true;
	return false;
}

static int convert(struct conversion *c)
{
	if (!read_and_convert(c))
		return CLI_BAD;
	name_secrets(c);
	if (!make_conf(c))
		return CLI_BAD;
	const bool good = check_conf(c);
	if (c->output && !write_all(c))
		return CLI_BAD;
	if (c->json)
		convert_print_json(&result);
	else if (!c->output)
		fwrite(c->conf, 1, c->conf_len, stdout);
	fflush(stdout);
	if (!c->json)
		convert_print_notes(&result, stderr);
	if (!good)
		return CLI_BAD;
	return something_is_missing() ? CLI_PARTLY : CLI_OK;
}

static bool parse(struct conversion *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "root", required_argument, NULL, 'r' },
		{ "replace", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'o')
			c->output = optarg;
		else if (option == 'r')
			c->reader.root = optarg;
		else if (option == '?')
			return false;
		c->replace |= option == 'f';
		c->json |= option == 'j';
	}
	if (argc - optind != 2 || (c->replace && !c->output))
		return false;
	c->kind = convert_find(argv[optind]);
	c->path = argv[optind + 1];
	return c->kind != NULL;
}

int cli_convert(const char *config, int argc, char **argv)
{
	struct conversion c = { .reader.root = "" };

	(void)config;
	if (cli_wants_help(argc, argv)) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (!parse(&c, argc, argv)) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	const int status = convert(&c);
	free(c.conf);
	convert_reader_done(&c.reader);
	return status;
}
