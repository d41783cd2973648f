/*
 * A flow takes octets in, makes up its mind about them, and puts out what is
 * left; a link is two of them.  Both are polled until the world ends.
 */
#include "relay.h"

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINKS_MAX 128
#define FDS_MAX 1024

/* Twice what a record can have: RFC 5246, section 6.2.3. */
#define FLOW_MAX 40000U
#define RECORD_HEAD 5U
#define RECORD_ALERT 21
#define RECORD_DATA 23

/* What an alert is long in TLS 1.3: level, description, type, tag. */
#define SEALED_ALERT 19U

/* Between two octets, so that the other end has a chance to see them apart. */
#define SPLIT_NS 20000L

enum side { CLIENT, SERVER };

struct octets {
	uint8_t at[FLOW_MAX];
	size_t len;
};

/* From `from` to the other side. */
struct flow {
	enum side from;
	struct octets in;
	struct octets out;
	bool has_ended; /* nothing more comes in */
	bool is_shut;   /* and nothing more goes out */
};

/* What becomes of a link once everything of the server's is out. */
enum fate { FATE_OPEN, FATE_FIN, FATE_RESET, FATE_STALLED };

struct link {
	int fds[2];
	struct flow flows[2];
	enum relay_trick trick;
	enum fate fate;
	uint64_t octets; /* of the server, taken in */
	uint64_t passed; /* of them, let go */
	uint64_t records;
	uint64_t data_records;
	unsigned number; /* of the connection, from 1 */
};

struct relaying {
	int listener;
	unsigned port;
	struct relay_plan plan;
	volatile struct relay_seen *seen; /* shared */
	struct link *links[LINKS_MAX];    /* owned */
	size_t count;
};

/* ---- Octets -------------------------------------------------------------- */

static void
drop_front(struct octets *o, size_t len)
{
	memmove(o->at, o->at + len, o->len - len);
	o->len -= len;
}

/* Of what came in to what goes out; the caller has seen that there is room. */
static void
move(struct link *l, struct flow *f, size_t len)
{
	memcpy(f->out.at + f->out.len, f->in.at, len);
	f->out.len += len;
	drop_front(&f->in, len);
	if (f->from == SERVER)
		l->passed += len;
}

