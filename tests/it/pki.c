#include "pki.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32

#define LOCAL "DNS:localhost,IP:127.0.0.1,IP:::1"
#define PASS_PHRASE "let me in"

/* Dates are what `openssl req` cannot do before 3.4, so two certificates come
 * from `openssl ca`, which keeps a database. */
static const char conf[] = "[req]\n"
			   "distinguished_name = subject\n"
			   "prompt = no\n"
			   "[subject]\n"
			   "CN = bulkfetch\n"
			   "[authority]\n"
			   "basicConstraints = critical,CA:true\n"
			   "keyUsage = critical,keyCertSign,cRLSign\n"
			   "subjectKeyIdentifier = hash\n"
			   "[server]\n"
			   "basicConstraints = critical,CA:false\n"
			   "extendedKeyUsage = serverAuth\n"
			   "[client]\n"
			   "basicConstraints = critical,CA:false\n"
			   "extendedKeyUsage = clientAuth\n"
			   "[dated]\n"
			   "basicConstraints = critical,CA:false\n"
			   "subjectAltName = " LOCAL "\n"
			   "[ca]\n"
			   "default_ca = it\n"
			   "[it]\n"
			   "database = index\n"
			   "new_certs_dir = .\n"
			   "default_md = sha256\n"
			   "policy = any\n"
			   "rand_serial = yes\n"
			   "unique_subject = no\n"
			   "[any]\n"
			   "commonName = supplied\n";

static const struct issue {
	const char *name;
	const char *issuer; /* NULL: itself */
	const char *section;
	const char *names; /* NULL: none; an authority */
} issues[] = {
	{ "root", NULL, "authority", NULL },
	{ "other", NULL, "authority", NULL },
	{ "between", "root", "authority", NULL },
	{ "localhost", "root", "server", LOCAL },
	{ "rsa", "root", "server", LOCAL },
	{ "name", "root", "server", "DNS:localhost" },
	{ "address", "root", "server", "IP:127.0.0.1" },
	{ "address6", "root", "server", "IP:::1" },
	{ "wild", "root", "server", "DNS:*.wild.localhost" },
	{ "elsewhere", "root", "server",
	    "DNS:elsewhere.test,DNS:www.elsewhere.test" },
	{ "nameless", "root", "server", "email:nobody@localhost" },
	{ "self", NULL, "server", LOCAL },
	{ "unknown", "other", "server", LOCAL },
	{ "chained", "between", "server", LOCAL },
	{ "unchained", "between", "server", LOCAL },
	{ "forged", "localhost", "server", LOCAL },
	{ "purpose", "root", "client", LOCAL },
	{ "client", "root", "client", "DNS:client.test" },
	{ "stranger", "other", "client", "DNS:stranger.test" },
};

/* Where they are, or "": what is made once a process has nowhere else to be
 * remembered, since each test begins with nothing. */
static char pki_dir[PATH_MAX];

/* ---- The command --------------------------------------------------------- */

