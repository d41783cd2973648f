/*
 * log_reader - the records of a log, read in blocks.
 *
 * What is added to the file after it was opened is not read, so that a run can
 * write to the log that it goes on with.  Memory: RECORDS_LINE_MAX and a
 * block, of which ordinary lines use the block alone.
 */
#ifndef BULKFETCH_SOURCE_LOG_READER_H
#define BULKFETCH_SOURCE_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "source/records.h"

struct log_reader {
	int fd;            /* owned; -1 when not open */
	uint64_t at;       /* octets read; at <= end */
	uint64_t end;      /* of them, when it was opened */
	uint64_t foreign;  /* lines that are no records, so far */
	bool is_passing;   /* over the rest of a line that is too long */
	uint8_t *buffer;   /* owned */
	struct slice rest; /* of `buffer`: not yet split */
};

/* ERR_FILE, also for what is no regular file; ERR_NOMEM. */
struct err log_reader_open(struct log_reader *r, const char *path);

/* Closing what is not open is fine. */
void log_reader_close(struct log_reader *r);

void log_reader_rewind(struct log_reader *r);

enum log_reader_got {
	LOG_READER_RECORD,
	LOG_READER_MORE, /* none in the rest of the block: call again */
	LOG_READER_END,
	LOG_READER_FAILED, /* errno tells why */
};

/* `record` is good until the next call. */
enum log_reader_got log_reader_next(
    struct log_reader *r, struct record *record);

#endif
