/* test/store/traced.h - a child that is stopped at its system calls. */
#pragma once

#include <signal.h>
#include <sys/ptrace.h>

#include "box.h"

/* A child that does something, stopped before it begins. -1: nobody may trace here. */
static inline pid_t traced_start(const struct box *b, void (*act)(const struct box *))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
			raise(SIGSTOP);
		act(b);
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	return WIFSTOPPED(status) ? pid : -1;
}

/* Let it go on to its n-th system call from here. False: it came to its end, a good
 * one, before. */
static inline bool traced_go_on(pid_t pid, int n)
{
	int status;

	/* Twice a call stops: before and behind it. */
	for (int stops = 0; stops < 2 * n - 1; stops++) {
		assert_true(ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0);
		assert_true(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	}
	return true;
}

/* Let a child do something, and kill it when it makes its n-th system call. False: it
 * came to its end before. */
static inline bool run_until_call(const struct box *b, void (*act)(const struct box *),
				  int n)
{
	int status;
	pid_t pid = traced_start(b, act);

	if (pid < 0 || !traced_go_on(pid, n))
		return false;
	kill(pid, SIGKILL);
	assert_true(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	return true;
}
