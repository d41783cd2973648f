/*
 * ascii - character classes of the protocols, free of any locale.
 *
 * `tchar` is RFC 9110, section 5.6.2; `unreserved` and the sub-delimiters are
 * RFC 3986, sections 2.2 and 2.3.
 */
#ifndef BULKFETCH_BASE_ASCII_H
#define BULKFETCH_BASE_ASCII_H

#include <stdbool.h>
#include <stdint.h>

enum ascii_class {
	ASCII_DIGIT = 1 << 0,
	ASCII_ALPHA = 1 << 1,
	ASCII_HEX = 1 << 2,
	ASCII_TCHAR = 1 << 3,
	ASCII_UNRESERVED = 1 << 4,
	ASCII_SUB_DELIM = 1 << 5,
	ASCII_CONTROL = 1 << 6, /* 0x00-0x1f and DEL */
	ASCII_FIELD = 1 << 7,   /* may stand in a field value: VCHAR, SP, HTAB,
				 * obs-text */
};

extern const uint8_t ascii_classes[256];

static inline bool
ascii_is(uint8_t octet, enum ascii_class class)
{
	return (ascii_classes[octet] & (unsigned)class) != 0;
}

static inline bool
ascii_is_digit(uint8_t octet)
{
	return octet >= '0' && octet <= '9';
}

static inline bool
ascii_is_alpha(uint8_t octet)
{
	return ascii_is(octet, ASCII_ALPHA);
}

static inline bool
ascii_is_hex(uint8_t octet)
{
	return ascii_is(octet, ASCII_HEX);
}

static inline bool
ascii_is_tchar(uint8_t octet)
{
	return ascii_is(octet, ASCII_TCHAR);
}

static inline bool
ascii_is_control(uint8_t octet)
{
	return ascii_is(octet, ASCII_CONTROL);
}

/* SP or HTAB. */
static inline bool
ascii_is_blank(uint8_t octet)
{
	return octet == ' ' || octet == '\t';
}

static inline uint8_t
ascii_lower(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

static inline uint8_t
ascii_upper(uint8_t octet)
{
	return octet >= 'a' && octet <= 'z' ? (uint8_t)(octet & ~0x20U) : octet;
}

/* The value of a hexadecimal digit, which `octet` must be. */
static inline unsigned
ascii_hex_value(uint8_t octet)
{
	return octet <= '9' ? octet - (unsigned)'0'
			    : (octet | 0x20U) - (unsigned)'a' + 10;
}

#endif
