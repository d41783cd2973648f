#include "collect/version.h"

#include "http/coding.h"
#include "http/date.h"
#include "http/response.h"
#include "http/validator.h"

void
version_read(struct slice head, int64_t now, struct version *v)
{
	struct response_scan scan;
	struct response res;
	bool whole = false;

	*v = (struct version){ 0 };
	response_scan_init(&scan);
	if (err_is(response_parse(&scan, head, false, &res, &whole)) || !whole)
		return;
	if (res.etag.len <= VERSION_FIELD_MAX && validator_is_etag(res.etag))
		v->etag = res.etag;
	if (res.last_modified.len <= VERSION_FIELD_MAX &&
	    date_parse(res.last_modified, now, &v->time))
		v->last_modified = res.last_modified;
	/* It may be the same for all codings and for none. */
	if (!codings_any(&res))
		v->for_range = validator_for_range(&res, now);
	if (v->for_range.len > VERSION_FIELD_MAX)
		v->for_range = slice_of(NULL, 0);
}
