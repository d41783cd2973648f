/*
 * proxy: what is read reads the same again from its own text, shows no
 * credentials there, and its field is one line.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "route/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_words(const struct proxy *p)
{
	struct slice field = buf_slice(&p->field);
	struct slice word = buf_slice(&p->user);
	size_t line = slice_find(field, '\r');

	assert(p->has_credentials || p->user.len + p->password.len == 0);
	assert(
	    (field.len > 0) == (p->has_credentials && p->kind == PROXY_HTTP));
	assert(field.len == 0 || line + 2 == field.len);
	for (size_t i = 0; i < line; i++)
		assert(!ascii_is_control(field.ptr[i]));
	for (size_t i = 0; i < word.len; i++)
		assert(!ascii_is_control(word.ptr[i]));
	if (p->kind != PROXY_HTTP)
		assert(p->user.len <= PROXY_SOCKS_WORD_MAX &&
		    p->password.len <= PROXY_SOCKS_WORD_MAX);
}

static void
check_again(const struct proxy *p)
{
	struct slice text = buf_slice(&p->text);
	char *copy = strndup((const char *)text.ptr, text.len);
	struct proxy again;

	assert(copy != NULL && strlen(copy) == text.len);
	assert(!err_is(proxy_init(&again, copy, NULL)));
	assert(slice_eq(buf_slice(&again.text), text));
	assert(slice_eq(again.host, p->host));
	assert(again.port == p->port && again.kind == p->kind);
	assert(!again.has_credentials);
	proxy_fini(&again);
	free(copy);
}

static void
check(const struct proxy *p)
{
	struct slice text = buf_slice(&p->text);

	assert(p->host.len > 0 && p->port > 0);
	assert(p->host.ptr > text.ptr &&
	    p->host.ptr + p->host.len < text.ptr + text.len);
	assert(slice_find(text, '@') == text.len);
	for (size_t i = 0; i < text.len; i++)
		assert(text.ptr[i] > ' ' && text.ptr[i] < 0x7f);
	check_words(p);
	/* A zone "25x" is "%25x" there, which is a zone "x" as a URL has it. */
	if (slice_find(text, '%') == text.len)
		check_again(p);
}

/* The text, and credentials behind a line's end. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t end = slice_find(slice_of(data, size), '\n');
	char *text = strndup((const char *)data, end);
	char *credentials = end < size
	    ? strndup((const char *)data + end + 1, size - end - 1)
	    : NULL;
	struct proxy p;
	struct err err = proxy_init(&p, text, credentials);

	if (err_is(err))
		assert(err.kind == ERR_REQUEST && err.why != NULL &&
		    p.text.ptr == NULL && p.field.ptr == NULL);
	else
		check(&p);
	proxy_fini(&p);
	free(text);
	free(credentials);
	return 0;
}