static size_t
room(const struct octets *o)
{
	return FLOW_MAX - o->len;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- Tricks -------------------------------------------------------------- */

static void
trick_is_played(struct relaying *r, struct link *l, enum fate fate)
{
	l->fate = fate;
	l->trick = RELAY_PASS;
	r->seen->tricked++;
}

/* Of the record that `in` begins with, all of it; 0: it is not there yet. */
static size_t
record_len(const struct octets *in)
{
	size_t len;

	if (in->len < RECORD_HEAD)
		return 0;
	len = RECORD_HEAD + (size_t)(in->at[3] << 8 | in->at[4]);
	return in->len >= len ? len : 0;
}

/* What a test sends in TLS 1.3 is never just two octets. */
static bool
is_close_notify(const struct octets *in, size_t len)
{
	return in->at[0] == RECORD_ALERT ||
	    (in->at[0] == RECORD_DATA && len == RECORD_HEAD + SEALED_ALERT);
}

/* The front of `in` is a record; false when it has to stay there. */
static bool
take_record(struct relaying *r, struct link *l, struct flow *f, size_t len)
{
	bool is_data = f->in.at[0] == RECORD_DATA;
	const uint8_t alert[] = { RECORD_ALERT, 3, 3, 0, 2, 2, r->plan.alert };

	if (l->trick == RELAY_ALERT && l->records == r->plan.at) {
		memcpy(f->out.at + f->out.len, alert, sizeof(alert));
		f->out.len += sizeof(alert);
		f->in.len = 0;
		trick_is_played(r, l, FATE_FIN);
		return false;
	}
	/* Not when the server's FIN comes: it may wait for ours. */
	if (l->trick == RELAY_MUTE && is_close_notify(&f->in, len)) {
		f->in.len = 0;
		trick_is_played(r, l, FATE_FIN);
		return false;
	}
	if (l->trick == RELAY_FLIP && is_data &&
	    l->data_records == r->plan.at) {
		f->in.at[len - 1] ^= 1;
		trick_is_played(r, l, FATE_OPEN);
	}
	l->records++;
	l->data_records += is_data;
	move(l, f, len);
	return true;
}

static void
take_records(struct relaying *r, struct link *l, struct flow *f)
{
	size_t len;

	while ((len = record_len(&f->in)) > 0 && room(&f->out) >= len) {
		if (!take_record(r, l, f, len))
			return;
	}
	/* Half a record at the end is none of ours. */
	if (f->has_ended && f->in.len > 0 && len == 0)
		move(l, f, least(f->in.len, room(&f->out)));
}

static void
take_up_to(struct relaying *r, struct link *l, struct flow *f, enum fate fate)
{
	uint64_t left = r->plan.at - l->passed;
	size_t len = least(f->in.len, room(&f->out));

	move(l, f, left < len ? (size_t)left : len);
	if (l->passed == r->plan.at)
		trick_is_played(r, l, fate);
}

static void
flow_think(struct relaying *r, struct link *l, struct flow *f)
{
	if (l->fate != FATE_OPEN) {
		f->in.len = 0;
		return;
	}
	if (f->from == CLIENT) {
		move(l, f, least(f->in.len, room(&f->out)));
		return;
	}
	switch (l->trick) {
	case RELAY_FIN:
		take_up_to(r, l, f, FATE_FIN);
		return;
	case RELAY_RESET:
		take_up_to(r, l, f, FATE_RESET);
		return;
	case RELAY_STALL:
		take_up_to(r, l, f, FATE_STALLED);
		return;
	case RELAY_PASS:
	case RELAY_SPLIT:
	case RELAY_MUTE:
	case RELAY_ALERT:
	case RELAY_FLIP:
		take_records(r, l, f);
		return;
	}
}

/* ---- Links --------------------------------------------------------------- */

/* The newest one is told of. */
static void
tell(const struct relaying *r, const struct link *l)
{
	if (l->number != r->seen->accepted)
		return;
	r->seen->octets = l->octets;
	r->seen->records = l->records;
	r->seen->data_records = l->data_records;
}

static void
set_socket(int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static void
link_accept(struct relaying *r)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)r->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int client = accept(r->listener, NULL, NULL);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	struct link *l;

	if (client == -1 || server == -1 ||
	    connect(server, (struct sockaddr *)&addr, sizeof(addr)) == -1)
		_exit(1);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		_exit(1);
	set_socket(client);
	set_socket(server);
	l->fds[CLIENT] = client;
	l->fds[SERVER] = server;
	l->flows[SERVER].from = SERVER;
	l->number = ++r->seen->accepted;
	if (r->plan.spoils == 0 || l->number <= r->plan.spoils)
		l->trick = r->plan.trick;
	tell(r, l);
	r->links[r->count++] = l;
}

static void
link_free(struct relaying *r, size_t i)
{
	(void)close(r->links[i]->fds[CLIENT]);
	(void)close(r->links[i]->fds[SERVER]);
	free(r->links[i]);
	r->links[i] = r->links[--r->count];
}

static void
flow_read(struct link *l, struct flow *f)
{
	ssize_t n = read(l->fds[f->from], f->in.at + f->in.len, room(&f->in));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		f->has_ended = true;
		return;
	}
	f->in.len += (size_t)n;
	if (f->from == SERVER)
		l->octets += (uint64_t)n;
}

static void
flow_write(struct link *l, struct flow *f)
{
	size_t len =
	    l->trick == RELAY_SPLIT ? least(f->out.len, 1) : f->out.len;
	ssize_t n;

	if (len == 0)
		return;
	n = send(l->fds[!f->from], f->out.at, len, MSG_NOSIGNAL);
	if (n > 0)
		drop_front(&f->out, (size_t)n);
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		f->out.len = 0; /* nobody is there any more */
}

/* Where one side has ended and everything is passed on, so ends the other. */
static void
flow_end(struct link *l, struct flow *f)
{
	bool is_cut = f->from == SERVER && l->fate == FATE_FIN;

	if (f->is_shut || f->out.len > 0 || (!is_cut && !f->has_ended) ||
	    (l->fate == FATE_OPEN && f->in.len > 0))
		return;
	(void)shutdown(l->fds[!f->from], SHUT_WR);
	f->is_shut = true;
}

