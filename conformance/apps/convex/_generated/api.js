// In the place of what `npx convex dev` generates.
import { anyApi } from "convex/server";

export const api = anyApi;
export const internal = anyApi;
