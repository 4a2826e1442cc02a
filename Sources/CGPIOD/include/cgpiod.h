// CGPIOD: the little of libgpiod that door contacts need, the same over its incompatible versions.
// Each version is one C file; this header includes no gpiod.h, so its readers depend on none of them.
#ifndef CGPIOD_H
#define CGPIOD_H

#include <stdbool.h>
#include <stdint.h>

enum cgpiod_bias {
    CGPIOD_BIAS_AS_IS,
    CGPIOD_BIAS_DISABLED,
    CGPIOD_BIAS_PULL_UP,
    CGPIOD_BIAS_PULL_DOWN,
    CGPIOD_BIAS_UNKNOWN,   // only what the kernel says of a line
};

enum cgpiod_failure {
    CGPIOD_OK,
    CGPIOD_NO_CHIP,    // no chip has this label, name or path
    CGPIOD_NO_LINE,    // the chip has no line of this name or offset
    CGPIOD_REFUSED,    // the kernel refused the request: error says why (EBUSY: somebody else has the line)
};

struct cgpiod_error {
    enum cgpiod_failure failure;
    int error;              // errno of the failed call, 0 where there is none
    char consumer[64];      // who holds a busy line, where the kernel tells
};

struct cgpiod_event {
    uint64_t monotonic_ns;  // CLOCK_MONOTONIC
    uint32_t sequence;      // counts the line's events from 1, also those that were dropped; 0 with libgpiod 1
    bool rising;
};

struct cgpiod_chip_info {
    const char *path;       // "/dev/gpiochip0"
    const char *label;      // "pinctrl-bcm2711"
    unsigned int lines;
};

struct cgpiod_line_info {
    unsigned int offset;
    const char *name;       // NULL where it has none
    const char *consumer;   // NULL where nobody says
    bool is_used;
    bool is_output;
    enum cgpiod_bias bias;
};

struct cgpiod_request;

// Which libgpiod this was built with, "1.6.3" or "2.2.1".
const char *cgpiod_version(void);

// Takes one line for input with events on both edges. `chip` is a label, a name or a path, `line` a name or
// an offset in decimal digits. Returns NULL with *error filled in.
struct cgpiod_request *cgpiod_request_input(
    const char *chip, const char *line, enum cgpiod_bias bias, const char *consumer, struct cgpiod_error *error);

// Takes one line for output, at the level at once. Otherwise as above.
struct cgpiod_request *cgpiod_request_output(
    const char *chip, const char *line, bool level, const char *consumer, struct cgpiod_error *error);

// Gives the line back.
void cgpiod_release(struct cgpiod_request *request);

// Readable when an event waits.
int cgpiod_descriptor(const struct cgpiod_request *request);

// 0 low, 1 high, -1 with errno.
int cgpiod_level(struct cgpiod_request *request);

// 0, or -1 with errno.
int cgpiod_set_level(struct cgpiod_request *request, bool level);

// Reads up to `capacity` events that wait; without waiting where the descriptor is readable.
// The number of events, or -1 with errno.
int cgpiod_read_events(struct cgpiod_request *request, struct cgpiod_event *events, int capacity);

// Tells of every chip of the machine. What is passed is valid during the call only.
void cgpiod_each_chip(void *context, void (*tell)(void *context, const struct cgpiod_chip_info *chip));

// Tells of every line of the chip with this path. 0, or -1 with errno where it cannot be opened.
int cgpiod_each_line(
    const char *chip_path, void *context, void (*tell)(void *context, const struct cgpiod_line_info *line));

#endif
