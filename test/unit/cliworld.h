/* test/unit/cliworld.h - a command of poplar that runs in the test: its configuration
 * is in a temporary folder, and what it prints is kept. */
#pragma once

#include "../scratch.h"
#include "peer.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"

static struct {
	char dir[64], config[96];
	char out[16384], err[4096]; /* what the last command has printed */
} cli;

static inline void cli_file(const char *name, const char *text)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static inline void cli_mkdir(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	CHECK_EQ(mkdir(path, 0700), 0);
}

/* The text of a file; "": there is none. */
static inline const char *cli_text(const char *name)
{
	static char text[8192];
	char path[600];

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	OWN_FD fd = open(path, O_RDONLY);
	const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* A site without TLS; `more` are further settings. */
static inline void cli_begin(const char *more)
{
	char text[2048];

	strcpy(cli.dir, "/tmp/poplar-cli-XXXXXX");
	CHECK(mkdtemp(cli.dir));
	snprintf(cli.config, sizeof cli.config, "%s/poplar.conf", cli.dir);
	snprintf(text, sizeof text,
		 "listen-tls = {}\nlisten = {\"127.0.0.1:110\"}\n"
		 "mail-root = %s/mail\nusers = %s/auth/users\nrun-dir = %s/run\n%s",
		 cli.dir, cli.dir, cli.dir, more);
	cli_file("poplar.conf", text);
	cli_mkdir("mail");
	cli_mkdir("auth");
	cli_mkdir("run");
}

static inline void cli_end(void)
{
	CHECK_EQ(scratch_remove(cli.dir), 0);
}

/* Let a descriptor lead to a new file, which has no name. Returns where it led. */
static inline int cli_catch(int fd, int *out_file)
{
	char path[] = "/tmp/poplar-caught-XXXXXX";
	const int before = dup(fd);

	*out_file = mkstemp(path);
	CHECK(before >= 0 && *out_file >= 0 && unlink(path) == 0);
	CHECK_EQ(dup2(*out_file, fd), fd);
	return before;
}

static inline void cli_release(int fd, int before, int file, char *out, size_t room)
{
	const ssize_t n = pread(file, out, room - 1, 0);

	out[n > 0 ? n : 0] = '\0';
	dup2(before, fd);
	close(before);
	close(file);
}

/* Run a command with these arguments, up to a NULL. Returns its exit status. */
static inline int cli_run(int (*command)(const char *config, int argc, char **argv),
			  const char *const *arguments)
{
	char *argv[16] = { NULL };
	int argc = 0, out, err;

	for (; arguments[argc]; argc++)
		argv[argc] = strdup(arguments[argc]);
	fflush(stdout);
	const int stdout_before = cli_catch(STDOUT_FILENO, &out);
	const int stderr_before = cli_catch(STDERR_FILENO, &err);
	optind = 0; /* begin anew */
	const int status = command(cli.config, argc, argv);
	fflush(stdout);
	cli_release(STDERR_FILENO, stderr_before, err, cli.err, sizeof cli.err);
	cli_release(STDOUT_FILENO, stdout_before, out, cli.out, sizeof cli.out);
	optind = 1;
	for (int i = 0; i < argc; i++)
		free(argv[i]); /* getopt has changed their order alone */
	return status;
}

#define CLI_RUN(command, ...)                                                          \
	cli_run((command), (const char *const[]){ __VA_ARGS__, NULL })
