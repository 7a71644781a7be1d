/* store/fault.h - converts an errno to the fault that it means for a maildrop.
 *
 * Prefix: store_fault.
 */
#pragma once

#include "base/fault.h"

/* FAULT_SETUP: an administrator must act (permissions, a missing folder, a symbolic
 * link). FAULT_FULL: the disk has no space, or its quota is used
 * up. FAULT_NOMEM and FAULT_LIMIT: memory or descriptors have run out. FAULT_IO:
 * anything else; a later attempt may succeed. */
enum fault store_fault(int sys);
