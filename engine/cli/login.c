#include "config.h"

#include "cli/login.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *wr_cli_login(void)
{
	const char *caller = getenv("SUDO_USER");
	const struct passwd *user;

	if (geteuid() == 0 && caller != NULL && caller[0] != '\0')
		return strdup(caller);
	user = getpwuid(geteuid());
	return strdup(user != NULL ? user->pw_name : "?");
}
