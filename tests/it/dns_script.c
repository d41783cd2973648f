/*
 * The scripted name server: a process that answers by the first label of each
 * name.  It keeps no state but the answers that are to leave later.
 */
#include "dns.h"

#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "dns/name.h"

#define HEADER 12
#define MESSAGE_MAX 65535
#define LATER_MAX 1024
#define DEFAULT_TTL 300

enum rcode {
	NOERROR = 0,
	FORMERR = 1,
	SERVFAIL = 2,
	NXDOMAIN = 3,
	REFUSED = 5
};

/* A query, and what its first label asks for. */
struct query {
	uint8_t octets[512]; /* header and question */
	size_t len;
	struct dns_name name;
	unsigned type;
	char act[DNS_LABEL_MAX + 1];
	unsigned long n;
	bool is_tcp;
};

struct message {
	uint8_t octets[MESSAGE_MAX];
	size_t len;
};

/* An answer that is to leave later. */
struct later {
	int64_t at_ms; /* 0: free */
	struct sockaddr_in to;
	size_t len;
	uint8_t octets[512];
};

struct script {
	int udp;
	int tcp;
	int log;
	struct later later[LATER_MAX];
};

/* ---- Composing ---------------------------------------------------------- */

static void
put(struct message *m, const void *octets, size_t len)
{
	if (len > sizeof(m->octets) - m->len)
		_exit(3);
	memcpy(m->octets + m->len, octets, len);
	m->len += len;
}

static void
put_u16(struct message *m, unsigned value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(m, octets, sizeof(octets));
}

/* The question comes back, behind a header of no records. */
static void
begin(struct message *m, const struct query *q, enum rcode rcode)
{
	m->len = 0;
	put(m, q->octets, q->len);
	m->octets[2] = 0x81; /* a response; recursion was desired */
	m->octets[3] = (uint8_t)(0x80 | (unsigned)rcode);
	m->octets[4] = 0;
	m->octets[5] = 1;
	memset(m->octets + 6, 0, 6);
}

static void
set_truncated(struct message *m)
{
	m->octets[2] |= 2;
}

/* One more record of the answer, its owner at `at`. */
static void
put_record(struct message *m, unsigned at, unsigned type, unsigned long ttl)
{
	unsigned count = m->octets[6] * 256U + m->octets[7] + 1;

	m->octets[6] = (uint8_t)(count >> 8);
	m->octets[7] = (uint8_t)count;
	put_u16(m, 0xc000U | at);
	put_u16(m, type);
	put_u16(m, 1);
	put_u16(m, (unsigned)(ttl >> 16) & 0xffffU);
	put_u16(m, (unsigned)ttl & 0xffffU);
}

static void
put_addr(struct message *m, unsigned at, unsigned long ttl, unsigned long n)
{
	const uint8_t addr[] = { 127, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)(n + 1) };

	put_record(m, at, 1, ttl);
	put_u16(m, sizeof(addr));
	put(m, addr, sizeof(addr));
}

/* As many as the name says, for A; nothing for AAAA. */
static void
found(struct message *m, const struct query *q, unsigned long ttl,
    unsigned long count)
{
	begin(m, q, NOERROR);
	for (unsigned long i = 0; q->type == 1 && i < count; i++)
		put_addr(m, HEADER, ttl, i);
}

/* An alias for the name with another first label, or for itself. */
static void
alias(struct message *m, const struct query *q)
{
	char label[DNS_LABEL_MAX + 1];
	size_t first = q->name.octets[0] + 1U;
	size_t len;

	begin(m, q, NOERROR);
	put_record(m, HEADER, 5, DEFAULT_TTL);
	if (strcmp(q->act, "ring") == 0) {
		put_u16(m, 2);
		put_u16(m, 0xc000U | HEADER);
		return;
	}
	len = (size_t)snprintf(label, sizeof(label), "alias%lu", q->n - 1);
	if (q->n <= 1)
		len = (size_t)snprintf(label, sizeof(label), "ok");
	put_u16(m, (unsigned)(1 + len + q->name.len - first));
	put(m, &(uint8_t){ (uint8_t)len }, 1);
	put(m, label, len);
	put(m, q->name.octets + first, q->name.len - first);
}

/* A record whose owner is a pointer to itself, and more of the kind. */
static void
pointer_loop(struct message *m, const struct query *q)
{
	begin(m, q, NOERROR);
	put_addr(m, (unsigned)m->len, DEFAULT_TTL, 0);
	put_record(m, HEADER, 5, DEFAULT_TTL);
	put_u16(m, 2);
	put_u16(m, 0xc000U | (unsigned)m->len);
}

