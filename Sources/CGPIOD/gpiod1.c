// libgpiod 1.x (Debian 12, Raspberry Pi OS bookworm).
#include <gpiod.h>

// Neither version of the header names its version; this macro exists in 1.x only.
#ifdef GPIOD_LINE_BULK_MAX_LINES

#include "include/cgpiod.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cgpiod_request {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

static struct gpiod_line *find_line(struct gpiod_chip *chip, const char *name) {
    struct gpiod_line *line = gpiod_chip_find_line(chip, name);
    if (line != NULL) return line;
    char *end;
    unsigned long offset = strtoul(name, &end, 10);
    if (end == name || *end != '\0' || offset >= gpiod_chip_num_lines(chip)) return NULL;
    return gpiod_chip_get_line(chip, (unsigned int)offset);
}

static int bias_flag(enum cgpiod_bias bias) {
    switch (bias) {
    case CGPIOD_BIAS_DISABLED: return GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
    case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    case CGPIOD_BIAS_AS_IS: break;
    }
    return 0;
}

struct cgpiod_request *cgpiod_request_input(
    const char *chip_name, const char *line_name, enum cgpiod_bias bias, const char *consumer,
    struct cgpiod_error *error) {
    memset(error, 0, sizeof *error);
    // The library's own look-up takes a number for a chip's number; ours are label, name and path only.
    struct gpiod_chip *chip = gpiod_chip_open_by_label(chip_name);
    if (chip == NULL) {
        chip = strchr(chip_name, '/') ? gpiod_chip_open(chip_name) : gpiod_chip_open_by_name(chip_name);
    }
    if (chip == NULL) {
        error->failure = CGPIOD_NO_CHIP;
        error->error = errno;
        return NULL;
    }
    struct gpiod_line *line = find_line(chip, line_name);
    if (line == NULL) {
        error->failure = CGPIOD_NO_LINE;
        gpiod_chip_close(chip);
        return NULL;
    }
    struct cgpiod_request *request = calloc(1, sizeof *request);
    if (request == NULL ||
        gpiod_line_request_both_edges_events_flags(line, consumer, bias_flag(bias)) != 0) {
        error->failure = CGPIOD_REFUSED;
        error->error = errno;
        const char *holder = gpiod_line_consumer(line);
        if (holder != NULL) strncpy(error->consumer, holder, sizeof error->consumer - 1);
        free(request);
        gpiod_chip_close(chip);
        return NULL;
    }
    request->chip = chip;
    request->line = line;
    return request;
}

void cgpiod_release(struct cgpiod_request *request) {
    gpiod_line_release(request->line);
    gpiod_chip_close(request->chip);
    free(request);
}

int cgpiod_descriptor(const struct cgpiod_request *request) {
    return gpiod_line_event_get_fd(request->line);
}

int cgpiod_level(struct cgpiod_request *request) {
    return gpiod_line_get_value(request->line);
}

int cgpiod_read_events(struct cgpiod_request *request, struct cgpiod_event *events, int capacity) {
    struct gpiod_line_event buffer[16];
    if (capacity > 16) capacity = 16;
    int count = gpiod_line_event_read_multiple(request->line, buffer, (unsigned int)capacity);
    for (int i = 0; i < count; i++) {
        events[i].monotonic_ns = (uint64_t)buffer[i].ts.tv_sec * 1000000000u + (uint64_t)buffer[i].ts.tv_nsec;
        events[i].rising = buffer[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    }
    return count;
}

#endif
