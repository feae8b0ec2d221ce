import { v } from "convex/values";
import { requireUser } from "./auth";
import { mutation, query } from "./_generated/server";

export const list = query({
  args: {},
  handler: async (ctx) => {
    await requireUser(ctx);
    return await ctx.db.query("messages").order("desc").take(20);
  },
});

export const send = mutation({
  args: { body: v.string() },
  handler: async (ctx, { body }) => {
    const { id, name } = await requireUser(ctx);
    await ctx.db.insert("messages", { body, author: name ?? "?", userId: id });
  },
});
