/* rundir/control.h - the socket by which the operator's tool reaches the server.
 *
 * It lies in the run directory, for its owner alone.
 */
#pragma once

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_NAME "control"

/* Its address, by the open run directory, whose path may be longer than an address. */
static inline struct sockaddr_un control_address(int run_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path,
		 "/proc/self/fd/%d/" CONTROL_NAME, run_dir);
	return address;
}
