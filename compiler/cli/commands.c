/* check, test, graph: the commands that only look. */
#include "berth/cli.h"

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
	if (code == EXIT_FINE || (code == EXIT_PROGRAM && s.count > 0)) {
		struct buf out = {0};
		buf_addf(&out, "%u passed, %u failed\n", s.compile->tests_passed, s.compile->tests_failed);
		if (finish_out(&out) != EXIT_FINE)
			code = EXIT_NO_OUTPUT;
	}
	session_end(&s);
	return code;
}

int
cmd_graph(struct cli *cli)
{
	struct session s;
	session_run(&s, cli, false);
	int code = session_report(&s);
	struct buf out = {0};
	for (size_t i = 0; code == EXIT_FINE && i < s.count; i++) {
		if (given_word(cli, OPT_PICTURE, "mermaid"))
			graph_mermaid(s.graphs[i], &out);
		else
			graph_dot(s.graphs[i], &out);
	}
	if (code == EXIT_FINE && !put_out(&out))
		code = EXIT_NO_OUTPUT;
	buf_free(&out);
	session_end(&s);
	return code;
}
