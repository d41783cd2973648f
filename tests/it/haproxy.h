/*
 * haproxy - a real proxy in front of the world's origin, where one is
 * installed, on a port of the kernel's choice at 127.0.0.1.
 */
#ifndef BULKFETCH_TESTS_IT_HAPROXY_H
#define BULKFETCH_TESTS_IT_HAPROXY_H

#include "world.h"

struct haproxy {
	pid_t pid;
	unsigned port;
};

/*
 * Pass on to the origin, which must have been started; `conf` is put into the
 * frontend, behind timeouts of ten seconds each.  False, after the reason was
 * printed, when there is no HAProxy.
 */
bool haproxy_start(struct world *w, struct haproxy *haproxy, const char *conf);

#endif
