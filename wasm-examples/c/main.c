/* The sign-up rule in C, with wasi-libc. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "authhost.h"

/* Reads a string into a buffer of a known size, and ends it with a zero. */
static bool get(const char *path, char *out, uint32_t size) {
  uint64_t r = authhost_get(path, strlen(path), out, size - 1);
  uint32_t len = (uint32_t)r;
  if (r >> 32 != AUTHHOST_STRING || len > size - 1) return false;
  out[len] = 0;
  return true;
}

/* Writes a string. */
static bool set(const char *path, const char *value) {
  return authhost_set(path, strlen(path), AUTHHOST_STRING, value, strlen(value)) == 0;
}

static int32_t user_creating(void) {
  char email[513], blocked[513];
  if (!get("record.email", email, sizeof email) || !get("config.blockedDomain", blocked, sizeof blocked)) {
    return AUTHHOST_FAILED;
  }
  const char *at = strchr(email, '@');
  if (at == NULL || strcasecmp(at + 1, blocked) != 0) return AUTHHOST_CONTINUE;
  set("error.code", "EMAIL_DOMAIN_NOT_ALLOWED");
  set("error.message", "Addresses of this domain cannot sign up");
  return AUTHHOST_DENY;
}

AUTHHOST_EXPORT(authhost_call) int32_t authhost_call(int32_t handler) {
  switch (handler) {
    case 0:
      return user_creating();
    case 1:
      return set("claims.plan", "free") ? AUTHHOST_CONTINUE : AUTHHOST_FAILED;
  }
  return AUTHHOST_FAILED;
}
