/*
 * replay - run a fuzz target over stored inputs, with any compiler: a main()
 * to link with fuzz_MODULE.c.  Arguments are files and folders of files.
 *
 * Each input is copied to an allocation of exactly its size, so that valgrind
 * or ASan sees a read one octet too far.  Exit status 1 when nothing was read.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

/* A stored input is small; what is larger is no input of ours. */
#define INPUT_MAX (16 * 1024 * 1024)
#define PATH_LEN_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input at work, for the one line that a crash still prints. */
static char current[PATH_LEN_MAX];

static void
name_the_culprit(int signal_number)
{
	static const char text[] = "replay: failed on ";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)!write(STDERR_FILENO, current, strlen(current));
	(void)!write(STDERR_FILENO, "\n", 1);
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

static bool
read_all(FILE *file, struct buf *out)
{
	for (;;) {
		size_t len;

		if (err_is(buf_reserve(out, 4096)))
			return false;
		len = fread(out->ptr + out->len, 1, 4096, file);
		out->len += len;
		if (len == 0)
			return ferror(file) == 0;
	}
}

/* Run one file; whether it could be read. */
static bool
run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf octets;
	bool ok;

	if (file == NULL)
		return false;
	buf_init(&octets, INPUT_MAX);
	ok = read_all(file, &octets);
	(void)fclose(file);
	if (ok) {
		uint8_t *exact = malloc(octets.len);

		ok = exact != NULL || octets.len == 0;
		if (octets.len > 0 && ok)
			memcpy(exact, octets.ptr, octets.len);
		if (ok)
			(void)LLVMFuzzerTestOneInput(exact, octets.len);
		free(exact);
	}
	buf_fini(&octets);
	return ok;
}

/* Run a file, or the files of a folder; how many. */
static unsigned
run(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned count = 0;

	if (dir == NULL) {
		(void)snprintf(current, sizeof(current), "%s", path);
		return run_file(path) ? 1 : 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;

		(void)snprintf(
		    current, sizeof(current), "%s/%s", path, entry->d_name);
		if (stat(current, &st) == 0 && S_ISREG(st.st_mode) &&
		    run_file(current))
			count++;
	}
	(void)closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	unsigned count = 0;

	(void)signal(SIGABRT, name_the_culprit);
	(void)signal(SIGSEGV, name_the_culprit);
	for (int i = 1; i < argc; i++)
		count += run(argv[i]);
	printf("%u inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
