/*
 * failures - the failed requests of a log as a source, in the log's order.
 */
#ifndef BULKFETCH_SOURCE_FAILURES_H
#define BULKFETCH_SOURCE_FAILURES_H

#include "base/err.h"
#include "bulkfetch.h"
#include "source/done.h"
#include "source/log_reader.h"

/*
 * Give every request once whose last result in `done` is a failure.  `log` is
 * the one that `done` was filled from; both are taken over, failing or not.
 * ERR_NOMEM.
 */
struct err failures_new(
    struct log_reader *log, struct done *done, struct bulkfetch_source *source);

#endif
