/* A plugin of mosquitto 2 (mosquitto-dev) for the tests of enhanced authentication (MQTT 5.0, 4.12).
 *
 * The method CHALLENGE-RESPONSE: the client begins with any data, the broker answers with a challenge, the client
 * with hash(secret, challenge), and the broker ends with hash(challenge, secret). The hash is no secret-keeper: it
 * is for tests. One exchange at a time. */
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdio.h>
#include <string.h>

/* Of mosquitto.h, which is in another package. */
enum { success = 0, authentication_continues = -4, authentication_failed = 11, not_supported = 10 };

static const char method[] = "CHALLENGE-RESPONSE";
static mosquitto_plugin_id_t *plugin;
static char secret[64];
static char challenge[16];
static unsigned count;

/* FNV-1a, as 16 hexadecimal digits. */
static void hash(char out[17], const char *first, const char *second)
{
	uint64_t value = 0xcbf29ce484222325u;
	for (const char *c = first; *c; c++) value = (value ^ (uint8_t)*c) * 0x100000001b3u;
	for (const char *c = second; *c; c++) value = (value ^ (uint8_t)*c) * 0x100000001b3u;
	snprintf(out, 17, "%016llx", (unsigned long long)value);
}

static int answer(struct mosquitto_evt_extended_auth *event, const char *text)
{
	event->data_out_len = (uint16_t)strlen(text);
	event->data_out = mosquitto_malloc(event->data_out_len);
	if (!event->data_out) return authentication_failed;
	memcpy(event->data_out, text, event->data_out_len);
	return success;
}

static int on_start(int event, void *data, void *user)
{
	struct mosquitto_evt_extended_auth *exchange = data;
	(void)event;
	(void)user;
	if (strcmp(exchange->auth_method, method)) return not_supported;
	snprintf(challenge, sizeof challenge, "challenge-%u", ++count);
	return answer(exchange, challenge) == success ? authentication_continues : authentication_failed;
}

static int on_continue(int event, void *data, void *user)
{
	struct mosquitto_evt_extended_auth *exchange = data;
	char expected[17];
	(void)event;
	(void)user;
	hash(expected, secret, challenge);
	if (exchange->data_in_len != strlen(expected) || memcmp(exchange->data_in, expected, strlen(expected)))
		return authentication_failed;
	hash(expected, challenge, secret);
	return answer(exchange, expected);
}

int mosquitto_plugin_version(int version_count, const int *versions)
{
	for (int i = 0; i < version_count; i++)
		if (versions[i] == 5) return 5;
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **user, struct mosquitto_opt *options, int option_count)
{
	(void)user;
	plugin = id;
	for (int i = 0; i < option_count; i++)
		if (!strcmp(options[i].key, "secret")) snprintf(secret, sizeof secret, "%s", options[i].value);
	int result = mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_START, on_start, NULL, NULL);
	if (result) return result;
	return mosquitto_callback_register(id, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user, struct mosquitto_opt *options, int option_count)
{
	(void)user;
	(void)options;
	(void)option_count;
	mosquitto_callback_unregister(plugin, MOSQ_EVT_EXT_AUTH_START, on_start, NULL);
	return mosquitto_callback_unregister(plugin, MOSQ_EVT_EXT_AUTH_CONTINUE, on_continue, NULL);
}
