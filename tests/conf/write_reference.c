/*
 * Writes the pages that are made from the table of configuration keys: `make docs` runs it.
 */
#include "config.h"

#include "conf/load.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct wr_buf page = WR_BUF_INIT;
	enum wr_code rc = WR_EINVAL;
	int status = 1;

	if (argc == 2 && strcmp(argv[1], "markdown") == 0)
		rc = wr_conf_reference_markdown(&page);
	else if (argc == 2 && strcmp(argv[1], "man") == 0)
		rc = wr_conf_reference_man(&page);
	else
		fprintf(stderr, "usage: write_reference markdown|man\n");
	if (rc == WR_OK && fwrite(page.data, 1, page.size, stdout) == page.size &&
	    fflush(stdout) == 0)
		status = 0;
	wr_buf_fini(&page);
	return status;
}
