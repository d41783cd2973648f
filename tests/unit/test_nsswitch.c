#include "exact.h"

#include "dns/nsswitch.h"

static void
tells_the_services_other_than_files_and_dns(void **state)
{
	static const struct {
		struct slice text;
		const char *others;
	} rows[] = {
		{ TEXT(""), "" },
		{ TEXT("passwd: files systemd\n"), "" },
		{ TEXT("hosts: files dns\n"), "" },
		{ TEXT("hosts:"), "" },
		{ TEXT("hosts:          files mdns4_minimal [NOTFOUND=return] "
		       "dns myhostname\n"),
		    "mdns4_minimal myhostname" },
		{ TEXT("hosts: mymachines resolve [!UNAVAIL=return] files "
		       "myhostname dns"),
		    "mymachines resolve myhostname" },
		{ TEXT("\thosts:\tfiles\twins\r\n"), "wins" },
		{ TEXT("hosts :wins\n"), "wins" },
		{ TEXT("hosts: files # nis\n"), "" },
		{ TEXT("# hosts: nis\n"), "" },
		{ TEXT("hosts nis\nhost: nis\nhostss: nis\nxhosts: nis\n"),
		    "" },
		{ TEXT("hosts: nis\nhosts: files ldap\n"), "ldap" },
		{ TEXT("hosts: nis\nhosts: dns\nnetworks: nis\n"), "" },
		/* brackets with blanks, in a row, glued on, left open */
		{ TEXT("hosts: nis [ NOTFOUND=return UNAVAIL=return ] ldap\n"),
		    "nis ldap" },
		{ TEXT("hosts: [a=b] [c=d][e=f] nis\n"), "nis" },
		{ TEXT("hosts: nis[NOTFOUND=return]ldap\n"), "nis ldap" },
		{ TEXT("hosts: nis [NOTFOUND=return ldap\nhost: x\n"), "nis" },
		/* names that are none */
		{ TEXT("hosts: \x1b]31m n/s n\xc3\xa4 \0 nis ni.s\n"), "nis" },
		{ TEXT("hosts: Files DNS\n"), "Files DNS" },
		{ TEXT("hosts: dns6 filesystem\n"), "dns6 filesystem" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice text = exact_copy(rows[i].text);
		char out[128];

		if (strcmp(nsswitch_others(text, out, sizeof(out)),
			rows[i].others) != 0)
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, out,
			    rows[i].others);
		exact_free(text);
	}
}

static void
leaves_out_what_does_not_fit(void **state)
{
	static const struct {
		size_t cap;
		const char *others;
	} rows[] = {
		{ 1, "" },
		{ 2, "" },
		{ 3, "" },
		{ 4, "nis" },
		{ 5, "nis" },
		{ 7, "nis" },
		{ 8, "nis" },
		{ 9, "nis ldap" },
		{ 10, "nis ldap" },
		{ 11, "nis ldap x" },
	};
	struct slice text = TEXT("hosts: files nis ldap x\n");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *out = malloc(rows[i].cap);

		assert_non_null(out);
		assert_ptr_equal(nsswitch_others(text, out, rows[i].cap), out);
		assert_string_equal(out, rows[i].others);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_services_other_than_files_and_dns),
		cmocka_unit_test(leaves_out_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