/* ---- What names ask for ------------------------------------------------- */

static bool
is_act(const struct query *q, const char *act)
{
	return strcmp(q->act, act) == 0;
}

static bool
is_failure(const struct query *q, enum rcode *rcode)
{
	static const struct {
		const char *act;
		enum rcode rcode;
	} rows[] = { { "servfail", SERVFAIL }, { "refused", REFUSED },
		{ "formerr", FORMERR }, { "nxdomain", NXDOMAIN },
		{ "nodata", NOERROR } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		*rcode = rows[i].rcode;
		if (is_act(q, rows[i].act))
			return true;
	}
	return false;
}

/* The answer in the end; false when there is none. */
static bool
compose(struct message *m, const struct query *q)
{
	enum rcode rcode;

	if (is_act(q, "silent") || (is_act(q, "noaaaa") && q->type == 28))
		return false;
	if (is_failure(q, &rcode)) {
		begin(m, q, rcode);
	} else if (is_act(q, "loop")) {
		pointer_loop(m, q);
	} else if (is_act(q, "alias") || is_act(q, "ring")) {
		alias(m, q);
	} else if (!q->is_tcp &&
	    (is_act(q, "cut") || is_act(q, "many") || is_act(q, "hangup"))) {
		begin(m, q, NOERROR);
		set_truncated(m);
	} else if (is_act(q, "hangup")) {
		return false;
	} else if (is_act(q, "many")) {
		found(m, q, DEFAULT_TTL, q->n);
	} else {
		found(m, q, is_act(q, "ttl") ? q->n : DEFAULT_TTL, 1);
	}
	return true;
}

/* Header and one question are all that is looked at. */
static bool
parse(struct slice octets, bool is_tcp, struct query *q)
{
	struct slice label;
	size_t at = HEADER;
	size_t digits = 0;

	*q = (struct query){ .is_tcp = is_tcp };
	if (octets.len < HEADER || !dns_name_read(octets, &at, &q->name) ||
	    octets.len - at < 4 || at + 4 > sizeof(q->octets))
		return false;
	q->type = octets.ptr[at] * 256U + octets.ptr[at + 1];
	q->len = at + 4;
	memcpy(q->octets, octets.ptr, q->len);
	label = slice_of(q->name.octets + 1, q->name.octets[0]);
	memcpy(q->act, label.ptr, label.len);
	while (digits < label.len &&
	    ascii_is_digit(label.ptr[label.len - 1 - digits]))
		digits++;
	q->n = strtoul(q->act + label.len - digits, NULL, 10);
	q->act[label.len - digits] = '\0';
	return true;
}

static void
write_log(const struct script *s, const struct query *q)
{
	char name[DNS_NAME_TEXT_MAX];
	char line[DNS_NAME_TEXT_MAX + 32];
	int len = snprintf(line, sizeof(line), "%s %s %s\n",
	    q->is_tcp ? "tcp" : "udp", q->type == 1 ? "A" : "AAAA",
	    dns_name_format(&q->name, name));

	if (write(s->log, line, (size_t)len) != len)
		_exit(3);
}

/* ---- UDP ---------------------------------------------------------------- */

