/*
 * The Paho C peer, with its asynchronous client.
 *
 * usage: paho-publish publish PORT COUNT WINDOW
 *
 * The main thread publishes as long as fewer than WINDOW messages are unacknowledged, and waits otherwise.
 * Prints `seconds SECONDS`.
 */
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { PAYLOAD_SIZE = 100 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long acknowledged;
static int is_connected, is_disconnected;

static void fail(const char *what, int code) {
  fprintf(stderr, "paho-publish: %s failed with %d\n", what, code);
  exit(1);
}

static void set(int *flag) {
  pthread_mutex_lock(&mutex);
  *flag = 1;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&mutex);
}

static void wait_for(int *flag) {
  pthread_mutex_lock(&mutex);
  while (!*flag) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

static void connected(void *context, MQTTAsync_successData *data) {
  (void)context;
  (void)data;
  set(&is_connected);
}

static void disconnected(void *context, MQTTAsync_successData *data) {
  (void)context;
  (void)data;
  set(&is_disconnected);
}

static void failed(void *context, MQTTAsync_failureData *data) {
  (void)context;
  fail("a request", data == NULL ? 0 : data->code);
}

static void lost(void *context, char *cause) {
  (void)context;
  fail(cause == NULL ? "the connection" : cause, 0);
}

static int ignored(void *context, char *name, int length, MQTTAsync_message *message) {
  (void)context;
  (void)length;
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(name);
  return 1;
}

static void delivered(void *context, MQTTAsync_token token) {
  (void)context;
  (void)token;
  pthread_mutex_lock(&mutex);
  acknowledged++;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&mutex);
}

static void publish_all(MQTTAsync client, long count, long window) {
  char payload[PAYLOAD_SIZE];
  memset(payload, 'x', sizeof payload);
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  for (long number = 0; number < count; number++) {
    pthread_mutex_lock(&mutex);
    while (number - acknowledged >= window) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    memcpy(payload, &number, sizeof number);
    int code = MQTTAsync_send(client, "bench/messages", sizeof payload, payload, 1, 0, &options);
    if (code != MQTTASYNC_SUCCESS) fail("publish", code);
  }
  pthread_mutex_lock(&mutex);
  while (acknowledged < count) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv) {
  if (argc != 5 || strcmp(argv[1], "publish") != 0) {
    fputs("usage: paho-publish publish PORT COUNT WINDOW\n", stderr);
    return 64;
  }
  long count = atol(argv[3]), window = atol(argv[4]);
  char address[64];
  snprintf(address, sizeof address, "tcp://127.0.0.1:%d", atoi(argv[2]));
  MQTTAsync client;
  int code = MQTTAsync_create(&client, address, "bench-paho", MQTTCLIENT_PERSISTENCE_NONE, NULL);
  if (code != MQTTASYNC_SUCCESS) fail("create", code);
  MQTTAsync_setCallbacks(client, NULL, lost, ignored, delivered);
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.maxInflight = (int)window;
  options.onSuccess = connected;
  options.onFailure = failed;
  code = MQTTAsync_connect(client, &options);
  if (code != MQTTASYNC_SUCCESS) fail("connect", code);
  wait_for(&is_connected);
  double start = seconds_now();
  publish_all(client, count, window);
  printf("seconds %.6f\n", seconds_now() - start);
  MQTTAsync_disconnectOptions ending = MQTTAsync_disconnectOptions_initializer;
  ending.onSuccess = disconnected;
  ending.timeout = 1000;
  if (MQTTAsync_disconnect(client, &ending) == MQTTASYNC_SUCCESS) wait_for(&is_disconnected);
  MQTTAsync_destroy(&client);
  return 0;
}
