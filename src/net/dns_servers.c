#include "net/dns_servers.h"

void
dns_servers_init(struct dns_servers *s, size_t count, bool is_rotated)
{
	*s = (struct dns_servers){ .count = count, .is_rotated = is_rotated };
	for (size_t i = 0; i < count; i++)
		s->servers[i] = (struct dns_server){ .heard_ms = INT64_MIN,
			.has_edns = true };
}

size_t
dns_servers_first(struct dns_servers *s)
{
	size_t first = s->turn;

	if (s->is_rotated && s->count > 0)
		s->turn = (first + 1) % s->count;
	return first;
}

/* Neither banned nor waiting to be found out about. */
static bool
is_alive(const struct dns_server *server)
{
	return server->ban_ms == 0;
}

static bool
may_probe(const struct dns_server *server, int64_t now_ms)
{
	return !is_alive(server) && now_ms >= server->until_ms &&
	    !server->is_probed;
}

static bool
is_any_alive(const struct dns_servers *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (is_alive(&s->servers[i]))
			return true;
	}
	return false;
}

bool
dns_servers_next(struct dns_servers *s, size_t first, unsigned skip,
    int64_t now_ms, struct dns_choice *choice)
{
	bool takes_any = !is_any_alive(s);

	for (size_t i = 0; i < s->count; i++) {
		size_t at = (first + i) % s->count;
		struct dns_server *server = &s->servers[at];
		bool is_probe = may_probe(server, now_ms);

		if ((skip >> at & 1) != 0)
			continue;
		if (!is_alive(server) && !is_probe && !takes_any)
			continue;
		server->is_probed = server->is_probed || is_probe;
		*choice = (struct dns_choice){ at, is_probe };
		return true;
	}
	return false;
}

void
dns_servers_heard(struct dns_servers *s, size_t server, int64_t now_ms)
{
	struct dns_server *it = &s->servers[server];

	it->failures = 0;
	it->ban_ms = 0;
	it->heard_ms = now_ms;
}

void
dns_servers_failed(
    struct dns_servers *s, size_t server, int64_t sent_ms, int64_t now_ms)
{
	struct dns_server *it = &s->servers[server];

	/* It lives, and was only slow with this one. */
	if (it->heard_ms > sent_ms)
		return;
	if (is_alive(it)) {
		if (++it->failures < DNS_SERVER_FAILURES)
			return;
		it->ban_ms = DNS_SERVER_BAN_MS;
	} else {
		/* Sent before it was given up, or while all are: nothing new.
		 */
		if (sent_ms < it->until_ms)
			return;
		it->ban_ms = 2 * it->ban_ms < DNS_SERVER_BAN_MAX_MS
		    ? 2 * it->ban_ms
		    : DNS_SERVER_BAN_MAX_MS;
	}
	it->until_ms = now_ms + it->ban_ms;
}

void
dns_servers_end_probe(struct dns_servers *s, size_t server)
{
	s->servers[server].is_probed = false;
}
