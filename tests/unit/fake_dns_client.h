/*
 * fake_dns_client - a client that asks nobody: questions stay out until a test
 * answers them.  A test that includes this has the line
 *
 *     link: -Wl,--wrap=dns_client_new,--wrap=dns_client_free,--wrap=dns_client_configure,--wrap=dns_client_ask,--wrap=dns_client_set_awaited,--wrap=dns_client_cancel,--wrap=dns_client_get_stats
 *
 * in a comment of its own.
 */
#ifndef BULKFETCH_TESTS_UNIT_FAKE_DNS_CLIENT_H
#define BULKFETCH_TESTS_UNIT_FAKE_DNS_CLIENT_H

#include "exact.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>

#include "net/dns_client.h"

#define FAKE_QUERIES_MAX 64

static struct {
	struct list out;   /* queries, in the order asked */
	struct list spare; /* of them, by `spare`: those nobody waits for */
	uint64_t asked;
	unsigned cancelled;
	unsigned max_inflight;
	unsigned configured;
	struct dns_client_config config; /* the last one */
	char owner;                      /* its address is the client */
	bool refuses_new;
} fake_client;

struct err __wrap_dns_client_new(
    struct reactor *reactor, unsigned max_inflight, struct dns_client **out);
void __wrap_dns_client_free(struct dns_client *c);
void __wrap_dns_client_configure(
    struct dns_client *c, const struct dns_client_config *config);
void __wrap_dns_client_ask(struct dns_client *c, struct dns_query *q);
void __wrap_dns_client_set_awaited(
    struct dns_client *c, struct dns_query *q, bool is_awaited);
void __wrap_dns_client_cancel(struct dns_client *c, struct dns_query *q);
void __wrap_dns_client_get_stats(
    const struct dns_client *c, struct dns_client_stats *stats);

static void
fake_check_client(const struct dns_client *c)
{
	assert_ptr_equal(c, &fake_client.owner);
}

struct err
__wrap_dns_client_new(
    struct reactor *reactor, unsigned max_inflight, struct dns_client **out)
{
	assert_non_null(reactor);
	if (fake_client.refuses_new)
		return err_of(ERR_NOMEM);
	memset(&fake_client, 0, sizeof(fake_client));
	list_init(&fake_client.out);
	list_init(&fake_client.spare);
	fake_client.max_inflight = max_inflight;
	*out = (void *)&fake_client.owner;
	return err_none();
}

void
__wrap_dns_client_free(struct dns_client *c)
{
	if (c == NULL)
		return;
	fake_check_client(c);
	/* Nothing may be under way. */
	assert_true(list_is_empty(&fake_client.out));
}

void
__wrap_dns_client_configure(
    struct dns_client *c, const struct dns_client_config *config)
{
	fake_check_client(c);
	fake_client.config = *config;
	fake_client.configured++;
}

void
__wrap_dns_client_ask(struct dns_client *c, struct dns_query *q)
{
	fake_check_client(c);
	assert_true(q->name.len > 0);
	assert_non_null(q->fn);
	list_push_back(&fake_client.out, &q->link);
	list_init(&q->spare);
	fake_client.asked++;
}

void
__wrap_dns_client_set_awaited(
    struct dns_client *c, struct dns_query *q, bool is_awaited)
{
	fake_check_client(c);
	list_remove(&q->spare);
	if (!is_awaited)
		list_push_back(&fake_client.spare, &q->spare);
}

void
__wrap_dns_client_cancel(struct dns_client *c, struct dns_query *q)
{
	fake_check_client(c);
	list_remove(&q->link);
	list_remove(&q->spare);
	fake_client.cancelled++;
}

void
__wrap_dns_client_get_stats(
    const struct dns_client *c, struct dns_client_stats *stats)
{
	fake_check_client(c);
	*stats = (struct dns_client_stats){ .queries = fake_client.asked };
}

/* What is out, in the order asked: "AAAA example.com, A example.com", with
 * "spare" in front of what nobody waits for; lent until the next call. */
static const char *
fake_questions(void)
{
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (struct list *at = fake_client.out.next; at != &fake_client.out;
	     at = at->next) {
		struct dns_query *q = LIST_OBJECT(at, struct dns_query, link);
		char name[DNS_NAME_TEXT_MAX];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s%s %s", len > 0 ? ", " : "",
		    list_is_empty(&q->spare) ? "" : "spare ",
		    q->type == DNS_A ? "A" : "AAAA",
		    dns_name_format(&q->name, name));
		assert_true(len < sizeof(text));
	}
	return text;
}

static inline void
expect_questions(const char *expected)
{
	expect_text("questions", slice_str(fake_questions()), expected);
}

/* Answer the question that is out; fails when it is not. */
static void
fake_answer(
    const char *name, enum dns_type type, const struct dns_answer *answer)
{
	struct dns_name wanted;

	assert_true(dns_name_parse(slice_str(name), &wanted));
	for (struct list *at = fake_client.out.next; at != &fake_client.out;
	     at = at->next) {
		struct dns_query *q = LIST_OBJECT(at, struct dns_query, link);

		if (q->type != type || !dns_name_eq(&q->name, &wanted))
			continue;
		list_remove(&q->link);
		list_remove(&q->spare);
		q->fn(q->ctx, q, answer);
		return;
	}
	fail_msg("%s is not asked for", name);
}

static inline void
fake_say(const char *name, enum dns_type type, enum dns_verdict verdict)
{
	const struct dns_answer answer = { .verdict = verdict, .ttl_s = 300 };

	fake_answer(name, type, &answer);
}

/* `addrs` with commas between them; of the type that they are of. */
static inline void
fake_found(const char *name, uint32_t ttl_s, const char *addrs)
{
	struct dns_answer answer = { .verdict = DNS_FOUND, .ttl_s = ttl_s };
	enum dns_type type = strchr(addrs, ':') != NULL ? DNS_AAAA : DNS_A;
	int family = type == DNS_A ? AF_INET : AF_INET6;
	char copy[2048];
	char *at = copy;
	char *word;

	assert_true(strlen(addrs) < sizeof(copy));
	(void)strcpy(copy, addrs);
	while ((word = strsep(&at, ",")) != NULL)
		assert_int_equal(
		    inet_pton(family, word, answer.addrs[answer.count++]), 1);
	fake_answer(name, type, &answer);
}

static inline void
fake_alias(
    const char *name, enum dns_type type, uint32_t ttl_s, const char *alias)
{
	struct dns_answer answer = { .verdict = DNS_ALIAS, .ttl_s = ttl_s };

	assert_true(dns_name_parse(slice_str(alias), &answer.alias));
	fake_answer(name, type, &answer);
}

#endif
