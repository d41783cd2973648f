#include "net/dns_question.h"

/* Whether there is a point in asking for the alias. */
static bool
may_follow(const struct dns_question *question, const struct dns_answer *answer)
{
	return question->aliases < DNS_ALIASES_MAX &&
	    !dns_name_eq(&answer->alias, &question->query.name) &&
	    !dns_name_eq(&answer->alias, question->first);
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void
follow(struct dns_question *question, const struct dns_answer *answer)
{
	question->aliases++;
	question->ttl_s = least(question->ttl_s, answer->ttl_s);
	question->query.name = answer->alias;
	dns_client_ask(question->client, &question->query);
	if (!question->is_awaited)
		dns_client_set_awaited(
		    question->client, &question->query, false);
}

static void
on_answer(void *ctx, struct dns_query *query, const struct dns_answer *answer)
{
	struct dns_question *question = ctx;
	struct dns_answer last;

	(void)query;
	if (answer->verdict == DNS_ALIAS && may_follow(question, answer)) {
		follow(question, answer);
		return;
	}
	question->is_out = false;
	if (answer->verdict != DNS_ALIAS && question->aliases == 0) {
		question->fn(question->ctx, question, answer);
		return;
	}
	last = *answer;
	last.ttl_s = least(question->ttl_s, answer->ttl_s);
	if (last.verdict == DNS_ALIAS)
		last.verdict = DNS_SERVFAIL;
	question->fn(question->ctx, question, &last);
}

void
dns_question_init(struct dns_question *question, struct dns_client *client,
    dns_question_fn fn, void *ctx)
{
	question->client = client;
	question->fn = fn;
	question->ctx = ctx;
	question->is_out = false;
}

void
dns_question_ask(struct dns_question *question, const struct dns_name *name,
    enum dns_type type)
{
	question->first = name;
	question->aliases = 0;
	question->ttl_s = UINT32_MAX;
	question->is_out = true;
	question->is_awaited = true;
	question->query.name = *name;
	question->query.type = type;
	question->query.fn = on_answer;
	question->query.ctx = question;
	dns_client_ask(question->client, &question->query);
}

void
dns_question_set_awaited(struct dns_question *question, bool is_awaited)
{
	if (!question->is_out)
		return;
	question->is_awaited = is_awaited;
	dns_client_set_awaited(question->client, &question->query, is_awaited);
}

void
dns_question_cancel(struct dns_question *question)
{
	if (!question->is_out)
		return;
	question->is_out = false;
	dns_client_cancel(question->client, &question->query);
}
