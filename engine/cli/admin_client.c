#include "config.h"

#include "cli/admin_client.h"

#include "base/check.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/login.h"
#include "cli/pipeline_args.h"
#include "conf/load.h"
#include "conf/secret_file.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/weir/weir.yaml"
#define DEFAULT_URL "http://127.0.0.1:8081"
#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS 30000L

struct wr_admin_client {
	const struct wr_command *command;
	struct wr_conf *conf; /* its http.admin; NULL: none was read */
	char *url;            /* without a slash at its end */
	char *token;          /* a secret; NULL: none */
	char *ca_file;        /* the certificate to believe; NULL: the usual authorities */
	CURL *curl;
	struct curl_slist *headers;
	struct wr_buf answer;
	struct wr_json_reader *reader;
	bool is_quiet;
	char error[1024]; /* the last one, as a sentence */
};

bool wr_admin_args_take(struct wr_admin_args *args, const struct wr_args *walk)
{
	if (wr_args_is(walk, "config"))
		args->config_file = walk->value;
	else if (wr_args_is(walk, "url"))
		args->url = walk->value;
	else if (wr_args_is(walk, "token-file"))
		args->token_file = walk->value;
	else
		return false;
	return true;
}

/* ---- where it is ---- */

/* The address of a listener as one connects to it from this machine. */
static const char *reachable(const char *host)
{
	struct in6_addr v6;

	if (strcmp(host, "0.0.0.0") == 0)
		return "127.0.0.1";
	if (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6))
		return "::1";
	return host;
}

static int url_of_listener(struct wr_admin_client *client, const char *file)
{
	const struct wr_conf_listener *admin = &client->conf->admin;
	const char *host;
	bool is_v6;

	if (!admin->configured)
		return wr_cli_fail(client->command, "%s has no http.admin; give --url", file);
	if (admin->port == 0)
		return wr_cli_fail(client->command,
				   "%s takes any free port for http.admin; give --url", file);
	host = reachable(admin->host);
	is_v6 = strchr(host, ':') != NULL;
	if (asprintf(&client->url, "%s://%s%s%s:%d",
		     admin->tls.cert_file != NULL ? "https" : "http", is_v6 ? "[" : "", host,
		     is_v6 ? "]" : "", admin->port) < 0)
		client->url = NULL;
	if (admin->token != NULL)
		client->token = strdup(admin->token);
	/* It is this very listener that is asked, so its own certificate is the one to believe. */
	if (admin->tls.cert_file != NULL)
		client->ca_file = strdup(admin->tls.cert_file);
	return client->url != NULL ? WR_EXIT_OK : wr_cli_fail(client->command, "out of memory");
}

/* Whoever asks an engine may do so because the rest of the file is wrong. */
static int read_config(struct wr_admin_client *client, const char *file)
{
	static const char *const parts[] = {"http.admin", NULL};

	if (wr_cli_read_parts(file, parts, &client->conf) == WR_EXIT_OK)
		return url_of_listener(client, file);
	return wr_cli_fail(client->command,
			   "so the admin listener can't be found in %s; correct it or give --url",
			   file);
}

static int take_url(struct wr_admin_client *client, const char *url)
{
	size_t size = strlen(url);

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return wr_args_wrong(client->command, "%s: not an http:// or https:// URL", url);
	while (size > 0 && url[size - 1] == '/')
		size--;
	client->url = strndup(url, size);
	return client->url != NULL ? WR_EXIT_OK : wr_cli_fail(client->command, "out of memory");
}

static int find_listener(struct wr_admin_client *client, const struct wr_admin_args *args)
{
	if (args->url != NULL && args->config_file != NULL)
		return wr_args_wrong(client->command, "takes --url or --config, not both");
	if (args->url != NULL)
		return take_url(client, args->url);
	if (args->config_file != NULL)
		return read_config(client, args->config_file);
	if (access(DEFAULT_FILE, R_OK) == 0)
		return read_config(client, DEFAULT_FILE);
	return take_url(client, DEFAULT_URL);
}

static int find_token(struct wr_admin_client *client, const struct wr_admin_args *args)
{
	const char *given = getenv("WEIR_ADMIN_TOKEN");
	struct wr_err err;

	if (args->token_file != NULL) {
		wr_secret_free(&client->token);
		if (wr_secret_file_read(args->token_file, &client->token, &err) != WR_OK)
			return wr_cli_fail(client->command, "%s: %s", args->token_file, err.text);
	} else if (client->token == NULL && given != NULL && given[0] != '\0') {
		client->token = strdup(given);
	}
	return WR_EXIT_OK;
}

