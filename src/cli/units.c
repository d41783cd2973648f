#include "cli/units.h"

#include <stdio.h>

const char *
units_octets(double octets, char *out, size_t cap)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	size_t i = 0;

	/* Anything that would be shown as 1024.0 goes on to the next unit. */
	while (octets >= (i == 0 ? 1023.5 : 1023.95) && i < 6) {
		octets /= 1024;
		i++;
	}
	(void)snprintf(out, cap, "%.*f %s", i == 0 ? 0 : 1, octets, names[i]);
	return out;
}

const char *
units_rate(double rate, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%.*f", rate > 0 && rate < 9.95 ? 1 : 0, rate);
	return out;
}

const char *
units_duration(uint64_t seconds, char *out, size_t cap)
{
	unsigned long long days = seconds / 86400;
	unsigned hours = (unsigned)(seconds / 3600 % 24);
	unsigned minutes = (unsigned)(seconds / 60 % 60);

	if (days > 0)
		(void)snprintf(
		    out, cap, "%llud %02u:%02u", days, hours, minutes);
	else if (hours > 0)
		(void)snprintf(out, cap, "%u:%02u:%02u", hours, minutes,
		    (unsigned)(seconds % 60));
	else
		(void)snprintf(
		    out, cap, "%u:%02u", minutes, (unsigned)(seconds % 60));
	return out;
}
