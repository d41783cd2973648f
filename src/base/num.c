#include "base/num.h"

#include <string.h>

#include "base/ascii.h"

bool
num_add(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

bool
num_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

bool
num_parse_u64(struct slice text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = text.ptr[i] - (uint64_t)'0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

/* The power of 1024 that a suffix stands for; 0 for no suffix of ours. */
static unsigned
size_power(uint8_t suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 1;
	case 'M':
		return 2;
	case 'G':
		return 3;
	case 'T':
		return 4;
	default:
		return 0;
	}
}

bool
num_parse_size(struct slice text, uint64_t max, uint64_t *out)
{
	uint64_t value;
	unsigned power = text.len > 0 ? size_power(text.ptr[text.len - 1]) : 0;

	if (power > 0)
		text.len--;
	if (!num_parse_u64(text, UINT64_MAX, &value) ||
	    !num_mul(value, UINT64_C(1) << (10 * power), &value) || value > max)
		return false;
	*out = value;
	return true;
}

/* Thousandths in the digits after the point; more than three round up. */
static bool
parse_fraction(struct slice digits, uint64_t *out)
{
	uint64_t value = 0;
	bool more = false;

	for (size_t i = 0; i < digits.len; i++) {
		if (!ascii_is_digit(digits.ptr[i]))
			return false;
		if (i >= 3)
			more = more || digits.ptr[i] != '0';
	}
	for (size_t i = 0; i < 3; i++) {
		uint64_t digit =
		    i < digits.len ? digits.ptr[i] - (uint64_t)'0' : 0;

		value = value * 10 + digit;
	}
	*out = value + (more ? 1 : 0);
	return true;
}

bool
num_parse_thousandths(struct slice text, uint64_t max, uint64_t *out)
{
	size_t point = slice_find(text, '.');
	struct slice whole = slice_first(text, point);
	struct slice digits = { 0 };
	uint64_t value = 0;
	uint64_t fraction = 0;

	if (point < text.len)
		digits = slice_from(text, point + 1);
	if (whole.len + digits.len == 0)
		return false;
	if (whole.len > 0 && !num_parse_u64(whole, UINT64_MAX, &value))
		return false;
	if (!parse_fraction(digits, &fraction) ||
	    !num_mul(value, 1000, &value) ||
	    !num_add(value, fraction, &value) || value > max)
		return false;
	*out = value;
	return true;
}

bool
num_parse_seconds(struct slice text, uint64_t max_ms, uint64_t *ms)
{
	return num_parse_thousandths(text, max_ms, ms);
}

/* What a unit of time is in milliseconds; 0 for none of ours. */
static uint64_t
unit_ms(struct slice unit)
{
	if (unit.len != 1)
		return 0;
	switch (unit.ptr[0]) {
	case 's':
		return 1000;
	case 'm':
		return 60000;
	case 'h':
		return 3600000;
	case 'd':
		return 86400000;
	default:
		return 0;
	}
}

bool
num_parse_pace(
    struct slice text, uint64_t max, uint64_t *count, uint64_t *per_ms)
{
	size_t slash = slice_find(text, '/');
	uint64_t ms = 1000;
	uint64_t value;

	if (slash < text.len)
		ms = unit_ms(slice_from(text, slash + 1));
	if (ms == 0 || !num_parse_u64(slice_first(text, slash), max, &value) ||
	    value == 0)
		return false;
	*count = value;
	*per_ms = ms;
	return true;
}

size_t
num_format_u64(uint64_t value, char out[NUM_U64_MAX_LEN])
{
	char digits[NUM_U64_MAX_LEN];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	memcpy(out, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

void
num_format_hex64(uint64_t value, char out[16])
{
	for (int i = 15; i >= 0; i--) {
		out[i] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
}
