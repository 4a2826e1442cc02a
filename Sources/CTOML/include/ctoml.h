// CTOML: toml++ (Debian's libtomlplusplus-dev) behind a C face, as a walk over the document.
#ifndef CTOML_H
#define CTOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ctoml_kind {
    CTOML_TABLE,    // followed by its members, then CTOML_END
    CTOML_ARRAY,    // followed by its elements, then CTOML_END
    CTOML_END,
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_OTHER,    // dates and times, of which settings have none
};

struct ctoml_node {
    enum ctoml_kind kind;
    const char *key;        // of a table's member, otherwise NULL
    const char *string;     // of CTOML_STRING, with its length (it may contain NUL)
    size_t string_length;
    int64_t integer;
    double number;
    bool boolean;
    uint32_t line;
};

struct ctoml_error {
    char message[256];
    uint32_t line;
    uint32_t column;
};

// Calls `visit` for every node in order, beginning with the root table. False with *error filled in where the
// text is no TOML; `visit` is then not called.
bool ctoml_walk(
    const char *text, size_t length, void *context, void (*visit)(void *context, const struct ctoml_node *node),
    struct ctoml_error *error);

#ifdef __cplusplus
}
#endif

#endif
