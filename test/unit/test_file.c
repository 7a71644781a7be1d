/* Promises of sys/file: files are replaced as a whole, and links are not followed. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/file.h"

/* A new folder under /tmp; what is in it is removed by name. */
static int make_folder(char path[32])
{
	memcpy(path, "/tmp/poplar-file-XXXXXX", sizeof "/tmp/poplar-file-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum fault replace(int dir, const char *name, struct why *why)
{
	return file_replace(dir, name, SPAN("new"), 0640, false, why);
}

static void test_mode_is_the_old_ones_or_what_is_asked_for(void **state)
{
	char path[32];
	OWN_FD dir = make_folder(path);
	struct why why = { 0 };
	struct stat st;

	(void)state;
	for (int round = 0; round < 2; round++) {
		CHECK_EQ(replace(dir, "a", &why), FAULT_NONE);
		CHECK_EQ(fstatat(dir, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
		CHECK_EQ(st.st_mode & 07777, round ? 0604 : 0640);
		CHECK_EQ(st.st_size, 3);
		CHECK_EQ(fchmodat(dir, "a", 0604, 0), 0);
	}
	CHECK_EQ(unlinkat(dir, "a", 0), 0);
	CHECK_EQ(rmdir(path), 0); /* nothing else was left there */
}

static void test_what_is_no_file_stays(void **state)
{
	char path[32], target[8] = "";
	OWN_FD dir = make_folder(path);
	struct why why = { 0 };
	struct stat st;

	(void)state;
	CHECK_EQ(symlinkat("a", dir, "link"), 0);
	CHECK_EQ(mkdirat(dir, "folder", 0700), 0);
	for (int round = 0; round < 2; round++) {
		CHECK_EQ(replace(dir, "link", &why), FAULT_IO);
		CHECK_EQ(why.sys, ELOOP);
		CHECK_EQ(readlinkat(dir, "link", target, sizeof target), 1);
		CHECK_EQ(replace(dir, "folder", &why), FAULT_IO);
		CHECK_EQ(fstatat(dir, "a", &st, 0) == 0, round == 1);
		OWN_FD fd = openat(dir, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK(fd >= 0);
	}
	CHECK_EQ(fstatat(dir, "a", &st, 0), 0);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(unlinkat(dir, "a", 0), 0);
	CHECK_EQ(unlinkat(dir, "link", 0), 0);
	CHECK_EQ(unlinkat(dir, "folder", AT_REMOVEDIR), 0);
	CHECK_EQ(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mode_is_the_old_ones_or_what_is_asked_for),
		TEST(test_what_is_no_file_stays),
	};

	return RUN(tests);
}
