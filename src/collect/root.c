#include "collect/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Make `dir` and what is missing above it, as mkdir -p does. */
static struct err
make(const char *dir)
{
	char *path = strdup(dir);
	char *slash = path;
	struct err err = err_none();

	if (path == NULL)
		return err_of(ERR_NOMEM);
	while (slash != NULL && *slash != '\0') {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		/* Only the last one matters: those above may be refused to us
		 * because they are there. */
		err = mkdir(path, 0777) == -1 && errno != EEXIST
		    ? err_sys(ERR_FILE)
		    : err_none();
		if (slash != NULL)
			*slash = '/';
	}
	free(path);
	return err;
}

struct err
root_open(const char *dir, int *fd)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	struct err err;

	*fd = open(dir, flags);
	if (*fd == -1 && errno == ENOENT) {
		err = make(dir);
		if (err_is(err))
			return err;
		*fd = open(dir, flags);
	}
	return *fd == -1 ? err_sys(ERR_FILE) : err_none();
}

struct err
root_append_prefix(const char *dir, struct buf *out)
{
	struct slice path = slice_str(dir);
	struct err err;

	while (path.len > 0 && path.ptr[path.len - 1] == '/')
		path.len--;
	if (slice_eq_str(path, "."))
		return err_none();
	err = buf_append(out, path);
	return err_is(err) ? err : buf_append_str(out, "/");
}
