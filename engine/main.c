#include "config.h"

#include "cli/commands.h"

int main(int argc, char **argv)
{
	return wr_commands_run(wr_commands, argc, argv);
}
