// libgpiod 2.x (Debian 13, Raspberry Pi OS trixie).
#define _GNU_SOURCE  // versionsort

#include <gpiod.h>

// Neither version of the header names its version; this macro exists in 1.x only.
#ifndef GPIOD_LINE_BULK_MAX_LINES

#include "include/cgpiod.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is read at once. The kernel keeps as many for us.
enum { EVENT_CAPACITY = 64 };

struct cgpiod_request {
    struct gpiod_line_request *lines;
    struct gpiod_edge_event_buffer *events;
    unsigned int offset;
};

const char *cgpiod_version(void) { return gpiod_api_version(); }

static int is_chip(const struct dirent *entry) {
    char path[sizeof "/dev/" + sizeof entry->d_name];
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    return gpiod_is_gpiochip_device(path);
}

// Opens every chip in turn until `visit` is true, and returns that one open; the others are closed again.
static struct gpiod_chip *find_chip(bool (*visit)(struct gpiod_chip *, void *), void *context) {
    struct dirent **entries;
    int count = scandir("/dev", &entries, is_chip, versionsort);
    struct gpiod_chip *found = NULL;
    for (int i = 0; i < count; i++) {
        char path[sizeof "/dev/" + sizeof entries[i]->d_name];
        snprintf(path, sizeof path, "/dev/%s", entries[i]->d_name);
        free(entries[i]);
        if (found != NULL) continue;
        struct gpiod_chip *chip = gpiod_chip_open(path);
        if (chip == NULL) continue;
        if (visit(chip, context)) found = chip;
        else gpiod_chip_close(chip);
    }
    if (count >= 0) free(entries);
    return found;
}

static bool has_label(struct gpiod_chip *chip, void *label) {
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    bool matches = info != NULL && strcmp(gpiod_chip_info_get_label(info), label) == 0;
    gpiod_chip_info_free(info);
    return matches;
}

static struct gpiod_chip *open_chip(const char *name) {
    struct gpiod_chip *chip = find_chip(has_label, (void *)name);
    if (chip != NULL) return chip;
    if (strchr(name, '/')) return gpiod_chip_open(name);
    char path[512];
    if (snprintf(path, sizeof path, "/dev/%s", name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (!gpiod_is_gpiochip_device(path)) {
        errno = ENOENT;
        return NULL;
    }
    return gpiod_chip_open(path);
}

static int find_line(struct gpiod_chip *chip, const char *name) {
    int offset = gpiod_chip_get_line_offset_from_name(chip, name);
    if (offset >= 0) return offset;
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    bool exists = end != name && *end == '\0' && info != NULL && number < gpiod_chip_info_get_num_lines(info);
    gpiod_chip_info_free(info);
    return exists ? (int)number : -1;
}

static void name_holder(struct gpiod_chip *chip, unsigned int offset, struct cgpiod_error *error) {
    struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
    if (info == NULL) return;
    const char *holder = gpiod_line_info_get_consumer(info);
    if (holder != NULL) strncpy(error->consumer, holder, sizeof error->consumer - 1);
    gpiod_line_info_free(info);
}

// Takes the settings into its possession.
static struct gpiod_line_request *request_lines(
    struct gpiod_chip *chip, unsigned int offset, struct gpiod_line_settings *settings, const char *consumer) {
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *config = gpiod_request_config_new();
    struct gpiod_line_request *request = NULL;
    if (settings != NULL && lines != NULL && config != NULL &&
        gpiod_line_config_add_line_settings(lines, &offset, 1, settings) == 0) {
        gpiod_request_config_set_consumer(config, consumer);
        gpiod_request_config_set_event_buffer_size(config, EVENT_CAPACITY);
        request = gpiod_chip_request_lines(chip, config, lines);
    }
    int error = errno;
    gpiod_request_config_free(config);
    gpiod_line_config_free(lines);
    gpiod_line_settings_free(settings);
    errno = error;
    return request;
}

static struct cgpiod_request *request_line(
    const char *chip_name, const char *line_name, struct gpiod_line_settings *settings, const char *consumer,
    struct cgpiod_error *error) {
    memset(error, 0, sizeof *error);
    struct gpiod_chip *chip = open_chip(chip_name);
    if (chip == NULL) {
        error->failure = CGPIOD_NO_CHIP;
        error->error = errno;
        gpiod_line_settings_free(settings);
        return NULL;
    }
    int offset = find_line(chip, line_name);
    if (offset < 0) {
        error->failure = CGPIOD_NO_LINE;
        gpiod_line_settings_free(settings);
        gpiod_chip_close(chip);
        return NULL;
    }
    struct cgpiod_request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->offset = (unsigned int)offset;
        request->events = gpiod_edge_event_buffer_new(EVENT_CAPACITY);
    }
    struct gpiod_line_request *lines = request_lines(chip, (unsigned int)offset, settings, consumer);
    if (request == NULL || request->events == NULL || lines == NULL) {
        error->failure = CGPIOD_REFUSED;
        error->error = errno;
        name_holder(chip, (unsigned int)offset, error);
        if (lines != NULL) gpiod_line_request_release(lines);
        if (request != NULL) gpiod_edge_event_buffer_free(request->events);
        free(request);
        gpiod_chip_close(chip);
        return NULL;
    }
    request->lines = lines;
    // The request stands without the chip.
    gpiod_chip_close(chip);
    return request;
}

static enum gpiod_line_bias line_bias(enum cgpiod_bias bias) {
    switch (bias) {
    case CGPIOD_BIAS_DISABLED: return GPIOD_LINE_BIAS_DISABLED;
    case CGPIOD_BIAS_PULL_UP: return GPIOD_LINE_BIAS_PULL_UP;
    case CGPIOD_BIAS_PULL_DOWN: return GPIOD_LINE_BIAS_PULL_DOWN;
    case CGPIOD_BIAS_AS_IS:
    case CGPIOD_BIAS_UNKNOWN: break;
    }
    return GPIOD_LINE_BIAS_AS_IS;
}

struct cgpiod_request *cgpiod_request_input(
    const char *chip, const char *line, enum cgpiod_bias bias, const char *consumer, struct cgpiod_error *error) {
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    if (settings != NULL) {
        gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
        gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
        gpiod_line_settings_set_bias(settings, line_bias(bias));
        gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC);
    }
    return request_line(chip, line, settings, consumer, error);
}

