#include "sys/stamp.h"

#include <sys/stat.h>

struct stamp
stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (struct stamp){ 0 };
	return (struct stamp){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
		.modified = st.st_mtim,
		.changed = st.st_ctim,
	};
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
stamp_eq(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && is_same_time(a->modified, b->modified) &&
	    is_same_time(a->changed, b->changed);
}
