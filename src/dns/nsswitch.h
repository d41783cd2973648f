/*
 * nsswitch - the `hosts:` line of /etc/nsswitch.conf (nsswitch.conf(5)), for
 * telling what the system's own resolver would have consulted and we do not.
 *
 * Pure: writes to the caller's buffer alone.
 */
#ifndef BULKFETCH_DNS_NSSWITCH_H
#define BULKFETCH_DNS_NSSWITCH_H

#include <stddef.h>

#include "base/slice.h"

/*
 * The services of the last such line other than "files" and "dns", with a blank
 * between them; "" when there are none.  Actions in brackets are passed over,
 * and names with octets other than ASCII letters, digits, '_' and '-' are left
 * out.  `cap`, at least 1, is the room with the NUL: from the first name on
 * that does not fit, they are left out.  Returns `out`.
 */
const char *nsswitch_others(struct slice text, char *out, size_t cap);

#endif
