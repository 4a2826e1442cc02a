/*
 * The whole agent as a C programmer would write it: edge, debounce, publish. What it was not told of while the
 * broker was away, or before it was killed, is lost: it has no journal.
 *
 * usage: gpiod-mosquitto PORT CHIP LINE DEBOUNCE_MS TOPIC [CA_FILE]
 *
 * The main thread waits for edges and publishes, the library's own thread (`mosquitto_loop_start`) talks to the broker
 * besides. The line rests when it has had no edge for DEBOUNCE_MS since the kernel's time of the last one.
 */
#include <gpiod.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(int is_good, const char *what) {
  if (is_good) return;
  fprintf(stderr, "gpiod-mosquitto: %s failed\n", what);
  exit(1);
}

/* What is left until `since` is `milliseconds` ago; nothing where that is past. */
static struct timespec remaining(const struct timespec *since, long milliseconds) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long left = (since->tv_sec - now.tv_sec) * 1000000000LL + since->tv_nsec - now.tv_nsec + milliseconds * 1000000;
  if (left < 0) left = 0;
  return (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
}

/* Waits until the line has had an edge and rests again. */
static int settled_level(struct gpiod_line *line, long debounce) {
  struct gpiod_line_event event;
  check(gpiod_line_event_wait(line, NULL) == 1, "waiting for an edge");
  for (;;) {
    check(gpiod_line_event_read(line, &event) == 0, "reading an edge");
    struct timespec rest = remaining(&event.ts, debounce);
    int edges = gpiod_line_event_wait(line, &rest);
    check(edges >= 0, "waiting for rest");
    if (edges == 0) return gpiod_line_get_value(line);
  }
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fputs("usage: gpiod-mosquitto PORT CHIP LINE DEBOUNCE_MS TOPIC [CA_FILE]\n", stderr);
    return 64;
  }
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new("gpiod-mosquitto", true, NULL);
  check(client != NULL, "memory");
  check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS, "no delay");
  if (argc > 6) check(mosquitto_tls_set(client, argv[6], NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS, "TLS");
  check(mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 30) == MOSQ_ERR_SUCCESS, "connect");
  check(mosquitto_loop_start(client) == MOSQ_ERR_SUCCESS, "loop start");

  struct gpiod_chip *chip = gpiod_chip_open_by_label(argv[2]);
  check(chip != NULL, "opening the chip");
  struct gpiod_line *line = gpiod_chip_find_line(chip, argv[3]);
  check(line != NULL, "finding the line");
  check(gpiod_line_request_both_edges_events(line, "gpiod-mosquitto") == 0, "requesting the line");
  for (int told = -1, level = gpiod_line_get_value(line);; level = settled_level(line, atol(argv[4]))) {
    check(level >= 0, "reading the line");
    if (level == told) continue;
    const char *state = level ? "open" : "closed";
    int result = mosquitto_publish(client, NULL, argv[5], (int)strlen(state), state, 1, true);
    check(result == MOSQ_ERR_SUCCESS, "publish");
    told = level;
  }
}
