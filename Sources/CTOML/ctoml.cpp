#define TOML_EXCEPTIONS 0
#include "include/ctoml.h"

#include <cstring>
#include <toml++/toml.h>

namespace {

struct Walker {
    void *context;
    void (*visit)(void *, const ctoml_node *);

    void walk(const toml::node &node, const char *key) const {
        ctoml_node out{};
        out.key = key;
        out.line = node.source().begin.line;
        if (const toml::table *table = node.as_table()) {
            out.kind = CTOML_TABLE;
            visit(context, &out);
            for (const auto &[name, member] : *table) {
                walk(member, std::string(name.str()).c_str());
            }
            end();
        } else if (const toml::array *array = node.as_array()) {
            out.kind = CTOML_ARRAY;
            visit(context, &out);
            for (const auto &element : *array) walk(element, nullptr);
            end();
        } else {
            out.kind = CTOML_OTHER;
            if (const auto *string = node.as_string()) {
                out.kind = CTOML_STRING;
                out.string = string->get().data();
                out.string_length = string->get().size();
            } else if (const auto *integer = node.as_integer()) {
                out.kind = CTOML_INTEGER;
                out.integer = integer->get();
            } else if (const auto *number = node.as_floating_point()) {
                out.kind = CTOML_FLOAT;
                out.number = number->get();
            } else if (const auto *boolean = node.as_boolean()) {
                out.kind = CTOML_BOOLEAN;
                out.boolean = boolean->get();
            }
            visit(context, &out);
        }
    }

    void end() const {
        ctoml_node out{};
        out.kind = CTOML_END;
        visit(context, &out);
    }
};

}  // namespace

bool ctoml_walk(
    const char *text, size_t length, void *context, void (*visit)(void *, const ctoml_node *),
    ctoml_error *error) {
    toml::parse_result result = toml::parse(std::string_view(text, length));
    if (!result) {
        std::string_view message = result.error().description();
        std::memset(error, 0, sizeof *error);
        std::memcpy(error->message, message.data(), std::min(message.size(), sizeof error->message - 1));
        error->line = result.error().source().begin.line;
        error->column = result.error().source().begin.column;
        return false;
    }
    Walker{context, visit}.walk(result.table(), nullptr);
    return true;
}
