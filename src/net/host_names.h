/*
 * host_names - the hosts file as a table: names to addresses, in the order of
 * the file, letters in any case.
 */
#ifndef BULKFETCH_NET_HOST_NAMES_H
#define BULKFETCH_NET_HOST_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "sys/sock.h"

/* A file beyond this is not a hosts file. */
#define HOST_NAMES_FILE_MAX ((size_t)(64 * 1024 * 1024))

struct host_names;

/* `path` is borrowed; nothing is read yet. */
struct err host_names_new(const char *path, struct host_names **out);
void host_names_free(struct host_names *h);

/*
 * Read the file if that was not done, or it has changed since.  One that is
 * missing, cannot be read or is too large is as good as an empty one;
 * ERR_SHORTAGE and ERR_NOMEM leave what was known before, and it is read the
 * next time.
 */
struct err host_names_refresh(struct host_names *h);

/*
 * Up to `max` addresses of `host` in `out`, with `port`, of `family` (AF_UNSPEC
 * for both), beginning with the next one each time; how many these are.
 * `*is_known`: the file has the name, maybe with addresses of the other family
 * alone.  Lines whose address is none do not count.
 */
size_t host_names_find(struct host_names *h, struct slice host, uint16_t port,
    sa_family_t family, struct endpoint *out, size_t max, bool *is_known);

#endif
