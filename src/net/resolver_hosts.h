/*
 * resolver_hosts - numeric addresses, `localhost` (RFC 6761, section 6.3) and
 * the names of a hosts file.  Answers at once; the file is read when the first
 * name is asked for.
 */
#ifndef BULKFETCH_NET_RESOLVER_HOSTS_H
#define BULKFETCH_NET_RESOLVER_HOSTS_H

#include "net/resolver.h"

/* A hosts file beyond this is not a hosts file. */
#define RESOLVER_HOSTS_FILE_MAX ((size_t)(64 * 1024 * 1024))

/* `path` is borrowed.  A file that is missing is as good as an empty one. */
struct err resolver_hosts_new(const char *path, struct resolver **out);

#endif
