/* The imports of ABI version 1 that plugins without capabilities need; the
   full text is pluginapi/ABI.md. */
#ifndef AUTHHOST_H
#define AUTHHOST_H

#include <stdint.h>

#define AUTHHOST_IMPORT(name) __attribute__((import_module("authhost_v1"), import_name(#name)))
#define AUTHHOST_EXPORT(name) __attribute__((export_name(#name)))

enum { AUTHHOST_ABSENT, AUTHHOST_NULL, AUTHHOST_BOOL, AUTHHOST_NUMBER, AUTHHOST_STRING, AUTHHOST_JSON, AUTHHOST_BYTES };
enum { AUTHHOST_CONTINUE, AUTHHOST_RESPOND, AUTHHOST_DENY, AUTHHOST_FAILED };

/* Returns kind << 32 | length of the whole value. */
AUTHHOST_IMPORT(get) uint64_t authhost_get(const char *path, uint32_t path_len, void *out, uint32_t cap);
/* Returns a status, 0 for done. */
AUTHHOST_IMPORT(set) uint32_t authhost_set(const char *path, uint32_t path_len, uint32_t kind, const void *value, uint32_t len);
/* The rest of what get returned: status << 32 | bytes copied. */
AUTHHOST_IMPORT(take) uint64_t authhost_take(void *out, uint32_t cap);
AUTHHOST_IMPORT(log) void authhost_log(int32_t level, const char *line, uint32_t len);

#endif
