// In the place of what `npx convex dev` generates.
import type { GenericQueryCtx, MutationBuilder, QueryBuilder } from "convex/server";
import type { DataModel } from "./dataModel.js";

export declare const query: QueryBuilder<DataModel, "public">;
export declare const mutation: MutationBuilder<DataModel, "public">;
export type QueryCtx = GenericQueryCtx<DataModel>;