/* False at its end. */
static bool
link_run(struct relaying *r, struct link *l)
{
	for (size_t i = 0; i < 2; i++) {
		struct flow *f = &l->flows[i];

		if (!f->has_ended && room(&f->in) > 0)
			flow_read(l, f);
		flow_think(r, l, f);
		flow_write(l, f);
		flow_end(l, f);
	}
	tell(r, l);
	if (l->fate == FATE_RESET && l->flows[SERVER].out.len == 0) {
		(void)setsockopt(l->fds[CLIENT], SOL_SOCKET, SO_LINGER,
		    &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		return false;
	}
	/* After a FIN it reads on, so that no RST goes the way of it. */
	return !l->flows[CLIENT].is_shut || !l->flows[SERVER].is_shut;
}

/* ---- The process --------------------------------------------------------- */

static bool
is_waiting_to_write(const struct link *l)
{
	return l->flows[CLIENT].out.len + l->flows[SERVER].out.len > 0;
}

/* Whether there is a reason to come back at once. */
static bool
prepare(const struct relaying *r, struct pollfd *fds)
{
	bool is_splitting = false;

	fds[0] = (struct pollfd){ .fd = r->count < LINKS_MAX ? r->listener : -1,
		.events = POLLIN };
	for (size_t i = 0; i < r->count; i++) {
		const struct link *l = r->links[i];
		bool is_stalled =
		    l->fate == FATE_STALLED && l->flows[SERVER].out.len == 0;

		is_splitting = is_splitting ||
		    (l->trick == RELAY_SPLIT && is_waiting_to_write(l));
		for (size_t k = 0; k < 2; k++) {
			const struct flow *f = &l->flows[k];
			bool takes = !f->has_ended && room(&f->in) > 0;
			bool puts = l->flows[!k].out.len > 0;

			fds[1 + 2 * i + k] = (struct pollfd){
				.fd = is_stalled || (!takes && !puts)
				    ? -1
				    : l->fds[k],
				.events = (short)((takes ? POLLIN : 0) |
				    (puts ? POLLOUT : 0)),
			};
		}
	}
	return is_splitting;
}

static void
relay_run(struct relaying *r)
{
	static struct pollfd fds[1 + 2 * LINKS_MAX];

	for (;;) {
		const struct timespec moment = { .tv_nsec = SPLIT_NS };
		bool is_splitting = prepare(r, fds);

		/* One octet a turn, at its own pace. */
		if (is_splitting)
			(void)nanosleep(&moment, NULL);
		(void)poll(fds, 1 + 2 * r->count, is_splitting ? 0 : -1);
		for (size_t i = r->count; i-- > 0;) {
			struct link *l = r->links[i];
			bool is_stalled = l->fate == FATE_STALLED &&
			    l->flows[SERVER].out.len == 0;

			if (!is_stalled && !link_run(r, l))
				link_free(r, i);
		}
		if (fds[0].revents != 0)
			link_accept(r);
	}
}

void
relay_start(struct world *w, struct relay *r, unsigned port,
    const struct relay_plan *plan)
{
	void *shared = mmap(NULL, sizeof(struct relay_seen),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct relaying relaying = {
		.port = port, .plan = *plan, .seen = shared
	};

	assert_ptr_not_equal(shared, MAP_FAILED);
	r->seen = shared;
	relaying.listener = world_listen(w, false, &r->port);
	r->pid = fork();
	assert_int_not_equal(r->pid, -1);
	if (r->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Nobody's pipe shall stay open because of us. */
		for (int fd = 3; fd < FDS_MAX; fd++) {
			if (fd != relaying.listener)
				(void)close(fd);
		}
		relay_run(&relaying);
	}
	(void)close(relaying.listener);
	world_add_child(w, r->pid, SIGKILL);
}

void
relay_stop(struct world *w, struct relay *r)
{
	(void)kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, NULL, 0);
	world_drop_child(w, r->pid);
	(void)munmap((void *)(uintptr_t)r->seen, sizeof(*r->seen));
	r->seen = NULL;
}
