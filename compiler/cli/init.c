/* init: a starter project that checks and compiles as it stands. */
#include "berth/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char program[] =
	"# A web service, a worker and a nightly job. `berth check` looks at every stage;\n"
	"# `berth compile --stage prod --set tag=v1 -o out` writes what ECS takes.\n"
	"project %s { edition = 2026 }\n"
	"\n"
	"param tag: string  # the image's tag, from CI\n"
	"\n"
	"stage prod {\n"
	"  platform = ecs\n"
	"  region = \"eu-west-1\"\n"
	"  account = \"111122223333\"\n"
	"  ecs {\n"
	"    cluster = \"main\"\n"
	"    subnets = [\"subnet-0a1b2c3d4e5f60718\"]\n"
	"    security_groups = [\"sg-0a1b2c3d4e5f60718\"]\n"
	"  }\n"
	"}\n"
	"\n"
	"log app {\n"
	"  to cloudwatch { group = \"/%s/\\(stage.name)\", retention = 30d }\n"
	"}\n"
	"\n"
	"# What every process shares; a top-level container is not deployed by itself.\n"
	"container app {\n"
	"  image = \"registry.example.com/%s\"\n"
	"  tag = param.tag\n"
	"  cpu = 0.25vcpu\n"
	"  memory = 512MiB\n"
	"  log = log.app\n"
	"}\n"
	"\n"
	"service web {\n"
	"  count = 2..6\n"
	"  container web from container.app {\n"
	"    command = [\"bin/web\"]\n"
	"    port = 8080\n"
	"  }\n"
	"  scale cpu { target = 60%% }\n"
	"}\n"
	"\n"
	"service worker {\n"
	"  container worker from container.app {\n"
	"    command = [\"bin/worker\"]\n"
	"    drain = 90s\n"
	"  }\n"
	"}\n"
	"\n"
	"schedule nightly {\n"
	"  cron = \"30 4 * * *\"\n"
	"  timezone = \"Europe/Berlin\"\n"
	"  overlap = forbid\n"
	"  timeout = 1h\n"
	"  container job from container.app { command = [\"bin/nightly\"] }\n"
	"}\n";

static const char readme[] =
	"# %s\n"
	"\n"
	"    berth check\n"
	"    berth compile --stage prod --set tag=v1 -o out\n"
	"    berth schedules --stage prod\n"
	"\n"
	"Change the account, the region, the cluster, the network and the image in `main.berth` to yours.\n"
	"`berth explain` tells what else there is.\n";

/* A new file; an existing one is left alone. */
static int
write_new(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	if (fd < 0) {
		say("%s cannot be written: %s", path, errno == EEXIST ? "it exists already" : strerror(errno));
		return errno == EEXIST ? EXIT_USAGE : EXIT_NO_OUTPUT;
	}
	size_t n = strlen(text);
	bool ok = write(fd, text, n) == (ssize_t)n;
	if (close(fd) != 0 || !ok) {
		say("%s cannot be written: %s", path, strerror(errno));
		return EXIT_NO_OUTPUT;
	}
	return EXIT_FINE;
}

/* A legal project name from a folder's. */
static const char *
project_name(struct arena *a, const char *dir)
{
	char cwd[4096];
	if (strcmp(dir, ".") == 0)
		dir = getcwd(cwd, sizeof cwd) ? cwd : "app";
	size_t n = strlen(dir);
	while (n > 1 && dir[n - 1] == '/')
		n--;
	size_t from = n;
	while (from > 0 && dir[from - 1] != '/')
		from--;
	struct buf b = {0};
	for (size_t i = from; i < n; i++) {
		char c = dir[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (alpha || (b.n > 0 && c >= '0' && c <= '9'))
			buf_addc(&b, alpha && c <= 'Z' ? (char)(c + 32) : c);
		else if (b.n > 0 && b.p[b.n - 1] != '-')
			buf_addc(&b, '-');
	}
	while (b.n > 0 && b.p[b.n - 1] == '-')
		b.n--;
	const char *name = b.n > 0 && !syntax_is_reserved(buf_str(&b)) ? arena_strz(a, buf_str(&b)) : "app";
	buf_free(&b);
	return name;
}

int
cmd_init(struct cli *cli)
{
	const char *dir = cli->path_count > 0 ? cli->paths[0] : ".";
	struct arena *a = arena_new();
	const char *name = project_name(a, dir);
	int code = EXIT_FINE;
	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		say("%s cannot be made: %s", dir, strerror(errno));
		code = EXIT_NO_OUTPUT;
	}
	if (code == EXIT_FINE)
		code = write_new(arena_printf(a, "%s/main.berth", dir), arena_printf(a, program, name, name, name));
	if (code == EXIT_FINE)
		code = write_new(arena_printf(a, "%s/README.md", dir), arena_printf(a, readme, name));
	if (code == EXIT_FINE) {
		struct buf out = {0};
		buf_addf(&out, "wrote %s/main.berth and %s/README.md; next: berth check %s\n", dir, dir, dir);
		if (!put_out(&out))
			code = EXIT_NO_OUTPUT;
		buf_free(&out);
	}
	arena_free(a);
	return code;
}
