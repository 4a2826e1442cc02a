/*
 * The libmosquitto peer: what a C programmer would write with the library.
 *
 * usage: libmosquitto-client publish PORT COUNT WINDOW
 *        libmosquitto-client receive PORT COUNT IDENTIFIER
 *        libmosquitto-client roundtrip PORT COUNT INTERVAL_US
 *
 * `publish` and `receive` run the library's loop in their only thread, which costs the least. `roundtrip`
 * publishes from the main thread, while the library's own reads (`mosquitto_loop_start`); the handler is its
 * callback. Prints what it has measured as `name value` lines.
 */
#include <mosquitto.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { PAYLOAD_SIZE = 100 };

static const char topic[] = "bench/messages";
static long acknowledged, received, bytes;
static int is_connected;
static sem_t arrived, ready;
static double arrival;

static void check(int result, const char *what) {
  if (result == MOSQ_ERR_SUCCESS) return;
  fprintf(stderr, "libmosquitto-client: %s: %s\n", what, mosquitto_strerror(result));
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

static void publish_one(struct mosquitto *client, long number) {
  char payload[PAYLOAD_SIZE];
  memset(payload, 'x', sizeof payload);
  memcpy(payload, &number, sizeof number);
  check(mosquitto_publish(client, NULL, topic, sizeof payload, payload, 1, false), "publish");
}

static void run_until_connected(struct mosquitto *client) {
  while (!is_connected) check(mosquitto_loop(client, -1, 1), "loop");
}

static void publish(struct mosquitto *client, int port, long count, unsigned window) {
  mosquitto_max_inflight_messages_set(client, window);
  mosquitto_publish_callback_set(client, published);
  check(mosquitto_connect(client, "127.0.0.1", port, 60), "connect");
  run_until_connected(client);
  double start = seconds_now();
  long sent = 0;
  while (acknowledged < count) {
    while (sent < count && sent - acknowledged < (long)window) publish_one(client, sent++);
    check(mosquitto_loop(client, -1, 1), "loop");
  }
  printf("seconds %.6f\n", seconds_now() - start);
}

static void took(struct mosquitto *client, void *context, const struct mosquitto_message *message) {
  (void)client;
  (void)context;
  received++;
  bytes += message->payloadlen;
}

static void receive(struct mosquitto *client, int port, long count) {
  mosquitto_message_callback_set(client, took);
  check(mosquitto_connect(client, "127.0.0.1", port, 60), "connect");
  run_until_connected(client);
  double start = seconds_now();
  check(mosquitto_subscribe(client, NULL, "bench/#", 1), "subscribe");
  while (received < count) check(mosquitto_loop(client, -1, 1), "loop");
  printf("seconds %.6f\n", seconds_now() - start);
  if (bytes != count * PAYLOAD_SIZE) {
    fputs("libmosquitto-client: other messages came than were published\n", stderr);
    exit(1);
  }
}

static void came_round(struct mosquitto *client, void *context, const struct mosquitto_message *message) {
  (void)client;
  (void)context;
  (void)message;
  arrival = seconds_now();
  sem_post(&arrived);
}

static void subscribed(struct mosquitto *client, void *context, int identifier, int count, const int *codes) {
  (void)client;
  (void)context;
  (void)identifier;
  (void)count;
  (void)codes;
  sem_post(&ready);
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

static void round_trips(struct mosquitto *client, int port, long count, long interval) {
  sem_init(&arrived, 0, 0);
  sem_init(&ready, 0, 0);
  mosquitto_message_callback_set(client, came_round);
  mosquitto_subscribe_callback_set(client, subscribed);
  check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
  // As ours: the broker takes longer for a message of 5.0.
  check(mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5), "version");
  check(mosquitto_connect(client, "127.0.0.1", port, 60), "connect");
  check(mosquitto_loop_start(client), "loop start");
  check(mosquitto_subscribe(client, NULL, "bench/#", 1), "subscribe");
  sem_wait(&ready);
  double *times = calloc((size_t)count, sizeof *times);
  if (times == NULL) exit(71);
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  for (long number = 0; number < count; number++) {
    due.tv_nsec += interval * 1000;
    due.tv_sec += due.tv_nsec / 1000000000;
    due.tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    double start = seconds_now();
    publish_one(client, number);
    sem_wait(&arrived);
    times[number] = arrival - start;
  }
  qsort(times, (size_t)count, sizeof *times, compare);
  printf("p50_us %.3f\np99_us %.3f\n", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
  free(times);
}

int main(int argc, char **argv) {
  if (argc != 5 || atol(argv[3]) < 1) {
    fputs("usage: libmosquitto-client publish|receive|roundtrip PORT COUNT WINDOW|IDENTIFIER|INTERVAL_US\n", stderr);
    return 64;
  }
  int port = atoi(argv[2]);
  long count = atol(argv[3]);
  int is_receiving = strcmp(argv[1], "receive") == 0;
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(is_receiving ? argv[4] : "bench-libmosquitto", !is_receiving, NULL);
  if (client == NULL) return 71;
  mosquitto_connect_callback_set(client, connected);
  if (strcmp(argv[1], "publish") == 0) publish(client, port, count, (unsigned)atoi(argv[4]));
  else if (is_receiving) receive(client, port, count);
  else round_trips(client, port, count, atol(argv[4]));
  mosquitto_disconnect(client);
  mosquitto_loop(client, 0, 1);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();
  return 0;
}
