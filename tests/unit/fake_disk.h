/*
 * fake_disk - a disk that is synced when a test lets it.  A test that includes
 * this has the line
 *
 *     link: -Wl,--wrap=syncfs
 *
 * in a comment of its own.  syncfs(2) is called in a process that has closed
 * all its descriptors, so what is said to it stands in shared memory.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_DISK_H
#define BULKFETCH_TESTS_UNIT_FAKE_DISK_H

#include "scratch.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* A test that waits longer than that has failed. */
#define DISK_PATIENCE_MS 20000

struct fake_disk {
	atomic_uint begun; /* calls */
	atomic_bool is_held;
	atomic_int sys;     /* errno that calls fail with, or 0 */
	atomic_int pid;     /* of the process that syncs */
	atomic_uint fds;    /* descriptors that it has open */
	atomic_bool blocks; /* SIGUSR1 is blocked in it */
};

static struct fake_disk *disk;

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);

int
__wrap_syncfs(int fd)
{
	sigset_t blocked;
	int sys;

	(void)sigprocmask(SIG_SETMASK, NULL, &blocked);
	atomic_store(&disk->blocks, sigismember(&blocked, SIGUSR1) == 1);
	atomic_store(&disk->fds, scratch_open_fds());
	atomic_store(&disk->pid, getpid());
	atomic_fetch_add(&disk->begun, 1);
	while (atomic_load(&disk->is_held))
		(void)usleep(200);
	sys = atomic_load(&disk->sys);
	if (sys == 0)
		return __real_syncfs(fd);
	errno = sys;
	return -1;
}

static inline int
disk_setup(void **state)
{
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return disk != MAP_FAILED ? scratch_setup(state) : -1;
}

static inline int
disk_teardown(void **state)
{
	int sys = munmap(disk, sizeof(*disk));

	return scratch_teardown(state) == 0 ? sys : -1;
}

/* Until that many syncs have begun. */
static inline void
disk_await(unsigned begun)
{
	for (int ms = 0; atomic_load(&disk->begun) < begun; ms++) {
		if (ms == DISK_PATIENCE_MS)
			fail_msg("no sync");
		(void)usleep(1000);
	}
}

#endif
