import { ConvexError } from "convex/values";

/** Says whether a function was refused because nobody is signed in, or because the token was. */
export function isAuthError(error: unknown) {
  const text = error instanceof ConvexError ? String(error.data) : error instanceof Error ? error.message : "";
  return /auth|token/i.test(text);
}
