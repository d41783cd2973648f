/*
 * address_list - a file of addresses to connect to, whatever the URL's host:
 * a line each, "ADDR", "IPV4:PORT" or "[IPV6]:PORT"; blank lines, and what is
 * behind a '#', are passed over.  New connections take them in turn, without
 * end.
 */
#ifndef BULKFETCH_ROUTE_ADDRESS_LIST_H
#define BULKFETCH_ROUTE_ADDRESS_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sys/sock.h"

#define ADDRESS_LIST_OCTETS_MAX ((size_t)(16 * 1024 * 1024))
#define ADDRESS_LIST_MAX 1000000

struct address_list;

/*
 * Read `path` now; addresses of another family than `family` (AF_UNSPEC for
 * both) are passed over.  ERR_FILE with errno; ERR_REQUEST for a line that is
 * no address (`*line` is its number) or a list without any (`*line` is 0);
 * ERR_LIMIT with a reason beyond either maximum, ERR_NOMEM.
 */
struct err address_list_new(const char *path, sa_family_t family,
    struct address_list **out, size_t *line);
void address_list_free(struct address_list *l);

/*
 * The next address, and behind it those that follow in the list, should it not
 * answer: up to `max`, each once; how many.  `port` where the list has none.
 * The next call begins one further.
 */
size_t address_list_next(
    struct address_list *l, uint16_t port, struct endpoint *out, size_t max);

#endif
