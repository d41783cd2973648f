#include "route/sources.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* Those of one family. */
struct ring {
	struct sock_source *items; /* owned array of `cap` */
	size_t count;
	size_t cap;
	size_t next;
};

struct sources {
	struct ring rings[2];  /* IPv4, IPv6 */
	struct ifaddrs *known; /* owned while reading; NULL: not asked for */
};

static struct ring *
ring_of(struct sources *s, sa_family_t family)
{
	return &s->rings[family == AF_INET6];
}

/* What a failed call means for the one who asked. */
static struct err
fail(int sys)
{
	if (sys == ENOMEM)
		return err_of(ERR_NOMEM);
	return err_code(err_is_shortage(sys) ? ERR_SHORTAGE : ERR_REQUEST, sys);
}

static struct err
add(struct sources *s, const struct sock_source *source)
{
	struct ring *r = ring_of(s, source->addr.addr.sa.sa_family);

	if (s->rings[0].count + s->rings[1].count == SOURCES_MAX)
		return err_why(
		    ERR_LIMIT, "more than 4096 addresses to connect from");
	if (r->count == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 8;
		struct sock_source *items =
		    reallocarray(r->items, cap, sizeof(*items));

		if (items == NULL)
			return err_of(ERR_NOMEM);
		r->items = items;
		r->cap = cap;
	}
	r->items[r->count++] = *source;
	return err_none();
}

/* Whether a socket can be bound to it. */
static struct err
try(const struct endpoint *ep)
{
	int fd = socket(ep->addr.sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int sys = 0;

	if (fd == -1)
		return fail(errno);
	if (bind(fd, &ep->addr.sa, ep->len) == -1)
		sys = errno;
	(void)close(fd);
	return sys != 0 ? fail(sys) : err_none();
}

/* ---- One address -------------------------------------------------------- */

static struct err
add_address(struct sources *s, const struct endpoint *ep)
{
	const struct sock_source source = { .addr = *ep };
	struct err err = try(ep);

	return err_is(err) ? err : add(s, &source);
}

/* ---- An interface ------------------------------------------------------- */

/* An address of an interface as an endpoint; false for another family. */
static bool
read_sockaddr(const struct sockaddr *sa, struct endpoint *out)
{
	struct endpoint ep = { .len = 0 };

	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET)
		ep.len = sizeof(ep.addr.in);
	else if (sa->sa_family == AF_INET6)
		ep.len = sizeof(ep.addr.in6);
	else
		return false;
	memcpy(&ep.addr, sa, ep.len);
	*out = ep;
	return true;
}

static bool
is_link_local(const struct endpoint *ep)
{
	return ep->addr.sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&ep->addr.in6.sin6_addr);
}

/* A label of an address ("eth0:1") is no device of its own. */
static struct slice
device_of(struct slice name)
{
	return slice_first(name, slice_find(name, ':'));
}

/* A label stands for its address, a device for those with labels as well. */
static bool
is_of(const struct ifaddrs *at, struct slice name, struct endpoint *ep)
{
	struct slice other = slice_str(at->ifa_name);

	return (slice_eq(name, other) || slice_eq(name, device_of(other))) &&
	    read_sockaddr(at->ifa_addr, ep);
}

/* Has it an IPv6 address that leads further than the next router? */
static bool
has_global(const struct ifaddrs *known, struct slice name)
{
	struct endpoint ep;

	for (; known != NULL; known = known->ifa_next) {
		if (is_of(known, name, &ep) &&
		    ep.addr.sa.sa_family == AF_INET6 && !is_link_local(&ep))
			return true;
	}
	return false;
}

static struct err
add_addresses(struct sources *s, struct slice name)
{
	bool skips_local = has_global(s->known, name);
	struct slice device = device_of(name);
	struct err err =
	    err_why(ERR_REQUEST, "an interface without an address");
	size_t count = 0;

	for (const struct ifaddrs *at = s->known; at != NULL;
	     at = at->ifa_next) {
		struct sock_source source = { .device = "" };
		struct err tried;

		if (!is_of(at, name, &source.addr) ||
		    (skips_local && is_link_local(&source.addr)))
			continue;
		tried = try(&source.addr);
		if (!err_is(tried)) {
			/* The name was short enough, and the rest is zero. */
			memcpy(source.device, device.ptr, device.len);
			tried = add(s, &source);
			count++;
		}
		if (err_is(tried) && tried.kind != ERR_REQUEST)
			return tried;
		if (err_is(tried))
			err = tried;
	}
	return count > 0 ? err_none() : err;
}

static struct err
add_interface(struct sources *s, struct slice name)
{
	char text[IF_NAME_MAX];

	if (name.len == 0 || name.len >= sizeof(text))
		return err_why(ERR_REQUEST,
		    "neither an address nor the name of an interface");
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	if (if_nametoindex(text) == 0)
		return errno == ENODEV || errno == ENXIO
		    ? err_why(ERR_REQUEST,
			  "neither an address nor the name of an interface")
		    : fail(errno);
	if (s->known == NULL && getifaddrs(&s->known) == -1) {
		s->known = NULL;
		return fail(errno);
	}
	return add_addresses(s, name);
}

/* ---- Texts -------------------------------------------------------------- */

static bool
cut_prefix(struct slice *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
		return false;
	*text = slice_from(*text, len);
	return true;
}

static struct err
add_one(struct sources *s, struct slice text)
{
	struct endpoint ep;

	if (cut_prefix(&text, "if!"))
		return add_interface(s, text);
	if (cut_prefix(&text, "host!"))
		return endpoint_parse(text, 0, &ep)
		    ? add_address(s, &ep)
		    : err_why(ERR_REQUEST, "no numeric address");
	return endpoint_parse(text, 0, &ep) ? add_address(s, &ep)
					    : add_interface(s, text);
}

static struct err
add_text(struct sources *s, struct slice text)
{
	bool is_last = false;
	struct err err = err_none();

	while (!is_last && !err_is(err)) {
		size_t comma = slice_find(text, ',');

		err = add_one(s, slice_trim(slice_first(text, comma)));
		is_last = comma == text.len;
		text = slice_from(text, is_last ? comma : comma + 1);
	}
	return err;
}

struct err
sources_new(const char *const *texts, size_t count, struct sources **out,
    const char **bad)
{
	struct sources *s = calloc(1, sizeof(*s));
	struct err err = err_none();

	if (s == NULL)
		return err_of(ERR_NOMEM);
	for (size_t i = 0; i < count && !err_is(err); i++) {
		err = add_text(s, slice_str(texts[i]));
		if (err_is(err))
			*bad = texts[i];
	}
	if (s->known != NULL)
		freeifaddrs(s->known);
	s->known = NULL;
	if (err_is(err))
		sources_free(s);
	else
		*out = s;
	return err;
}

void
sources_free(struct sources *s)
{
	if (s == NULL)
		return;
	free(s->rings[0].items);
	free(s->rings[1].items);
	free(s);
}

size_t
sources_count(const struct sources *s, sa_family_t family)
{
	return s->rings[family == AF_INET6].count;
}

const struct sock_source *
sources_next(struct sources *s, sa_family_t family)
{
	struct ring *r = ring_of(s, family);
	const struct sock_source *source;

	if (r->count == 0)
		return NULL;
	source = &r->items[r->next];
	r->next = r->next + 1 < r->count ? r->next + 1 : 0;
	return source;
}
