// In the place of what `npx convex dev` generates.
export { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
