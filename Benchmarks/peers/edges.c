/*
 * Moves a line of a simulated chip, and waits for the message that says so.
 *
 * usage: edges times PORT TOPIC PULL_FILE COUNT
 *        edges glitches PORT TOPIC PULL_FILE COUNT
 *
 * It subscribes to TOPIC at quality of service 1. Low is a payload that has the word `closed` in it, high `open`.
 * First it moves the line until the program under test answers. `times` then moves it COUNT times, and prints
 * `p50_us` and `p99_us`: from the moment before the line moves to the arrival of the message. `glitches` raises it
 * COUNT times for 5 ms only, and prints `wrong`: after how many of them the last message was not `closed`.
 *
 * The line has a long rest now and then. One that never has is a broken one to door-agent.
 */
#include <fcntl.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { START_LIMIT = 90, ANSWER_LIMIT = 5, SERIES = 25 };

static const double LONG_REST = 1.2;

static struct mosquitto *client;
static int pull_file, is_subscribed;
static const char *awaited;
static double arrival;
static char last[8];

static void check(int result, const char *what) {
  if (result == MOSQ_ERR_SUCCESS) return;
  fprintf(stderr, "edges: %s: %s\n", what, mosquitto_strerror(result));
  exit(1);
}

static void subscribed(struct mosquitto *of, void *context, int identifier, int count, const int *codes) {
  (void)of;
  (void)context;
  (void)identifier;
  (void)count;
  (void)codes;
  is_subscribed = 1;
}

static void took(struct mosquitto *of, void *context, const struct mosquitto_message *message) {
  double now = seconds_now();
  (void)of;
  (void)context;
  char text[1024];
  snprintf(text, sizeof text, "%.*s", message->payloadlen, (const char *)message->payload);
  snprintf(last, sizeof last, "%s", strstr(text, "open") ? "open" : strstr(text, "closed") ? "closed" : "?");
  if (awaited != NULL && strcmp(last, awaited) == 0) {
    awaited = NULL;
    arrival = now;
  }
}

/* Takes messages until `end`, or, where one is awaited, until that has come. */
static void take_until(double end) {
  int is_waiting = awaited != NULL;
  for (double now; (now = seconds_now()) < end && !(is_waiting && awaited == NULL);)
    check(mosquitto_loop(client, (int)((end - now) * 1000) + 1, 1), "loop");
}

static double move(int is_high) {
  const char *pull = is_high ? "pull-up" : "pull-down";
  double now = seconds_now();
  if (pwrite(pull_file, pull, strlen(pull), 0) < 0) {
    perror("edges: the line does not move");
    exit(1);
  }
  return now;
}

/* Moves the line and waits; the seconds that it took, or -1. */
static double answer(int is_high, double limit) {
  awaited = is_high ? "open" : "closed";
  double start = move(is_high);
  take_until(start + limit);
  return awaited == NULL ? arrival - start : -1;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

/* Long enough that the line rests, and not always as long: no clock of anybody's shall keep step. */
static void rest(void) { take_until(seconds_now() + 0.04 + 0.02 * rand() / RAND_MAX); }

static void rest_long(void) { take_until(seconds_now() + LONG_REST); }

static void time_edges(int count) {
  double *times = calloc((size_t)count, sizeof *times);
  if (times == NULL) exit(71);
  for (int number = 0; number < count; number++) {
    if (number % SERIES == 0) rest_long();
    rest();
    times[number] = answer(number % 2 == 0, ANSWER_LIMIT);
    if (times[number] < 0) {
      fprintf(stderr, "edges: no message for edge %d of %d\n", number, count);
      exit(1);
    }
  }
  qsort(times, (size_t)count, sizeof *times, compare);
  printf("p50_us %.3f\np99_us %.3f\n", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
  free(times);
}

static void glitch(int count) {
  int wrong = 0;
  for (int number = 0; number < count; number++) {
    take_until(move(1) + 0.005);
    take_until(move(0) + LONG_REST);
    if (strcmp(last, "closed") != 0) wrong++;
  }
  printf("wrong %d\n", wrong);
}

int main(int argc, char **argv) {
  if (argc != 6 || atoi(argv[5]) < 1) {
    fputs("usage: edges times|glitches PORT TOPIC PULL_FILE COUNT\n", stderr);
    return 64;
  }
  srand(1);
  pull_file = open(argv[4], O_WRONLY);
  mosquitto_lib_init();
  client = mosquitto_new("edges", true, NULL);
  if (pull_file < 0 || client == NULL) return 71;
  mosquitto_message_callback_set(client, took);
  mosquitto_subscribe_callback_set(client, subscribed);
  check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "no delay");
  check(mosquitto_connect(client, "127.0.0.1", atoi(argv[2]), 60), "connect");
  check(mosquitto_subscribe(client, NULL, argv[3], 1), "subscribe");
  while (!is_subscribed) check(mosquitto_loop(client, 1000, 1), "loop");
  /* What is retained comes now. */
  take_until(seconds_now() + 0.2);
  double limit = seconds_now() + START_LIMIT;
  for (int number = 0, answers = 0; answers < 6; number++) {
    if (seconds_now() > limit) {
      fputs("edges: the program under test does not answer\n", stderr);
      return 1;
    }
    rest();
    answers = answer(number % 2 == 0, LONG_REST) < 0 ? 0 : answers + 1;
  }
  move(0);
  rest_long();
  if (strcmp(argv[1], "times") == 0) time_edges(atoi(argv[5]));
  else glitch(atoi(argv[5]));
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();
  return 0;
}
