import { internalMutationGeneric, mutationGeneric, queryGeneric, makeFunctionReference } from "convex/server";
import { ConvexError, v } from "convex/values";

export const list = queryGeneric({
  args: { kind: v.optional(v.string()) },
  handler: (ctx, { kind }) => {
    const things = ctx.db.query("things");
    return (kind ? things.withIndex("by_kind", (q) => q.eq("kind", kind)) : things).order("desc").collect();
  },
});

export const add = mutationGeneric({
  args: { kind: v.string(), fail: v.optional(v.boolean()) },
  handler: async (ctx, { kind, fail }) => {
    const identity = await ctx.auth.getUserIdentity();
    if (!identity) throw new ConvexError({ code: "UNAUTHENTICATED" });
    const id = await ctx.db.insert("things", { kind, by: identity.name });
    await ctx.runMutation(makeFunctionReference("things:count"), { id });
    if (fail) throw new Error("changed my mind");
    return id;
  },
});

export const count = internalMutationGeneric({
  args: { id: v.id("things") },
  handler: async (ctx, { id }) => {
    const all = await ctx.db.query("things").collect();
    await ctx.db.patch(id, { number: all.length });
  },
});

export const whoami = queryGeneric(async (ctx) => {
  const identity = await ctx.auth.getUserIdentity();
  if (!identity) throw new Error("Unauthenticated");
  return identity;
});
