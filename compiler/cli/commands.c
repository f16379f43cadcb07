/* check, test, graph: the commands that only look. */
#include "berth/cli.h"

#include <string.h>

int
cmd_check(struct cli *cli)
{
	struct session s;
	session_run(&s, cli, true);
	int code = session_report(&s);
	session_end(&s);
	return code;
}

int
cmd_test(struct cli *cli)
{
	struct session s;
	session_run(&s, cli, false);
	int code = session_report(&s);
	if (code == EXIT_FINE || code == EXIT_PROGRAM) {
		struct buf out = {0};
		buf_addf(&out, "%u passed, %u failed\n", s.compile->tests_passed, s.compile->tests_failed);
		if (!put_out(&out))
			code = EXIT_NO_OUTPUT;
		buf_free(&out);
	}
	session_end(&s);
	return code;
}

int
cmd_graph(struct cli *cli)
{
	struct session s;
	session_run(&s, cli, false);
	struct buf out = {0};
	const char *format = cli->value[OPT_FORMAT];
	bool fine = s.exit == 0 && s.compile->diags->errors == 0;
	for (size_t i = 0; fine && i < s.count; i++) {
		if (given(cli, OPT_IAM))
			iam_show(&s, s.graphs[i], &out);
		else if (format && strcmp(format, "mermaid") == 0)
			graph_mermaid(s.graphs[i], &out);
		else
			graph_dot(s.graphs[i], &out);
	}
	int code = session_report(&s);
	if (code == EXIT_FINE && !put_out(&out))
		code = EXIT_NO_OUTPUT;
	buf_free(&out);
	session_end(&s);
	return code;
}
