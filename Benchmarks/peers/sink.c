/*
 * A broker's place that costs as little as possible, so that a client is the limit: it acknowledges all that
 * one client at a time publishes, and keeps nothing. With SEND it answers SUBSCRIBE with so many messages.
 *
 * usage: sink WINDOW [SEND]
 *
 * WINDOW is the Receive Maximum that it announces (5.0), and how many unacknowledged messages it sends at most.
 * It prints `port PORT`, and at each connection's end `acknowledged COUNT SECONDS` (from the first message to the
 * last acknowledgement) or, with SEND, `delivered COUNT SECONDS`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { INPUT_SIZE = 256 * 1024, OUTPUT_SIZE = 256 * 1024, PAYLOAD_SIZE = 100 };

static const char topic[] = "bench/messages";

struct client {
  int socket;
  int is_v5;
  unsigned window;
  /* Published by the client. */
  long acknowledged;
  /* Sent to the client. */
  long to_send, sent, confirmed;
  int is_subscribed;
  double first, last;
  unsigned char input[INPUT_SIZE];
  size_t filled;
  unsigned char output[OUTPUT_SIZE];
  size_t pending;
};

static int flush(struct client *client) {
  size_t at = 0;
  while (at < client->pending) {
    ssize_t count = send(client->socket, client->output + at, client->pending - at, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return -1;
    at += (size_t)count;
  }
  client->pending = 0;
  return 0;
}

/* Makes room for a packet of `size` bytes. */
static unsigned char *reserve(struct client *client, size_t size) {
  if (client->pending + size > OUTPUT_SIZE && flush(client) < 0) return NULL;
  unsigned char *place = client->output + client->pending;
  client->pending += size;
  return place;
}

static int answer(struct client *client, const void *bytes, size_t size) {
  unsigned char *place = reserve(client, size);
  if (place == NULL) return -1;
  memcpy(place, bytes, size);
  return 0;
}

static int connack(struct client *client, const unsigned char *body, size_t length) {
  if (length < 7) return -1;
  client->is_v5 = body[6] == 5;
  if (client->is_v5) {
    unsigned char packet[] = {0x20, 6, 0, 0, 3, 0x21, client->window >> 8, client->window & 0xFF};
    return answer(client, packet, sizeof packet);
  }
  return answer(client, "\x20\x02\x00\x00", 4);
}

static int puback(struct client *client, unsigned char flags, const unsigned char *body, size_t length) {
  if ((flags & 6) == 0) return 0;
  size_t at = length < 2 ? length : 2 + ((size_t)body[0] << 8 | body[1]);
  if (at + 2 > length) return -1;
  if (client->acknowledged == 0) client->first = seconds_now();
  client->acknowledged++;
  unsigned char packet[] = {0x40, 2, body[at], body[at + 1]};
  return answer(client, packet, sizeof packet);
}

/* Grants quality of service 1 to every filter. */
static int suback(struct client *client, const unsigned char *body, size_t length) {
  size_t at = client->is_v5 && length > 2 ? 3 + (size_t)body[2] : 2;
  unsigned char codes[64];
  size_t count = 0;
  while (at + 2 < length && count < sizeof codes) {
    at += 3 + ((size_t)body[at] << 8 | body[at + 1]);
    codes[count++] = 1;
  }
  if (count == 0) return -1;
  unsigned char header[] = {0x90, (unsigned char)(2 + client->is_v5 + count), body[0], body[1], 0};
  client->is_subscribed = 1;
  client->first = seconds_now();
  if (answer(client, header, 4 + (size_t)client->is_v5) < 0) return -1;
  return answer(client, codes, count);
}

/* Sends what the window allows. */
static int deliver(struct client *client) {
  static const size_t topic_size = sizeof topic - 1;
  size_t length = 2 + topic_size + 2 + (size_t)client->is_v5 + PAYLOAD_SIZE;
  while (client->is_subscribed && client->sent < client->to_send &&
         client->sent - client->confirmed < (long)client->window) {
    unsigned char *packet = reserve(client, 2 + length);
    if (packet == NULL) return -1;
    long identifier = client->sent++ % 65535 + 1;
    *packet++ = 0x32;
    *packet++ = (unsigned char)length;
    *packet++ = 0;
    *packet++ = (unsigned char)topic_size;
    memcpy(packet, topic, topic_size);
    packet += topic_size;
    *packet++ = (unsigned char)(identifier >> 8);
    *packet++ = (unsigned char)identifier;
    if (client->is_v5) *packet++ = 0;
    memset(packet, 'x', PAYLOAD_SIZE);
  }
  return 0;
}

static int receive(struct client *client, unsigned char first, const unsigned char *body, size_t length) {
  switch (first >> 4) {
  case 1: return connack(client, body, length);
  case 3: return puback(client, first & 0xF, body, length);
  case 4:
    client->confirmed++;
    return 0;
  case 8: return suback(client, body, length);
  case 12: return answer(client, "\xD0\x00", 2);
  default: return -1; /* DISCONNECT, or what the benchmarks do not use. */
  }
}

/* Takes all whole packets out of the input. */
static int consume(struct client *client) {
  size_t at = 0;
  for (;;) {
    size_t length = 0, size = 1;
    unsigned shift = 0;
    for (;; size++, shift += 7) {
      if (at + size >= client->filled) goto incomplete;
      if (shift > 21) return -1;
      unsigned char byte = client->input[at + size];
      length |= (size_t)(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    size++;
    if (size + length > INPUT_SIZE) return -1;
    if (at + size + length > client->filled) break;
    if (receive(client, client->input[at], client->input + at + size, length) < 0) return -1;
    at += size + length;
  }
incomplete:
  memmove(client->input, client->input + at, client->filled - at);
  client->filled -= at;
  return 0;
}

static void serve(struct client *client) {
  for (;;) {
    ssize_t count = recv(client->socket, client->input + client->filled, INPUT_SIZE - client->filled, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    client->filled += (size_t)count;
    int is_over = consume(client) < 0 || deliver(client) < 0;
    if (flush(client) < 0 || is_over) break;
    client->last = seconds_now();
    if (client->to_send > 0 && client->confirmed == client->to_send) break;
  }
}

static void report(const struct client *client) {
  if (client->is_subscribed && client->to_send > 0)
    printf("delivered %ld %.6f\n", client->confirmed, client->last - client->first);
  else if (client->acknowledged > 0)
    printf("acknowledged %ld %.6f\n", client->acknowledged, client->last - client->first);
}

int main(int argc, char **argv) {
  unsigned window = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
  long to_send = argc > 2 ? atol(argv[2]) : 0;
  if (window < 1 || window > 65535) {
    fputs("usage: sink WINDOW [SEND]\n", stderr);
    return 64;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
    perror("sink: no listening socket");
    return 71;
  }
  printf("port %d\n", ntohs(address.sin_port));
  struct client *client = malloc(sizeof *client);
  if (client == NULL) return 71;
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      perror("sink: accept");
      return 71;
    }
    int yes = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    memset(client, 0, offsetof(struct client, input));
    client->filled = client->pending = 0;
    client->socket = connection;
    client->window = window;
    client->to_send = to_send;
    serve(client);
    close(connection);
    report(client);
  }
}
