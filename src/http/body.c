#include "http/body.h"

void
body_init(struct body *body, const struct response *res)
{
	*body = (struct body){ .framing = res->framing };
	if (res->framing == RESPONSE_LENGTH)
		body->left = res->length;
	chunked_init(&body->chunked);
}

struct err
body_decode(
    struct body *body, struct slice in, size_t *used, struct slice *data)
{
	size_t len = in.len;

	switch (body->framing) {
	case RESPONSE_NO_BODY:
		len = 0;
		break;
	case RESPONSE_LENGTH:
		if (len > body->left)
			len = (size_t)body->left;
		body->left -= len;
		break;
	case RESPONSE_CHUNKED:
		return chunked_decode(&body->chunked, in, used, data);
	case RESPONSE_CLOSE:
		break;
	}
	*used = len;
	*data = slice_first(in, len);
	return err_none();
}

bool
body_is_done(const struct body *body)
{
	switch (body->framing) {
	case RESPONSE_NO_BODY:
		return true;
	case RESPONSE_LENGTH:
		return body->left == 0;
	case RESPONSE_CHUNKED:
		return chunked_done(&body->chunked);
	case RESPONSE_CLOSE:
		break;
	}
	return false;
}

bool
body_in_trailer(const struct body *body)
{
	return body->framing == RESPONSE_CHUNKED &&
	    chunked_in_trailer(&body->chunked);
}

struct err
body_end(const struct body *body)
{
	if (body->framing == RESPONSE_CLOSE || body_is_done(body))
		return err_none();
	if (body->framing == RESPONSE_LENGTH)
		return err_why(
		    ERR_TRUNCATED, "the body is shorter than Content-Length");
	return err_why(ERR_TRUNCATED, "the chunked body has no end");
}

uint64_t
body_plain_left(const struct body *body)
{
	switch (body->framing) {
	case RESPONSE_LENGTH:
		return body->left;
	case RESPONSE_CLOSE:
		return UINT64_MAX;
	case RESPONSE_NO_BODY:
	case RESPONSE_CHUNKED:
		break;
	}
	return 0;
}

void
body_skip_plain(struct body *body, uint64_t len)
{
	if (body->framing == RESPONSE_LENGTH)
		body->left -= len;
}
