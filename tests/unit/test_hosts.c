#include "exact.h"

#include <stdbool.h>
#include <stdio.h>

#include "dns/hosts.h"

/* "addr=name,name;addr=name;" as read from `text`. */
static const char *
read_all(struct slice text, char *out, size_t cap)
{
	struct slice addr;
	struct slice names;
	struct slice name;
	size_t len = 0;

	out[0] = '\0';
	while (hosts_next(&text, &addr, &names)) {
		len += (size_t)snprintf(out + len, cap - len,
		    "%.*s=", (int)addr.len, (const char *)addr.ptr);
		while (hosts_next_name(&names, &name))
			len += (size_t)snprintf(out + len, cap - len, "%.*s,",
			    (int)name.len, (const char *)name.ptr);
		len += (size_t)snprintf(out + len, cap - len, ";");
	}
	return out;
}

static void
reads_lines_with_an_address_and_names(void **state)
{
	static const struct {
		struct slice text;
		const char *read;
	} cases[] = {
		{ TEXT(""), "" },
		{ TEXT("\n\n \n\t\n"), "" },
		{ TEXT("127.0.0.1 localhost\n"), "127.0.0.1=localhost,;" },
		{ TEXT("127.0.0.1 localhost"), "127.0.0.1=localhost,;" },
		{ TEXT("::1\tlocalhost  ip6-localhost\t\n"),
		    "::1=localhost,ip6-localhost,;" },
		{ TEXT("  10.0.0.1 a\n10.0.0.2 b c\n"),
		    "10.0.0.1=a,;10.0.0.2=b,c,;" },
		{ TEXT("10.0.0.1 a\r\n10.0.0.2 b\r\n"),
		    "10.0.0.1=a,;10.0.0.2=b,;" },
		{ TEXT("# 10.0.0.1 a\n10.0.0.2 b # c d\n"), "10.0.0.2=b,;" },
		{ TEXT("10.0.0.1 a#b\n"), "10.0.0.1=a,;" },
		{ TEXT("10.0.0.1#a\n10.0.0.2 #b\n10.0.0.3\n"), "" },
		{ TEXT("10.0.0.1\n10.0.0.2 b\n"), "10.0.0.2=b,;" },
		/* What is no address is for the caller to find out. */
		{ TEXT("nonsense a\n"), "nonsense=a,;" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = exact_copy(cases[i].text);
		char out[256];

		expect_text("lines",
		    slice_str(read_all(text, out, sizeof(out))), cases[i].read);
		exact_free(text);
	}
}

static void
reads_octets_of_any_kind(void **state)
{
	struct slice text =
	    exact_copy((struct slice)TEXT("\0 \xff\xfe\n10.0.0.1 \0b"));
	struct slice rest = text;
	struct slice addr;
	struct slice names;

	(void)state;
	assert_true(hosts_next(&rest, &addr, &names));
	assert_true(slice_eq(addr, slice_of("\0", 1)));
	assert_true(hosts_next(&rest, &addr, &names));
	expect_text("address", addr, "10.0.0.1");
	assert_false(hosts_next(&rest, &addr, &names));
	exact_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines_with_an_address_and_names),
		cmocka_unit_test(reads_octets_of_any_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
