/*
 * output - write everything to a descriptor that somebody else set up: a
 * pipe, a terminal, a socket, blocking or not.
 *
 * Failures are ERR_FILE with the errno.  Once a signal's handler has set
 * `*is_given_up` there is no more waiting, but EINTR: output_write() goes on as
 * long as octets are taken at once, since what is short and begun had better be
 * whole, output_copy() does not.  NULL is as false.
 */
#ifndef BULKFETCH_COLLECT_OUTPUT_H
#define BULKFETCH_COLLECT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct output {
	int fd;                           /* borrowed */
	const volatile bool *is_given_up; /* borrowed, or NULL */
	uint64_t written;                 /* octets so far */
};

struct err output_write(struct output *o, struct slice data);

/* Copy `len` octets from the start of the file `fd`, whose offset may be
 * anywhere and is left alone. */
struct err output_copy(struct output *o, int fd, uint64_t len);

#endif
