#include "sys/nofile.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/resource.h>

/* Standard streams, a list, two logs and what a parent may have left us. */
#define NOFILE_OPEN_GUESS 10

uint64_t
nofile_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 256; /* what POSIX promises at least is 20; be modest */
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit more = limit;

		more.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			limit = more;
	}
	return limit.rlim_cur;
}

uint64_t
nofile_count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (dir == NULL)
		return NOFILE_OPEN_GUESS;
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	/* Without ".", ".." and the descriptor of the listing itself. */
	return count > 3 ? count - 3 : 0;
}
