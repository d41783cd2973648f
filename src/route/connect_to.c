#include "route/connect_to.h"

#include "route/host_rule.h"

static bool
is_any(struct slice part)
{
	return part.len == 0 || slice_eq_str(part, "*");
}

static struct err
read_pair(
    struct slice host, struct slice port, struct slice *host_out, uint16_t *out)
{
	struct err err = err_none();

	if (host.len > 0)
		err = host_rule_check(&host);
	if (!err_is(err) && port.len > 0)
		err = host_rule_port(port, out);
	*host_out = host;
	return err;
}

struct err
connect_to_parse(struct slice text, struct connect_to *rule)
{
	const struct slice any = slice_of(NULL, 0);
	struct connect_to read = { .port = 0 };
	struct slice parts[4];
	struct err err;

	if (!host_rule_cut(&text, &parts[0]) ||
	    !host_rule_cut(&text, &parts[1]))
		return err_why(
		    ERR_REQUEST, "it takes the form HOST1:PORT1:HOST2:PORT2");
	/* curl takes a missing PORT2 for an empty one. */
	(void)host_rule_cut(&text, &parts[2]);
	if (host_rule_cut(&text, &parts[3]))
		return err_why(ERR_REQUEST,
		    "more than HOST1:PORT1:HOST2:PORT2 (IPv6 addresses stand "
		    "in brackets)");
	err = read_pair(is_any(parts[0]) ? any : parts[0],
	    is_any(parts[1]) ? any : parts[1], &read.host, &read.port);
	if (!err_is(err))
		err =
		    read_pair(parts[2], parts[3], &read.to_host, &read.to_port);
	if (!err_is(err))
		*rule = read;
	return err;
}

bool
connect_to_apply(
    const struct connect_to *rule, struct slice *host, uint16_t *port)
{
	if (rule->port != 0 && rule->port != *port)
		return false;
	if (rule->host.len > 0 && !host_rule_eq(rule->host, *host))
		return false;
	if (rule->to_host.len > 0)
		*host = rule->to_host;
	if (rule->to_port != 0)
		*port = rule->to_port;
	return true;
}
