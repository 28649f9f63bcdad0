/* A plugin for mosquitto 2: who connects shows an access token of the hub's as password, and its holder's id as username.
 * Each is introspected at the hub (RFC 7662). A token that is bound to a key (DPoP) is no good as a password.
 *
 *   gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o introspect.so introspect.c
 *
 * plugin_opt_port: the hub's port without TLS at 127.0.0.1; plugin_opt_credentials: a file with ID:SECRET in base64, of a
 * device with the scope hub.introspect; plugin_opt_scope: what a token has to have. */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LONGEST_TOKEN 4096
#define LONGEST_ANSWER 16384

static mosquitto_plugin_id_t *plugin;
static unsigned short port;
static char credentials[512], scope[64];

/* What a token may consist of: nothing in it needs escaping in a form. */
static int is_plain(const char *text)
{
	return text && *text && strlen(text) <= LONGEST_TOKEN && !text[strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")];
}

static int connected(void)
{
	struct sockaddr_in hub = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval patience = { .tv_sec = 3 };
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	hub.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (sock >= 0 && connect(sock, (struct sockaddr *)&hub, sizeof hub) == 0)
		return sock;
	close(sock);
	return -1;
}

/* The hub's whole answer about a token; empty where it gives none. */
static void introspect(const char *token, char *answer)
{
	char request[LONGEST_TOKEN + 1024];
	int length = snprintf(request, sizeof request,
		"POST /oauth/introspect HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Basic %s\r\n"
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\nConnection: close\r\n\r\ntoken=%s",
		port, credentials, strlen(token) + strlen("token="), token);
	int sock = connected();
	size_t got = 0;
	ssize_t more = 0;

	if (sock >= 0 && send(sock, request, length, MSG_NOSIGNAL) == length)
		while (got < LONGEST_ANSWER - 1 && (more = recv(sock, answer + got, LONGEST_ANSWER - 1 - got, 0)) > 0)
			got += more;
	answer[got] = '\0';
	if (sock >= 0)
		close(sock);
}

/* Whether one of the words of a member (a text without escapes, words between spaces) is this one. */
static int says(const char *body, const char *name, const char *word)
{
	char key[32];
	const char *at, *end;
	size_t length = strlen(word);

	snprintf(key, sizeof key, "\"%s\":\"", name);
	if (!(at = strstr(body, key)) || !(end = strchr(at += strlen(key), '"')))
		return 0;
	for (; at + length <= end; at += strcspn(at, " \"") + 1)
		if (strncmp(at, word, length) == 0 && (at[length] == ' ' || at[length] == '"'))
			return 1;
	return 0;
}

static int decide(int event, void *data, void *nothing)
{
	struct mosquitto_evt_basic_auth *asked = data;
	char answer[LONGEST_ANSWER];
	const char *body;

	(void)event;
	(void)nothing;
	if (!is_plain(asked->password) || !is_plain(asked->username))
		return MOSQ_ERR_AUTH;
	introspect(asked->password, answer);
	body = strstr(answer, "\r\n\r\n");
	if (!body || strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || !strstr(body, "\"active\":true"))
		return MOSQ_ERR_AUTH;
	if (!says(body, "token_type", "Bearer") || !says(body, "sub", asked->username) || !says(body, "scope", scope))
		return MOSQ_ERR_AUTH;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_version(int count, const int *versions)
{
	for (int at = 0; at < count; at++)
		if (versions[at] == 5)
			return 5;
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **nothing, struct mosquitto_opt *options, int count)
{
	FILE *file;

	(void)nothing;
	plugin = id;
	for (int at = 0; at < count; at++) {
		if (strcmp(options[at].key, "port") == 0)
			port = (unsigned short)atoi(options[at].value);
		else if (strcmp(options[at].key, "scope") == 0)
			snprintf(scope, sizeof scope, "%s", options[at].value);
		else if (strcmp(options[at].key, "credentials") == 0 && (file = fopen(options[at].value, "r"))) {
			if (fscanf(file, "%511s", credentials) != 1)
				credentials[0] = '\0';
			fclose(file);
		}
	}
	if (!port || !*scope || !*credentials)
		return MOSQ_ERR_INVAL;
	return mosquitto_callback_register(plugin, MOSQ_EVT_BASIC_AUTH, decide, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *nothing, struct mosquitto_opt *options, int count)
{
	(void)nothing;
	(void)options;
	(void)count;
	return mosquitto_callback_unregister(plugin, MOSQ_EVT_BASIC_AUTH, decide, NULL);
}
