// libgpiod 1.x (Debian 12, Raspberry Pi OS bookworm).
#include <gpiod.h>

// Neither version of the header names its version; this macro exists in 1.x only.
#ifdef GPIOD_LINE_BULK_MAX_LINES

#include "include/cgpiod.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cgpiod_request {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

const char *cgpiod_version(void) { return gpiod_version_string(); }

static struct gpiod_chip *open_chip(const char *name) {
    // The library's own look-up takes a number for a chip's number; ours are label, name and path only.
    struct gpiod_chip *chip = gpiod_chip_open_by_label(name);
    if (chip != NULL) return chip;
    return strchr(name, '/') ? gpiod_chip_open(name) : gpiod_chip_open_by_name(name);
}

static struct gpiod_line *find_line(struct gpiod_chip *chip, const char *name) {
    struct gpiod_line *line = gpiod_chip_find_line(chip, name);
    if (line != NULL) return line;
    char *end;
    unsigned long offset = strtoul(name, &end, 10);
    if (end == name || *end != '\0' || offset >= gpiod_chip_num_lines(chip)) return NULL;
    return gpiod_chip_get_line(chip, (unsigned int)offset);
}

// Returns a request whose line is found and not taken yet.
static struct cgpiod_request *find(const char *chip_name, const char *line_name, struct cgpiod_error *error) {
    memset(error, 0, sizeof *error);
    struct gpiod_chip *chip = open_chip(chip_name);
    if (chip == NULL) {
        error->failure = CGPIOD_NO_CHIP;
        error->error = errno;
        return NULL;
    }
    struct gpiod_line *line = find_line(chip, line_name);
    struct cgpiod_request *request = line != NULL ? calloc(1, sizeof *request) : NULL;
    if (request == NULL) {
        error->failure = line == NULL ? CGPIOD_NO_LINE : CGPIOD_REFUSED;
        error->error = line == NULL ? 0 : errno;
        gpiod_chip_close(chip);
        return NULL;
    }
    request->chip = chip;
    request->line = line;
    return request;
}

// Returns the request if the line was taken, and otherwise NULL with *error filled in.
static struct cgpiod_request *taken(struct cgpiod_request *request, int result, struct cgpiod_error *error) {
    if (result == 0) return request;
    error->failure = CGPIOD_REFUSED;
    error->error = errno;
    const char *holder = gpiod_line_consumer(request->line);
    if (holder != NULL) strncpy(error->consumer, holder, sizeof error->consumer - 1);
    gpiod_chip_close(request->chip);
    free(request);
    return NULL;
}

static int bias_flag(enum cgpiod_bias bias) {
    switch (bias) {
    case CGPIOD_BIAS_DISABLED: return GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
    case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
    case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
    case CGPIOD_BIAS_AS_IS:
    case CGPIOD_BIAS_UNKNOWN: break;
    }
    return 0;
}

struct cgpiod_request *cgpiod_request_input(
    const char *chip, const char *line, enum cgpiod_bias bias, const char *consumer, struct cgpiod_error *error) {
    struct cgpiod_request *request = find(chip, line, error);
    if (request == NULL) return NULL;
    int result = gpiod_line_request_both_edges_events_flags(request->line, consumer, bias_flag(bias));
    return taken(request, result, error);
}

struct cgpiod_request *cgpiod_request_output(
    const char *chip, const char *line, bool level, const char *consumer, struct cgpiod_error *error) {
    struct cgpiod_request *request = find(chip, line, error);
    if (request == NULL) return NULL;
    return taken(request, gpiod_line_request_output(request->line, consumer, level), error);
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

int cgpiod_set_level(struct cgpiod_request *request, bool level) {
    return gpiod_line_set_value(request->line, level);
}

int cgpiod_read_events(struct cgpiod_request *request, struct cgpiod_event *events, int capacity) {
    // The kernel keeps 16 events of a line.
    struct gpiod_line_event buffer[16];
    if (capacity > 16) capacity = 16;
    int count = gpiod_line_event_read_multiple(request->line, buffer, (unsigned int)capacity);
    for (int i = 0; i < count; i++) {
        events[i].monotonic_ns = (uint64_t)buffer[i].ts.tv_sec * 1000000000u + (uint64_t)buffer[i].ts.tv_nsec;
        events[i].sequence = 0;
        events[i].rising = buffer[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    }
    return count;
}

void cgpiod_each_chip(void *context, void (*tell)(void *, const struct cgpiod_chip_info *)) {
    struct gpiod_chip_iter *chips = gpiod_chip_iter_new();
    if (chips == NULL) return;
    struct gpiod_chip *chip;
    while ((chip = gpiod_chip_iter_next(chips)) != NULL) {
        char path[64];
        snprintf(path, sizeof path, "/dev/%s", gpiod_chip_name(chip));
        struct cgpiod_chip_info told = {
            .path = path, .label = gpiod_chip_label(chip), .lines = gpiod_chip_num_lines(chip)};
        tell(context, &told);
    }
    gpiod_chip_iter_free(chips);
}

static enum cgpiod_bias told_bias(struct gpiod_line *line) {
    switch (gpiod_line_bias(line)) {
    case GPIOD_LINE_BIAS_DISABLE: return CGPIOD_BIAS_DISABLED;
    case GPIOD_LINE_BIAS_PULL_UP: return CGPIOD_BIAS_PULL_UP;
    case GPIOD_LINE_BIAS_PULL_DOWN: return CGPIOD_BIAS_PULL_DOWN;
    default: return CGPIOD_BIAS_UNKNOWN;
    }
}

int cgpiod_each_line(const char *chip_path, void *context, void (*tell)(void *, const struct cgpiod_line_info *)) {
    struct gpiod_chip *chip = gpiod_chip_open(chip_path);
    if (chip == NULL) return -1;
    for (unsigned int offset = 0; offset < gpiod_chip_num_lines(chip); offset++) {
        struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
        if (line == NULL) continue;
        struct cgpiod_line_info told = {
            .offset = offset,
            .name = gpiod_line_name(line),
            .consumer = gpiod_line_consumer(line),
            .is_used = gpiod_line_is_used(line),
            .is_output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT,
            .bias = told_bias(line),
        };
        tell(context, &told);
    }
    gpiod_chip_close(chip);
    return 0;
}

#endif
