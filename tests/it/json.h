/*
 * json - one flat JSON object (RFC 8259) as the log has them, read strictly:
 * valid UTF-8, no control octet, nothing around it, each name once.
 */
#ifndef BULKFETCH_TESTS_IT_JSON_H
#define BULKFETCH_TESTS_IT_JSON_H

#include "base/slice.h"
#include "world.h"

/* NULL when `text` is such an object, else what is wrong with it. */
const char *json_problem(struct slice text);

/*
 * The value of the member `name`, as text: strings decoded, everything else as
 * it stands there ("true", "12", "null").  False when there is no such member.
 * `space` has room for as many octets as the text, and one more.
 */
bool json_find(struct slice text, const char *name, char *space);

/* The same in memory of the world's; NULL when there is no such member. */
char *json_get(struct world *w, struct slice text, const char *name);

#endif