/* ---- asking ---- */

__attribute__((format(printf, 2, 3))) static int fail(struct wr_admin_client *client,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->error, sizeof(client->error), format, args);
	va_end(args);
	if (!client->is_quiet)
		wr_cli_fail(client->command, "%s", client->error);
	return WR_EXIT_WRONG;
}

void wr_admin_client_set_quiet(struct wr_admin_client *client, bool is_quiet)
{
	client->is_quiet = is_quiet;
}

const char *wr_admin_client_error(const struct wr_admin_client *client)
{
	return client->error;
}

static size_t take_answer(char *data, size_t size, size_t n, void *arg)
{
	struct wr_admin_client *client = arg;

	(void)size; /* is 1 */
	if (client->answer.size + n > ANSWER_BYTES_MAX ||
	    wr_buf_append(&client->answer, data, n) != WR_OK)
		return 0;
	return n;
}

static bool add_header(struct wr_admin_client *client, const char *text)
{
	struct curl_slist *headers = curl_slist_append(client->headers, text);

	if (headers == NULL)
		return false;
	client->headers = headers;
	return true;
}

static bool add_token(struct wr_admin_client *client)
{
	struct wr_buf text = WR_BUF_INIT;
	bool ok;

	if (client->token == NULL)
		return true;
	ok = wr_buf_printf(&text, "Authorization: Bearer %s", client->token) == WR_OK &&
	     wr_buf_text(&text) != NULL && add_header(client, text.data);
	if (text.data != NULL)
		wr_secret_wipe(text.data, text.capacity);
	wr_buf_fini(&text);
	return ok;
}

/* So that the engine's lists and log name a person and not an address. */
static bool add_user(struct wr_admin_client *client)
{
	struct wr_buf text = WR_BUF_INIT;
	char *login = wr_cli_login();
	bool ok = login != NULL && wr_buf_append_text(&text, "Weir-User: ") == WR_OK &&
		  wr_buf_append_printable(&text, wr_bytes_of(login)) == WR_OK &&
		  wr_buf_text(&text) != NULL && add_header(client, text.data);

	free(login);
	wr_buf_fini(&text);
	return ok;
}

static bool set_up(struct wr_admin_client *client)
{
	CURL *curl = client->curl = curl_easy_init();

	if (curl == NULL || wr_json_reader_create(&client->reader) != WR_OK ||
	    !add_header(client, "Content-Type: application/json") ||
	    !add_header(client, "Expect:") || !add_token(client) || !add_user(client))
		return false;
	if (client->ca_file != NULL &&
	    (curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file) != CURLE_OK ||
	     curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) != CURLE_OK))
		return false;
	return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "weir/" PACKAGE_VERSION) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

int wr_admin_client_open(const struct wr_admin_args *args, const struct wr_command *command,
			 struct wr_admin_client **client_r)
{
	struct wr_admin_client *client = calloc(1, sizeof(*client));
	int exit_status;

	*client_r = NULL;
	if (client == NULL)
		return wr_cli_fail(command, "out of memory");
	client->command = command;
	exit_status = find_listener(client, args);
	if (exit_status == WR_EXIT_OK)
		exit_status = find_token(client, args);
	if (exit_status == WR_EXIT_OK && !set_up(client))
		exit_status = wr_cli_fail(command, "out of memory");
	if (exit_status == WR_EXIT_OK)
		*client_r = client;
	else
		wr_admin_client_close(client);
	return exit_status;
}

void wr_admin_client_close(struct wr_admin_client *client)
{
	struct curl_slist *header;

	if (client == NULL)
		return;
	for (header = client->headers; header != NULL; header = header->next)
		wr_secret_wipe(header->data, strlen(header->data));
	curl_slist_free_all(client->headers);
	curl_easy_cleanup(client->curl);
	wr_json_reader_destroy(client->reader);
	wr_buf_fini(&client->answer);
	wr_secret_free(&client->token);
	wr_conf_destroy(client->conf);
	free(client->ca_file);
	free(client->url);
	free(client);
}

void wr_admin_client_set_timeout(struct wr_admin_client *client, long timeout_ms)
{
	curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
}

/* WR_EXIT_OK when the answer is JSON. */
static int read_answer(struct wr_admin_client *client, long status)
{
	struct wr_err err;

	if (wr_json_read(client->reader, wr_bytes(client->answer.data, client->answer.size), NULL,
			 &err) == WR_OK)
		return WR_EXIT_OK;
	return fail(client,
		    "%s answers %ld, and not as weir does: is that its admin "
		    "listener?",
		    client->url, status);
}

