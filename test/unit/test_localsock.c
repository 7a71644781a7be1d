/* Promises of sys/localsock: a Unix socket has its rights before anybody can connect,
 * and takes the place of nothing but the socket of a program that has ended.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"
#include "sys/localsock.h"

static const struct localsock_rights plain = { .mode = 0660 };

struct place {
	char folder[32], path[64];
};

static struct place make_place(void)
{
	struct place p = { .folder = "/tmp/poplar-local-XXXXXX" };

	CHECK(mkdtemp(p.folder) != NULL);
	snprintf(p.path, sizeof p.path, "%s/lmtp", p.folder);
	return p;
}

/* Nothing but the socket, if it is there, lies in the folder. */
static void end_place(const struct place *p)
{
	unlink(p->path);
	CHECK_EQ(rmdir(p->folder), 0);
}

static int connects(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, path);
	return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
}

static void test_a_socket_listens_with_its_mode(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666, 0620 };
	struct place p = make_place();

	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const mode_t mask = umask(0077); /* it does not count */
		struct localsock_file file;
		struct why why = { 0 };
		struct stat st;
		OWN_FD fd = -1;

		CHECK_EQ(localsock_listen(
				 p.path, &(struct localsock_rights){ .mode = modes[i] },
				 &fd, &file, &why),
			 FAULT_NONE);
		umask(mask);
		CHECK_EQ(lstat(p.path, &st), 0);
		CHECK_EQ(st.st_mode & 07777, modes[i]);
		CHECK(file.device == st.st_dev && file.inode == st.st_ino);
		CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		CHECK_EQ(connects(p.path), 0);
		localsock_remove(p.path, file);
		CHECK_EQ(lstat(p.path, &st), -1);
	}
	end_place(&p);
}

static void test_a_dead_servers_socket_is_replaced(void **state)
{
	struct place p = make_place();
	struct localsock_file first, second;
	struct why why = { 0 };
	int dead;

	(void)state;
	CHECK_EQ(localsock_listen(p.path, &plain, &dead, &first, &why), FAULT_NONE);
	close(dead);
	CHECK_EQ(connects(p.path), ECONNREFUSED);
	CHECK_EQ(localsock_try(p.path, &why), FAULT_NONE);
	CHECK_EQ(connects(p.path), ECONNREFUSED); /* it is still there */
	OWN_FD fd = -1;
	CHECK_EQ(localsock_listen(p.path, &plain, &fd, &second, &why), FAULT_NONE);
	CHECK_EQ(connects(p.path), 0);
	end_place(&p);
}

/* Also if its queue is full. */
static void test_a_living_servers_socket_stays(void **state)
{
	struct place p = make_place();
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	OWN_FD living = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	OWN_FD waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	OWN_FD refused = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct localsock_file file;
	struct stat before, after;

	(void)state;
	strcpy(at.sun_path, p.path);
	CHECK_EQ(bind(living, (const struct sockaddr *)&at, sizeof at), 0);
	CHECK_EQ(listen(living, 0), 0);
	CHECK_EQ(lstat(p.path, &before), 0);
	for (int is_full = 0; is_full < 2; is_full++) {
		struct why why = { 0 };
		int fd;

		if (is_full) { /* the first round has left a connection, too */
			(void)!(connect(waiting, (const struct sockaddr *)&at,
					sizeof at));
			CHECK_EQ(connect(refused, (const struct sockaddr *)&at,
					 sizeof at),
				 -1);
			CHECK_EQ(errno, EAGAIN);
		}
		CHECK_EQ(localsock_try(p.path, &why), FAULT_IO);
		CHECK_EQ(why.sys, EADDRINUSE);
		CHECK_EQ(localsock_listen(p.path, &plain, &fd, &file, &why), FAULT_IO);
		CHECK_EQ(why.sys, EADDRINUSE);
		CHECK_EQ(lstat(p.path, &after), 0);
		CHECK_EQ(before.st_ino, after.st_ino);
	}
	end_place(&p);
}

static void test_a_file_that_is_no_socket_stays(void **state)
{
	struct place p = make_place();
	char target[80];

	(void)state;
	snprintf(target, sizeof target, "%s-elsewhere", p.folder);
	for (int is_link = 0; is_link < 2; is_link++) {
		struct localsock_file file;
		struct why why = { 0 };
		struct stat st;
		int fd;

		if (is_link)
			CHECK_EQ(symlink(target, p.path), 0);
		else
			close(open(p.path, O_CREAT | O_WRONLY, 0600));
		CHECK_EQ(localsock_try(p.path, &why), FAULT_IO);
		CHECK_EQ(why.sys, EEXIST);
		CHECK_EQ(localsock_listen(p.path, &plain, &fd, &file, &why), FAULT_IO);
		CHECK_EQ(why.sys, EEXIST);
		CHECK_EQ(lstat(p.path, &st), 0);
		CHECK_EQ(S_ISLNK(st.st_mode), is_link);
		CHECK_EQ(stat(target, &st), -1);
		CHECK_EQ(unlink(p.path), 0);
	}
	end_place(&p);
}

