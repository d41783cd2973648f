/*
 * pki - certificates for tests, made by the openssl command: a root that is
 * trusted by those who are told so, and what it and others have issued.
 *
 * They are made once a process, in a directory of their own, because that takes
 * longer than most tests.  A file NAME.pem holds a certificate, what it needs
 * to be believed (its intermediate), and its key; NAME as follows.
 *
 *	localhost   for localhost, 127.0.0.1 and ::1, as all below that say
 *		    nothing of names
 *	rsa         the same with an RSA key
 *	name        for localhost alone
 *	address     for 127.0.0.1 alone
 *	address6    for ::1 alone
 *	wild        for *.wild.localhost
 *	elsewhere   for elsewhere.test and www.elsewhere.test
 *	expired     since 2001
 *	future      not valid before 2099
 *	self        issued by itself
 *	nameless    has a host for its common name and no other
 *	unknown     issued by `other`, which nobody trusts
 *	chained     issued by `between`, which is sent along
 *	unchained   the same, and `between` is not sent
 *	forged      issued by `localhost`, which is no authority; sent along
 *	purpose     for a client, with a server's names
 *	client      for a client
 *	stranger    for a client, issued by `other`
 *
 * Besides: chained.chain and forged.chain are what is sent along; root.pem,
 * other.pem and between.pem are certificates alone, their keys root.key and so
 * on; bundle.pem is root.pem behind other.pem; hashed/ is
 * a directory for --capath with root.pem; locked.pem is `client` with its key
 * behind the pass phrase in the file pass, locked.key that key alone, wrong a
 * file with another pass phrase.
 */
#ifndef BULKFETCH_TESTS_IT_PKI_H
#define BULKFETCH_TESTS_IT_PKI_H

#include <stdbool.h>

#include "world.h"

/* Make them unless they are there; false, after the reason was printed, where
 * there is no openssl. */
bool pki_make(struct world *w);

/* The whole name of a file of those above. */
char *pki_file(struct world *w, const char *name);

/* What --pinnedpubkey wants to be told of the certificate NAME.pem. */
char *pki_pin(struct world *w, const char *name);

/* For cmocka, as the end of the group: remove them. */
int pki_remove(void **state);

#endif
