/*
 * dns - name servers for whole-program tests, on ports of their own at
 * 127.0.0.1: real ones where they are installed, and one that plays what real
 * ones do not.
 */
#ifndef BULKFETCH_TESTS_IT_DNS_H
#define BULKFETCH_TESTS_IT_DNS_H

#include "world.h"

struct dns {
	pid_t pid;
	unsigned port;
	char *addr; /* "127.0.0.1:PORT" */
	char *log;  /* the name of what it writes down, in the world */
};

/*
 * dnsmasq that knows only what `conf`, lines of its configuration, and `hosts`,
 * a hosts file, say of names below "test".  False, after the reason was
 * printed, when there is none.
 */
bool dnsmasq_start(
    struct world *w, struct dns *dns, const char *conf, const char *hosts);

/* unbound with these lines in its `server:` clause, and clauses behind it. */
bool unbound_start(struct world *w, struct dns *dns, const char *conf);

/*
 * The scripted one.  The first label of a name says what is done, digits at its
 * end being a number N; labels behind it tell names apart:
 *
 *	ok          127.0.0.1, and no AAAA
 *	late        the same after N ms
 *	silent      nothing
 *	wrongid     an answer with another id, a right one N ms later
 *	wrongname   the same for another name
 *	wrongport   the same from another port
 *	cut         truncated over UDP, right over TCP
 *	hangup      the same, but TCP is closed at once
 *	many        N addresses, 127.0.0.1 first; over UDP truncated
 *	loop        an answer whose names point to themselves
 *	alias       an alias for aliasN-1, and that in the end for ok, without
 *	            addresses behind it
 *	ring        an alias of itself
 *	ttl         127.0.0.1 for N s
 *	noaaaa      127.0.0.1, and silence for AAAA
 *	servfail, refused, formerr, nxdomain, nodata
 */
void dns_script_start(struct world *w, struct dns *dns);

/* One that is not there, and one that never answers: without a process. */
void dns_dead(struct world *w, struct dns *dns);
void dns_deaf(struct world *w, struct dns *dns);

/* A line of the log for each query: how many hold `text`. */
size_t dns_count(struct world *w, const struct dns *dns, const char *text);

#endif
