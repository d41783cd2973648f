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
 * The services of the line other than "files", "dns" and what is as good as
 * these ("myhostname" is not), with blanks between them, cut to fit `cap` with
 * the NUL; "" when there are none.  Actions in brackets are passed over.  Names
 * with octets other than letters, digits, '_' and '-' are left out.  Returns
 * `out`.
 */
const char *nsswitch_others(struct slice text, char *out, size_t cap);

#endif
