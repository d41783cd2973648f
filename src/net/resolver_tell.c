#include "net/resolver_tell.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "bulkfetch.h"
#include "dns/nsswitch.h"

/* What servers listen on unless something else is said. */
#define DNS_PORT 53

/* The longest name that can be, and the addresses of one lookup. */
#define LINE_MAX (DNS_NAME_TEXT_MAX + LOOKUP_ADDRS_MAX * ENDPOINT_TEXT_MAX + 64)

#define WORD_MAX 64
#define SERVICES_MAX 128

/* Invariant: len < sizeof(text), and there is a NUL. */
struct line {
	size_t len;
	char text[LINE_MAX];
};

static void add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What does not fit is cut. */
static void
add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->len, room, format, args);
	va_end(args);
	if (n > 0)
		line->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void
say(const struct resolver_options *o, const struct line *line)
{
	o->tell(o->tell_ctx, line->text);
}

static void
add_server(struct line *line, const struct endpoint *server)
{
	char text[ENDPOINT_TEXT_MAX];
	bool is_v6 = server->addr.sa.sa_family == AF_INET6;
	unsigned port = endpoint_port(server);

	(void)endpoint_format(server, text);
	if (port == DNS_PORT)
		add(line, " %s", text);
	else
		add(line, is_v6 ? " [%s]:%u" : " %s:%u", text, port);
}

void
tell_servers(const struct resolver_options *o, const struct endpoint *servers,
    size_t count)
{
	struct line line = { .len = 0 };

	if (o->tell == NULL)
		return;
	add(&line, count > 0 ? "name servers:" : "name servers: none");
	for (size_t i = 0; i < count; i++)
		add_server(&line, &servers[i]);
	say(o, &line);
}

void
tell_no_server(const struct resolver_options *o, struct slice word)
{
	struct line line = { .len = 0 };
	char shown[WORD_MAX];

	if (o->tell == NULL)
		return;
	add(&line, "name server '%s': not an address, passed over",
	    bulkfetch_escape(text_from(word), shown, sizeof(shown)));
	say(o, &line);
}

void
tell_others(const struct resolver_options *o, struct slice nsswitch)
{
	struct line line = { .len = 0 };
	char services[SERVICES_MAX];

	if (o->tell == NULL)
		return;
	(void)nsswitch_others(nsswitch, services, sizeof(services));
	if (services[0] == '\0')
		return;
	add(&line, "nsswitch.conf also names: %s; not consulted", services);
	say(o, &line);
}

/* In the order of a lookup that begins with the first of them. */
static void
add_addrs(struct line *line, const struct dns_known *known)
{
	struct dns_known copy = *known;
	struct endpoint addrs[LOOKUP_ADDRS_MAX];
	size_t all = known->types[0].count + known->types[1].count;
	size_t count = dns_known_take(&copy, 0, addrs, LOOKUP_ADDRS_MAX);

	for (size_t i = 0; i < count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		add(line, " %s", endpoint_format(&addrs[i], text));
	}
	if (count < all)
		add(line, " and %zu more", all - count);
}

void
tell_answer(const struct resolver_options *o, const struct dns_name *name,
    const struct dns_known *known, int64_t took_ms)
{
	struct line line = { .len = 0 };
	char text[DNS_NAME_TEXT_MAX];
	enum dns_verdict verdict = dns_known_verdict(known);

	if (o->tell == NULL)
		return;
	add(&line, "%s:", dns_name_format(name, text));
	if (verdict == DNS_FOUND)
		add_addrs(&line, known);
	else
		add(&line, " %s", dns_known_err(verdict, o->family).why);
	add(&line, " in %lld ms", (long long)took_ms);
	if (verdict == DNS_FOUND || dns_verdict_is_negative(verdict))
		add(&line, " (from the name servers)");
	say(o, &line);
}
