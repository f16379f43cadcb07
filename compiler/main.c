/* berth: the program. Everything is in cli. */
#include "berth/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