static void
send_to(int fd, const struct sockaddr_in *to, const uint8_t *octets, size_t len)
{
	(void)sendto(
	    fd, octets, len, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void
send_later(struct script *s, const struct sockaddr_in *to, int64_t at_ms,
    const struct message *m)
{
	for (size_t i = 0; i < LATER_MAX; i++) {
		struct later *l = &s->later[i];

		if (l->at_ms != 0)
			continue;
		l->at_ms = at_ms;
		l->to = *to;
		l->len = m->len;
		if (m->len > sizeof(l->octets))
			_exit(3);
		memcpy(l->octets, m->octets, m->len);
		return;
	}
}

/* A wrong answer first; it names an address where nothing listens. */
static void
send_wrong(
    const struct script *s, const struct sockaddr_in *to, const struct query *q)
{
	struct message m;
	int fd = s->udp;

	begin(&m, q, NOERROR);
	put_addr(&m, HEADER, DEFAULT_TTL, 0xfffff0);
	if (is_act(q, "wrongid"))
		m.octets[1] ^= 1;
	else if (is_act(q, "wrongname"))
		m.octets[HEADER + 1] ^= 3;
	else if (is_act(q, "wrongport"))
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	else
		return;
	send_to(fd, to, m.octets, m.len);
	if (fd != s->udp)
		(void)close(fd);
}

static void
serve_datagram(struct script *s)
{
	uint8_t octets[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(s->udp, octets, sizeof(octets), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &from_len);
	static struct message m;
	struct query q;

	if (n < 0 || !parse(slice_of(octets, (size_t)n), false, &q))
		return;
	write_log(s, &q);
	send_wrong(s, &from, &q);
	if (!compose(&m, &q))
		return;
	if (is_act(&q, "late") || strncmp(q.act, "wrong", 5) == 0)
		send_later(s, &from, world_now_ms() + (int64_t)q.n, &m);
	else
		send_to(s->udp, &from, m.octets, m.len);
}

/* How long until the next one is due; -1 for ever. */
static int
send_due(struct script *s)
{
	int64_t now_ms = world_now_ms();
	int64_t wait_ms = -1;

	for (size_t i = 0; i < LATER_MAX; i++) {
		struct later *l = &s->later[i];

		if (l->at_ms == 0)
			continue;
		if (l->at_ms <= now_ms) {
			send_to(s->udp, &l->to, l->octets, l->len);
			l->at_ms = 0;
		} else if (wait_ms == -1 || l->at_ms - now_ms < wait_ms) {
			wait_ms = l->at_ms - now_ms;
		}
	}
	return (int)wait_ms;
}

/* ---- TCP ---------------------------------------------------------------- */

static bool
read_all(int fd, uint8_t *octets, size_t len)
{
	return recv(fd, octets, len, MSG_WAITALL) == (ssize_t)len;
}

/* One query a connection, whose asker is not slow to send it. */
static void
serve_connection(const struct script *s)
{
	int fd = accept4(s->tcp, NULL, NULL, SOCK_CLOEXEC);
	const struct timeval patience = { .tv_sec = 5 };
	static struct message m;
	uint8_t octets[512];
	uint8_t size[2];
	struct query q;

	if (fd == -1)
		return;
	(void)setsockopt(
	    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (read_all(fd, size, 2) && size[0] * 256U + size[1] <= 512 &&
	    read_all(fd, octets, size[0] * 256U + size[1]) &&
	    parse(slice_of(octets, size[0] * 256U + size[1]), true, &q)) {
		write_log(s, &q);
		if (compose(&m, &q)) {
			size[0] = (uint8_t)(m.len >> 8);
			size[1] = (uint8_t)m.len;
			(void)send(fd, size, 2, MSG_NOSIGNAL | MSG_MORE);
			(void)send(fd, m.octets, m.len, MSG_NOSIGNAL);
		}
	}
	(void)close(fd);
}

/* ---- The process -------------------------------------------------------- */

static void
serve(struct script *s)
{
	struct pollfd pollers[] = { { .fd = s->udp, .events = POLLIN },
		{ .fd = s->tcp, .events = POLLIN } };

	for (;;) {
		int wait_ms = send_due(s);

		if (poll(pollers, COUNT(pollers), wait_ms) <= 0)
			continue;
		if (pollers[0].revents != 0)
			serve_datagram(s);
		if (pollers[1].revents != 0)
			serve_connection(s);
	}
}

static int
udp_socket_at(unsigned port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

void
dns_script_start(struct world *w, struct dns *dns)
{
	static struct script s;

	memset(&s, 0, sizeof(s));
	s.udp = -1;
	for (int i = 0; s.udp == -1; i++) {
		assert_true(i < 100);
		s.tcp = world_listen(w, false, &dns->port);
		s.udp = udp_socket_at(dns->port);
		if (s.udp == -1)
			(void)close(s.tcp);
	}
	dns->addr = world_text(w, "127.0.0.1:%u", dns->port);
	dns->log = world_text(w, "script%u.log", dns->port);
	s.log = open(world_path(w, dns->log),
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_int_not_equal(s.log, -1);
	dns->pid = fork();
	assert_int_not_equal(dns->pid, -1);
	if (dns->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Else the origin would not end before this does. */
		if (w->origin != 0)
			(void)close(w->origin_life);
		serve(&s);
	}
	(void)close(s.udp);
	(void)close(s.tcp);
	(void)close(s.log);
	world_add_child(w, dns->pid, SIGKILL);
}
