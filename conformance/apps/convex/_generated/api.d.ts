// In the place of what `npx convex dev` generates.
import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as auth from "../auth.js";
import type * as messages from "../messages.js";

declare const fullApi: ApiFromModules<{ auth: typeof auth; messages: typeof messages }>;
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;