static void test_a_folder_that_is_missing_is_an_error(void **state)
{
	struct localsock_file file;
	struct why why = { 0 };
	int fd;

	(void)state;
	CHECK_EQ(localsock_listen("/nonexistent/lmtp", &plain, &fd, &file, &why),
		 FAULT_IO);
	CHECK_EQ(why.sys, ENOENT);
	CHECK_EQ(localsock_try("/nonexistent/lmtp", &why), FAULT_IO);
	CHECK_EQ(why.sys, ENOENT);
}

static void test_a_path_fills_the_address(void **state)
{
	struct place p = make_place();
	char path[LOCALSOCK_PATH_MAX + 2];

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		const size_t octets = LOCALSOCK_PATH_MAX + more;
		struct localsock_file file;
		struct why why = { 0 };
		OWN_FD fd = -1;

		memset(path, 'x', octets);
		memcpy(path, p.folder, strlen(p.folder));
		path[strlen(p.folder)] = '/';
		path[octets] = '\0';
		CHECK_EQ(localsock_listen(path, &plain, &fd, &file, &why),
			 more ? FAULT_IO : FAULT_NONE);
		if (more) {
			CHECK_EQ(why.sys, ENAMETOOLONG);
			break;
		}
		CHECK_EQ(connects(path), 0);
		localsock_remove(path, file);
	}
	end_place(&p);
}

/* Another file that has the path by now is neither changed nor removed. */
static void test_only_the_socket_that_was_made_is_touched(void **state)
{
	static const struct localsock_rights other = { .mode = 0666 };
	struct place p = make_place();
	struct localsock_file file;
	struct why why = { 0 };
	struct stat st;
	OWN_FD fd = -1;

	(void)state;
	CHECK_EQ(localsock_listen(p.path, &plain, &fd, &file, &why), FAULT_NONE);
	CHECK_EQ(localsock_restrict(p.path, file, &other, &why), FAULT_NONE);
	CHECK_EQ(lstat(p.path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0666);
	CHECK_EQ(unlink(p.path), 0);
	OWN_FD another = open(p.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(another >= 0);
	CHECK_EQ(localsock_restrict(p.path, file, &other, &why), FAULT_IO);
	localsock_remove(p.path, file);
	CHECK_EQ(lstat(p.path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	end_place(&p);
}

enum { STRANGER = 65534, MAILER = 12345, MAILERS = 23456 };

/* As root: a folder of another user is written to by that user's rights, and the socket
 * becomes its owner's. */
static void test_owner_and_group_are_those_of_the_rights(void **state)
{
	static const struct localsock_rights rights = { .has_owner = true,
							.owner = { MAILER, MAILERS },
							.mode = 0620 };
	struct place p = make_place();

	(void)state;
	if (geteuid() != 0) {
		end_place(&p);
		skip();
	}
	CHECK_EQ(chown(p.folder, STRANGER, STRANGER), 0);
	for (int may_write = 0; may_write < 2; may_write++) {
		struct localsock_file file;
		struct why why = { 0 };
		struct stat st;
		OWN_FD fd = -1;

		CHECK_EQ(chmod(p.folder, may_write ? 0700 : 0500), 0);
		CHECK_EQ(localsock_listen(p.path, &rights, &fd, &file, &why),
			 may_write ? FAULT_NONE : FAULT_IO);
		CHECK_EQ(setfsuid((uid_t)-1), 0);
		if (!may_write) {
			CHECK_EQ(why.sys, EACCES);
			continue;
		}
		CHECK_EQ(lstat(p.path, &st), 0);
		CHECK_EQ(st.st_uid, MAILER);
		CHECK_EQ(st.st_gid, MAILERS);
		CHECK_EQ(st.st_mode & 07777, 0620);
		CHECK_EQ(localsock_restrict(p.path, file, &plain, &why), FAULT_NONE);
		CHECK_EQ(lstat(p.path, &st), 0);
		CHECK_EQ(st.st_mode & 07777, 0660);
		localsock_remove(p.path, file);
		CHECK_EQ(lstat(p.path, &st), -1);
	}
	end_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_socket_listens_with_its_mode),
		TEST(test_a_dead_servers_socket_is_replaced),
		TEST(test_a_living_servers_socket_stays),
		TEST(test_a_file_that_is_no_socket_stays),
		TEST(test_a_folder_that_is_missing_is_an_error),
		TEST(test_a_path_fills_the_address),
		TEST(test_only_the_socket_that_was_made_is_touched),
		TEST(test_owner_and_group_are_those_of_the_rights),
	};

	return RUN(tests);
}
