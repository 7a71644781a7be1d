/* rundir/control.h - the socket by which the tool reaches the server.
 *
 * Prefix: control_. It is in the run directory, with mode 0600.
 */
#pragma once

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_NAME "control"

/* The address of the socket, as a path through the descriptor of the run directory: the
 * directory's own path may be too long for an address. */
static inline struct sockaddr_un control_address(int run_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path,
		 "/proc/self/fd/%d/" CONTROL_NAME, run_dir);
	return address;
}
