#include "fetch/iri.h"

#include "http/international.h"
#include "sys/idn.h"

/* Rewritten, a host may be longer than it was. */
#define REWRITTEN_MAX (URL_MAX_LEN + IDN_NAME_MAX)

struct err
iri_parse(struct slice in, struct buf *space, struct url *url)
{
	struct err err = url_parse(in, space, url);
	struct buf rewritten;

	if (err.kind != ERR_REQUEST || !international_is(in))
		return err;
	buf_init(&rewritten, REWRITTEN_MAX);
	err = international_rewrite(in, idn_to_ascii, &rewritten);
	if (!err_is(err))
		err = url_parse(buf_slice(&rewritten), space, url);
	buf_fini(&rewritten);
	return err;
}

struct err
iri_resolve(const struct url *base, struct slice reference, struct buf *space,
    struct url *url)
{
	struct err err = url_resolve(base, reference, space, url);
	struct buf rewritten;

	if (err.kind != ERR_REQUEST || !international_is(reference))
		return err;
	buf_init(&rewritten, REWRITTEN_MAX);
	err = international_rewrite(reference, idn_to_ascii, &rewritten);
	if (!err_is(err))
		err = url_resolve(base, buf_slice(&rewritten), space, url);
	buf_fini(&rewritten);
	return err;
}
