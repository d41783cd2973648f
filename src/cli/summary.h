/*
 * summary - how a run stands, or ended, in three lines.  Pure.
 *
 *	bulkfetch: 20064 fetched, 0 skipped, 3 failed (connect 2, timeout 1)
 *	bulkfetch: 1094221824 bytes in 3.210 s, 6251 requests/s, 325.1 MiB/s
 *	bulkfetch: 200 connections opened, 200 open at most, 2 retries
 *
 * What few runs have, such as unchanged files, is left out when there is none.
 */
#ifndef BULKFETCH_CLI_SUMMARY_H
#define BULKFETCH_CLI_SUMMARY_H

#include <stddef.h>

#include "bulkfetch.h"

/* What the longest one needs. */
#define SUMMARY_MAX 2048

/* Writes at most `cap` octets with the NUL; returns `out`. */
const char *summary_compose(
    const struct bulkfetch_stats *stats, char *out, size_t cap);

#endif
