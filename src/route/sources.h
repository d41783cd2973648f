/*
 * sources - where connections come from (--interface): addresses of this
 * machine, in turn, so that a run gets past the ports that one address has.
 * curl's forms: "ADDR" or "host!ADDR", "NAME" or "if!NAME" for an interface,
 * which stands for the addresses it has when the run begins, and binds to the
 * device as well where that is allowed; several between commas.  "eth0" takes
 * in the addresses with a label ("eth0:1"), which is a name of its own as well.
 * Link-local addresses of an interface count where it has no other IPv6
 * address, since they lead nowhere else.
 */
#ifndef BULKFETCH_ROUTE_SOURCES_H
#define BULKFETCH_ROUTE_SOURCES_H

#include <stddef.h>

#include "base/err.h"
#include "sys/sock.h"

#define SOURCES_MAX 4096

struct sources;

/*
 * `texts` are borrowed for the call.  Each address is tried by binding a socket
 * to it; one of an interface that cannot be bound to is left out if others can.
 * ERR_REQUEST with a reason, or an errno, and ERR_LIMIT with a reason, and the
 * one at fault in `*bad`; ERR_NOMEM, ERR_SHORTAGE.
 */
struct err sources_new(const char *const *texts, size_t count,
    struct sources **out, const char **bad);
void sources_free(struct sources *s);

/* How many there are of a family, AF_INET or AF_INET6. */
size_t sources_count(const struct sources *s, sa_family_t family);

/* The next one of a family, lent; NULL when there is none. */
const struct sock_source *sources_next(struct sources *s, sa_family_t family);

#endif
