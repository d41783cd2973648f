/*
 * summary - how a run stands, or ended, in a few lines.  Pure.
 *
 *	bulkfetch: 20064 fetched, 0 skipped, 3 failed (connect 2, timeout 1)
 *	bulkfetch: 1094221824 bytes in 3.210 s, 6251 requests/s, 325.1 MiB/s
 *	bulkfetch: 200 connections opened, 200 open at most, 2 retries
 *	bulkfetch: 90 names resolved, 1 failed (NXDOMAIN 1), 182 queries
 *
 * The last line is there when name servers were asked.  What few runs have,
 * such as unchanged files, is left out when there is none.
 */
#ifndef BULKFETCH_CLI_SUMMARY_H
#define BULKFETCH_CLI_SUMMARY_H

#include <stddef.h>

#include "bulkfetch.h"

/* What the longest one needs. */
#define SUMMARY_MAX 3072

/* Writes at most `cap` octets with the NUL; returns `out`. */
const char *summary_compose(
    const struct bulkfetch_stats *stats, char *out, size_t cap);

#endif
