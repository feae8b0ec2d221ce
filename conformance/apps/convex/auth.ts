import { ConvexError } from "convex/values";
import { query, type QueryCtx } from "./_generated/server";

/** The user that the token tells about, or null. */
export async function currentUser(ctx: QueryCtx) {
  const identity = await ctx.auth.getUserIdentity();
  return identity && { id: identity.subject, name: identity.name, email: identity.email };
}

/** The same, for functions that are for users only. */
export async function requireUser(ctx: QueryCtx) {
  const user = await currentUser(ctx);
  if (!user) throw new ConvexError("Unauthenticated");
  return user;
}

export const getCurrentUser = query({ args: {}, handler: currentUser });

/** For `AuthBoundary`, which takes the error for the end of the session. */
export const getAuthUser = query({ args: {}, handler: requireUser });
