/*
 * check - whether each URL of a list has its file, octet for octet.
 *
 *	check DIR LIST [VERSION]
 *
 * For lists of the origin's generated files (pattern.h), stored under the
 * default names, DIR/HOST[:PORT]/PATH; those that come in versions, in that one
 * (0).  Prints "N of M right"; the first few that are wrong are named on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "pattern.h"

#define COMPLAINTS_MAX 10
#define URL_PREFIX "http://"

/* NULL when all is well, else what is wrong. */
static const char *
check_stream(FILE *f, uint64_t seed, const struct generated *g)
{
	uint64_t offset = 0;
	uint8_t octets[65536];
	size_t n;

	while ((n = fread(octets, 1, sizeof(octets), f)) > 0) {
		if (!pattern_matches(seed, offset, slice_of(octets, n)))
			return "wrong contents";
		offset += n;
	}
	if (ferror(f))
		return "cannot be read";
	return offset == g->size ? NULL : "wrong length";
}

static const char *
check_url(const char *dir, const char *url, uint64_t version)
{
	char path[8192];
	const char *rest = url + strlen(URL_PREFIX);
	const char *target;
	struct generated g;
	const char *wrong;
	FILE *f;

	if (strncmp(url, URL_PREFIX, strlen(URL_PREFIX)) != 0 ||
	    (target = strchr(rest, '/')) == NULL ||
	    !generated_parse(slice_str(target), &g))
		return "not a generated file";
	if (snprintf(path, sizeof(path), "%s/%s", dir, rest) >=
	    (int)sizeof(path))
		return "name too long";
	f = fopen(path, "re");
	if (f == NULL)
		return "no file";
	wrong = check_stream(f, pattern_seed(slice_str(target), version), &g);
	(void)fclose(f);
	return wrong;
}

static int
check_list(const char *dir, FILE *list, uint64_t version)
{
	char url[8192];
	unsigned long count = 0;
	unsigned long right = 0;

	while (fgets(url, sizeof(url), list) != NULL) {
		const char *wrong;

		url[strcspn(url, "\r\n")] = '\0';
		if (url[0] == '\0' || url[0] == '#')
			continue;
		wrong = check_url(dir, url, version);
		if (wrong == NULL)
			right++;
		else if (count - right < COMPLAINTS_MAX)
			(void)fprintf(stderr, "check: %s: %s\n", url, wrong);
		count++;
	}
	(void)printf("%lu of %lu right\n", right, count);
	return right == count && !ferror(list) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	uint64_t version = 0;
	FILE *list;
	int status;

	if (argc < 3 || argc > 4 ||
	    (argc == 4 &&
		!num_parse_u64(slice_str(argv[3]), INT64_MAX, &version))) {
		(void)fputs("usage: check DIR LIST [VERSION]\n", stderr);
		return 2;
	}
	list = fopen(argv[2], "re");
	if (list == NULL) {
		perror(argv[2]);
		return 2;
	}
	status = check_list(argv[1], list, version);
	(void)fclose(list);
	return status;
}