int wr_admin_client_ask(struct wr_admin_client *client, const char *method, const char *path,
			const char *body, long *status_r)
{
	CURL *curl = client->curl;
	struct wr_buf url = WR_BUF_INIT;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*status_r = 0;
	wr_buf_clear(&client->answer);
	/* A body even where there is none, or a POST would ask curl for one. */
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	if (strcmp(method, "GET") != 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 (long)(body != NULL ? strlen(body) : 0));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body != NULL ? body : "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (wr_buf_printf(&url, "%s%s", client->url, path) == WR_OK && wr_buf_text(&url) != NULL &&
	    curl_easy_setopt(curl, CURLOPT_URL, url.data) == CURLE_OK)
		code = curl_easy_perform(curl);
	wr_buf_fini(&url);
	if (code != CURLE_OK)
		return fail(client, "%s: %s", client->url, curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status_r);
	return read_answer(client, *status_r);
}

int wr_admin_client_complain(struct wr_admin_client *client, long status)
{
	struct wr_bytes text = wr_admin_client_text(client, "/detail");
	struct wr_buf shown = WR_BUF_INIT;

	if (status == 401)
		return fail(client, "%s",
			    client->token != NULL
				? "the token is not the right one"
				: "the engine wants a token: give --token-file, or set "
				  "WEIR_ADMIN_TOKEN");
	if (text.data == NULL)
		text = wr_admin_client_text(client, "/title");
	if (text.data == NULL || wr_buf_append_printable(&shown, text) != WR_OK ||
	    wr_buf_text(&shown) == NULL)
		fail(client, "%s answers %ld", client->url, status);
	else
		fail(client, "%s", shown.data);
	wr_buf_fini(&shown);
	return WR_EXIT_WRONG;
}

int wr_admin_client_get_done(struct wr_admin_client *client, const char *method, const char *path,
			     const char *body)
{
	long status;

	if (wr_admin_client_ask(client, method, path, body, &status) != WR_EXIT_OK)
		return WR_EXIT_WRONG;
	return status >= 200 && status < 300 ? WR_EXIT_OK
					     : wr_admin_client_complain(client, status);
}

/* ---- the answer ---- */

struct wr_bytes wr_admin_client_body(const struct wr_admin_client *client)
{
	return wr_bytes(client->answer.data, client->answer.size);
}

__attribute__((format(printf, 3, 0))) static enum wr_json_type
look(struct wr_admin_client *client, struct wr_json_value *value, const char *format, va_list args)
{
	char pointer[256];

	vsnprintf(pointer, sizeof(pointer), format, args);
	return wr_json_get(client->reader, wr_bytes_of(pointer), value);
}

#define LOOK(client, value, format)                 \
	do {                                        \
		va_list args_;                      \
		va_start(args_, format);            \
		look(client, value, format, args_); \
		va_end(args_);                      \
	} while (0)

struct wr_bytes wr_admin_client_text(struct wr_admin_client *client, const char *format, ...)
{
	struct wr_json_value value;

	LOOK(client, &value, format);
	return value.type == WR_JSON_STRING ? value.string : wr_bytes(NULL, 0);
}

int64_t wr_admin_client_integer(struct wr_admin_client *client, int64_t fallback,
				const char *format, ...)
{
	struct wr_json_value value;

	LOOK(client, &value, format);
	return value.type == WR_JSON_INTEGER ? value.integer : fallback;
}

double wr_admin_client_number(struct wr_admin_client *client, double fallback, const char *format,
			      ...)
{
	struct wr_json_value value;

	LOOK(client, &value, format);
	return value.type == WR_JSON_INTEGER || value.type == WR_JSON_NUMBER ? value.number
									     : fallback;
}

bool wr_admin_client_is_true(struct wr_admin_client *client, const char *format, ...)
{
	struct wr_json_value value;

	LOOK(client, &value, format);
	return value.type == WR_JSON_BOOL && value.boolean;
}

size_t wr_admin_client_count(struct wr_admin_client *client, const char *format, ...)
{
	struct wr_json_value value;

	LOOK(client, &value, format);
	return value.type == WR_JSON_ARRAY || value.type == WR_JSON_OBJECT ? value.count : 0;
}

enum wr_code wr_admin_append_segment(struct wr_buf *path, const char *text)
{
	enum wr_code rc = WR_OK;

	for (; *text != '\0' && rc == WR_OK; text++) {
		unsigned char c = (unsigned char)*text;

		rc = isalnum(c) || strchr("-._~", c) != NULL ? wr_buf_append(path, text, 1)
							     : wr_buf_printf(path, "%%%02X", c);
	}
	return rc;
}
