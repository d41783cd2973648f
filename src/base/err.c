#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} kinds[ERR_KINDS] = {
	[ERR_NONE] = { "none", "no error" },
	[ERR_NOMEM] = { "memory", "out of memory" },
	[ERR_REQUEST] = { "url", "the request cannot be carried out" },
	[ERR_SCHEME] = { "scheme", "the scheme is not supported" },
	[ERR_RESOLVE] = { "resolve", "the host name has no address" },
	[ERR_DNS] = { "dns", "the name servers gave no answer" },
	[ERR_CONNECT] = { "connect", "cannot connect" },
	[ERR_PROXY] = { "proxy", "the proxy does not let us through" },
	[ERR_TLS] = { "tls", "no TLS connection could be made" },
	[ERR_NO_TLS] = { "tls-unavailable", "there is no library for TLS" },
	[ERR_IO] = { "reset", "the connection broke" },
	[ERR_TRUNCATED] = { "truncated", "the response ended early" },
	[ERR_TIMEOUT] = { "timeout", "timed out" },
	[ERR_PROTOCOL] = { "protocol", "the response is not valid HTTP" },
	[ERR_CODING] = { "coding", "the content coding cannot be undone" },
	[ERR_LIMIT] = { "limit", "a limit was exceeded" },
	[ERR_STATUS] = { "status", "the status is not 2xx" },
	[ERR_REDIRECT] = { "redirect", "the redirect cannot be followed" },
	[ERR_HOST_DOWN] = { "host-down", "the host was given up" },
	[ERR_FILE] = { "file", "the output cannot be written" },
	[ERR_STOPPED] = { "stopped", "the run was stopped" },
	[ERR_SHORTAGE] = { "shortage", "out of descriptors or ports" },
};

const char *
err_name(enum err_kind kind)
{
	return kinds[kind].name;
}

bool
err_is_shortage(int sys)
{
	return sys == EMFILE || sys == ENFILE || sys == ENOBUFS;
}

const char *
err_text(struct err err, char *text, size_t cap)
{
	const char *sys = err.sys != 0 ? strerrordesc_np(err.sys) : NULL;

	/* The errno of a proxy that refuses says no more than its words. */
	if (err.why != NULL && sys != NULL &&
	    !(err.kind == ERR_PROXY && err.sys == EACCES)) {
		(void)snprintf(text, cap, "%s: %s", err.why, sys);
		return text;
	}
	if (err.why != NULL)
		return err.why;
	if (sys != NULL)
		return sys;
	if (err.sys != 0) {
		(void)snprintf(text, cap, "errno %d", err.sys);
		return text;
	}
	return kinds[err.kind].text;
}
