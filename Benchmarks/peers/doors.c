/*
 * Agents with doors that change, as fast as the broker takes it or one change at a time.
 *
 * usage: doors flood PORT AGENTS DOORS FIRST COUNT
 *        doors single PORT FIRST
 *
 * The doors are dooralarm/agent-0/door/door-0 and so on, DOORS for each of AGENTS. Every message is a door's next
 * transition as docs/wire.md has it, at quality of service 1 and retained; a door's transitions are numbered on from
 * FIRST, and those with an even number are openings. `flood` publishes COUNT transitions to every door in turn, and
 * ends when the broker has all of them; the library's loop runs in its only thread, which costs the least. `single`
 * publishes the next transition of the first door for each line that it reads, and prints the monotonic time in
 * nanoseconds from before it does.
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More than this many are not sent before the broker has acknowledged some. */
enum { WINDOW = 1000 };

static long acknowledged;
static int is_connected;

static void check(int result, const char *what) {
  if (result == MOSQ_ERR_SUCCESS) return;
  fprintf(stderr, "doors: %s: %s\n", what, mosquitto_strerror(result));
  exit(1);
}

static void connected(struct mosquitto *client, void *context, int code) {
  (void)client;
  (void)context;
  if (code != 0) check(MOSQ_ERR_CONN_REFUSED, "CONNACK");
  is_connected = 1;
}

static void published(struct mosquitto *client, void *context, int identifier) {
  (void)client;
  (void)context;
  (void)identifier;
  acknowledged++;
}

/* The time of day, with milliseconds. */
static void write_time(char *text, size_t size) {
  struct timespec now;
  struct tm parts;
  char seconds[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

static void publish(struct mosquitto *client, long agent, long door, long number) {
  char topic[128], now[64], payload[512];
  struct timespec uptime;
  clock_gettime(CLOCK_MONOTONIC, &uptime);
  write_time(now, sizeof now);
  snprintf(topic, sizeof topic, "dooralarm/agent-%ld/door/door-%ld", agent, door);
  int size = snprintf(
      payload, sizeof payload,
      "{\"boot\":\"9f3c51d2\",\"cause\":\"edge\",\"clock\":\"synced\",\"journal\":\"5e1f0c77\",\"missed\":0,"
      "\"sent\":\"%s\",\"seq\":%ld,\"since\":\"%s\",\"state\":\"%s\",\"uptime_ms\":%ld,\"v\":1}",
      now, number, now, number % 2 == 0 ? "open" : "closed", uptime.tv_sec * 1000 + uptime.tv_nsec / 1000000);
  check(mosquitto_publish(client, NULL, topic, size, payload, 1, true), "publish");
}

static void flood(struct mosquitto *client, long agents, long doors, long first, long count) {
  long all = agents * doors * count, sent = 0;
  while (acknowledged < all) {
    while (sent < all && sent - acknowledged < WINDOW) {
      long door = sent % (agents * doors);
      publish(client, door / doors, door % doors, first + sent / (agents * doors));
      sent++;
    }
    check(mosquitto_loop(client, -1, 1), "loop");
  }
}

static void single(struct mosquitto *client, long number) {
  /* The library's own thread writes and reads: this one waits for a line. */
  check(mosquitto_loop_start(client), "loop start");
  for (char line[16]; fgets(line, sizeof line, stdin) != NULL; number++) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    publish(client, 0, 0, number);
    printf("%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
    fflush(stdout);
  }
  mosquitto_disconnect(client);
  mosquitto_loop_stop(client, false);
}

int main(int argc, char **argv) {
  int is_flood = argc == 7 && strcmp(argv[1], "flood") == 0;
  if (!is_flood && !(argc == 4 && strcmp(argv[1], "single") == 0)) {
    fputs("usage: doors flood PORT AGENTS DOORS FIRST COUNT\n       doors single PORT FIRST\n", stderr);
    return 64;
  }
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new("doors", true, NULL);
  if (client == NULL) return 71;
  mosquitto_connect_callback_set(client, connected);
  mosquitto_publish_callback_set(client, published);
  mosquitto_max_inflight_messages_set(client, WINDOW);
  check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
  check(mosquitto_connect(client, "127.0.0.1", atoi(argv[2]), 60), "connect");
  while (!is_connected) check(mosquitto_loop(client, -1, 1), "loop");
  if (is_flood) {
    flood(client, atol(argv[3]), atol(argv[4]), atol(argv[5]), atol(argv[6]));
    mosquitto_disconnect(client);
    mosquitto_loop(client, 0, 1);
  } else {
    single(client, atol(argv[3]));
  }
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();
  return 0;
}
