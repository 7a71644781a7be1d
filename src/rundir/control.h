/* rundir/control.h - the socket by which the tool reaches the server.
 *
 * Prefix: control_. It is in the run directory, with mode 0600.
 */
#pragma once

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_NAME "control"

/* The address of the socket, by the descriptor of the run directory: the path of that
 * may be longer than an address can hold. */
static inline struct sockaddr_un control_address(int run_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path,
		 "/proc/self/fd/%d/" CONTROL_NAME, run_dir);
	return address;
}
