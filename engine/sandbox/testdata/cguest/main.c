/* The small guest of the benchmarks: with wasi-libc, a heap and formatted
   output, it finds two members of a request and answers with them.
   ../cguest.wasm is built with
   clang --target=wasm32-wasi -mexec-model=reactor -O2 -Wall -Wextra -Wl,--strip-all -o ../cguest.wasm main.c */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(name) __attribute__((import_module("host_v1"), import_name(name)))
IMPORT("get") uint64_t host_get(const char *path, uint32_t path_len, char *out, uint32_t size);
IMPORT("set") uint32_t host_set(const char *path, uint32_t path_len, uint32_t kind, const char *value, uint32_t len);

enum { KIND_JSON = 5, FAILED = 3, SIZE = 4096 };

/* Copies the string member of a name, up to its closing quote. */
static char *member(const char *json, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":\"", name);
  const char *begin = strstr(json, key);
  if (begin == NULL) return NULL;
  begin += strlen(key);
  size_t len = strcspn(begin, "\"");
  char *value = malloc(len + 1);
  if (value == NULL) return NULL;
  memcpy(value, begin, len);
  value[len] = 0;
  return value;
}

__attribute__((export_name("host_call"))) int32_t host_call(int32_t handler) {
  (void)handler;
  char *json = malloc(SIZE);
  if (json == NULL) return FAILED;
  uint32_t n = (uint32_t)host_get("request", 7, json, SIZE - 1);
  if (n > SIZE - 1) return FAILED;
  json[n] = 0;
  char *path = member(json, "path"), *email = member(json, "email");
  if (path == NULL || email == NULL) return FAILED;
  char answer[512];
  int len = snprintf(answer, sizeof answer, "{\"status\":%d,\"body\":{\"email\":\"%s\",\"path\":\"%s\"}}", 200, email, path);
  host_set("response", 8, KIND_JSON, answer, (uint32_t)len);
  free(email);
  free(path);
  free(json);
  return 0;
}
