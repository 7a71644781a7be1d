/* lmtpd/lmtpd.c - poplar-lmtp: takes mail from mail transfer agents.
 *
 * One event loop that never blocks. The process has no file system and no database of
 * users, and may open nothing: poplard, poplar-auth and maildrop processes send it
 * descriptors.
 */
#include <stdlib.h>

#include "front/service.h"
#include "lmtpd/lmtp.h"
#include "sys/proc.h"

enum { DESCRIPTORS_PER_CONN = 2 }; /* client, message */

DISPATCH(from_parent, PARENT, LMTP, SERVICE_HEARS);

/* Half of the descriptors are for the sockets of deliveries. */
static bool set_up(struct front *f)
{
	const uint64_t limit = proc_raise_descriptor_limit();

	return service_make_slots(f, limit / 2, DESCRIPTORS_PER_CONN) &&
	       lmtp_set_up(f, (uint32_t)(limit / 2));
}

int main(int argc, char **argv)
{
	static struct front f;
	static struct lmtp_front lmtp;

	lmtp_start(&f, &lmtp);
	if (!service_begin(&f))
		return EXIT_FAILURE;
	child_begin(&f.child, ROLE_LMTP, argc, argv, &from_parent);
	if (!set_up(&f))
		return EXIT_FAILURE;
	service_run(&f);
}
