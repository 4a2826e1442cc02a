/*
 * The whole agent as a C programmer would write it: edge, debounce, publish. What it was not told of while the
 * broker was away, or before it was killed, is lost: it has no journal.
 *
 * usage: gpiod-mosquitto PORT CHIP LINE DEBOUNCE_MS TOPIC [CA_FILE | JOURNAL.sqlite]
 *
 * With a journal it commits every level to that before it publishes, by SQLite with a sync, in a table with nothing
 * else: the least that it takes for what was published once to be known after a power cut. It marks nothing as sent,
 * and sends nothing again.
 *
 * The main thread waits for edges and publishes, the library's own thread (`mosquitto_loop_start`) talks to the broker
 * besides. The line rests when it has had no edge for DEBOUNCE_MS since the kernel's time of the last one.
 */
#include <gpiod.h>
#include <mosquitto.h>
#include <sqlite3.h>
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

/* A statement that appends a level; NULL without a journal. */
static sqlite3_stmt *open_journal(const char *path) {
  if (path == NULL) return NULL;
  sqlite3 *journal;
  sqlite3_stmt *append;
  check(sqlite3_open(path, &journal) == SQLITE_OK, "opening the journal");
  const char *setup =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE transition (id INTEGER PRIMARY KEY, state TEXT NOT NULL, since_ms INTEGER NOT NULL)";
  check(sqlite3_exec(journal, setup, NULL, NULL, NULL) == SQLITE_OK, "preparing the journal");
  const char *insert = "INSERT INTO transition (state, since_ms) VALUES (?, ?)";
  check(sqlite3_prepare_v2(journal, insert, -1, &append, NULL) == SQLITE_OK, "preparing to append");
  return append;
}

static void record(sqlite3_stmt *append, const char *state) {
  if (append == NULL) return;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  sqlite3_bind_text(append, 1, state, -1, SQLITE_STATIC);
  sqlite3_bind_int64(append, 2, now.tv_sec * 1000LL + now.tv_nsec / 1000000);
  check(sqlite3_step(append) == SQLITE_DONE, "appending");
  sqlite3_reset(append);
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fputs("usage: gpiod-mosquitto PORT CHIP LINE DEBOUNCE_MS TOPIC [CA_FILE | JOURNAL.sqlite]\n", stderr);
    return 64;
  }
  const char *file = argc > 6 ? argv[6] : NULL;
  int has_journal = file != NULL && strstr(file, ".sqlite") != NULL;
  sqlite3_stmt *journal = open_journal(has_journal ? file : NULL);
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new("gpiod-mosquitto", true, NULL);
  check(client != NULL, "memory");
  check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS, "no delay");
  if (file != NULL && !has_journal) {
    check(mosquitto_tls_set(client, file, NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS, "TLS");
  }
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
    record(journal, state);
    int result = mosquitto_publish(client, NULL, argv[5], (int)strlen(state), state, 1, true);
    check(result == MOSQ_ERR_SUCCESS, "publish");
    told = level;
  }
}
