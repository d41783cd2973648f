/*
 * harness - everything that the whole-program tests use.
 *
 *	static void
 *	fetches_a_file(void **state)
 *	{
 *		struct world *w = *state;
 *
 *		origin_start(w, NULL, NULL);
 *		world_write(w, "list", origin_url(w, "/gen/5/a"));
 *		expect_exit(bulkfetch(w, "-d", "out", "list", NULL), 0);
 *		expect_generated(w, "out", "/gen/5/a");
 *	}
 *
 * Programs are found through the environment: BULKFETCH and ORIGIN, else below
 * BUILD, else below build/.  BULKFETCH_WRAP is put in front of bulkfetch
 * ("valgrind -q --error-exitcode=99"); times and sizes adapt to it and to
 * sanitizers.
 */
#ifndef BULKFETCH_TESTS_IT_HARNESS_H
#define BULKFETCH_TESTS_IT_HARNESS_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "haproxy.h"
#include "json.h"
#include "nginx.h"
#include "records.h"
#include "run.h"
#include "world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
