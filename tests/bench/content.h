/*
 * content - the octets that a benchmark file of a given name consists of.
 *
 * Every file differs from every other and from itself at any other offset,
 * so one comparison finds a short, mixed, repeated or misplaced body, and
 * nobody needs a second copy to compare with.
 */
#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct content {
	uint64_t state;
};

/* FNV-1a of the name seeds the sequence. */
static inline void
content_init(struct content *c, const char *name, size_t name_len)
{
	c->state = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < name_len; i++) {
		c->state ^= (uint8_t)name[i];
		c->state *= UINT64_C(0x100000001b3);
	}
}

/*
 * The next `len` octets (splitmix64, in the machine's own byte order).  Only
 * the last call for a file may ask for a `len` that is no multiple of 8.
 */
static inline void
content_next(struct content *c, char *out, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		memcpy(out + i, &z, len - i < 8 ? len - i : 8);
	}
}

#endif
