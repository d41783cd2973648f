/*
 * le - numbers as little-endian octets.
 */
#ifndef BULKFETCH_COLLECT_LE_H
#define BULKFETCH_COLLECT_LE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void
le_put16(uint8_t *out, uint16_t value)
{
	uint16_t word = htole16(value);

	memcpy(out, &word, sizeof(word));
}

static inline void
le_put32(uint8_t *out, uint32_t value)
{
	uint32_t word = htole32(value);

	memcpy(out, &word, sizeof(word));
}

static inline void
le_put64(uint8_t *out, uint64_t value)
{
	uint64_t word = htole64(value);

	memcpy(out, &word, sizeof(word));
}

static inline uint16_t
le_get16(const uint8_t *in)
{
	uint16_t word;

	memcpy(&word, in, sizeof(word));
	return le16toh(word);
}

static inline uint32_t
le_get32(const uint8_t *in)
{
	uint32_t word;

	memcpy(&word, in, sizeof(word));
	return le32toh(word);
}

static inline uint64_t
le_get64(const uint8_t *in)
{
	uint64_t word;

	memcpy(&word, in, sizeof(word));
	return le64toh(word);
}

#endif