struct cgpiod_request *cgpiod_request_output(
    const char *chip, const char *line, bool level, const char *consumer, struct cgpiod_error *error) {
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    if (settings != NULL) {
        gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT);
        gpiod_line_settings_set_output_value(settings, level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
    }
    return request_line(chip, line, settings, consumer, error);
}

void cgpiod_release(struct cgpiod_request *request) {
    gpiod_line_request_release(request->lines);
    gpiod_edge_event_buffer_free(request->events);
    free(request);
}

int cgpiod_descriptor(const struct cgpiod_request *request) {
    return gpiod_line_request_get_fd(request->lines);
}

int cgpiod_level(struct cgpiod_request *request) {
    return gpiod_line_request_get_value(request->lines, request->offset);
}

int cgpiod_set_level(struct cgpiod_request *request, bool level) {
    return gpiod_line_request_set_value(
        request->lines, request->offset, level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
}

int cgpiod_read_events(struct cgpiod_request *request, struct cgpiod_event *events, int capacity) {
    if (capacity > EVENT_CAPACITY) capacity = EVENT_CAPACITY;
    int count = gpiod_line_request_read_edge_events(request->lines, request->events, (size_t)capacity);
    for (int i = 0; i < count; i++) {
        struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(request->events, (unsigned long)i);
        events[i].monotonic_ns = gpiod_edge_event_get_timestamp_ns(event);
        events[i].sequence = (uint32_t)gpiod_edge_event_get_line_seqno(event);
        events[i].rising = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
    }
    return count;
}

struct telling {
    void *context;
    void (*tell)(void *, const struct cgpiod_chip_info *);
};

static bool tell_chip(struct gpiod_chip *chip, void *context) {
    const struct telling *telling = context;
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (info == NULL) return false;
    struct cgpiod_chip_info told = {
        .path = gpiod_chip_get_path(chip),
        .label = gpiod_chip_info_get_label(info),
        .lines = (unsigned int)gpiod_chip_info_get_num_lines(info),
    };
    telling->tell(telling->context, &told);
    gpiod_chip_info_free(info);
    return false;
}

void cgpiod_each_chip(void *context, void (*tell)(void *, const struct cgpiod_chip_info *)) {
    struct telling telling = {context, tell};
    find_chip(tell_chip, &telling);
}

static enum cgpiod_bias told_bias(struct gpiod_line_info *info) {
    switch (gpiod_line_info_get_bias(info)) {
    case GPIOD_LINE_BIAS_DISABLED: return CGPIOD_BIAS_DISABLED;
    case GPIOD_LINE_BIAS_PULL_UP: return CGPIOD_BIAS_PULL_UP;
    case GPIOD_LINE_BIAS_PULL_DOWN: return CGPIOD_BIAS_PULL_DOWN;
    default: return CGPIOD_BIAS_UNKNOWN;
    }
}

int cgpiod_each_line(const char *chip_path, void *context, void (*tell)(void *, const struct cgpiod_line_info *)) {
    struct gpiod_chip *chip = gpiod_chip_open(chip_path);
    if (chip == NULL) return -1;
    struct gpiod_chip_info *chip_info = gpiod_chip_get_info(chip);
    size_t count = chip_info != NULL ? gpiod_chip_info_get_num_lines(chip_info) : 0;
    gpiod_chip_info_free(chip_info);
    for (unsigned int offset = 0; offset < count; offset++) {
        struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
        if (info == NULL) continue;
        struct cgpiod_line_info told = {
            .offset = offset,
            .name = gpiod_line_info_get_name(info),
            .consumer = gpiod_line_info_get_consumer(info),
            .is_used = gpiod_line_info_is_used(info),
            .is_output = gpiod_line_info_get_direction(info) == GPIOD_LINE_DIRECTION_OUTPUT,
            .bias = told_bias(info),
        };
        tell(context, &told);
        gpiod_line_info_free(info);
    }
    gpiod_chip_close(chip);
    return 0;
}

#endif
