/* store/fault.c - converts an errno to the fault that it means for a maildrop.
 *
 * Prefix: store_fault.
 */
#include "store/fault.h"

#include <errno.h>

enum fault store_fault(int sys)
{
	switch (sys) {
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOTDIR:
	case ENOENT:
	case ELOOP:
	case EXDEV:
	case EISDIR:
		return FAULT_SETUP;
	case ENOSPC:
	case EDQUOT:
		return FAULT_FULL;
	case ENOMEM:
		return FAULT_NOMEM;
	case EMFILE:
	case ENFILE:
		return FAULT_LIMIT;
	default:
		return FAULT_IO;
	}
}