static void
exec_openssl(const char *program, const char *const *words)
{
	const char *all[WORDS_MAX + 2] = { program };
	int log;

	if (chdir(pki_dir) == -1)
		_exit(126);
	log = open("openssl.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(log, STDOUT_FILENO);
	(void)dup2(log, STDERR_FILENO);
	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		all[i + 1] = words[i];
	(void)execv(program, (char *const *)(uintptr_t)all);
	_exit(127);
}

static void
openssl(struct world *w, const char *program, const char *const *words)
{
	int status = -1;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		exec_openssl(program, words);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("openssl %s: %s", words[0],
		    world_read_text(w, pki_file(w, "openssl.log")));
}

/* ---- Certificates -------------------------------------------------------- */

static char *
key_of(struct world *w, const char *name)
{
	char *key = world_text(w, "%s.key", name);

	/* Authorities have theirs apart. */
	return world_has(w, pki_file(w, key)) ? key
					      : world_text(w, "%s.pem", name);
}

static void
issue(struct world *w, const char *program, const struct issue *how)
{
	bool is_rsa = strcmp(how->name, "rsa") == 0;
	bool is_nameless = strcmp(how->name, "nameless") == 0;
	char *pem = world_text(w, "%s.pem", how->name);
	const char *words[WORDS_MAX + 1] = { "req", "-config", "conf", "-x509",
		"-nodes", "-days", "30", "-subj",
		is_nameless ? "/CN=localhost"
			    : world_text(w, "/CN=bulkfetch test %s", how->name),
		"-extensions", how->section, "-newkey",
		is_rsa ? "rsa:2048" : "ec", "-pkeyopt",
		is_rsa ? "rsa_keygen_pubexp:65537" : "ec_paramgen_curve:P-256",
		"-out", pem, "-keyout",
		how->names != NULL ? pem : world_text(w, "%s.key", how->name) };
	size_t count = 19;

	if (how->issuer != NULL) {
		words[count++] = "-CA";
		words[count++] = world_text(w, "%s.pem", how->issuer);
		words[count++] = "-CAkey";
		words[count++] = key_of(w, how->issuer);
	}
	if (how->names != NULL) {
		words[count++] = "-addext";
		words[count++] = world_text(w, "subjectAltName=%s", how->names);
	}
	openssl(w, program, words);
}

/* One with dates, for the key of `localhost`. */
static void
issue_dated(struct world *w, const char *program, const char *name,
    const char *begin, const char *end)
{
	char *pem = world_text(w, "%s.pem", name);
	const char *words[] = { "ca", "-config", "conf", "-batch", "-notext",
		"-cert", "root.pem", "-keyfile", "root.key", "-extensions",
		"dated", "-in", "dated.csr", "-startdate", begin, "-enddate",
		end, "-out", pem, NULL };

	openssl(w, program, words);
}

static void
append(struct world *w, const char *to, const char *from)
{
	char *text = world_text(w, "%s%s",
	    world_has(w, pki_file(w, to)) ? world_read_text(w, pki_file(w, to))
					  : "",
	    world_read_text(w, pki_file(w, from)));

	world_write(w, pki_file(w, to), text);
}

static void
make_dated(struct world *w, const char *program)
{
	static const char *const request[] = { "req", "-config", "conf", "-new",
		"-key", "localhost.pem", "-out", "dated.csr", NULL };
	static const char *const key[] = { "pkey", "-in", "localhost.pem",
		"-out", "dated.key", NULL };

	world_write(w, pki_file(w, "index"), "");
	openssl(w, program, request);
	openssl(w, program, key);
	issue_dated(
	    w, program, "expired", "20000101000000Z", "20010101000000Z");
	issue_dated(w, program, "future", "20990101000000Z", "21000101000000Z");
	append(w, "expired.pem", "dated.key");
	append(w, "future.pem", "dated.key");
}

static void
make_locked(struct world *w, const char *program)
{
	static const char *const lock[] = { "pkey", "-in", "client.pem",
		"-aes256", "-passout", "pass:" PASS_PHRASE, "-out",
		"locked.key", NULL };
	static const char *const cut[] = { "x509", "-in", "client.pem", "-out",
		"locked.pem", NULL };

	openssl(w, program, lock);
	openssl(w, program, cut);
	append(w, "locked.pem", "locked.key");
	world_write(w, pki_file(w, "pass"), PASS_PHRASE "\n");
	world_write(w, pki_file(w, "wrong"), "let me out\n");
}

static void
make_hashed(struct world *w, const char *program)
{
	static const char *const rehash[] = { "rehash", "hashed", NULL };

	world_mkdir(w, pki_file(w, "hashed"));
	append(w, "hashed/root.pem", "root.pem");
	openssl(w, program, rehash);
}

bool
pki_make(struct world *w)
{
	const char *tmp = getenv("TMPDIR");
	const char *program = world_find_program(w, "openssl");

	if (program == NULL)
		return false;
	if (pki_dir[0] != '\0')
		return true;
	(void)snprintf(pki_dir, sizeof(pki_dir), "%s/bulkfetch-pki-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(pki_dir) == NULL)
		fail_msg("%s: %s", pki_dir, strerror(errno));
	/* For servers that give their rights away. */
	(void)chmod(pki_dir, 0755);
	world_write(w, pki_file(w, "conf"), conf);
	for (size_t i = 0; i < COUNT(issues); i++)
		issue(w, program, &issues[i]);
	append(w, "chained.chain", "between.pem");
	append(w, "chained.pem", "chained.chain");
	append(w, "forged.chain", "localhost.pem");
	append(w, "forged.pem", "forged.chain");
	append(w, "bundle.pem", "other.pem");
	append(w, "bundle.pem", "root.pem");
	make_dated(w, program);
	make_locked(w, program);
	make_hashed(w, program);
	return true;
}

char *
pki_file(struct world *w, const char *name)
{
	return world_text(w, "%s/%s", pki_dir, name);
}

char *
pki_pin(struct world *w, const char *name)
{
	const char *program = world_find_program(w, "openssl");
	char line[128] = "";
	FILE *f;

	f = popen(world_text(w,
		      "%s x509 -in %s -pubkey -noout |"
		      " %s pkey -pubin -outform der |"
		      " %s dgst -sha256 -binary | %s base64",
		      program, pki_file(w, world_text(w, "%s.pem", name)),
		      program, program, program),
	    "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(pclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	return world_text(w, "sha256//%s", line);
}

/* ---- The end ------------------------------------------------------------- */

int
pki_remove(void **state)
{
	(void)state;
	if (pki_dir[0] == '\0' || getenv("IT_KEEP") != NULL)
		return 0;
	return world_remove(pki_dir);
}
