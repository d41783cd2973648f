/*
 * input - a file, FIFO, device or standard input, read without blocking.
 *
 * A regular file is simply read.  Anything else is read only after poll(2) has
 * said that it would not block, and standard input is not made non-blocking,
 * because other processes share its open file description.  A FIFO is opened
 * when it is read, not when it is looked at; as long as no writer has come,
 * read(2) gives 0, so that is the end only after poll(2) has reported
 * something.
 */
#ifndef BULKFETCH_SOURCE_INPUT_H
#define BULKFETCH_SOURCE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct input {
	int fd; /* owned unless standard input; -1 when not open */
	bool is_stdin;
	bool is_regular;
};

/*
 * Look at `name` ("-" is standard input) without opening it: it must be there,
 * readable, and something that has octets.  `*size` is how many are still to
 * be read if it is a regular file, which `*is_regular` tells.  ERR_FILE.
 */
struct err input_look(const char *name, bool *is_regular, uint64_t *size);

/* Open what input_look() saw.  ERR_FILE; `in` is then closed. */
struct err input_open(struct input *in, const char *name);

/* Closing what is not open is fine. */
void input_close(struct input *in);

/* `name` for people, in `space` or static text. */
const char *input_show(const char *name, char *space, size_t cap);

enum input_got {
	INPUT_OCTETS,  /* `*len` of them, at least one */
	INPUT_PENDING, /* none yet: wait for `fd` */
	INPUT_END,
	INPUT_FAILED, /* errno tells why */
};

enum input_got input_read(
    struct input *in, uint8_t *octets, size_t cap, size_t *len);

#endif
